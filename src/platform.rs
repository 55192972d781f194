//! The platforms that images are built for: `linux/arm64`.
//!
//! In: how people and registries write them. Out: [`Platform`], one spelling for each. Must never know: who wants
//! one.

use std::collections::BTreeSet;
use std::fmt;

/// A platform in its one spelling: `linux/amd64`, `linux/arm/v7`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Platform(String);

impl Platform {
    /// Reads `linux/arm64/v8`, `linux/arm64` or `arm64`. `None` for what is no platform, such as a variable.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let is_word = |part: &&str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        let parts: Vec<&str> = text.split('/').collect();
        if !parts.iter().all(is_word) {
            return None;
        }
        match parts.as_slice() {
            [machine] => Some(Self::new("linux", machine, None)),
            [system, machine] => Some(Self::new(system, machine, None)),
            [system, machine, variant] => Some(Self::new(system, machine, Some(variant))),
            _ => None,
        }
    }

    /// Reads `linux/amd64,linux/arm64`, also a line each. Empty if something there is no platform.
    #[must_use]
    pub fn parse_list(list: &str) -> BTreeSet<Self> {
        let names = list.split([',', '\n']).map(str::trim).filter(|name| !name.is_empty());
        names.map(Self::parse).collect::<Option<_>>().unwrap_or_default()
    }

    /// Puts a platform together of what an index or a configuration says.
    #[must_use]
    pub fn new(system: &str, machine: &str, variant: Option<&str>) -> Self {
        let machine = match machine {
            "x86_64" | "x86-64" => "amd64",
            "aarch64" => "arm64",
            "armhf" => "arm",
            other => other,
        };
        let variant = match (machine, variant.filter(|variant| !variant.is_empty())) {
            // What the specification says that no variant means.
            ("arm64", Some("v8" | "8")) | ("amd64", Some("v1")) => None,
            ("arm", None) => Some("v7"),
            (_, variant) => variant,
        };
        Self(match variant {
            Some(variant) => format!("{system}/{machine}/{variant}"),
            None => format!("{system}/{machine}"),
        })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_each() {
        for (text, expected) in [
            ("linux/amd64", Some("linux/amd64")),
            (" Linux/ARM64 ", Some("linux/arm64")),
            ("linux/arm64/v8", Some("linux/arm64")),
            ("arm64", Some("linux/arm64")),
            ("aarch64", Some("linux/arm64")),
            ("linux/x86_64", Some("linux/amd64")),
            ("linux/arm", Some("linux/arm/v7")),
            ("linux/arm/v6", Some("linux/arm/v6")),
            ("linux/amd64/v3", Some("linux/amd64/v3")),
            ("$BUILDPLATFORM", None),
            ("${{ matrix.platform }}", None),
            ("linux/", None),
            ("a/b/c/d", None),
            ("", None),
        ] {
            assert_eq!(Platform::parse(text).map(|platform| platform.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn lists_are_read_as_a_whole_or_not_at_all() {
        for (list, expected) in [
            ("linux/amd64,linux/arm64", &["linux/amd64", "linux/arm64"][..]),
            ("linux/arm64, linux/amd64,", &["linux/amd64", "linux/arm64"]),
            ("amd64\n  arm64\n", &["linux/amd64", "linux/arm64"]),
            ("linux/amd64,$OTHERS", &[]),
            ("", &[]),
        ] {
            let read: Vec<String> = Platform::parse_list(list).iter().map(ToString::to_string).collect();
            assert_eq!(read, expected, "{list}");
        }
    }
}

//! Patterns for the names of files and images.
//!
//! Must never know: what a match leads to.

use globset::{Glob, GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use serde::{Serialize, Serializer};

use crate::text::FilePath;

/// A pattern for files in the manner of `.gitignore`: without a slash it fits a name in any folder,
/// with one a path from the root; a folder stands for all that is in it.
#[derive(Clone, Debug)]
pub struct FilePattern {
    text: String,
    globs: GlobSet,
}

/// A pattern for images: `*` stands for any text.
#[derive(Clone, Debug)]
pub struct ImagePattern {
    text: String,
    glob: GlobMatcher,
}

/// A pattern for the names of repositories: `*` stands for any text without a slash, `**` for any text.
#[derive(Clone, Debug)]
pub struct NamePattern {
    text: String,
    glob: GlobMatcher,
}

/// Why a pattern is none: for a label at the fault, and for advice.
#[derive(Debug)]
pub struct BadPattern {
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub help: Option<String>,
}

impl FilePattern {
    /// Understands a pattern.
    pub fn new(text: &str) -> Result<Self, BadPattern> {
        if text.starts_with('!') {
            return Err(BadPattern {
                why: "patterns cannot be negated".to_owned(),
                help: Some("add a later rule for the exception: the last rule that fits wins".to_owned()),
            });
        }
        let path = text.strip_prefix("./").unwrap_or(text);
        let (folder_only, path) = path.strip_suffix('/').map_or((false, path), |path| (true, path));
        let path = match path.strip_prefix('/') {
            Some(path) => path.to_owned(),
            None if path.contains('/') => path.to_owned(),
            None => format!("**/{path}"),
        };
        if text.trim_matches(['/', '.']).is_empty() {
            return Err(BadPattern { why: "an empty pattern fits nothing".to_owned(), help: None });
        }
        let mut globs = GlobSetBuilder::new();
        globs.add(glob(&format!("{path}/**"), true)?);
        if !folder_only {
            globs.add(glob(&path, true)?);
        }
        let globs = globs.build().map_err(|error| BadPattern { why: error.kind().to_string(), help: None })?;
        Ok(Self { text: text.to_owned(), globs })
    }

    /// Whether the pattern fits.
    #[must_use]
    pub fn matches(&self, file: &FilePath) -> bool {
        self.globs.is_match(file.as_str())
    }
}

impl ImagePattern {
    /// Understands a pattern.
    pub fn new(text: &str) -> Result<Self, BadPattern> {
        let last = text.rsplit('/').next().unwrap_or(text);
        if text.is_empty() {
            return Err(BadPattern { why: "an empty pattern fits nothing".to_owned(), help: None });
        }
        if let Some((name, _)) = last.split_once([':', '@']) {
            let folder = text.strip_suffix(last).unwrap_or("");
            return Err(BadPattern {
                why: "images are matched by name, without tag or digest".to_owned(),
                help: Some(format!("write \"{folder}{name}\"")),
            });
        }
        Ok(Self { text: text.to_owned(), glob: any_text(text)? })
    }

    /// Whether the pattern fits this spelling of an image's name.
    #[must_use]
    pub fn matches(&self, image: &str) -> bool {
        self.glob.is_match(image)
    }
}

impl NamePattern {
    /// Understands a pattern.
    pub fn new(text: &str) -> Result<Self, BadPattern> {
        if text.is_empty() {
            return Err(BadPattern { why: "an empty pattern fits nothing".to_owned(), help: None });
        }
        // Forges do not tell `Group` from `group`.
        Ok(Self { text: text.to_owned(), glob: glob(&text.to_lowercase(), true)?.compile_matcher() })
    }

    /// Whether the pattern fits this full name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.glob.is_match(name.to_lowercase())
    }
}

/// A pattern for whole texts, in which `*` stands for any text.
pub(super) fn any_text(text: &str) -> Result<GlobMatcher, BadPattern> {
    Ok(glob(text, false)?.compile_matcher())
}

fn glob(text: &str, literal_separator: bool) -> Result<Glob, BadPattern> {
    GlobBuilder::new(text)
        .literal_separator(literal_separator)
        // The same on every platform.
        .backslash_escape(true)
        .build()
        .map_err(|error| BadPattern { why: error.kind().to_string(), help: None })
}

macro_rules! written_as_text {
    ($pattern:ty) => {
        impl PartialEq for $pattern {
            fn eq(&self, other: &Self) -> bool {
                self.text == other.text
            }
        }

        impl Serialize for $pattern {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.text)
            }
        }

        #[cfg(test)]
        impl schemars::JsonSchema for $pattern {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                "Pattern".into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "minLength": 1 })
            }
        }
    };
}
pub(super) use written_as_text;

written_as_text!(FilePattern);
written_as_text!(ImagePattern);
written_as_text!(NamePattern);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn file_patterns_read_like_gitignore() {
        for (pattern, path, fits) in [
            ("Dockerfile", "Dockerfile", true),
            ("Dockerfile", "a/b/Dockerfile", true),
            ("Dockerfile", "Dockerfile.dev", false),
            ("/Dockerfile", "Dockerfile", true),
            ("/Dockerfile", "a/Dockerfile", false),
            ("./ci/a.yml", "ci/a.yml", true),
            ("vendor/", "vendor/x/Dockerfile", true),
            ("vendor/", "a/vendor/Dockerfile", true),
            ("vendor/", "vendor", false),
            ("services/api", "services/api/Dockerfile", true),
            ("services/api", "more/services/api/Dockerfile", false),
            ("services/*/Dockerfile", "services/a/Dockerfile", true),
            ("services/*/Dockerfile", "services/a/b/Dockerfile", false),
            ("services/**/Dockerfile", "services/a/b/Dockerfile", true),
            ("*.yml", "a/b/c.yml", true),
            ("{a,b}.yml", "x/b.yml", true),
        ] {
            let file = FilePath::new(path).expect("a path");
            assert_eq!(FilePattern::new(pattern).expect(pattern).matches(&file), fits, "{pattern} {path}");
        }
        for bad in ["", "/", "!a", "a[", "{a"] {
            assert!(FilePattern::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_of_repositories() {
        for (pattern, name, fits) in [
            ("group/app", "Group/App", true),
            ("group/*", "group/app", true),
            ("group/*", "group/sub/app", false),
            ("group/**", "group/sub/app", true),
            ("**", "a/b", true),
            ("app", "group/app", false),
        ] {
            assert_eq!(NamePattern::new(pattern).expect(pattern).matches(name), fits, "{pattern} {name}");
        }
        assert!(NamePattern::new("").is_err());
    }

    #[test]
    fn image_patterns_cross_slashes_and_have_no_tags() {
        for (pattern, image, fits) in [
            ("python", "python", true),
            ("python", "acme/python", false),
            ("*", "ghcr.io/acme/tools/x", true),
            ("ghcr.io/acme/*", "ghcr.io/acme/tools/x", true),
            ("localhost:5000/*", "localhost:5000/x", true),
            ("{node,python}", "node", true),
        ] {
            assert_eq!(ImagePattern::new(pattern).expect(pattern).matches(image), fits, "{pattern} {image}");
        }
        let with_tag = ImagePattern::new("acme/python:3.12").expect_err("a tag");
        assert_eq!(with_tag.help.as_deref(), Some("write \"acme/python\""));
        assert!(ImagePattern::new("python@sha256:1").is_err());
    }
}

//! The vocabulary of tags: which words mean a pre-release, which a build, which say nothing of order.
//!
//! In: a word of a tag. Out: a [`Word`]. Must never know: where in the tag it stood.
//!
//! A word that is in no list belongs to the variant. That is the safe mistake: a tag with an unknown
//! word keeps to tags with the same word, while a variant taken for a pre-release would be led away
//! from its variant. So lists hold only what has one meaning across publishers. `dev` alone, for example, is
//! a variant of hardened images (`3.12-dev` has a shell), and `testing` is a suite of Debian.

use crate::distribution::{Distribution, Release};

/// The longest word that has a meaning, with room for the longest tag word that could get one.
const LONGEST: usize = 24;

/// How near a pre-release is to its release.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Stage {
    Development,
    Alpha,
    /// Previews, milestones, early access: before beta where a project has both.
    Preview,
    Beta,
    Candidate,
}

/// What must stand around a word for it to be a pre-release.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Needs {
    Nothing,
    /// A number behind it: `m14`, but not `m`.
    Number,
    /// A number in front without a hyphen and one glued behind: `3.15.0a2`, but not `1.0-a2`.
    GluedNumber,
}

/// What a word says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    PreRelease(Stage, Needs),
    /// The number behind it counts builds of one release.
    Build,
    Base(Distribution),
    CodeName(Release),
    /// A Windows base. Its release must match the host, so it never moves.
    Windows,
    /// The number behind it names something without order, such as a merge request.
    Unordered,
    /// A word of the variant that is never followed by a version of its own.
    Plain,
    Other,
}

impl Word {
    /// Case says nothing here: `RC1`, `rc1`.
    pub(super) fn of(text: &str) -> Self {
        let mut buffer = [0; LONGEST];
        let Some(lower) = buffer.get_mut(..text.len()) else { return Self::Other };
        lower.copy_from_slice(text.as_bytes());
        lower.make_ascii_lowercase();
        let Ok(lower) = std::str::from_utf8(lower) else { return Self::Other };
        let pre_release = |stage| Self::PreRelease(stage, Needs::Nothing);
        match lower {
            "alpha" => pre_release(Stage::Alpha),
            "beta" => pre_release(Stage::Beta),
            "rc" => pre_release(Stage::Candidate),
            "ea" | "milestone" | "pre" | "prerelease" | "preview" => pre_release(Stage::Preview),
            "canary" | "insider" | "insiders" | "next" | "nightly" | "snapshot" | "unstable" => {
                pre_release(Stage::Development)
            }
            "dev" => Self::PreRelease(Stage::Development, Needs::Number),
            "eap" | "m" | "tp" => Self::PreRelease(Stage::Preview, Needs::Number),
            "cr" => Self::PreRelease(Stage::Candidate, Needs::Number),
            "a" => Self::PreRelease(Stage::Alpha, Needs::GluedNumber),
            "b" => Self::PreRelease(Stage::Beta, Needs::GluedNumber),
            "c" => Self::PreRelease(Stage::Candidate, Needs::GluedNumber),
            "bld" | "build" | "cu" | "eks" | "eksbuild" | "fix" | "gke" | "hotfix" | "ls" | "p" | "patch" | "pl"
            | "post" | "r" | "rev" | "sp" | "u" | "update" => Self::Build,
            "ltsc" | "nanoserver" | "sac" | "windows" | "windowsservercore" => Self::Windows,
            "issue" | "mr" | "pr" | "pull" => Self::Unordered,
            "apache" | "cli" | "dind" | "fpm" | "full" | "management" | "minimal" | "slim" | "zts" => Self::Plain,
            _ => Release::of_code_name(lower)
                .map(Self::CodeName)
                .or_else(|| Distribution::of_word(lower).map(Self::Base))
                .unwrap_or(Self::Other),
        }
    }
}

/// Whether a run of letters and digits is one word, whose digits are no version of anything.
pub(super) fn is_solid(run: &str) -> bool {
    matches!(
        run,
        "32bit" | "64bit" | "aarch64" | "amd64" | "arm32" | "arm32v5" | "arm32v6" | "arm32v7" | "arm64" | "arm64v8" | "armv5"
            | "armv6" | "armv6l" | "armv7" | "armv7l" | "armv8" | "i386" | "i586" | "i686" | "loong64" | "loongarch64"
            | "mips64" | "mips64le" | "mips64el" | "ppc64" | "ppc64el" | "ppc64le" | "riscv64" | "s390x" | "win32" | "win64"
            | "x64" | "x86" // machines
            | "avx2" | "avx512" | "b2b" | "e2e" | "h264" | "h265" | "http2" | "http3" | "ipv4" | "ipv6" | "k3s" | "k8s"
            | "log4j" | "oauth2" | "openj9" | "p2p" | "rke2" | "s3" | "s6" | "sha256" | "utf8" | "x11"
    )
}

/// Whether a run of letters and digits is a build number behind a word that has digits of its own: `k3s4`,
/// `rke2r1`.
pub(super) fn ends_with_build(run: &str) -> bool {
    ["k3s", "rke2r"].into_iter().any(|word| {
        run.strip_prefix(word)
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Whether a word announces the hash of a commit or of a manifest.
pub(super) fn announces_hash(run: &str) -> bool {
    matches!(run, "commit" | "git" | "sha" | "sha1" | "sha256")
}

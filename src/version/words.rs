//! The vocabulary of tags: which words mean a pre-release, which a build, which say nothing of order.
//!
//! In: a word of a tag. Out: a [`Word`]. Must never know: where in the tag it stood.
//!
//! A word that is in no list belongs to the variant. That is the safe mistake: a tag with an unknown
//! word keeps to tags with the same word, while a variant taken for a pre-release would be led away
//! from its variant. So lists hold only what has one meaning across publishers. `dev` alone, for example, is
//! a variant of hardened images (`3.12-dev` has a shell), and `testing` is a suite of Debian.

use crate::distribution::{Distribution, Release};

/// At least the length of the longest word in the lists.
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
        let lower = if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            let Some(lower) = buffer.get_mut(..text.len()) else { return Self::Other };
            lower.copy_from_slice(text.as_bytes());
            lower.make_ascii_lowercase();
            std::str::from_utf8(lower).unwrap_or(text)
        } else {
            text
        };
        let pre_release = |stage| Self::PreRelease(stage, Needs::Nothing);
        match lower.as_bytes() {
            b"alpha" => pre_release(Stage::Alpha),
            b"beta" => pre_release(Stage::Beta),
            b"rc" => pre_release(Stage::Candidate),
            b"ea" | b"milestone" | b"pre" | b"prerelease" | b"preview" => pre_release(Stage::Preview),
            b"canary" | b"insider" | b"insiders" | b"next" | b"nightly" | b"snapshot" | b"unstable" => {
                pre_release(Stage::Development)
            }
            b"dev" => Self::PreRelease(Stage::Development, Needs::Number),
            b"eap" | b"m" | b"tp" => Self::PreRelease(Stage::Preview, Needs::Number),
            b"cr" => Self::PreRelease(Stage::Candidate, Needs::Number),
            b"a" => Self::PreRelease(Stage::Alpha, Needs::GluedNumber),
            b"b" => Self::PreRelease(Stage::Beta, Needs::GluedNumber),
            b"c" => Self::PreRelease(Stage::Candidate, Needs::GluedNumber),
            b"bld" | b"build" | b"cu" | b"eks" | b"eksbuild" | b"fix" | b"gke" | b"hotfix" | b"ls" | b"p"
            | b"patch" | b"pl" | b"post" | b"r" | b"rev" | b"sp" | b"u" | b"update" => Self::Build,
            b"ltsc" | b"nanoserver" | b"sac" | b"servercore" | b"windows" | b"windowsservercore" => Self::Windows,
            b"issue" | b"mr" | b"pr" | b"pull" => Self::Unordered,
            b"apache" | b"cli" | b"dind" | b"fpm" | b"full" | b"management" | b"minimal" | b"slim" | b"zts" => {
                Self::Plain
            }
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
        run.as_bytes(),
        b"32bit" | b"64bit" | b"aarch64" | b"amd64" | b"arm32" | b"arm32v5" | b"arm32v6" | b"arm32v7" | b"arm64" | b"arm64v8" | b"armv5"
            | b"armv6" | b"armv6l" | b"armv7" | b"armv7l" | b"armv8" | b"i386" | b"i586" | b"i686" | b"loong64" | b"loongarch64"
            | b"mips64" | b"mips64le" | b"mips64el" | b"ppc64" | b"ppc64el" | b"ppc64le" | b"riscv64" | b"s390x" | b"win32" | b"win64"
            | b"x64" | b"x86" // machines
            | b"avx2" | b"avx512" | b"b2b" | b"e2e" | b"h264" | b"h265" | b"http2" | b"http3" | b"ipv4" | b"ipv6" | b"k3s" | b"k8s"
            | b"log4j" | b"oauth2" | b"openj9" | b"p2p" | b"rke2" | b"s3" | b"s6" | b"sha256" | b"utf8" | b"x11"
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
pub(super) fn announces_hash(run: &[u8]) -> bool {
    matches!(run, b"commit" | b"git" | b"sha" | b"sha1" | b"sha256")
}

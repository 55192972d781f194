//! The reference grammar of container images: which repository, which tag, which digest.
//!
//! In: text as people write it after `FROM` or `image:`. Out: [`Reference`], [`Repository`],
//! [`Digest`], or the reason why the text is none. Must never know: registries, and what a tag means.
//!
//! The grammar is that of the OCI distribution specification and of
//! `github.com/distribution/reference`, which Docker, Podman, `BuildKit` and the CI systems share.

use std::fmt;
use std::net::Ipv6Addr;
use std::ops::Range;
use std::sync::Arc;

use thiserror::Error;

/// The host that a name without one belongs to.
const DOCKER_HUB: &str = "docker.io";

/// Other names of [`DOCKER_HUB`]: the same repositories answer under each.
const DOCKER_HUB_ALIASES: [&str; 3] = ["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

/// Where Docker Hub keeps the images that are written without a namespace.
const OFFICIAL_NAMESPACE: &str = "library/";

/// The longest repository name, host included, that the reference grammar allows.
const LONGEST_NAME: usize = 255;

/// The longest tag that the specification allows.
const LONGEST_TAG: usize = 128;

/// A repository of images: a host and a path, in one spelling whatever the text said.
///
/// `python`, `docker.io/python` and `index.docker.io/library/python` are one repository. Cheap to
/// clone. Displays in full: `docker.io/library/python`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    full: Arc<str>,
    /// The length of the host; a `/` follows it in `full`.
    host: usize,
}

impl Repository {
    /// Reads a name without tag or digest.
    pub fn parse(name: &str) -> Result<Self, BadReference> {
        check_shape(name)?;
        let (host, path) = split_host(name);
        let host = match host {
            None => DOCKER_HUB.to_owned(),
            Some(host) => {
                check_host(name, host)?;
                // Host names know no case, and one repository must have one spelling.
                let host = host.to_ascii_lowercase();
                if DOCKER_HUB_ALIASES.contains(&host.as_str()) { DOCKER_HUB.to_owned() } else { host }
            }
        };
        check_path(name, path)?;
        let namespace = if host == DOCKER_HUB && !path.contains('/') { OFFICIAL_NAMESPACE } else { "" };
        let length = host.len() + 1 + namespace.len() + path.len();
        if length > LONGEST_NAME {
            return Err(BadReference::NameTooLong { length });
        }
        Ok(Self { full: format!("{host}/{namespace}{path}").into(), host: host.len() })
    }

    /// The host, with its port if it has one: `docker.io`, `registry.example:5000`, `[::1]:5000`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.full[..self.host]
    }

    /// The path behind the host: `library/python`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.full[self.host + 1..]
    }

    /// As people write it: `python`, `grafana/grafana`, `ghcr.io/a/b`. Parses to the same repository.
    #[must_use]
    pub fn familiar(&self) -> &str {
        if self.host() != DOCKER_HUB {
            return &self.full;
        }
        let path = self.path();
        match path.strip_prefix(OFFICIAL_NAMESPACE) {
            // Alone, 64 hexadecimal digits would be the identifier of an image.
            Some(name) if !name.contains('/') && !is_identifier(name) => name,
            // `docker.io/a.b/c` without its host would name the host `a.b`.
            _ if split_host(path).0.is_some() => &self.full,
            _ => path,
        }
    }

    /// The last part of the path: `python`.
    #[must_use]
    pub fn short_name(&self) -> &str {
        let path = self.path();
        path.rsplit_once('/').map_or(path, |(_, name)| name)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.full, f)
    }
}

/// A whole image reference, with the places of its parts in the text it was read from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// The repository, normalised.
    pub repository: Repository,
    /// The name as written: `python` in `python:3.12`.
    pub name: Range<usize>,
    /// The tag, without its colon.
    pub tag: Option<Range<usize>>,
    /// The digest, algorithm included, without its `@`.
    pub digest: Option<Range<usize>>,
}

impl Reference {
    /// Reads `[host/]path[:tag][@digest]`.
    pub fn parse(text: &str) -> Result<Self, BadReference> {
        if text.is_empty() {
            return Err(BadReference::Empty);
        }
        if let Some(scheme) = scheme_of(text) {
            return Err(BadReference::Scheme { scheme: scheme.to_owned() });
        }
        let (named, digest) = match text.find('@') {
            Some(at) => (&text[..at], Some(at + 1..text.len())),
            None => (text, None),
        };
        // A colon before the last slash belongs to a port or to an IPv6 address.
        let last_part = named.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match named[last_part..].find(':') {
            Some(colon) => (0..last_part + colon, Some(last_part + colon + 1..named.len())),
            None => (0..named.len(), None),
        };
        let repository = Repository::parse(&text[name.clone()])?;
        if let Some(tag) = &tag {
            check_tag(&text[tag.clone()], text[..tag.start].chars().count())?;
        }
        if let Some(digest) = &digest {
            check_digest(&text[digest.clone()])?;
        }
        Ok(Self { repository, name, tag, digest })
    }
}

/// The digest of a manifest: `sha256:` and 64 hexadecimal digits, or another registered algorithm.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(String);

impl Digest {
    /// Reads a digest with its algorithm.
    pub fn parse(text: &str) -> Result<Self, BadReference> {
        check_digest(text)?;
        Ok(Self(text.to_owned()))
    }

    /// As text, algorithm included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Why a text is no image reference.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum BadReference {
    /// There is no text.
    #[error("the image reference is empty")]
    Empty,
    /// A digest or a tag stands alone.
    #[error("the image has no name")]
    NoName,
    /// `https://` and the like stand in front.
    #[error("an image reference has no scheme, and this one begins with `{scheme}://`")]
    Scheme {
        /// The text before `://`.
        scheme: String,
    },
    /// A character that has no place there.
    #[error("{character:?} is not allowed in {part} (character {place})")]
    Character {
        /// The character.
        character: char,
        /// Its place in the text, counted in characters from 1.
        place: usize,
        /// The part of the reference it stands in.
        part: Part,
    },
    /// The path has capital letters.
    #[error("the repository name `{path}` must be lower case")]
    UpperCase {
        /// The path.
        path: String,
    },
    /// Two slashes in a row, or one at an end.
    #[error("the repository name `{name}` has an empty part")]
    EmptyPart {
        /// The name.
        name: String,
    },
    /// A part of the path that begins or ends with a separator, or has a run of them.
    #[error("`{part}` is not a valid part of a repository name")]
    PathPart {
        /// The part.
        part: String,
    },
    /// The host is none.
    #[error("`{host}` is not a valid registry host")]
    Host {
        /// The host.
        host: String,
    },
    /// The name is longer than the grammar allows.
    #[error("the repository name has {length} characters, {LONGEST_NAME} are allowed")]
    NameTooLong {
        /// Its length.
        length: usize,
    },
    /// The name would read as the identifier of an image.
    #[error("64 hexadecimal digits are the identifier of an image, not its name")]
    Identifier,
    /// A colon without a tag.
    #[error("the tag is empty")]
    EmptyTag,
    /// The tag is longer than the specification allows.
    #[error("the tag has {length} characters, {LONGEST_TAG} are allowed")]
    TagTooLong {
        /// Its length.
        length: usize,
    },
    /// The digest is not `algorithm:hexadecimal digits` of the algorithm's length.
    #[error("`{digest}` is not a valid digest: {why}")]
    Digest {
        /// The digest.
        digest: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// A part of a reference, for messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Host or path.
    Name,
    /// The tag.
    Tag,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "an image name",
            Self::Tag => "a tag",
        })
    }
}

fn scheme_of(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let mut letters = scheme.bytes();
    (letters.next()?.is_ascii_alphabetic()
        && letters.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')))
    .then_some(scheme)
}

/// What can be said of a name before it is known where its host ends.
fn check_shape(name: &str) -> Result<(), BadReference> {
    if name.is_empty() {
        return Err(BadReference::NoName);
    }
    if let Some((place, character)) = name.chars().enumerate().find(|(_, character)| {
        !character.is_ascii_alphanumeric() && !matches!(character, '.' | '_' | '-' | '/' | ':' | '[' | ']')
    }) {
        return Err(BadReference::Character { character, place: place + 1, part: Part::Name });
    }
    if name.split('/').any(str::is_empty) {
        return Err(BadReference::EmptyPart { name: name.to_owned() });
    }
    if is_identifier(name) {
        return Err(BadReference::Identifier);
    }
    Ok(())
}

fn is_identifier(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(is_lower_hex)
}

/// The first part is a host if nothing else could look like it: a namespace has no dot, no colon.
///
/// Docker also takes a first part with capital letters for a host. That is an accident of its
/// implementation and always a mistake of the writer, who is better served by being told.
fn split_host(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest)) if first == "localhost" || first.contains(['.', ':']) => (Some(first), rest),
        _ => (None, name),
    }
}

fn check_host(name: &str, host: &str) -> Result<(), BadReference> {
    // `../x` and `./x` are paths of files, and saying so of their host would puzzle.
    if host.bytes().all(|byte| byte == b'.') {
        return Err(BadReference::PathPart { part: name.to_owned() });
    }
    let bad = || BadReference::Host { host: host.to_owned() };
    let port = if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or_else(bad)?;
        address.parse::<Ipv6Addr>().map_err(|_| bad())?;
        port
    } else {
        let (labels, port) = host.split_at(host.find(':').unwrap_or(host.len()));
        let is_label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !labels.split('.').all(is_label) {
            return Err(bad());
        }
        port
    };
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok(()),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok() => Ok(()),
        _ => Err(bad()),
    }
}

fn check_path(name: &str, path: &str) -> Result<(), BadReference> {
    if let Some(at) = path.find([':', '[', ']']) {
        let place = name.len() - path.len() + at;
        let character = char::from(path.as_bytes()[at]);
        return Err(BadReference::Character { character, place: place + 1, part: Part::Name });
    }
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(BadReference::UpperCase { path: path.to_owned() });
    }
    match path.split('/').find(|part| !is_path_part(part)) {
        Some(part) => Err(BadReference::PathPart { part: part.to_owned() }),
        None => Ok(()),
    }
}

/// Letters and digits, with one `.`, one or two `_`, or any number of `-` between them.
fn is_path_part(part: &str) -> bool {
    let is_separator = |byte: u8| matches!(byte, b'.' | b'_' | b'-');
    let ends_well = |byte: Option<&u8>| byte.is_some_and(|&byte| !is_separator(byte));
    let bytes = part.as_bytes();
    ends_well(bytes.first())
        && ends_well(bytes.last())
        && bytes
            .split(|&byte| !is_separator(byte))
            .all(|run| matches!(run, b"" | b"." | b"_" | b"__") || run.iter().all(|&byte| byte == b'-'))
}

/// `before` is the number of characters in front of the tag.
fn check_tag(tag: &str, before: usize) -> Result<(), BadReference> {
    if tag.is_empty() {
        return Err(BadReference::EmptyTag);
    }
    let is_allowed = |place: usize, character: char| {
        character.is_ascii_alphanumeric() || character == '_' || place > 0 && matches!(character, '.' | '-')
    };
    if let Some((place, character)) = tag.chars().enumerate().find(|&(place, character)| !is_allowed(place, character))
    {
        return Err(BadReference::Character { character, place: before + place + 1, part: Part::Tag });
    }
    if tag.len() > LONGEST_TAG {
        return Err(BadReference::TagTooLong { length: tag.len() });
    }
    Ok(())
}

fn check_digest(digest: &str) -> Result<(), BadReference> {
    let bad = |why| Err(BadReference::Digest { digest: digest.to_owned(), why });
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return bad("it has no algorithm, such as `sha256:`");
    };
    let is_algorithm_part = |part: &str| {
        part.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if !algorithm.split(['+', '.', '_', '-']).all(is_algorithm_part) {
        return bad("its algorithm is malformed");
    }
    if !hex.bytes().all(is_lower_hex) {
        return bad("only the digits 0-9 and a-f may follow the algorithm");
    }
    match algorithm {
        "sha256" if hex.len() != 64 => bad("sha256 has 64 digits"),
        "sha384" if hex.len() != 96 => bad("sha384 has 96 digits"),
        "sha512" if hex.len() != 128 => bad("sha512 has 128 digits"),
        _ if hex.len() < 32 => bad("it is too short"),
        _ => Ok(()),
    }
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;

    const SHA256: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn one_repository_has_one_spelling() {
        for (text, full, familiar, short) in [
            ("python", "docker.io/library/python", "python", "python"),
            ("library/python", "docker.io/library/python", "python", "python"),
            ("docker.io/python", "docker.io/library/python", "python", "python"),
            ("index.docker.io/library/python", "docker.io/library/python", "python", "python"),
            ("registry-1.docker.io/library/python", "docker.io/library/python", "python", "python"),
            ("Docker.IO/python", "docker.io/library/python", "python", "python"),
            ("grafana/grafana", "docker.io/grafana/grafana", "grafana/grafana", "grafana"),
            ("ghcr.io/a/b", "ghcr.io/a/b", "ghcr.io/a/b", "b"),
            ("GHCR.io/a/b", "ghcr.io/a/b", "ghcr.io/a/b", "b"),
            ("localhost/a", "localhost/a", "localhost/a", "a"),
            ("localhost", "docker.io/library/localhost", "localhost", "localhost"),
            ("registry:5000/a", "registry:5000/a", "registry:5000/a", "a"),
            ("127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c", "c"),
            ("[::1]:5000/a", "[::1]:5000/a", "[::1]:5000/a", "a"),
            ("[2001:db8::1]/a", "[2001:db8::1]/a", "[2001:db8::1]/a", "a"),
            ("docker.io/a.b/c", "docker.io/a.b/c", "docker.io/a.b/c", "c"),
            ("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b", "b"),
            ("a/b__c/d---e/f.g_h", "docker.io/a/b__c/d---e/f.g_h", "a/b__c/d---e/f.g_h", "f.g_h"),
            ("xn--n3h.com/a", "xn--n3h.com/a", "xn--n3h.com/a", "a"),
            // Found by fuzzing.
            (
                "library/7777777777777777777777777777777777777777777777777777777777777777",
                "docker.io/library/7777777777777777777777777777777777777777777777777777777777777777",
                "library/7777777777777777777777777777777777777777777777777777777777777777",
                "7777777777777777777777777777777777777777777777777777777777777777",
            ),
        ] {
            let repository = Repository::parse(text).expect(text);
            assert_eq!(repository.to_string(), full, "{text}");
            assert_eq!(format!("{}/{}", repository.host(), repository.path()), full, "{text}");
            assert_eq!(repository.familiar(), familiar, "{text}");
            assert_eq!(repository.short_name(), short, "{text}");
        }
    }

    #[test]
    fn parts_have_their_places() {
        let pinned = format!("r.example:5000/a/b:3.12-slim@{SHA256}");
        let digest_only = format!("python@{SHA256}");
        for (text, name, tag, digest) in [
            ("python", "python", None, None),
            ("python:3.12", "python", Some("3.12"), None),
            ("python:_x", "python", Some("_x"), None),
            ("localhost:5000/a", "localhost:5000/a", None, None),
            ("[::1]:5000/a:1", "[::1]:5000/a", Some("1"), None),
            ("localhost:5000", "localhost", Some("5000"), None),
            (pinned.as_str(), "r.example:5000/a/b", Some("3.12-slim"), Some(SHA256)),
            (digest_only.as_str(), "python", None, Some(SHA256)),
        ] {
            let reference = Reference::parse(text).expect(text);
            assert_eq!(&text[reference.name], name, "{text}");
            assert_eq!(reference.tag.map(|tag| &text[tag]), tag, "{text}");
            assert_eq!(reference.digest.map(|digest| &text[digest]), digest, "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_told_why() {
        let long_tag = format!("python:{}", "1".repeat(129));
        let long_name = "a".repeat(250);
        let upper_digest = format!("python@{}", SHA256.to_uppercase().replace("SHA256", "sha256"));
        for (text, message) in [
            ("", "the image reference is empty"),
            (":3", "the image has no name"),
            ("@sha256:", "the image has no name"),
            (&format!("@{SHA256}"), "the image has no name"),
            ("../../etc", "`../../etc` is not a valid part of a repository name"),
            ("./a", "`./a` is not a valid part of a repository name"),
            ("..", "`..` is not a valid part of a repository name"),
            ("/etc/passwd", "the repository name `/etc/passwd` has an empty part"),
            ("a//b", "the repository name `a//b` has an empty part"),
            ("a/", "the repository name `a/` has an empty part"),
            ("http://example.org/a", "an image reference has no scheme, and this one begins with `http://`"),
            ("docker://alpine:3", "an image reference has no scheme, and this one begins with `docker://`"),
            ("python 3", "' ' is not allowed in an image name (character 7)"),
            ("python:3 .12", "' ' is not allowed in a tag (character 9)"),
            ("python:-slim", "'-' is not allowed in a tag (character 8)"),
            ("python:3+1", "'+' is not allowed in a tag (character 9)"),
            ("pythön:3", "'ö' is not allowed in an image name (character 5)"),
            ("python:３", "'３' is not allowed in a tag (character 8)"),
            ("${IMAGE}:3", "'$' is not allowed in an image name (character 1)"),
            ("Python:3", "the repository name `Python` must be lower case"),
            ("MyOrg/app", "the repository name `MyOrg/app` must be lower case"),
            ("ghcr.io/Org/app", "the repository name `Org/app` must be lower case"),
            ("a/-b", "`-b` is not a valid part of a repository name"),
            ("a/b-", "`b-` is not a valid part of a repository name"),
            ("a/b..c", "`b..c` is not a valid part of a repository name"),
            ("a/b___c", "`b___c` is not a valid part of a repository name"),
            ("a/b:1:2", "':' is not allowed in a tag (character 6)"),
            ("r:5000:1/a", "`r:5000:1` is not a valid registry host"),
            ("r:port/a", "`r:port` is not a valid registry host"),
            ("r:/a", "`r:` is not a valid registry host"),
            ("r:65536/a", "`r:65536` is not a valid registry host"),
            ("-r.example/a", "`-r.example` is not a valid registry host"),
            ("r..example/a", "`r..example` is not a valid registry host"),
            ("my_registry.example/a", "`my_registry.example` is not a valid registry host"),
            ("[::1/a", "`[::1` is not a valid registry host"),
            ("[::g]/a", "`[::g]` is not a valid registry host"),
            ("a/[b]", "'[' is not allowed in an image name (character 3)"),
            (&long_name, "the repository name has 268 characters, 255 are allowed"),
            (&"a".repeat(64), "64 hexadecimal digits are the identifier of an image, not its name"),
            ("python:", "the tag is empty"),
            (&long_tag, "the tag has 129 characters, 128 are allowed"),
            ("python@", "`` is not a valid digest: it has no algorithm, such as `sha256:`"),
            ("python@sha256:", "`sha256:` is not a valid digest: sha256 has 64 digits"),
            ("python@sha256:abc", "`sha256:abc` is not a valid digest: sha256 has 64 digits"),
            ("python@1:00", "`1:00` is not a valid digest: its algorithm is malformed"),
            ("python@md5:00", "`md5:00` is not a valid digest: it is too short"),
        ] {
            let error = Reference::parse(text).map(|reference| reference.repository).expect_err(text);
            assert_eq!(error.to_string(), message, "{text}");
        }
        assert!(matches!(Reference::parse(&upper_digest), Err(BadReference::Digest { .. })));
    }

    #[test]
    fn digests() {
        assert_eq!(Digest::parse(SHA256).unwrap().to_string(), SHA256);
        assert!(Digest::parse(&format!("sha512:{}", "0".repeat(128))).is_ok());
        assert!(Digest::parse(&format!("sha256+b64u:{}", "0".repeat(40))).is_ok());
        assert!(Digest::parse("sha256").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_reference_or_an_error(text in r"[\PC\n]{0,80}") {
            if let Ok(reference) = Reference::parse(&text) {
                prop_assert!(text.get(reference.name).is_some());
            }
        }

        #[test]
        fn near_references_do_not_panic(text in r"[a-bA.:/@_\[\]é -]{0,24}(sha256:)?[0-9a-f]{0,70}") {
            let _ = Reference::parse(&text);
            let _ = Digest::parse(&text);
        }

        #[test]
        fn the_familiar_and_the_full_name_mean_the_same(text in r"([a-c.]{1,6}(:[0-9]{1,2})?/)?[a-c][a-c._-]{0,4}(/[a-c.]{1,3})?") {
            if let Ok(repository) = Repository::parse(&text) {
                prop_assert_eq!(&Repository::parse(repository.familiar()).unwrap(), &repository);
                prop_assert_eq!(&Repository::parse(&repository.to_string()).unwrap(), &repository);
            }
        }
    }
}

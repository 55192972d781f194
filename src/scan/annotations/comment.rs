//! Comments that say what a version is of: a line in, what its comment says out.
//!
//! Must never know: the language of the file, beyond how comments may begin.

use std::ops::Range;

use crate::image::Reference;
use crate::scan::occurrence::ListPolicy;

/// How comments begin, in any language; what ends like another one stands before it.
const LEADERS: &[&str] = &["<!--", "#", "//", "--", ";", "/*"];

/// A comment for this tool, or for another that says the same.
#[derive(Debug)]
pub(super) struct Comment {
    /// Where the comment starts, in the line.
    pub(super) start: usize,
    /// Whether nothing stands before it: then it is about the line below.
    pub(super) alone: bool,
    /// What it says.
    pub(super) says: Says,
}

/// What a comment says.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Says {
    /// Leave the line alone.
    Ignore,
    /// The version on the line is one of this image.
    Image {
        /// The image, without a tag.
        image: String,
        /// What becomes of a list, and where on the line that stands.
        policy: Option<(Policy, Range<usize>)>,
    },
    /// Nothing that can be followed, for this reason at this place of the line.
    Wrong(Range<usize>, String),
}

/// What becomes of a list of versions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Policy {
    /// Entries join, and perhaps leave.
    List(ListPolicy),
    /// Its entries move, none is added.
    PatchEach,
    /// It stays.
    Frozen,
}

const POLICIES: &[(&str, Policy)] = &[
    ("append", Policy::List(ListPolicy::Append)),
    ("window", Policy::List(ListPolicy::Window(None))),
    ("supported", Policy::List(ListPolicy::Supported)),
    ("patch-each", Policy::PatchEach),
    ("frozen", Policy::Frozen),
];

/// Whether a line is nothing but a comment.
pub(super) fn is_comment(line: &str) -> bool {
    LEADERS.iter().any(|leader| line.trim_start().starts_with(leader))
}

/// The comment of a line, if it is one of those.
pub(super) fn find(line: &str) -> Option<Comment> {
    for (word, read) in [("tagalong:", own as fn(&[Word], usize) -> Option<Says>), ("renovate:", renovate)] {
        let Some(at) = line.find(word) else { continue };
        let before = line[..at].trim_end();
        let Some(leader) = LEADERS.iter().find(|leader| before.ends_with(**leader)) else { continue };
        let text = before.strip_suffix(leader).unwrap_or(before).trim_end_matches('#');
        // `https://renovate:…` is no comment.
        if !text.is_empty() && !text.ends_with([' ', '\t', '\u{feff}']) {
            continue;
        }
        let body = at + word.len();
        let alone = text.trim_matches('\u{feff}').trim().is_empty();
        let says = read(&words(line, body), body)?;
        return Some(Comment { start: text.len(), alone, says });
    }
    None
}

/// A word of a comment, with its place in the line.
struct Word<'l> {
    text: &'l str,
    range: Range<usize>,
}

impl<'l> Word<'l> {
    fn pair(&self) -> Option<(&'l str, &'l str)> {
        let (key, value) = self.text.split_once('=')?;
        Some((key, value.trim_matches(['"', '\''])))
    }
}

fn words(line: &str, from: usize) -> Vec<Word<'_>> {
    let body = line[from..].trim_end();
    let body = ["-->", "*/"].iter().find_map(|end| body.strip_suffix(end)).unwrap_or(body);
    let mut words = Vec::new();
    let mut at = from;
    for part in body.split_inclusive(char::is_whitespace) {
        let text = part.trim();
        if !text.is_empty() {
            words.push(Word { text, range: at..at + text.len() });
        }
        at += part.len();
    }
    words
}

/// `tagalong: image=postgres policy=frozen`, `tagalong: ignore`
fn own(words: &[Word], body: usize) -> Option<Says> {
    let first = words.first()?;
    // A reason may follow.
    if first.text.trim_end_matches([',', ':', ';', '.']) == "ignore" {
        return Some(Says::Ignore);
    }
    let mut image: Option<&Word> = None;
    let mut policy: Option<(Policy, Range<usize>)> = None;
    let mut window: Option<(u16, &Word)> = None;
    for word in words {
        let wrong = |why: String| Some(Says::Wrong(word.range.clone(), why));
        match word.pair() {
            Some(("image", _)) => image = Some(word),
            Some(("policy", name)) => {
                let Some((_, named)) = POLICIES.iter().find(|(known, _)| *known == name) else {
                    let known: Vec<&str> = POLICIES.iter().map(|(known, _)| *known).collect();
                    return wrong(format!("there is no policy {name}, but {}", known.join(", ")));
                };
                policy = Some((*named, word.range.clone()));
            }
            Some(("window", number)) => match number.parse() {
                Ok(number @ 1..=100) => window = Some((number, word)),
                _ => return wrong("window is a number from 1 to 100".to_owned()),
            },
            Some((key, _)) => return wrong(format!("there is no key {key}, but image, policy and window")),
            None => return wrong(format!("{} is neither ignore nor key=value", word.text)),
        }
    }
    if let Some((number, word)) = window {
        let Some((Policy::List(ListPolicy::Window(kept)), _)) = &mut policy else {
            return Some(Says::Wrong(word.range.clone(), "window goes with policy=window".to_owned()));
        };
        *kept = Some(number);
    }
    let Some(word) = image else {
        return Some(Says::Wrong(body..words.last()?.range.end, "it names no image".to_owned()));
    };
    Some(named(word.pair()?.1, word, policy))
}

/// `renovate: datasource=docker depName=postgres`; what is of another source is not ours.
fn renovate(words: &[Word], body: usize) -> Option<Says> {
    let value = |key: &str| words.iter().find(|word| word.pair().is_some_and(|(known, _)| known == key));
    let text = |key: &str| value(key).and_then(Word::pair).map(|(_, value)| value);
    if text("datasource") != Some("docker") {
        return None;
    }
    let Some(word) = value("packageName").or_else(|| value("depName")) else {
        return Some(Says::Wrong(body..words.last()?.range.end, "it names no image".to_owned()));
    };
    let name = word.pair()?.1;
    let registry = text("registryUrl").map(|url| url.split_once("://").map_or(url, |(_, host)| host));
    let image = registry.map_or_else(|| name.to_owned(), |host| format!("{}/{name}", host.trim_end_matches('/')));
    Some(named(&image, word, None))
}

fn named(image: &str, word: &Word, policy: Option<(Policy, Range<usize>)>) -> Says {
    let wrong = |why: String| Says::Wrong(word.range.clone(), why);
    match Reference::parse(image) {
        Ok(reference) if reference.tag.is_none() && reference.digest.is_none() => {
            Says::Image { image: image.to_owned(), policy }
        }
        Ok(_) => wrong(format!("{image} has a tag, which the line below has")),
        Err(error) => wrong(error.to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_all_languages() {
        for line in [
            "# tagalong: image=postgres",
            "  // tagalong: image=postgres",
            "-- tagalong: image=postgres",
            "; tagalong: image=postgres",
            "<!-- tagalong: image=postgres -->",
            "/* tagalong: image=postgres */",
            "## tagalong:image=\"postgres\"\r",
            "\u{feff}# renovate: datasource=docker depName=postgres versioning=semver",
            "# renovate: datasource=docker depName=pg packageName=postgres",
        ] {
            let comment = find(line).unwrap();
            assert!(comment.alone, "{line}");
            let image = Says::Image { image: "postgres".to_owned(), policy: None };
            assert_eq!(comment.says, image, "{line}");
        }
        let behind = find("V = 16  # tagalong: image=postgres policy=frozen").unwrap();
        assert_eq!((behind.start, behind.alone), (8, false));
        let policy = Some((Policy::Frozen, 35..48));
        assert_eq!(behind.says, Says::Image { image: "postgres".to_owned(), policy });
        assert_eq!(find("# tagalong: ignore until May").unwrap().says, Says::Ignore);
        assert_eq!(find("# tagalong: ignore, as image=x is gone").unwrap().says, Says::Ignore);
        let elsewhere =
            find("# renovate: datasource=docker depName=a/b registryUrl=https://registry.example.org/").unwrap();
        let image = Says::Image { image: "registry.example.org/a/b".to_owned(), policy: None };
        assert_eq!(elsewhere.says, image);
    }

    #[test]
    fn what_is_none() {
        for line in [
            "",
            "# tagalong:",
            "tagalong: image=postgres",
            "https://tagalong:image=x@example.org",
            "x = \"https://renovate: datasource=docker depName=x\"",
            "# renovate: datasource=github-releases depName=a/b",
            "# renovate: ignore",
            "# about tagalong and renovate",
        ] {
            assert!(find(line).is_none(), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place() {
        for (line, place, why) in [
            ("# tagalong: image=a imgae=b", "imgae=b", "there is no key imgae, but image, policy and window"),
            ("# tagalong: image postgres", "image", "image is neither ignore nor key=value"),
            (
                "# tagalong: image=a policy=never",
                "policy=never",
                "there is no policy never, but append, window, supported, patch-each, frozen",
            ),
            ("# tagalong: image=a policy=window window=0", "window=0", "window is a number from 1 to 100"),
            ("# tagalong: image=a policy=supported window=3", "window=3", "window goes with policy=window"),
            ("# tagalong: image=a window=3", "window=3", "window goes with policy=window"),
            ("# tagalong: policy=frozen", " policy=frozen", "it names no image"),
            ("# tagalong: image=postgres:16", "image=postgres:16", "postgres:16 has a tag, which the line below has"),
            ("# renovate: datasource=docker", " datasource=docker", "it names no image"),
        ] {
            let Says::Wrong(range, said) = find(line).unwrap().says else { unreachable!("{line}") };
            assert_eq!((&line[range], said.as_str()), (place, why));
        }
        assert!(matches!(find("# tagalong: image=A!B").unwrap().says, Says::Wrong(..)));
    }
}

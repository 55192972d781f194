//! The tags of the official images, all that there ever were: few releases look like a mistake, so few are asked about.
//!
//! Not run by default: it reads lists that are no part of the repository. `OFFICIAL_TAGS=path cargo test --test
//! official -- --ignored --nocapture`; the file is `{"image": ["tag", …]}`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::{BTreeMap, HashMap};

use tagalong::choose::catalogue::Index;
use tagalong::version::{Line, Tag};

fn official() -> BTreeMap<String, Vec<String>> {
    let path = std::env::var("OFFICIAL_TAGS").unwrap_or_else(|_| "../shared/data/official-image-tags.json".to_owned());
    serde_json::from_slice(&std::fs::read(path).expect("the list")).expect("JSON")
}

fn lines(tags: &[String]) -> HashMap<Line, Vec<Tag>> {
    let mut lines: HashMap<Line, Vec<Tag>> = HashMap::new();
    for tag in tags.iter().map(|tag| Tag::parse(tag)).filter(|tag| tag.version().is_some()) {
        lines.entry(tag.line()).or_default().push(tag);
    }
    lines
}

#[test]
#[ignore = "reads the lists of the official images"]
fn few_releases_look_like_a_mistake() {
    let (mut all, mut held) = (0, Vec::new());
    for (image, tags) in official() {
        let index = Index::new(&tags);
        for line in lines(&tags).values_mut() {
            line.sort_by(|a, b| a.version().cmp(&b.version()));
            all += line.len();
            // What a repository would ask about: a tag in use below one that stands out.
            let newest = line.iter().rev().find(|tag| tag.version().is_some_and(|version| !version.is_pre_release()));
            let Some(newest) = newest else { continue };
            let below: Vec<&Tag> = line.iter().filter(|tag| index.era(tag) < index.era(newest)).collect();
            if let [first, .., last] = below.as_slice() {
                held.push(format!("{image}: {first} … {last} below {newest}"));
            }
        }
    }
    held.sort();
    println!("{} lines of {all} tags\n{}", held.len(), held.join("\n"));
    assert!(held.len() * 200 < all, "{} of {all}", held.len());
}

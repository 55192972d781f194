//! The tags of the official images, all that there ever were: what stands in one line stands in one total order, and
//! few releases look like a mistake.
//!
//! Not run by default: it reads lists that are no part of the repository. `OFFICIAL_TAGS=path cargo test --test
//! official -- --ignored --nocapture`; the file is `{"image": ["tag", …]}`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::cmp::Ordering;
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
fn every_line_is_in_total_order() {
    let mut compared = 0_u64;
    for (image, tags) in official() {
        for line in lines(&tags).values_mut() {
            line.sort_by(|a, b| a.version().cmp(&b.version()).then_with(|| a.text().cmp(b.text())));
            // Sorted by a relation that is no order, some pair would be out of place.
            for (place, low) in line.iter().enumerate() {
                let above = line.iter().skip(place + 1).step_by(1 + line.len() / 200);
                for high in above {
                    compared += 1;
                    assert_ne!(low.version().cmp(&high.version()), Ordering::Greater, "{image}: {low} {high}");
                    assert_ne!(high.version().cmp(&low.version()), Ordering::Less, "{image}: {high} {low}");
                    assert_eq!(low.precision(), high.precision(), "{image}: {low} {high}");
                    assert_eq!(low.prefix(), high.prefix(), "{image}: {low} {high}");
                }
            }
            for pair in line.windows(2) {
                let equal = pair[0].version() == pair[1].version();
                // Two spellings of one version: `1.05` and `1.5`, `2020.03.01-alpha1` and `-alpha.1`.
                assert!(
                    !equal
                        || pair[0].text().len() != pair[1].text().len()
                        || pair[0].version_text() != pair[1].version_text(),
                    "{image}: {pair:?}"
                );
            }
        }
    }
    println!("{compared} pairs");
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

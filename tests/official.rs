//! The tags of the official images, all that there ever were: few releases look like a mistake, so few are asked about,
//! and no release is taken for a leftover by its date.
//!
//! Not run by default: it reads lists that are no part of the repository. `OFFICIAL_TAGS=path cargo test --test
//! official -- --ignored --nocapture`; the file is `{"image": ["tag", …]}`. Beside it stand, by the end of their
//! names, `-first-seen` (`{"image": {"day": ["tag", …]}}`), `-current` (what is still built) and `-groups` (for each
//! tag of the list a number, equal for those that are one image).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::de::DeserializeOwned;

use tagalong::choose::calendar::Calendar;
use tagalong::choose::catalogue::{Catalogue, Index};
use tagalong::choose::evidence::{Evidence, Question};
use tagalong::choose::{Market, choose};
use tagalong::config::Config;
use tagalong::image::Repository;
use tagalong::link::link;
use tagalong::scan::scan;
use tagalong::skip::Reason;
use tagalong::text::{FilePath, Snapshot};
use tagalong::version::{Class, Line, Tag};

fn official() -> BTreeMap<String, Vec<String>> {
    facts("")
}

fn facts<T: DeserializeOwned>(what: &str) -> T {
    let path = std::env::var("OFFICIAL_TAGS").unwrap_or_else(|_| "../shared/data/official-image-tags.json".to_owned());
    let path = format!("{}{what}.json", path.trim_end_matches(".json"));
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

/// Every image that is still built was built today, which is the worst case: what is left alone looks the older.
#[test]
#[ignore = "reads the lists of the official images"]
fn no_release_is_taken_for_a_leftover() {
    let seen: BTreeMap<String, BTreeMap<String, Vec<String>>> = facts("-first-seen");
    let current: BTreeMap<String, BTreeSet<String>> = facts("-current");
    let groups: BTreeMap<String, Vec<u64>> = facts("-groups");
    let today = jiff::civil::date(2026, 8, 21);
    let calendar = Calendar::new(today, BTreeMap::new());
    let config = Config::default();
    let (mut places, mut asked, mut held) = (0, 0, Vec::new());
    for (image, tags) in official() {
        let mut dockerfile = String::new();
        for line in lines(&tags).values() {
            let mut newest: BTreeMap<u64, &Tag> = BTreeMap::new();
            for tag in line.iter().filter(|tag| tag.class() == Class::Version) {
                let version = tag.version().expect("lines have versions");
                let known = newest.entry(version.major()).or_insert(tag);
                if !version.is_pre_release() && tag.version() > known.version() {
                    *known = tag;
                }
            }
            dockerfile.extend(newest.values().map(|tag| format!("FROM {image}:{tag}\n")));
        }
        places += dockerfile.lines().count();
        let mut files = Snapshot::default();
        files.insert(FilePath::new("Dockerfile").unwrap(), dockerfile.into_bytes());
        let links = link(&scan(&files, &BTreeSet::new()));
        let repository = Repository::parse(&image).unwrap();
        let mut catalogue = Catalogue::default();
        catalogue.insert(repository.clone(), Ok(&tags));
        let digests: HashMap<&str, u64> = tags.iter().map(String::as_str).zip(groups[&image].iter().copied()).collect();
        let days: HashMap<&str, &str> =
            seen[&image].iter().flat_map(|(day, tags)| tags.iter().map(|tag| (tag.as_str(), day.as_str()))).collect();
        let mut evidence = Evidence::default();
        loop {
            let market = Market { catalogue: &catalogue, calendar: &calendar, config: &config, evidence: &evidence };
            let decisions = choose(&links, market);
            let questions = decisions.iter().flat_map(|decision| decision.questions.iter().chain(&decision.doubts));
            let open: BTreeSet<Question> = questions.filter(|question| !evidence.answers(question)).cloned().collect();
            if open.is_empty() {
                let leftovers =
                    decisions.iter().flat_map(|decision| &decision.skips).filter_map(|skip| match &skip.reason {
                        Reason::StandsOut { newest, why } if why.contains("long before") => {
                            Some(format!("{newest}: {why}"))
                        }
                        _ => None,
                    });
                held.extend(leftovers);
                break;
            }
            asked += open.len();
            for question in open {
                match question {
                    Question::Digest(image, tag) => {
                        let digest = digests[tag.as_str()].to_string();
                        evidence.insert_digest((image, tag), Ok(digest));
                    }
                    Question::Created(of, tag) => {
                        let day = days[tag.as_str()].parse().expect("a day");
                        let day = if current[&image].contains(&tag) { today } else { day };
                        evidence.insert_created((of, tag), Ok(Some(day)));
                    }
                    Question::Builds(..) => unreachable!("no platforms are named"),
                }
            }
        }
    }
    held.sort();
    held.dedup();
    println!("{} held of {places} places, {asked} questions\n{}", held.len(), held.join("\n"));
    // Java 23 went before what is below it on that Ubuntu.
    assert!(held.iter().all(|why| why.starts_with("gradle:jdk23-jammy:")));
}

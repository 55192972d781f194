//! The tags of the images in question, each parsed once, ordered within their lines.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use crate::image::Repository;
use crate::skip::Reason;
use crate::version::{Line, Tag, Version};

/// What is known of every image in question.
#[derive(Debug, Default)]
pub struct Catalogue {
    images: HashMap<Repository, Result<Index, Reason>>,
}

impl Catalogue {
    /// Adds an image: its tags, or why they are not known.
    pub fn insert(&mut self, repository: Repository, tags: Result<&[String], Reason>) {
        self.images.insert(repository, tags.map(Index::new));
    }

    /// The tags of an image, or why they are not known.
    pub fn index(&self, repository: &Repository) -> Result<&Index, Reason> {
        match self.images.get(repository) {
            Some(Ok(index)) => Ok(index),
            Some(Err(reason)) => Err(reason.clone()),
            None => Err(Reason::LookupFailed { why: "nobody asked for its tags".to_owned() }),
        }
    }
}

/// The tags of one image.
#[derive(Debug)]
pub struct Index {
    tags: Vec<Tag>,
    /// Indices by text.
    by_text: Vec<u32>,
    /// For every line, indices by version, ascending.
    lines: Vec<Vec<u32>>,
    /// Where in `lines` a line is. A line borrows from its tag, so its hash is the key; a bucket holds
    /// more than one only where hashes collide.
    buckets: HashMap<u64, Vec<u32>>,
    hasher: RandomState,
    /// Numbers of versions that have more precise ones, made when the first matrix asks.
    cycles: OnceLock<HashSet<Box<[u64]>>>,
}

impl Index {
    /// Parses and orders the tags.
    #[must_use]
    pub fn new(tags: &[String]) -> Self {
        let tags: Vec<Tag> = tags.iter().map(|tag| Tag::parse(tag)).collect();
        let all = 0..u32::try_from(tags.len()).unwrap_or(u32::MAX);
        let at = |index: u32| &tags[index as usize];
        let mut by_text: Vec<u32> = all.clone().collect();
        by_text.sort_unstable_by(|a, b| at(*a).text().cmp(at(*b).text()));
        let mut by_line: HashMap<Line<'_>, Vec<u32>> = HashMap::new();
        for index in all.filter(|index| at(*index).version().is_some()) {
            by_line.entry(at(index).line()).or_default().push(index);
        }
        let hasher = RandomState::new();
        let mut buckets: HashMap<u64, Vec<u32>> = HashMap::with_capacity(by_line.len());
        let mut lines = Vec::with_capacity(by_line.len());
        for (line, mut indices) in by_line {
            indices.sort_unstable_by(|a, b| {
                at(*a).version().cmp(&at(*b).version()).then_with(|| at(*a).text().cmp(at(*b).text()))
            });
            buckets.entry(hasher.hash_one(line)).or_default().push(u32::try_from(lines.len()).unwrap_or(u32::MAX));
            lines.push(indices);
        }
        Self { by_text, lines, buckets, hasher, cycles: OnceLock::new(), tags }
    }

    /// Whether the image has this tag.
    #[must_use]
    pub fn has(&self, text: &str) -> bool {
        self.by_text.binary_search_by(|index| self.at(*index).text().cmp(text)).is_ok()
    }

    fn at(&self, index: u32) -> &Tag {
        &self.tags[index as usize]
    }

    /// All tags of the line of `tag`, newest first.
    pub fn line<'a>(&'a self, tag: &Tag) -> impl DoubleEndedIterator<Item = &'a Tag> + use<'a> {
        let wanted = tag.line();
        let bucket = self.buckets.get(&self.hasher.hash_one(wanted)).map_or(&[][..], Vec::as_slice);
        let lines = bucket.iter().filter_map(|line| self.lines.get(*line as usize));
        let found = lines.into_iter().find(|line| line.first().is_some_and(|index| self.at(*index).line() == wanted));
        found.into_iter().flatten().rev().map(|index| self.at(*index))
    }

    /// Tags of the same line that `tag` may move to, newest first: stable ones, and where `tag` is a
    /// pre-release itself, those of its own release.
    pub fn newer<'a>(&'a self, tag: &'a Tag) -> impl Iterator<Item = (&'a Tag, &'a Version)> {
        let current = tag.version();
        self.line(tag)
            .filter_map(|candidate| Some((candidate, candidate.version()?)))
            .take_while(move |(_, version)| current.is_some_and(|current| *version > current))
            .filter(move |(_, version)| {
                !version.is_pre_release()
                    || current.is_some_and(|current| current.is_pre_release() && current.same_release(version))
            })
    }

    /// Whether more precise versions of this one exist: `3.12` has `3.12.4`, while `16.2` of an image
    /// that counts 16.1, 16.2 has none.
    #[must_use]
    pub fn is_cycle(&self, version: &Version) -> bool {
        let cycles = self.cycles.get_or_init(|| {
            let versions = self.tags.iter().filter_map(Tag::version);
            versions.filter_map(|version| version.parts().split_last()).map(|(_, cycle)| cycle.into()).collect()
        });
        cycles.contains(version.parts())
    }

    /// The newest pre-release above `version`, of any precision, as it would be written.
    #[must_use]
    pub fn newest_pre_release(&self, version: &Version, suffix: &str) -> Option<&Tag> {
        self.tags
            .iter()
            .filter(|tag| tag.suffix() == suffix || tag.suffix().is_empty())
            .filter_map(|tag| Some((tag, tag.version()?)))
            .filter(|(_, candidate)| candidate.is_pre_release() && above(candidate.parts(), version.parts()))
            .max_by(|(_, a), (_, b)| a.cmp(b))
            .map(|(tag, _)| tag)
    }
}

/// Whether a release is a later one, however precisely either is written.
fn above(parts: &[u64], than: &[u64]) -> bool {
    let common = parts.len().min(than.len());
    parts[..common] > than[..common]
}

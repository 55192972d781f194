//! The tags of the images in question, each parsed once, ordered within their lines.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::shape;
use crate::image::Repository;
use crate::skip::Reason;
use crate::version::{Class, Family, Line, Tag, VariantVersion, Version};

/// What is known of every image in question.
#[derive(Debug, Default)]
pub struct Catalogue {
    images: HashMap<Repository, Result<Arc<Index>, Reason>>,
}

impl Catalogue {
    /// Adds an image: its tags, or why they are not known.
    pub fn insert(&mut self, repository: Repository, tags: Result<&[String], Reason>) {
        self.share(repository, tags.map(|tags| Arc::new(Index::new(tags))));
    }

    /// Adds an image whose tags are in order already: those of many repositories on a forge are the same.
    pub fn share(&mut self, repository: Repository, index: Result<Arc<Index>, Reason>) {
        self.images.insert(repository, index);
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
    lines: HashMap<Line, Vec<u32>>,
    /// Numbers of versions that have more precise ones, made when the first matrix asks.
    cycles: OnceLock<HashSet<Box<[u64]>>>,
    /// For every suffix the newest pre-release that no release of its line has overtaken.
    pre_releases: OnceLock<HashMap<Box<str>, u32>>,
    /// What stands out of its line.
    outliers: OnceLock<Outliers>,
    /// For every suffix the newest release of each line, made when somebody asks.
    newest_releases: OnceLock<HashMap<Box<str>, Vec<u32>>>,
    /// How many releases each major version has, made when somebody doubts one.
    releases: OnceLock<HashMap<u64, usize>>,
    /// By family, made when the first variant with a version asks.
    families: OnceLock<HashMap<Family, Kin>>,
}

/// What stands out of its line.
#[derive(Debug, Default)]
struct Outliers {
    /// Lines that something stands out of.
    lines: HashSet<Line>,
    /// The eras of the tags that stand out, by text.
    eras: HashMap<Box<str>, u8>,
}

/// The tags of one family.
#[derive(Debug, Default)]
struct Kin {
    members: Vec<u32>,
    /// The same by version and variant, ascending: made when somebody asks, since few do.
    ordered: OnceLock<Ordered>,
}

/// The tags of one family in order.
#[derive(Debug)]
struct Ordered {
    /// The versions of variants that the family has, ascending.
    variants: Vec<Option<VariantVersion>>,
    /// Indices by version and variant, ascending, each with the place of its variant among these.
    tags: Vec<(u32, usize)>,
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
        let mut lines: HashMap<Line, Vec<u32>> = HashMap::new();
        for index in all.filter(|index| at(*index).version().is_some()) {
            lines.entry(at(index).line()).or_default().push(index);
        }
        for line in lines.values_mut() {
            line.sort_unstable_by(|a, b| {
                at(*a).version().cmp(&at(*b).version()).then_with(|| at(*a).text().cmp(at(*b).text()))
            });
        }
        let (cycles, pre_releases, outliers, newest_releases, releases, families) = Default::default();
        Self { tags, by_text, lines, cycles, pre_releases, outliers, newest_releases, releases, families }
    }

    /// How many tags the image has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tags.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// Whether the image has this tag.
    #[must_use]
    pub fn has(&self, text: &str) -> bool {
        self.get(text).is_some()
    }

    /// The tag of this text, if the image has it.
    #[must_use]
    pub fn get(&self, text: &str) -> Option<&Tag> {
        let place = self.by_text.binary_search_by(|index| self.at(*index).text().cmp(text)).ok()?;
        Some(self.at(self.by_text[place]))
    }

    fn at(&self, index: u32) -> &Tag {
        &self.tags[index as usize]
    }

    /// Indices of the line of `tag`, oldest first.
    fn line_indices(&self, tag: &Tag) -> &[u32] {
        self.lines.get(&tag.line()).map_or(&[], Vec::as_slice)
    }

    /// All tags of the line of `tag`, newest first.
    pub fn line<'a>(&'a self, tag: &Tag) -> impl DoubleEndedIterator<Item = &'a Tag> + use<'a> {
        self.line_indices(tag).iter().rev().map(|index| self.at(*index))
    }

    /// Tags of the same line that are newer than `tag`, newest first.
    pub fn newer<'a>(&'a self, tag: &Tag) -> impl Iterator<Item = (&'a Tag, &'a Version)> {
        let current = tag.version();
        self.line(tag)
            .filter_map(|candidate| Some((candidate, candidate.version()?)))
            .take_while(move |(_, version)| current.is_some_and(|current| *version > current))
    }

    /// Like [`Index::newer`], with the versions of the variant free to rise too, or to do so alone.
    pub fn newer_in_family<'a>(&'a self, tag: &'a Tag) -> impl Iterator<Item = (&'a Tag, &'a Version)> {
        let families = self.families.get_or_init(|| {
            let mut families: HashMap<Family, Kin> = HashMap::new();
            for index in self.lines.values().flatten() {
                families.entry(self.at(*index).family()).or_default().members.push(*index);
            }
            families
        });
        let family = families.get(&tag.family()).map(|kin| kin.ordered.get_or_init(|| self.in_order(&kin.members)));
        let current = tag.version();
        let variant = family.map_or(0, |family| {
            let variant = tag.variant_version();
            family.variants.partition_point(|other| *other < variant)
        });
        family
            .map_or(&[][..], |family| &family.tags)
            .iter()
            .rev()
            .map(|(index, variant)| (self.at(*index), *variant))
            .filter(|(candidate, _)| candidate.text() != tag.text())
            .filter_map(|(candidate, variant)| Some((candidate, candidate.version()?, variant)))
            .take_while(move |(_, version, _)| current.is_some_and(|current| *version >= current))
            .filter(move |(candidate, _, other)| candidate.line() == tag.line() || *other >= variant)
            .map(|(candidate, version, _)| (candidate, version))
    }

    fn in_order(&self, members: &[u32]) -> Ordered {
        // A variant is of a line: it is cut out of one tag of each.
        let mut of_line: HashMap<Line, Option<VariantVersion>> = HashMap::new();
        for index in members {
            let tag = self.at(*index);
            of_line.entry(tag.line()).or_insert_with(|| tag.variant_version());
        }
        let mut variants: Vec<_> = of_line.values().cloned().collect();
        variants.sort_unstable();
        variants.dedup();
        let place = |index: u32| {
            let variant = &of_line[&self.at(index).line()];
            (index, variants.partition_point(|other| other < variant))
        };
        let mut tags: Vec<_> = members.iter().map(|index| place(*index)).collect();
        tags.sort_unstable_by(|(a, of_a), (b, of_b)| {
            let (a, b) = (self.at(*a), self.at(*b));
            a.version().cmp(&b.version()).then(of_a.cmp(of_b)).then_with(|| a.text().cmp(b.text()))
        });
        Ordered { variants, tags }
    }

    /// The newest stable tag of the line of `tag` whose version begins with `cycle`.
    #[must_use]
    pub fn newest(&self, tag: &Tag, cycle: &[u64]) -> Option<&Tag> {
        let line = self.line_indices(tag);
        let parts = |index: &u32| self.at(*index).version().map_or(&[][..], Version::parts);
        let end = line.partition_point(|index| {
            let parts = parts(index);
            parts.get(..cycle.len()).unwrap_or(parts) <= cycle
        });
        let tags = line[..end].iter().rev().take_while(|index| parts(index).starts_with(cycle));
        let is_stable = |tag: &&Tag| tag.version().is_some_and(|version| !version.is_pre_release());
        tags.map(|index| self.at(*index)).find(is_stable)
    }

    /// The newest tags of all lines that write the same more precisely: `3.14.0-slim` for `3.13-slim`.
    pub fn longer<'a>(&'a self, tag: &'a Tag) -> impl Iterator<Item = &'a Tag> {
        let releases = self.newest_releases.get_or_init(|| {
            let mut releases: HashMap<Box<str>, Vec<u32>> = HashMap::new();
            let is_release = |index: &&u32| self.at(**index).version().is_some_and(|version| !version.is_pre_release());
            for newest in self.lines.values().filter_map(|line| line.iter().rev().find(is_release)) {
                releases.entry(self.at(*newest).suffix().into()).or_default().push(*newest);
            }
            releases
        });
        let of_suffix = releases.get(tag.suffix()).map_or(&[][..], Vec::as_slice);
        of_suffix.iter().map(|index| self.at(*index)).filter(move |other| {
            other.class() == tag.class() && other.precision() > tag.precision() && other.prefix() == tag.prefix()
        })
    }

    /// Whether anything stands out of the line of `tag`.
    #[must_use]
    pub fn has_outliers(&self, tag: &Tag) -> bool {
        self.outliers().lines.contains(&tag.line())
    }

    /// The era of a listed tag, if it stands out of its line. The room `shape` says what an era is.
    #[must_use]
    pub fn outlier(&self, listed: &Tag) -> Option<u8> {
        self.outliers().eras.get(listed.text()).copied()
    }

    /// The era of any tag within its line: 0 for those that the line began with.
    #[must_use]
    pub fn era(&self, tag: &Tag) -> u8 {
        if !self.has_outliers(tag) {
            return 0;
        }
        if let Some(era) = self.outlier(tag) {
            return era;
        }
        // A tag that is not listed is of the era of what comes before it.
        let line = self.line_indices(tag);
        let before = line.partition_point(|index| self.at(*index).version() <= tag.version());
        let mut before = line[..before].iter().rev().map(|index| self.at(*index));
        let found = before.find(|other| other.version() < tag.version() || other.text() == tag.text());
        found.and_then(|found| self.outlier(found)).unwrap_or(0)
    }

    fn outliers(&self) -> &Outliers {
        self.outliers.get_or_init(|| {
            let mut outliers = Outliers::default();
            let dated = |line: &[u32]| line.first().is_some_and(|index| self.at(*index).class() == Class::Date);
            for (line, tags) in self.lines.iter().filter(|(_, tags)| !dated(tags)) {
                let versions = tags.iter().filter_map(|index| self.at(*index).version()).map(Version::parts);
                for (index, era) in tags.iter().zip(shape::eras(versions)).filter(|(_, era)| *era > 0) {
                    outliers.lines.insert(*line);
                    outliers.eras.insert(self.at(*index).text().into(), era);
                }
            }
            outliers
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

    /// How many releases a major version has, each counted once: 3.12, 3.12.4 and 3.12.4-slim are one.
    #[must_use]
    pub fn releases_of(&self, major: u64) -> usize {
        let releases = self.releases.get_or_init(|| {
            let of_releases = self.tags.iter().filter(|tag| tag.class() == Class::Version).filter_map(Tag::version);
            let numbers: BTreeSet<&[u64]> =
                of_releases.filter(|version| !version.is_pre_release()).map(Version::parts).collect();
            let mut releases = HashMap::new();
            let mut numbers = numbers.into_iter().peekable();
            while let Some(release) = numbers.next() {
                let is_whole = !numbers.peek().is_some_and(|longer| longer.starts_with(release));
                if let (true, Some(major)) = (is_whole, release.first()) {
                    *releases.entry(*major).or_default() += 1;
                }
            }
            releases
        });
        releases.get(&major).copied().unwrap_or(0)
    }

    /// The newest pre-release above `tag`, of any precision, as it would be written: of the same
    /// variant, or of none. Not one that has been released since.
    #[must_use]
    pub fn newest_pre_release(&self, tag: &Tag) -> Option<&Tag> {
        let pre_releases = self.pre_releases.get_or_init(|| {
            let mut newest: HashMap<Box<str>, u32> = HashMap::new();
            for index in self.lines.values().filter_map(|line| line.last()) {
                let tag = self.at(*index);
                if tag.version().is_some_and(Version::is_pre_release) {
                    let known = newest.entry(tag.suffix().into()).or_insert(*index);
                    if self.at(*known).version() < tag.version() {
                        *known = *index;
                    }
                }
            }
            newest
        });
        let version = tag.version()?;
        let of_suffix = |suffix: &str| {
            let found = self.at(*pre_releases.get(suffix)?);
            found.version().is_some_and(|found| above(found.parts(), version.parts())).then_some(found)
        };
        of_suffix(tag.suffix()).or_else(|| of_suffix(""))
    }
}

/// Whether a release is a later one, however precisely either is written.
fn above(parts: &[u64], than: &[u64]) -> bool {
    let common = parts.len().min(than.len());
    parts[..common] > than[..common]
}

//! A tag in use, and the places that spell it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::offer::Offer;
use super::reach::crosses;
use super::remap;
use super::variant::Ways;
use super::verdict::Pinned;
use crate::config::Config;
use crate::image::Repository;
use crate::link::knot::{Behind, Content, Dependency, Feed, Links, SlotId};
use crate::scan::occurrence::Kind;
use crate::skip::{Reason, Skip};
use crate::text::{FilePath, Site};
use crate::version::Tag;

/// A tag in use; all places that spell the same tag are one.
pub(super) struct Reference<'a> {
    pub(super) repository: &'a Repository,
    pub(super) index: Result<Offer<'a>, Reason>,
    pub(super) tag: Tag,
    /// From this tag to others of its family.
    pub(super) ways: Ways,
    pub(super) uses: Vec<Use<'a>>,
    /// The setting that leaves these uses alone.
    pub(super) disabled: Option<String>,
    /// Whether the settings let these uses cross a major version.
    pub(super) majors: bool,
    /// Whether a slot in its variant is the version of another reference: `node:22-alpine${ALPINE}`
    /// beside `alpine:${ALPINE}`.
    pub(super) variant_moves: bool,
    /// Whether a matrix builds tags with the same place of its variant: its rows were chosen for what stands there.
    pub(super) variant_has_rows: bool,
}

pub(super) struct Use<'a> {
    pub(super) dependency: usize,
    pub(super) site: &'a Site,
    pub(super) kind: Kind,
    pub(super) feed: &'a Feed,
    pub(super) ranges: Vec<Range<usize>>,
    /// Where its digest stands, or is to stand.
    pub(super) digest: Option<SlotId>,
}

impl Reference<'_> {
    /// The digests that stand behind `tag`, or are to stand there.
    pub(super) fn pinned(&self, tag: &str) -> Vec<Pinned> {
        let slots = self.uses.iter().filter_map(|used| used.digest);
        slots.map(|slot| Pinned { slot, image: self.repository.clone(), tag: tag.to_owned() }).collect()
    }

    /// The slots in the tag, of every use.
    pub(super) fn slots(&self) -> impl Iterator<Item = SlotId> {
        self.uses.iter().flat_map(|used| used.feed.slots())
    }

    /// Whether there is a newer release within the major version, or of whole majors.
    pub(super) fn has_newer(&self) -> bool {
        let Ok(index) = &self.index else { return false };
        index.newer(&self.tag).any(|(tag, _)| tag.precision() == 1 || !crosses(&self.tag, tag))
    }

    /// Whether the versions of its variant move with its own.
    pub(super) fn variant_follows(&self) -> bool {
        !self.variant_has_rows
            && self.index.as_ref().is_ok_and(Offer::variants_follow)
            && self.tag.variant_version().is_some()
    }

    /// The tag with a row of a matrix in the place of its own value, if that is of its line.
    pub(super) fn row_tag(&self, range: &Range<usize>, row: &str) -> Option<Tag> {
        let text = self.tag.text();
        let tag = Tag::parse(&format!("{}{row}{}", text.get(..range.start)?, text.get(range.end..)?));
        (tag.line() == self.tag.line()).then_some(tag)
    }
}

/// The place that a person would look at for a use.
pub(super) struct Place<'a>(pub(super) &'a Site, &'a str, Kind);

impl<'a> Place<'a> {
    /// As rules see it.
    pub(super) fn for_rules(&self) -> (&'a FilePath, &'static str) {
        (&self.0.file, self.2.name())
    }

    pub(super) fn file_path(&self) -> &'a FilePath {
        &self.0.file
    }
}

impl<'a> Use<'a> {
    /// Where the version is typed, else the reference.
    pub(super) fn place<'l>(&self, links: &'l Links) -> Place<'l>
    where
        'a: 'l,
    {
        let typed = self.feed.parts.iter().filter_map(|part| match &part.content {
            Content::Slot(slot) => Some(links.slot(*slot)).map(|slot| Place(&slot.site, &slot.value, slot.kind)),
            Content::Fixed(text, _, Some(site)) => Some(Place(site, text, self.kind)),
            Content::Fixed(..) | Content::Axis(_) => None,
        });
        let mut versions = typed.filter(|Place(_, text, _)| text.bytes().any(|byte| byte.is_ascii_digit()));
        versions.next().unwrap_or(Place(self.site, "", self.kind))
    }

    pub(super) fn skip(&self, links: &'a Links, tag: &Tag, reason: Reason) -> Skip {
        let Place(site, value, _) = self.place(links);
        let text = if value.is_empty() { tag.text() } else { value };
        Skip { site: site.clone(), text: text.to_owned(), reason }
    }

    /// The slots that hold a number of the version, or those that hold only numbers behind it.
    pub(super) fn slots_in_version<'t>(&'t self, tag: &'t Tag, in_version: bool) -> impl Iterator<Item = SlotId> + 't {
        let version = tag.version_span();
        let numbers: Vec<Range<usize>> =
            tag.number_spans().filter(|number| (number.start < version.end) == in_version).collect();
        self.feed.parts.iter().zip(&self.ranges).filter_map(move |(part, range)| match part.content {
            Content::Slot(slot) => {
                let holds = numbers.iter().any(|number| range.start < number.end && number.start < range.end);
                (holds && (in_version || range.start >= version.end)).then_some(slot)
            }
            Content::Fixed(..) | Content::Axis(_) => None,
        })
    }

    /// Why the version of this use cannot be written, if so.
    pub(super) fn fixed(&self, tag: &Tag) -> Option<Reason> {
        let version = tag.version_span();
        self.feed.parts.iter().zip(&self.ranges).find_map(|(part, range)| match &part.content {
            // What stands between two numbers may stay.
            Content::Fixed(text, reason, _)
                if range.start < version.end
                    && version.start < range.end
                    && text.bytes().any(|byte| byte.is_ascii_digit()) =>
            {
                Some(reason.clone())
            }
            Content::Fixed(..) | Content::Slot(_) | Content::Axis(_) => None,
        })
    }

    /// Notes what the slots would say if the tag were `to`. `None` if a part that cannot change would
    /// have to, or a slot already says something else.
    pub(super) fn assign(&self, from: &Tag, to: &Tag, values: &mut BTreeMap<SlotId, String>) -> Option<()> {
        for (part, range) in self.feed.parts.iter().zip(&self.ranges) {
            let text = remap::part(from, to, range)?;
            if text.is_empty() && !range.is_empty() {
                // Nothing would be left at the place to find it by the next time.
                return None;
            }
            match &part.content {
                Content::Slot(slot) => match values.get(slot) {
                    Some(known) if known != text => return None,
                    Some(_) => {}
                    None => {
                        values.insert(*slot, text.to_owned());
                    }
                },
                Content::Fixed(..) | Content::Axis(_) => {
                    if from.text().get(range.clone()) != Some(text) {
                        return None;
                    }
                }
            }
        }
        Some(())
    }
}

/// Where the digest behind the tag of a feed stands, or is to stand by the settings.
pub(super) fn digest_of(links: &Links, config: &Config, dependency: &Dependency, feed: &Feed) -> Option<SlotId> {
    match &feed.behind {
        Behind::Digest(slot) => Some(*slot),
        Behind::Room(id) => {
            let slot = links.slot(*id);
            config.pins(&dependency.repository, (&slot.site.file, slot.kind.name())).then_some(*id)
        }
        Behind::NoRoom(_) | Behind::NoReference => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::place::KINDS;

    #[test]
    fn the_kinds_of_rules_are_those_of_reports() {
        #[rustfmt::skip]
        let all = [
            Kind::From, Kind::CopyFrom, Kind::Mount, Kind::Syntax, Kind::Image, Kind::Service, Kind::Uses,
            Kind::Toolchain, Kind::Arg, Kind::Variable, Kind::Matrix, Kind::Input, Kind::BuildArg,
            Kind::VersionFile,
        ];
        assert_eq!(all.map(Kind::name), KINDS);
    }
}

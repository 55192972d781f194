//! The places behind tags in; out the digests that belong there, and why one that the settings want cannot.
//!
//! Must never know: what a digest is, who asks for it.

use super::offer::Market;
use super::reference::{Reference, Use};
use super::singles::Singles;
use super::verdict::Pinned;
use crate::link::knot::{Behind, Content, Dependency, Feed, Knot, Links};
use crate::skip::{Reason, Skip};

impl Singles<'_> {
    /// Digests of tags that no proposal moves.
    pub(super) fn pinned(&self) -> Vec<Pinned> {
        let still = self.references.iter().enumerate().filter(|(index, _)| !self.moved.contains_key(index));
        let pinned = still.flat_map(|(_, reference)| digests(reference));
        pinned.filter(|pinned| self.links.slot(pinned.slot).has_value()).collect()
    }

    /// Digests that are to stand where none does. They do not wait for a newer tag: a proposal that moves the tag
    /// may stay open for long.
    pub(super) fn unpinned(&self) -> Vec<Pinned> {
        let wanted = self.references.iter().flat_map(digests);
        wanted.filter(|pinned| !self.links.slot(pinned.slot).has_value()).collect()
    }

    /// Says of tags that are to have a digest that there is none: their image does not have them.
    pub(super) fn unlisted(&self, skips: &mut Vec<Skip>) {
        for reference in self.references.iter().filter(|reference| reference.disabled.is_none()) {
            let tag = reference.tag.text();
            if reference.index.as_ref().is_ok_and(|tags| !tags.has(tag)) {
                let is_open = |used: &&Use<'_>| used.digest.is_some_and(|slot| !self.links.slot(slot).has_value());
                let reason = Reason::CurrentMissing { tag: tag.to_owned() };
                let open = reference.uses.iter().filter(is_open);
                skips.extend(open.map(|used| used.skip(self.links, &reference.tag, reason.clone())));
            }
        }
    }
}

/// The digests of the tag that a reference has.
fn digests(reference: &Reference<'_>) -> Vec<Pinned> {
    // A tag that is not on the list has no digest to ask for.
    let exists = reference.index.as_ref().is_ok_and(|tags| tags.has(reference.tag.text()));
    if exists && reference.disabled.is_none() { reference.pinned(reference.tag.text()) } else { Vec::new() }
}

/// Says of every reference that the settings want a digest in why it gets none.
pub(super) fn skips(links: &Links, knot: &Knot, market: Market<'_>, skips: &mut Vec<Skip>) {
    let Market { config, catalogue, .. } = market;
    for dependency in knot.dependencies.iter().map(|index| &links.dependencies[*index]) {
        let Dependency { repository, site, kind, template, .. } = dependency;
        let place = (&site.file, kind.name());
        // That nothing is known of an image, or that it is left alone, is said already.
        let is_told = catalogue.index(repository).is_err() || config.disabled_by(repository, place).is_some();
        if is_told || !config.pins(repository, place) {
            continue;
        }
        for feed in &dependency.feeds {
            let Behind::NoRoom(reason) = &feed.behind else { continue };
            if !keeps_the_version(reason, feed) {
                skips.push(Skip { site: site.clone(), text: template.clone(), reason: reason.clone() });
            }
        }
    }
}

/// Whether the version is kept as it is for the same reason, which is said of the version.
fn keeps_the_version(reason: &Reason, feed: &Feed) -> bool {
    feed.parts.iter().any(|part| match &part.content {
        Content::Fixed(text, fixed, _) => fixed == reason && text.bytes().any(|byte| byte.is_ascii_digit()),
        Content::Slot(_) | Content::Axis(_) => false,
    })
}

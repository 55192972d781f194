//! The digests that belong behind pinned tags, each of what was pinned: an index, or the manifest of one platform.
//!
//! Must never know: how they are written.

use std::collections::{BTreeMap, BTreeSet};

use crate::choose::verdict::{Decision, Pinned};
use crate::image::Repository;
use crate::link::knot::Links;
use crate::plan::{Digests, pinned};
use crate::platform::Platform;
use crate::run::lookups::{Event, Lookups};
use crate::run::outcome::Incomplete;
use crate::skip::Reason;

/// Asks for the digests that a plan of these decisions needs, and gives what could not be looked up, too.
pub(super) async fn digests(
    links: &Links,
    decisions: &[Decision],
    lookups: &Lookups,
    progress: &dyn Fn(Event<'_>),
) -> (Digests, Vec<Incomplete>) {
    let mut incomplete = Vec::new();
    let tags: BTreeSet<_> = pinned(decisions).map(tag_of).collect();
    let mut known = BTreeMap::new();
    for (tag, digest) in lookups.digests(&tags, progress).await {
        if let Some(gap) = digest.as_ref().err().filter(|gap| !gap.answered) {
            incomplete.push(Incomplete { image: tag.0.clone(), why: gap.reason.to_string() });
        }
        known.insert(tag, digest.map_err(|gap| gap.reason));
    }
    let nobody_asked =
        |pinned: &Pinned| Err(Reason::LookupFailed { why: format!("nobody asked for the digest of {}", pinned.tag) });
    let mut digests: Digests = pinned(decisions)
        .map(|pinned| {
            let digest = known.get(&tag_of(pinned)).cloned();
            (pinned.clone(), digest.unwrap_or_else(|| nobody_asked(pinned)))
        })
        .collect();
    for (pinned, platform) in of_one_platform(links, &digests, lookups, progress).await {
        let tag = BTreeSet::from([tag_of(&pinned)]);
        let builds = lookups.builds(&tag, progress).await.pop().map(|(_, builds)| builds);
        let digest = match builds {
            Some(Ok(builds)) => builds.get(&platform).cloned().ok_or_else(|| {
                let newest = format!("{}:{}", pinned.image.familiar(), pinned.tag);
                Reason::PlatformMissing { newest, why: format!("is not published for {platform}") }
            }),
            Some(Err(gap)) => {
                if !gap.answered {
                    incomplete.push(Incomplete { image: pinned.image.clone(), why: gap.reason.to_string() });
                }
                Err(gap.reason)
            }
            None => nobody_asked(&pinned),
        };
        digests.insert(pinned, digest);
    }
    (digests, incomplete)
}

fn tag_of(pinned: &Pinned) -> (Repository, String) {
    (pinned.image.clone(), pinned.tag.clone())
}

/// What is pinned to the manifest of one platform, of all that would change. Asked of the digest itself: where it is
/// no longer there, or nobody can be asked, it was an index, as nearly all are.
async fn of_one_platform(
    links: &Links,
    digests: &Digests,
    lookups: &Lookups,
    progress: &dyn Fn(Event<'_>),
) -> Vec<(Pinned, Platform)> {
    let old = |pinned: &Pinned| links.slot(pinned.slot).value.clone();
    let changes = |(pinned, digest): &(&Pinned, &Result<String, Reason>)| {
        links.slot(pinned.slot).has_value() && digest.as_ref().is_ok_and(|digest| *digest != old(pinned))
    };
    let changed: Vec<&Pinned> = digests.iter().filter(changes).map(|(pinned, _)| pinned).collect();
    let asked: BTreeSet<_> = changed.iter().map(|pinned| (pinned.image.clone(), old(pinned))).collect();
    let answers: BTreeMap<_, _> = lookups.builds(&asked, progress).await.into_iter().collect();
    let single = |pinned: &&Pinned| {
        let digest = old(pinned);
        let builds = answers.get(&(pinned.image.clone(), digest.clone()))?.as_ref().ok()?;
        // An index is none of its own manifests.
        let (platform, _) = builds.iter().find(|(_, manifest)| **manifest == digest)?;
        Some(((*pinned).clone(), platform.clone()))
    };
    changed.iter().filter_map(single).collect()
}

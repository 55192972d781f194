//! [`Outcome`]s in; out what other tools show beside the code: one finding for each place that is
//! behind, that a person should look at, or about which nothing is known.
//!
//! Must never know: how a format writes a finding.

use std::collections::{BTreeMap, BTreeSet};

use crate::choose::calendar::Ending;
use crate::choose::verdict::Course;
use crate::plan::{Update, UpdateKind};
use crate::render::MergeRequest;
use crate::report::rule::{END_OF_LIFE, INCOMPLETE, SILENT};
use crate::report::summary::{count, ending_message, is_in, role};
use crate::report::untrusted::{short_digests, visible};
use crate::run::outcome::{Incomplete, Outcome};
use crate::sha256;
use crate::skip::{Reason, Skip};
use crate::text::{FilePath, Site};

/// More characters of what stands somewhere say nothing more.
const LONGEST_TEXT: usize = 100;

/// Something to show beside a place.
pub(super) struct Finding<'o> {
    /// The name of its rule.
    pub(super) rule: &'static str,
    /// For people, on one line, without characters that act instead of showing.
    pub(super) message: String,
    pub(super) site: Site,
    /// The merge request that would change the place.
    pub(super) request: Option<&'o MergeRequest>,
    /// Of all findings of a report no two have the same, and lines that come or go above a place do
    /// not change it; nor does a release that comes out.
    pub(super) fingerprint: String,
}

/// The findings of each repository, in the order of the outcomes and in each by place.
pub(super) fn findings(outcomes: &[Outcome]) -> Vec<Vec<Finding<'_>>> {
    let mut seen = BTreeMap::new();
    outcomes
        .iter()
        .map(|outcome| {
            let mut drafts = drafts(outcome);
            drafts.sort_by(|a, b| (&a.site, a.rule).cmp(&(&b.site, b.rule)));
            let path = |file: &FilePath| path(outcome, outcomes.len() > 1, file);
            drafts.into_iter().map(|draft| draft.finish(&mut seen, path)).collect()
        })
        .collect()
}

/// A file as a report names it: seen from the root of its repository, and where a report holds several
/// repositories, with the path of the repository before it.
pub(super) fn path(outcome: &Outcome, several: bool, file: &FilePath) -> String {
    match (several, outcome.name.trim_end_matches('/')) {
        (false, _) => file.to_string(),
        (true, name) => {
            let full = format!("{}/{file}", name.trim_start_matches("./"));
            full.strip_prefix("./").unwrap_or(&full).to_owned()
        }
    }
}

/// A finding before it has a fingerprint.
struct Draft<'o> {
    rule: &'static str,
    message: String,
    site: Site,
    request: Option<&'o MergeRequest>,
    /// What else makes it this one: what stands there, not what could.
    identity: Vec<String>,
}

impl<'o> Draft<'o> {
    fn finish(self, seen: &mut BTreeMap<String, usize>, path: impl Fn(&FilePath) -> String) -> Finding<'o> {
        let Self { rule, message, site, request, identity } = self;
        let mut hashed = format!("{rule}\0{}", path(&site.file));
        for part in identity {
            hashed.push('\0');
            hashed.push_str(&part);
        }
        // Equal lines of a file are told apart by their order, which lines above do not change.
        let number = seen.entry(hashed.clone()).or_insert(0);
        *number += 1;
        let fingerprint = hash(&format!("{hashed}\0{number}"));
        Finding { rule, message, site, request, fingerprint }
    }
}

fn drafts(outcome: &Outcome) -> Vec<Draft<'_>> {
    let requests = outcome.merge_requests.iter().flat_map(updates);
    let skips = outcome.skips.iter().filter(|skip| !SILENT.contains(&skip.reason.code())).map(skip);
    let endings = outcome.endings.iter().map(|ending| self::ending(outcome, ending));
    requests.chain(skips).chain(endings).chain(incomplete(outcome)).collect()
}

/// What one merge request changes; rows of one list are one finding. The digest that a newer tag brings along is
/// none: that the tag in use has none, the merge request says that pins it.
fn updates(request: &MergeRequest) -> Vec<Draft<'_>> {
    let mut places: Vec<(&Update, Vec<&Update>)> = Vec::new();
    let is_told = |update: &&Update| update.kind != UpdateKind::Pin || request.branch.course == Course::Pin;
    for update in request.branch.updates.iter().filter(is_told) {
        let is_row = matches!(update.kind, UpdateKind::Add | UpdateKind::Drop);
        let same = places
            .iter_mut()
            .filter(|_| is_row)
            .find(|(first, _)| first.kind == update.kind && first.site == update.site && first.image == update.image);
        match same {
            Some((_, all)) => all.push(update),
            None => places.push((update, vec![update])),
        }
    }
    let others = places.len().saturating_sub(1);
    places.into_iter().map(|(first, all)| self::update(request, first, &all, others)).collect()
}

fn update<'o>(request: &'o MergeRequest, first: &Update, all: &[&Update], others: usize) -> Draft<'o> {
    let image = first.image.familiar();
    let role = role(first.place, first.variable.as_deref());
    let values = |value: fn(&Update) -> &Option<String>| {
        let values: Vec<&str> = all.iter().filter_map(|update| value(update).as_deref()).collect();
        values.join(", ")
    };
    let (from, to) = (values(|update| &update.from), values(|update| &update.to));
    let (what, verb) = match first.kind {
        UpdateKind::Add => (format!("{image} {to} is missing in {role}"), "adds"),
        UpdateKind::Drop => (format!("{image} {from} leaves {role}"), "removes"),
        UpdateKind::Pin => {
            let tag = first.tag.as_deref().unwrap_or_default();
            (format!("{image}:{tag} stands without its digest {to} ({role})"), "pins")
        }
        UpdateKind::Major | UpdateKind::Minor | UpdateKind::Patch | UpdateKind::Digest => {
            (format!("{image} {from} is behind {to} ({role})"), "changes")
        }
    };
    let with = if others > 0 { format!(", together with {}", count(others, "other place")) } else { String::new() };
    // Where no digest stands, it is the tag that does.
    let value = first.from.as_ref().or(first.tag.as_ref());
    Draft {
        rule: first.kind.name(),
        message: short_digests(&visible(&format!("{what}; {} {verb} it{with}", request.branch.name))),
        site: first.site.clone(),
        request: Some(request),
        identity: vec![first.image.to_string(), role, value.cloned().unwrap_or_default()],
    }
}

fn skip(skip: &Skip) -> Draft<'_> {
    let text = visible(&skip.text);
    let shown = match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    };
    let why = visible(&skip.reason.to_string());
    Draft {
        rule: skip.reason.code(),
        // Of a whole file there is no text to show.
        message: short_digests(&if shown.is_empty() { why } else { format!("{shown}: {why}") }),
        site: skip.site.clone(),
        request: None,
        identity: vec![skip.text.clone()],
    }
}

fn ending<'o>(outcome: &'o Outcome, ending: &Ending) -> Draft<'o> {
    let why = ending_message(outcome, ending);
    Draft {
        rule: END_OF_LIFE,
        message: short_digests(&visible(&format!("{} {}: {why}", ending.image.familiar(), ending.value))),
        site: ending.site.clone(),
        request: None,
        identity: vec![ending.image.to_string(), ending.cycle.clone()],
    }
}

/// The images about which nothing is claimed, where they are used. Where skips say so at the places of
/// their versions, that is enough; and an image without such a place cannot be behind.
fn incomplete(outcome: &Outcome) -> impl Iterator<Item = Draft<'_>> {
    let mut told: BTreeMap<&FilePath, BTreeSet<&Site>> = BTreeMap::new();
    for skip in &outcome.skips {
        if matches!(skip.reason, Reason::LookupFailed { .. } | Reason::ListIncomplete { .. }) {
            told.entry(&skip.site.file).or_default().insert(&skip.site);
        }
    }
    let is_told = move |site: &Site| told.get(&site.file).is_some_and(|told| told.iter().any(|list| is_in(site, list)));
    outcome.dependencies.iter().filter_map(move |dependency| {
        let Incomplete { image, why } =
            outcome.incomplete.iter().find(|incomplete| incomplete.image == dependency.image)?;
        if dependency.slots.iter().any(|slot| is_told(&slot.site)) {
            return None;
        }
        Some(Draft {
            rule: INCOMPLETE,
            message: visible(&format!("nothing is claimed about {}: {why}", image.familiar())),
            site: dependency.site.clone(),
            request: None,
            identity: vec![image.to_string()],
        })
    })
}

fn hash(text: &str) -> String {
    // Half of it is more than enough to tell findings apart.
    let mut digits = sha256::hex(text.as_bytes());
    digits.truncate(32);
    digits
}

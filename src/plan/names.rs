//! What branches are called.
//!
//! In: what is proposed, what is in use, the settings. Out: a name for each branch, the same on every run, and no
//! two the same. Must never know: what is on a branch.

use std::collections::{BTreeMap, BTreeSet};

use crate::choose::verdict::{Course, Decision, Proposal, line_name};
use crate::config::Config;
use crate::config::group::slug;
use crate::image::Repository;
use crate::link::knot::Links;
use crate::version::Tag;

/// What branches are called.
pub(super) struct Names<'a> {
    prefix: &'a str,
    /// Names of branches that are for groups, whether there is something for them or not.
    of_groups: BTreeSet<String>,
    /// Lines of images that are in use: `3.x`.
    in_use: BTreeSet<(Repository, String)>,
    /// Short names that several images share.
    shared: BTreeSet<String>,
}

impl<'a> Names<'a> {
    pub(super) fn new(links: &Links, decisions: &[Decision], config: &'a Config) -> Self {
        let mut in_use = BTreeSet::new();
        // The same path at another host is a mirror of the same image.
        let mut paths: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for dependency in &links.dependencies {
            paths.entry(dependency.repository.short_name()).or_default().insert(dependency.repository.path());
            for feed in &dependency.feeds {
                let values: Vec<&str> = match feed.axes().first() {
                    Some(axis) => links.axis(*axis).entries.iter().map(|(value, _)| value.as_str()).collect(),
                    None => vec![""],
                };
                for value in values {
                    let tag = Tag::parse(&links.tag(feed, |_| value).0);
                    in_use.insert((dependency.repository.clone(), line_name(&tag)));
                }
            }
        }
        let regular = decisions
            .iter()
            .flat_map(|decision| &decision.proposals)
            .filter(|proposal| proposal.course == Course::Regular);
        in_use.extend(regular.map(|proposal| (proposal.image.clone(), proposal.line.clone())));
        let shared = paths.into_iter().filter(|(_, paths)| paths.len() > 1).map(|(name, _)| name.to_owned());
        let groups = config.groups().map(slug);
        let of_group = |group: String| {
            [Course::Regular, Course::Major, Course::Drop, Course::Pin]
                .map(|course| format!("{group}{}", suffix(course)))
        };
        let of_groups = groups.flat_map(of_group).collect();
        Self { prefix: config.branch_prefix(), of_groups, in_use, shared: shared.collect() }
    }

    /// `tagalong/python-3.x`. A branch that crosses into a major version which is in use elsewhere in
    /// the repository says so, since the branch of that line moves what is there already.
    pub(super) fn of(&self, proposal: &Proposal) -> String {
        let short = proposal.image.short_name();
        let familiar = proposal.image.familiar();
        let image = if self.shared.contains(short) { familiar } else { short };
        let is_in_use = self.in_use.contains(&(proposal.image.clone(), proposal.line.clone()));
        let suffix = if proposal.course == Course::Major && !is_in_use { "" } else { suffix(proposal.course) };
        let is_plain = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
        let name = format!("{image}-{}{suffix}", proposal.line);
        let mut name = name.replace(|character| !is_plain(character), "-");
        if self.of_groups.contains(&name) {
            name.push_str("-alone");
        }
        format!("{}{name}", self.prefix)
    }

    /// `tagalong/tools`, `tagalong/tools-major`, `tagalong/tools-drop`, `tagalong/tools-pin`.
    pub(super) fn of_group(&self, group: &str, course: Course) -> String {
        format!("{}{}{}", self.prefix, slug(group), suffix(course))
    }
}

/// What the name of a branch ends with.
fn suffix(course: Course) -> &'static str {
    match course {
        Course::Regular => "",
        Course::Major => "-major",
        Course::Drop => "-drop",
        Course::Pin => "-pin",
    }
}

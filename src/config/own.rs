//! `.tagalong.toml`: what a repository says of itself, and never where requests or credentials go.
//!
//! Must never know: where the file was read, what the operator's rules are.

use crate::config::days::Days;
use crate::config::pattern::FilePattern;
use crate::config::problem::Problem;
use crate::config::publishing::own_merge_requests;
use crate::config::reader::{CHANNELS, Section, VARIANTS, boolean, days, document, list, rule_matrix, rules, word};
use crate::config::settings::{MergeRequests, Rule, RuleMatrix};
use crate::config::tag_pattern::TagPattern;
use crate::config::tag_policy::{Lines, Variants};

/// Nobody writes a longer one; patterns cost time for every file.
const LONGEST: usize = 64 * 1024;

/// What a repository says of itself.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct Own {
    pub(super) ignore_files: Vec<FilePattern>,
    pub(super) ignored: Vec<TagPattern>,
    pub(super) allowed: Vec<TagPattern>,
    pub(super) major: Option<bool>,
    pub(super) channel: Option<Lines>,
    pub(super) pre_releases: Option<bool>,
    pub(super) variants: Option<Variants>,
    pub(super) minimum_release_age: Option<Days>,
    pub(super) pin_digests: Option<bool>,
    pub(super) matrix: RuleMatrix,
    pub(super) rules: Vec<Rule>,
    /// The operator's settings where it says nothing.
    pub(super) merge_requests: MergeRequests,
}

/// Reads a `.tagalong.toml` over what the operator says.
pub(super) fn read(text: &str, operator: &MergeRequests) -> Result<Own, Vec<Problem>> {
    if text.len() > LONGEST {
        let label = format!("{} bytes", text.len());
        let title = format!("more than {LONGEST} bytes of settings");
        return Err(vec![Problem { span: 0..0, title, label, help: None, secret: None }]);
    }
    let document = document(text)?;
    let mut problems = Vec::new();
    let mut root = Section::new("", document.get_ref(), &mut problems);
    let mut own = Own { merge_requests: operator.clone(), ..Own::default() };
    for key in ["branch_prefix", "dashboard", "forge", "lifecycle", "network", "onboarding", "registries"] {
        root.refuse(key);
    }
    root.read("ignore_files", |node, problems| list(node, problems, FilePattern::new), &mut own.ignore_files);
    root.read("ignore", |node, problems| list(node, problems, TagPattern::new), &mut own.ignored);
    root.read("allow", |node, problems| list(node, problems, TagPattern::new), &mut own.allowed);
    root.read("major", |node, problems| boolean(node, problems).map(Some), &mut own.major);
    root.read("channel", |node, problems| word(node, problems, CHANNELS).map(Some), &mut own.channel);
    root.read("pre_releases", |node, problems| boolean(node, problems).map(Some), &mut own.pre_releases);
    root.read("variants", |node, problems| word(node, problems, VARIANTS).map(Some), &mut own.variants);
    root.read("minimum_release_age", |node, problems| days(node, problems).map(Some), &mut own.minimum_release_age);
    root.read("pin_digests", |node, problems| boolean(node, problems).map(Some), &mut own.pin_digests);
    root.read("matrix", |node, problems| rule_matrix(node, problems, "[matrix]"), &mut own.matrix);
    root.read("merge_requests", |node, problems| own_merge_requests(node, problems, operator), &mut own.merge_requests);
    root.read("rules", rules, &mut own.rules);
    root.finish();
    if problems.is_empty() { Ok(own) } else { Err(problems) }
}

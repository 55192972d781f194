//! The report as SARIF 2.1.0, for GitHub's code scanning and for editors: one run for each repository.
//!
//! The names are those of the standard. Columns count UTF-16 code units, and a byte-order mark is none;
//! addresses of files are relative to the root of their repository.

use std::collections::{BTreeMap, HashSet};
use std::io;

use serde::Serialize;

use crate::render::MergeRequest;
use crate::report::finding::{Finding, findings};
use crate::report::rule::{INCOMPLETE, Level, RULES, Rule, index, level};
use crate::report::untrusted::visible;
use crate::run::outcome::Outcome;
use crate::text::{Edit, FilePath, Site, Snapshot, Span};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What file addresses are relative to; the name that GitHub gives to the root of a checkout.
const ROOT: &str = "%SRCROOT%";
/// Places of one merge request that each show all of its edits. Of more, only the first does, or the
/// report would grow with their square.
const FIXES: usize = 20;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<Run>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    #[serde(skip_serializing_if = "Option::is_none")]
    automation_details: Option<AutomationDetails>,
    original_uri_base_ids: BTreeMap<&'static str, UriBase>,
    column_kind: &'static str,
    invocations: [Invocation; 1],
    results: Vec<Answer>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Message,
    default_configuration: Configuration,
    properties: Tags,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Tags {
    tags: [&'static str; 1],
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
struct AutomationDetails {
    id: String,
}

#[derive(Serialize)]
struct UriBase {
    description: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    level: &'static str,
    message: Message,
    associated_rule: RuleReference,
}

#[derive(Serialize)]
struct RuleReference {
    id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
}

/// A `result` of the standard.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<BranchName>,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "tagalong/v1")]
    first: String,
}

#[derive(Serialize)]
struct BranchName {
    branch: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    /// The column behind the last one.
    end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix {
    description: Message,
    artifact_changes: Vec<ArtifactChange>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange {
    artifact_location: ArtifactLocation,
    replacements: Vec<Replacement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: Region,
    inserted_content: Content,
}

#[derive(Serialize)]
struct Content {
    text: String,
}

pub(super) fn write(outcomes: &[Outcome], mut out: &mut dyn io::Write) -> io::Result<()> {
    let several = outcomes.len() > 1;
    let runs = outcomes.iter().zip(findings(outcomes)).map(|(outcome, findings)| run(outcome, findings, several));
    let log = Log { schema: SCHEMA, version: "2.1.0", runs: runs.collect() };
    serde_json::to_writer_pretty(&mut out, &log)?;
    out.write_all(b"\n")
}

fn run(outcome: &Outcome, findings: Vec<Finding>, several: bool) -> Run {
    let notifications = outcome.incomplete.iter().map(|incomplete| Notification {
        level: level_name(Level::Warning),
        message: message(&visible(&format!("{}: {}", incomplete.image.familiar(), incomplete.why))),
        associated_rule: RuleReference { id: INCOMPLETE, index: index(INCOMPLETE) },
    });
    let mut shown: HashSet<&str> = HashSet::new();
    let mut results = Vec::with_capacity(findings.len());
    for finding in findings {
        let fixes = finding.request.filter(|request| !request.branch.edits.is_empty()).filter(|request| {
            let is_first = shown.insert(&request.branch.name);
            is_first || request.branch.updates.len() <= FIXES
        });
        let fixes = fixes.map(|request| fix(&outcome.files, request)).into_iter().collect();
        results.push(answer(&outcome.files, finding, fixes));
    }
    Run {
        tool: Tool {
            driver: Driver {
                name: "tagalong",
                semantic_version: env!("CARGO_PKG_VERSION"),
                rules: RULES.iter().map(descriptor).collect(),
            },
        },
        // Readers take runs without it for one and the same analysis.
        automation_details: several
            .then(|| AutomationDetails { id: format!("tagalong/{}/", outcome.name.trim_end_matches('/')) }),
        original_uri_base_ids: BTreeMap::from([(
            ROOT,
            UriBase { description: message(&visible(&format!("the root of {}", outcome.name))) },
        )]),
        column_kind: "utf16CodeUnits",
        invocations: [Invocation {
            execution_successful: outcome.complete(),
            tool_execution_notifications: notifications.collect(),
        }],
        results,
    }
}

fn descriptor(rule: &Rule) -> Descriptor {
    Descriptor {
        id: rule.id,
        short_description: message(rule.title),
        full_description: message(rule.help),
        help: message(rule.help),
        default_configuration: Configuration { level: level_name(rule.level) },
        properties: Tags { tags: ["dependencies"] },
    }
}

fn answer(files: &Snapshot, finding: Finding, fixes: Vec<Fix>) -> Answer {
    Answer {
        rule_id: finding.rule,
        rule_index: index(finding.rule),
        level: level_name(level(finding.rule)),
        message: message(&finding.message),
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: location(&finding.site.file),
                region: region(files, &finding.site),
            },
        }],
        partial_fingerprints: Fingerprints { first: finding.fingerprint },
        fixes,
        properties: finding.request.map(|request| BranchName { branch: request.branch.name.clone() }),
    }
}

/// The whole merge request: its places move together or not at all.
fn fix(files: &Snapshot, request: &MergeRequest) -> Fix {
    let mut by_file: BTreeMap<&FilePath, Vec<&Edit>> = BTreeMap::new();
    for edit in &request.branch.edits {
        let edits = by_file.entry(&edit.site.file).or_default();
        // Equal edits count once.
        if edits.last() != Some(&edit) {
            edits.push(edit);
        }
    }
    let changes = by_file.into_iter().map(|(file, edits)| ArtifactChange {
        artifact_location: location(file),
        replacements: edits
            .into_iter()
            .map(|edit| Replacement {
                deleted_region: region(files, &edit.site),
                inserted_content: Content { text: edit.replacement.clone() },
            })
            .collect(),
    });
    Fix { description: message(&visible(&request.title)), artifact_changes: changes.collect() }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// Plain text. In a message of the standard, braces hold the numbers of arguments and are doubled
/// where they are none, and brackets with a parenthesis behind them are a link.
fn message(text: &str) -> Message {
    Message { text: text.replace('{', "{{").replace('}', "}}").replace("](", "] (") }
}

fn location(file: &FilePath) -> ArtifactLocation {
    ArtifactLocation { uri: percent_encoded(file.as_str()), uri_base_id: ROOT }
}

/// A path as a relative address, by RFC 3986.
fn percent_encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', hexadecimal(byte >> 4), hexadecimal(byte & 15)]);
        }
    }
    out
}

fn hexadecimal(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

fn region(files: &Snapshot, site: &Site) -> Region {
    let (start_line, start_column) = position(files, &site.file, site.span.start);
    let (end_line, end_column) = position(files, &site.file, site.span.end);
    Region { start_line, start_column, end_line, end_column }
}

/// Line and column in the units of the standard.
fn position(files: &Snapshot, file: &FilePath, offset: usize) -> (usize, usize) {
    let line = files.position(&Site::new(file, Span::new(offset, offset))).line;
    let before = files.text(file).and_then(|text| text.get(..offset)).unwrap_or("");
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let mark = if start == 0 { "\u{feff}" } else { "" };
    let before = &before[start..];
    let column = before.strip_prefix(mark).unwrap_or(before).encode_utf16().count() + 1;
    (line, column)
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_relative_and_encoded() {
        assert_eq!(percent_encoded("a b/c#d%20?é:e"), "a%20b/c%23d%2520%3F%C3%A9%3Ae");
        assert_eq!(percent_encoded("services/x_1~.y-z/Dockerfile"), "services/x_1~.y-z/Dockerfile");
    }

    #[test]
    fn messages_hold_no_arguments_and_no_links() {
        assert_eq!(message("${X} [a](b) [c]").text, "${{X}} [a] (b) [c]");
    }

    #[test]
    fn columns_count_what_the_standard_counts() {
        let file = FilePath::new("f").expect("a path");
        let mut files = Snapshot::default();
        let text = "\u{feff}ab\r\n𝕏é\u{feff}=1\n";
        files.insert(file.clone(), text.as_bytes().to_vec());
        let at = |needle: &str| position(&files, &file, text.find(needle).expect("a needle"));
        assert_eq!(at("ab"), (1, 1));
        assert_eq!(at("𝕏"), (2, 1));
        // Two units, one, and a mark that is none because it stands inside of the text.
        assert_eq!(at("=1"), (2, 5));
        assert_eq!(position(&files, &file, text.len()), (3, 1));
    }
}

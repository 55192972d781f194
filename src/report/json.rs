//! The report for programs: stable, and described by `schema/report.schema.json`.
//!
//! A field is never removed and never changes its meaning while `schema` stays 1; fields may join.
//! The documentation of the fields is the description in the JSON Schema.

use std::io;

#[cfg(test)]
use schemars::JsonSchema;
use serde::Serialize;

use crate::choose::calendar::Ending;
use crate::cycle::End;
use crate::plan::Update;
use crate::render::MergeRequest;
use crate::report::options::Options;
use crate::report::summary::support;
use crate::run::outcome::{Dependency, Outcome, Slot, Verdict};
use crate::text::{Edit, Site};

/// What tagalong found and would do.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "Report", title = "The JSON report of tagalong"))]
struct Document {
    /// The version of this format.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    schema: u8,
    /// Whether every look-up gave an answer. If not, nothing is claimed about the images that are
    /// listed as incomplete.
    complete: bool,
    /// When the tags were looked up: now, or when the snapshot was recorded.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    looked_up: Option<String>,
    /// One for each path, in the order given.
    repositories: Vec<RepositoryReport>,
}

/// One scanned repository.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "Repository"))]
struct RepositoryReport {
    /// The path as given.
    path: String,
    /// Whether every look-up for this repository gave an answer.
    complete: bool,
    /// Every image in use that has a version somewhere.
    dependencies: Vec<DependencyReport>,
    /// What would be proposed, each on its own.
    merge_requests: Vec<MergeRequestReport>,
    /// What was found and is left alone.
    skipped: Vec<SkipReport>,
    /// Places whose versions are out of support, or will be within 90 days.
    end_of_life: Vec<EndingReport>,
    /// Why ends of support are not known, if their look-up failed.
    cycles_unknown: Option<String>,
    /// Images whose look-up failed or may be cut short.
    incomplete: Vec<IncompleteReport>,
}

/// An image in use.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "Dependency"))]
struct DependencyReport {
    /// The full name: `docker.io/library/python`.
    image: String,
    /// The reference as written, with its variables: `python:${PYTHON_VERSION}-slim`.
    template: String,
    /// What kind of use: `from`, `image`, `service`, …
    kind: &'static str,
    #[serde(flatten)]
    place: Place,
    /// The places where a hand would type a version.
    slots: Vec<SlotReport>,
}

/// Where something starts. Lines and columns count from 1, columns in characters.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
struct Place {
    /// The file, seen from the root of the repository.
    file: String,
    /// The line.
    line: usize,
    /// The column.
    column: usize,
}

/// A place where a hand would type a version.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "Slot"))]
struct SlotReport {
    #[serde(flatten)]
    place: Place,
    /// The value.
    value: String,
    /// What kind of place: `arg`, `matrix`, `from`, …
    kind: &'static str,
    /// The variable that holds the value, if one does.
    variable: Option<String>,
    /// Whether nothing newer fits, a branch changes it, or a skip says why not.
    #[cfg_attr(test, schemars(extend("enum" = ["current", "update", "skipped"])))]
    verdict: &'static str,
    /// The branch that changes it.
    branch: Option<String>,
}

/// What is proposed together.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "MergeRequest"))]
struct MergeRequestReport {
    /// The name of the branch, stable over newer releases of the line.
    branch: String,
    /// The title, also the subject of the commit.
    title: String,
    /// Whether it crosses a major version.
    major: bool,
    /// What moves.
    updates: Vec<UpdateReport>,
    /// How, exactly.
    edits: Vec<EditReport>,
    /// Why these tags.
    because: Vec<String>,
    /// How the places are tied.
    links: Vec<String>,
    /// Other places that still mention an old version.
    mentions: Vec<Place>,
    /// A unified diff against the scanned files that `git apply` takes.
    diff: String,
}

/// A value that changes, joins or leaves.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "Update"))]
struct UpdateReport {
    /// The full name of the image.
    image: String,
    /// What kind of change; `add` and `drop` are rows of a matrix.
    #[cfg_attr(test, schemars(extend("enum" = ["major", "minor", "patch", "digest", "pin", "add", "drop"])))]
    kind: &'static str,
    /// The value before; null where a row is added, or a digest is written behind a tag.
    from: Option<String>,
    /// The value after; null where a row is dropped.
    to: Option<String>,
    /// The tag that stands before the value, if that is a digest.
    tag: Option<String>,
    #[serde(flatten)]
    at: Place,
    /// What kind of place: `arg`, `matrix`, `from`, …
    place: &'static str,
    /// The variable that holds the value, if one does.
    variable: Option<String>,
    /// For rows: the values of the list before the change.
    rows: Vec<String>,
    /// The last day of support of the release line that it leads to, if somebody has named one.
    #[cfg_attr(test, schemars(extend("format" = "date")))]
    supported_until: Option<String>,
}

/// A replacement of text. Empty `old` inserts, empty `new` removes.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "Edit"))]
struct EditReport {
    #[serde(flatten)]
    place: Place,
    /// The exact text that stands there.
    old: String,
    /// The exact text that replaces it.
    new: String,
}

/// Something found and left alone.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "Skip"))]
struct SkipReport {
    #[serde(flatten)]
    place: Place,
    /// What stands there.
    text: String,
    /// The stable name of the reason.
    reason: &'static str,
    /// The reason for people.
    message: String,
}

/// A version that is out of support, or soon will be.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "EndOfLife"))]
struct EndingReport {
    #[serde(flatten)]
    place: Place,
    /// The full name of the image.
    image: String,
    /// What stands there.
    value: String,
    /// The release cycle, of the image or of the distribution that it is based on: `Python 3.9`.
    cycle: String,
    /// The last day of support; null if nobody says when it was.
    #[cfg_attr(test, schemars(extend("format" = "date")))]
    last_day: Option<String>,
    /// Whether it is over.
    over: bool,
}

/// An image about which nothing is claimed.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(rename = "Incomplete"))]
struct IncompleteReport {
    /// The full name of the image.
    image: String,
    /// What went wrong.
    why: String,
}

pub(super) fn write(outcomes: &[Outcome], options: &Options, mut out: &mut dyn io::Write) -> io::Result<()> {
    let document = Document {
        schema: 1,
        complete: outcomes.iter().all(Outcome::complete),
        looked_up: options.looked_up.map(|time| time.to_string()),
        repositories: outcomes.iter().map(repository).collect(),
    };
    serde_json::to_writer_pretty(&mut out, &document)?;
    out.write_all(b"\n")
}

/// What `schema/report.schema.json` has to say.
#[cfg(test)]
pub(super) fn schema() -> String {
    format!("{:#}\n", schemars::schema_for!(Document).as_value())
}

fn repository(outcome: &Outcome) -> RepositoryReport {
    RepositoryReport {
        path: outcome.name.clone(),
        complete: outcome.complete(),
        dependencies: outcome.dependencies.iter().map(|dependency| self::dependency(outcome, dependency)).collect(),
        merge_requests: outcome.merge_requests.iter().map(|request| merge_request(outcome, request)).collect(),
        skipped: outcome
            .skips
            .iter()
            .map(|skip| SkipReport {
                place: place(outcome, &skip.site),
                text: skip.text.clone(),
                reason: skip.reason.code(),
                message: skip.reason.to_string(),
            })
            .collect(),
        end_of_life: outcome.endings.iter().map(|ending| self::ending(outcome, ending)).collect(),
        cycles_unknown: outcome.calendar.failure().map(str::to_owned),
        incomplete: outcome
            .incomplete
            .iter()
            .map(|incomplete| IncompleteReport { image: incomplete.image.to_string(), why: incomplete.why.clone() })
            .collect(),
    }
}

fn place(outcome: &Outcome, site: &Site) -> Place {
    let position = outcome.files.position(site);
    Place { file: site.file.to_string(), line: position.line, column: position.column }
}

fn dependency(outcome: &Outcome, dependency: &Dependency) -> DependencyReport {
    DependencyReport {
        image: dependency.image.to_string(),
        template: dependency.template.clone(),
        kind: dependency.kind.name(),
        place: place(outcome, &dependency.site),
        slots: dependency.slots.iter().map(|slot| self::slot(outcome, slot)).collect(),
    }
}

fn slot(outcome: &Outcome, slot: &Slot) -> SlotReport {
    let (verdict, branch) = match &slot.verdict {
        Verdict::Current => ("current", None),
        Verdict::Update { branch } => ("update", Some(branch.clone())),
        Verdict::Skipped => ("skipped", None),
    };
    SlotReport {
        place: place(outcome, &slot.site),
        value: slot.value.clone(),
        kind: slot.kind.name(),
        variable: slot.variable.clone(),
        verdict,
        branch,
    }
}

fn merge_request(outcome: &Outcome, request: &MergeRequest) -> MergeRequestReport {
    let branch = &request.branch;
    MergeRequestReport {
        branch: branch.name.clone(),
        title: request.title.clone(),
        major: branch.is_major(),
        updates: branch.updates.iter().map(|update| self::update(outcome, update)).collect(),
        edits: branch.edits.iter().map(|edit| self::edit(outcome, edit)).collect(),
        because: branch.because.clone(),
        links: branch.links.clone(),
        mentions: branch.mentions.iter().map(|site| place(outcome, site)).collect(),
        diff: request.diff(&outcome.files),
    }
}

fn update(outcome: &Outcome, update: &Update) -> UpdateReport {
    UpdateReport {
        image: update.image.to_string(),
        kind: update.kind.name(),
        from: update.from.clone(),
        to: update.to.clone(),
        tag: update.tag.clone(),
        at: place(outcome, &update.site),
        place: update.place.name(),
        variable: update.variable.clone(),
        rows: update.rows.clone(),
        supported_until: support(outcome, update).and_then(|(_, end)| match end {
            End::On(day) => Some(day.to_string()),
            End::Past | End::Open => None,
        }),
    }
}

fn ending(outcome: &Outcome, ending: &Ending) -> EndingReport {
    EndingReport {
        place: place(outcome, &ending.site),
        image: ending.image.to_string(),
        value: ending.value.clone(),
        cycle: ending.cycle.clone(),
        last_day: ending.last_day.map(|day| day.to_string()),
        over: ending.is_over,
    }
}

fn edit(outcome: &Outcome, edit: &Edit) -> EditReport {
    EditReport {
        place: place(outcome, &edit.site),
        old: outcome.files.slice(&edit.site).to_owned(),
        new: edit.replacement.clone(),
    }
}

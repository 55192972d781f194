//! The report for a job summary or a comment.
//!
//! Everything from repositories and registries passes through [`untrusted`](super::untrusted).

use std::fmt::Write as _;
use std::io;

use crate::render::MergeRequest;
use crate::report::options::Options;
use crate::report::summary::{self, Place, Skipped, Totals, What, count};
use crate::report::untrusted::{block, code, prose, short_digests};
use crate::run::outcome::Outcome;

/// Above this many equal places, the rest is counted.
const PLACES: usize = 10;

pub(super) fn write(outcomes: &[Outcome], options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    for outcome in outcomes {
        // Writing to a string does not fail, so neither do the functions below.
        let mut text = String::new();
        let _ = repository(&mut text, outcome, options);
        out.write_all(text.as_bytes())?;
    }
    let totals = Totals::of(outcomes);
    let mut line = match totals.requests.len() {
        0 => totals.nothing().to_owned(),
        number => count(number, "merge request"),
    };
    if outcomes.len() > 1 {
        let _ = write!(line, " in {}", count(outcomes.len(), "repository"));
    }
    for rest in totals.rest() {
        let _ = write!(line, "; {rest}");
    }
    writeln!(out, "**{line}**")
}

fn repository(text: &mut String, outcome: &Outcome, options: &Options) -> std::fmt::Result {
    writeln!(text, "## {}\n", prose(&outcome.name))?;
    write!(text, "{}", count(outcome.files.contents().count(), "file"))?;
    write!(text, " · {}", count(outcome.dependencies.len(), "dependency"))?;
    if let Some(time) = options.looked_up {
        write!(text, " · tags of {}", time.strftime("%Y-%m-%d"))?;
    }
    text.push_str("\n\n");
    incomplete(text, outcome)?;
    for request in &outcome.merge_requests {
        merge_request(text, outcome, request, options)?;
    }
    let (alone, behind) = summary::split_skips(outcome);
    skipped(text, "Out of support, or soon", &summary::endings(outcome), options)?;
    skipped(text, "Not moved to the newest", &summary::skipped(outcome, &behind), options)?;
    skipped(text, "Left alone", &summary::skipped(outcome, &alone), options)?;
    match outcome.calendar.failure() {
        Some(why) => writeln!(text, "Ends of support are not known: {}\n", prose(why)),
        None => Ok(()),
    }
}

pub(super) fn incomplete(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    if outcome.complete() {
        return Ok(());
    }
    text.push_str("> [!WARNING]\n> Not looked up, or not to the end; nothing is claimed about:\n>\n");
    for incomplete in &outcome.incomplete {
        writeln!(text, "> - {}: {}", code(incomplete.image.familiar()), prose(&incomplete.why))?;
    }
    text.push('\n');
    Ok(())
}

pub(super) fn merge_request(
    text: &mut String,
    outcome: &Outcome,
    request: &MergeRequest,
    options: &Options,
) -> std::fmt::Result {
    let branch = &request.branch;
    let major = if branch.is_major() { " (major)" } else { "" };
    writeln!(text, "### {}\n\n{}{major}\n", prose(summary::title(request)), code(&branch.name))?;
    text.push_str("| image | change | place |\n|---|---|---|\n");
    for change in summary::changes(outcome, branch) {
        let shown = if options.verbose { change.places.len() } else { PLACES };
        let mut places: Vec<String> = change.places.iter().take(shown).map(place).collect();
        if change.places.len() > shown {
            places.push(format!("and {} more", change.places.len() - shown));
        }
        writeln!(text, "| {} | {} | {} |", code(&change.image), what(&change.what), places.join("<br>"))?;
    }
    text.push('\n');
    let sentences: Vec<String> = branch.because.iter().map(|why| prose(&short_digests(why))).collect();
    items(text, "because", &sentences, options)?;
    let links: Vec<String> = branch.links.iter().map(|link| code(link)).collect();
    items(text, "linked:", &links, options)?;
    if !branch.mentions.is_empty() {
        let shown = if options.verbose { branch.mentions.len() } else { PLACES };
        let places: Vec<String> =
            branch.mentions.iter().take(shown).map(|site| code(&summary::at(outcome, site))).collect();
        write!(text, "- an old version also stands at {}", places.join(", "))?;
        if branch.mentions.len() > shown {
            write!(text, " and {} more places", branch.mentions.len() - shown)?;
        }
        text.push('\n');
    }
    if !branch.because.is_empty() || !branch.links.is_empty() || !branch.mentions.is_empty() {
        text.push('\n');
    }
    if options.diff && !branch.edits.is_empty() {
        details(text, "Diff", &block("diff", &request.diff(&outcome.files)))?;
    }
    Ok(())
}

/// A list with the same word before each item.
fn items(text: &mut String, word: &str, items: &[String], options: &Options) -> std::fmt::Result {
    let shown = if options.verbose { items.len() } else { PLACES };
    for item in items.iter().take(shown) {
        writeln!(text, "- {word} {item}")?;
    }
    if items.len() > shown {
        writeln!(text, "- and {} more", items.len() - shown)?;
    }
    Ok(())
}

fn place(place: &Place) -> String {
    format!("{} {}", code(&place.at), prose(&place.role))
}

/// `3.12` → `3.14`, or a list with what joins and leaves it.
pub(super) fn what(what: &What) -> String {
    let list = |values: &[String]| values.iter().map(|value| code(&short_digests(value))).collect::<Vec<_>>().join(" ");
    match what {
        What::Value { from, to } => format!("{} → {}", code(&short_digests(from)), code(&short_digests(to))),
        What::Rows { before, added, dropped } => {
            let mut text = list(before);
            for (sign, rows) in [("−", dropped), ("+", added)] {
                if !rows.is_empty() {
                    let _ = write!(text, " **{sign}** {}", list(rows));
                }
            }
            text
        }
    }
}

pub(super) fn skipped(text: &mut String, title: &str, skipped: &[Skipped], options: &Options) -> std::fmt::Result {
    if skipped.is_empty() {
        return Ok(());
    }
    let mut table = String::from("| reason | place | text |\n|---|---|---|\n");
    for skipped in skipped {
        let shown = if options.verbose { skipped.places.len() } else { PLACES };
        let mut reason = prose(&short_digests(&skipped.message));
        for (at, what) in skipped.places.iter().take(shown) {
            writeln!(table, "| {reason} | {} | {} |", code(at), code(&short_digests(what)))?;
            reason.clear();
        }
        if skipped.places.len() > shown {
            writeln!(table, "| | and {} more | |", skipped.places.len() - shown)?;
        }
    }
    let total = skipped.iter().map(|skipped| skipped.places.len()).sum();
    details(text, &format!("{title}: {}", count(total, "place")), &table)
}

/// Folded away until somebody opens it. The blank lines make Markdown read on inside of the HTML.
fn details(text: &mut String, title: &str, body: &str) -> std::fmt::Result {
    writeln!(text, "<details><summary>{title}</summary>\n\n{body}\n</details>\n")
}

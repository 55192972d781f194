//! The report for a terminal: 80 columns unless told otherwise, colour as escape codes.
//!
//! Everything from repositories and registries passes through [`untrusted`](super::untrusted).

use std::fmt::Write as _;
use std::io;

use anstyle::{AnsiColor, Style};

use crate::render::MergeRequest;
use crate::report::options::Options;
use crate::report::summary::{self, Change, Current, Place, Skipped, Totals, What, count};
use crate::report::untrusted::{short_digests, visible, visible_lines, width};
use crate::run::outcome::Outcome;

const PLAIN: Style = Style::new();
const HEADING: Style = Style::new().bold();
const BRANCH: Style = AnsiColor::Cyan.on_default().bold();
const NEW: Style = AnsiColor::Green.on_default();
const OLD: Style = AnsiColor::Red.on_default();
const HUNK: Style = AnsiColor::Cyan.on_default();
const QUIET: Style = Style::new().dimmed();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Above this many equal places, the rest is counted.
const PLACES: usize = 4;
/// Above this many messages of one kind of reason, the rest is counted.
const MESSAGES: usize = 5;
/// Above this many values that join or leave a list at once, the middle is counted.
const VALUES: usize = 10;
/// Above this many merge requests, the last line does not name them: their headings do.
const NAMED: usize = 6;
/// A longer name of an image gets a line of its own.
const IMAGE_COLUMN: usize = 20;
/// A longer change gets a line of its own.
const CHANGE_COLUMN: usize = 34;
/// Where sentences about a merge request start.
const NOTES: usize = 11;
/// With fewer columns than this a path says nothing.
const SHORTEST_PATH: usize = 16;

pub(super) fn write(outcomes: &[Outcome], options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page { text: String::new(), width: options.width.max(40), verbose: options.verbose };
    for outcome in outcomes {
        header(&mut page, outcome, options);
        for request in &outcome.merge_requests {
            merge_request(&mut page, outcome, request, options.diff);
        }
        if options.verbose {
            current(&mut page, &summary::current(outcome));
        }
        let (alone, behind) = summary::split_skips(outcome);
        skipped(&mut page, "Out of support, or soon", &summary::endings(outcome));
        skipped(&mut page, "Not moved to the newest", &summary::skipped(outcome, &behind));
        skipped(&mut page, "Left alone", &summary::skipped(outcome, &alone));
        cycles_unknown(&mut page, outcome);
        incomplete(&mut page, outcome);
        out.write_all(page.text.as_bytes())?;
        page.text.clear();
    }
    totals(&mut page, outcomes);
    out.write_all(page.text.as_bytes())
}

/// What is written, and how.
struct Page {
    text: String,
    width: usize,
    verbose: bool,
}

/// A line in the making.
#[derive(Default)]
struct Line {
    text: String,
    width: usize,
}

impl Line {
    fn push(&mut self, style: Style, text: &str) -> &mut Self {
        if style == PLAIN {
            self.text.push_str(text);
        } else if !text.is_empty() {
            // Writing to a string does not fail.
            let _ = write!(self.text, "{style}{text}{style:#}");
        }
        self.width += width(text);
        self
    }

    /// Puts what `other` shows over the spaces that it starts with.
    fn append(&mut self, other: &Self) -> &mut Self {
        let margin = self.width.min(other.text.len() - other.text.trim_start_matches(' ').len());
        self.text.push_str(&other.text[margin..]);
        self.width += other.width - margin;
        self
    }

    fn pad(&mut self, column: usize) -> &mut Self {
        let spaces = column.saturating_sub(self.width);
        self.text.extend(std::iter::repeat_n(' ', spaces));
        self.width += spaces;
        self
    }
}

impl Page {
    fn line(&mut self, line: &Line) {
        self.text.push_str(line.text.trim_end());
        self.text.push('\n');
    }

    /// The part of many equal things that is listed.
    fn shown<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        if self.verbose || all.len() <= PLACES { all } else { &all[..PLACES - 1] }
    }

    fn heading(&mut self, text: &str, places: usize) {
        let mut line = Line::default();
        line.push(HEADING, text).push(PLAIN, &format!(" ({})", count(places, "place")));
        self.line(&line);
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    /// `label` and then `text`, broken between words, all lines of the text starting at `column`.
    fn paragraph(&mut self, column: usize, label: (Style, &str), style: Style, text: &str) {
        let mut line = Line::default();
        line.pad(2.min(column)).push(label.0, label.1);
        for part in wrap(text, self.width.saturating_sub(column)) {
            line.pad(column).push(style, &part);
            self.line(&line);
            line = Line::default();
        }
    }
}

fn header(page: &mut Page, outcome: &Outcome, options: &Options) {
    let mut line = Line::default();
    line.push(HEADING, &visible(&outcome.name));
    let mut facts =
        vec![count(outcome.files.contents().count(), "file"), count(outcome.dependencies.len(), "dependency")];
    if let Some(time) = options.looked_up {
        facts.push(format!("tags of {}", time.strftime("%Y-%m-%d")));
    }
    for fact in facts {
        line.push(QUIET, &format!(" · {fact}"));
    }
    page.line(&line);
    page.blank();
}

fn merge_request(page: &mut Page, outcome: &Outcome, request: &MergeRequest, diff: bool) {
    let branch = &request.branch;
    let (name, title) = (visible(&branch.name), visible(summary::title(request)));
    let mut line = Line::default();
    line.push(BRANCH, &name);
    if branch.is_major() {
        line.push(WARNING, " (major)");
    }
    if line.width + 2 + width(&title) <= page.width {
        line.push(PLAIN, "  ").push(HEADING, &title);
        page.line(&line);
    } else {
        page.line(&line);
        page.paragraph(2, (PLAIN, ""), HEADING, &title);
    }
    changes(page, &summary::changes(outcome, branch));
    for (label, texts) in [("because", &branch.because), ("linked", &branch.links)] {
        let mut label = label;
        let shown = page.shown(texts);
        for text in shown {
            page.paragraph(NOTES, (QUIET, label), PLAIN, &short_digests(&visible(text)));
            label = "";
        }
        let more = texts.len() - shown.len();
        if more > 0 {
            page.paragraph(NOTES, (QUIET, ""), QUIET, &format!("and {more} more (-v lists them)"));
        }
    }
    if !branch.mentions.is_empty() {
        let shown = page.shown(&branch.mentions);
        let room = page.width - NOTES;
        let places: Vec<String> =
            shown.iter().map(|site| shorten_path(&visible(&summary::at(outcome, site)), room - 1)).collect();
        let mut text = format!("an old version also stands at {}", places.join(", "));
        let more = branch.mentions.len() - places.len();
        if more > 0 {
            text.push_str(" and ");
            text.push_str(&count_more(more));
        }
        page.paragraph(NOTES, (QUIET, "note"), PLAIN, &text);
    }
    if diff && !branch.edits.is_empty() {
        page.blank();
        for text in visible_lines(&request.diff(&outcome.files)).split_inclusive('\n') {
            let body = text.trim_end_matches('\n');
            let style = match body.as_bytes() {
                [b'+', b'+', b'+', b' ', ..] | [b'-', b'-', b'-', b' ', ..] | [b'd', b'i', b'f', b'f', b' ', ..] => {
                    HEADING
                }
                [b'@', ..] => HUNK,
                [b'+', ..] => NEW,
                [b'-', ..] => OLD,
                _ => PLAIN,
            };
            let mut line = Line::default();
            line.push(style, body);
            // Not trimmed: an empty context line of a diff is a space.
            page.text.push_str(&line.text);
            page.text.push('\n');
        }
    }
    page.blank();
}

/// What changes, in columns: image, change, place, role.
fn changes(page: &mut Page, changes: &[Change]) {
    let widest = |widths: &mut dyn Iterator<Item = usize>, limit: usize| {
        widths.filter(|width| *width <= limit).max().unwrap_or(0)
    };
    let images: Vec<String> =
        changes.iter().map(|change| shorten_path(&visible(&change.image), page.width - 2)).collect();
    let change_at = 4 + widest(&mut images.iter().map(|image| width(image)), IMAGE_COLUMN);
    let heads: Vec<Vec<Line>> = changes.iter().map(|change| what(page, change_at, &change.what)).collect();
    let single = heads.iter().filter_map(|head| match head.as_slice() {
        [line] => Some(line.width.saturating_sub(change_at)),
        _ => None,
    });
    let place_at = change_at + 2 + widest(&mut { single }, CHANGE_COLUMN);
    let columns = Columns { below: change_at + 2, place: place_at, role: 0 };
    let columns = columns.with_room_for(page, changes.iter().flat_map(|change| page.shown(&change.places)));
    let mut last_image = "";
    for ((change, image), head) in changes.iter().zip(&images).zip(heads) {
        let mut label = Line::default();
        if image != last_image {
            label.pad(2).push(HEADING, image);
            if label.width + 2 > change_at {
                page.line(&label);
                label = Line::default();
            }
        }
        last_image = image;
        places(page, label, head, &columns, &change.places);
    }
}

/// Where places and their roles stand.
struct Columns {
    /// The place, on a line of its own.
    below: usize,
    /// The place, behind something.
    place: usize,
    /// The role behind such a place.
    role: usize,
}

impl Columns {
    /// Aligns the roles of all places that have room behind something.
    fn with_room_for<'a>(mut self, page: &Page, places: impl Iterator<Item = &'a Place>) -> Self {
        for place in places {
            let (at, role) = (width(&visible(&place.at)), width(&visible(&place.role)));
            if self.place + at + 2 + role <= page.width {
                self.role = self.role.max(self.place + at + 2);
            }
        }
        self
    }
}

/// Puts places behind what they are places of if there is room, else below. `label` stands in the
/// margin before it.
fn places(page: &mut Page, label: Line, head: Vec<Line>, columns: &Columns, places: &[Place]) {
    let several = head.len() > 1;
    let mut line = label;
    for (number, part) in head.into_iter().enumerate() {
        if number > 0 {
            page.line(&line);
            line = Line::default();
        }
        line.append(&part);
    }
    let shown = page.shown(places);
    let texts: Vec<(String, String)> = shown.iter().map(|place| (visible(&place.at), visible(&place.role))).collect();
    let at_width = texts.iter().map(|(at, _)| width(at)).max().unwrap_or(0);
    let role_width = texts.iter().map(|(_, role)| width(role)).max().unwrap_or(0);
    let inline = columns.place + at_width + 2 <= columns.role && columns.role + role_width <= page.width;
    let (place_at, role_at) = if inline && !several && line.width + 2 <= columns.place {
        (columns.place, columns.role)
    } else {
        page.line(&line);
        line = Line::default();
        let room = page.width.saturating_sub(columns.below + 2 + role_width).max(SHORTEST_PATH);
        (columns.below, columns.below + at_width.min(room) + 2)
    };
    for (at, role) in &texts {
        line.pad(place_at).push(PLAIN, &shorten_path(at, role_at - place_at - 2)).pad(role_at);
        let left = page.width.saturating_sub(line.width);
        line.push(QUIET, &shorten(role, left));
        page.line(&line);
        line = Line::default();
    }
    if places.len() > shown.len() {
        let text = format!("and {}", count_more(places.len() - shown.len()));
        line.pad(place_at).push(QUIET, &shorten(&text, page.width.saturating_sub(place_at)));
        page.line(&line);
    }
}

fn count_more(number: usize) -> String {
    format!("{number} more {} (-v lists them)", if number == 1 { "place" } else { "places" })
}

/// `3.12 → 3.14`, `3.11 3.12 3.13 + 3.14`, from `column` on. What joins or leaves a list is never cut:
/// it takes as many lines as it needs.
fn what(page: &Page, column: usize, what: &What) -> Vec<Line> {
    let room = page.width - column;
    let value = |text: &str, room: usize| shorten(&short_digests(&visible(text)), room);
    let mut line = Line::default();
    line.pad(column);
    match what {
        What::Value { from, to } => {
            let to = value(to, room / 2);
            let from = value(from, room - width(&to) - 3);
            line.push(PLAIN, &from).push(QUIET, " → ").push(NEW, &to);
            vec![line]
        }
        What::Rows { before, added, dropped } => {
            let signed = [(OLD, "-", dropped), (NEW, "+", added)].map(|(style, sign, rows)| {
                let mut words = if rows.is_empty() { Vec::new() } else { vec![sign.to_owned()] };
                words.extend(if page.verbose { rows.clone() } else { ends(rows) });
                (style, words)
            });
            let changed: usize = signed.iter().flat_map(|(_, words)| words).map(|word| 1 + width(&visible(word))).sum();
            // The newest rows stand at one end or the other: a long list keeps both.
            let list = shorten_list(before, CHANGE_COLUMN.saturating_sub(changed).max(room / 3));
            line.push(PLAIN, &shorten(&list, room));
            let mut lines = Vec::new();
            for (style, words) in signed {
                for word in words {
                    let word = value(&word, room - 3);
                    if line.width + 1 + width(&word) > page.width {
                        lines.push(std::mem::take(&mut line));
                        line.pad(column + 1);
                    }
                    line.push(style, &format!(" {word}"));
                }
            }
            lines.push(line);
            lines
        }
    }
}

/// The first and the last of many values.
fn ends(values: &[String]) -> Vec<String> {
    if values.len() <= VALUES {
        return values.to_vec();
    }
    let (first, last) = (&values[..VALUES / 2], &values[values.len() - 1..]);
    let left = values.len() - first.len() - last.len();
    [first, &[format!("… {left} more …")], last].concat()
}

/// As many values of both ends as have room.
fn shorten_list(values: &[String], room: usize) -> String {
    let values: Vec<String> = values.iter().map(|value| visible(value)).collect();
    let all = values.join(" ");
    if width(&all) <= room {
        return all;
    }
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return all };
    let mut tail = last.clone();
    for value in values.iter().rev().skip(1) {
        let longer = format!("{value} {tail}");
        if width(first) + 3 + width(&longer) > room {
            break;
        }
        tail = longer;
    }
    format!("{first} … {tail}")
}

fn current(page: &mut Page, current: &[Current]) {
    if current.is_empty() {
        return;
    }
    page.heading("Current", current.len());
    let texts: Vec<String> = current
        .iter()
        .map(|slot| format!("{}  {}", visible(&slot.image), short_digests(&visible(&slot.value))))
        .collect();
    let place_at = 4 + texts.iter().map(|text| width(text)).filter(|width| *width <= CHANGE_COLUMN).max().unwrap_or(0);
    let columns = Columns { below: 4, place: place_at, role: 0 };
    let columns = columns.with_room_for(page, current.iter().map(|slot| &slot.place));
    for (slot, text) in current.iter().zip(&texts) {
        let mut line = Line::default();
        line.pad(2).push(PLAIN, text);
        places(page, Line::default(), vec![line], &columns, std::slice::from_ref(&slot.place));
    }
    page.blank();
}

fn skipped(page: &mut Page, title: &str, skipped: &[Skipped]) {
    if skipped.is_empty() {
        return;
    }
    let total = skipped.iter().map(|skipped| skipped.places.len()).sum();
    page.heading(title, total);
    for kind in skipped.chunk_by(|a, b| a.code == b.code) {
        let shown = if page.verbose || kind.len() <= MESSAGES { kind.len() } else { MESSAGES - 1 };
        for skipped in kind.iter().take(shown) {
            reason(page, skipped);
        }
        let more: usize = kind.iter().skip(shown).map(|skipped| skipped.places.len()).sum();
        if more > 0 {
            let text = format!("{} for reasons of this kind (-v lists them)", count(more, "more place"));
            page.paragraph(2, (PLAIN, ""), QUIET, &text);
        }
    }
    page.blank();
}

fn reason(page: &mut Page, skipped: &Skipped) {
    page.paragraph(2, (PLAIN, ""), PLAIN, &short_digests(&visible(&skipped.message)));
    let shown = page.shown(&skipped.places);
    let texts: Vec<(String, String)> =
        shown.iter().map(|(at, text)| (visible(at), short_digests(&visible(text)))).collect();
    let room = page.width.saturating_sub(4);
    let at_width = texts.iter().map(|(at, _)| width(at)).max().unwrap_or(0).min(room * 5 / 9);
    for (at, text) in &texts {
        let mut line = Line::default();
        line.pad(4).push(QUIET, &shorten_path(at, at_width)).pad(4 + at_width + 2);
        let left = page.width.saturating_sub(line.width);
        line.push(QUIET, &shorten(text, left));
        page.line(&line);
    }
    let more = skipped.places.len() - shown.len();
    if more > 0 {
        page.paragraph(4, (PLAIN, ""), QUIET, &format!("and {}", count_more(more)));
    }
}

fn incomplete(page: &mut Page, outcome: &Outcome) {
    if outcome.complete() {
        return;
    }
    let images = count(outcome.incomplete.len(), "image");
    let verb = if outcome.incomplete.len() == 1 { "was" } else { "were" };
    page.paragraph(
        0,
        (PLAIN, ""),
        WARNING,
        &format!("warning: {images} {verb} not looked up, or not to the end; nothing is claimed about them"),
    );
    for incomplete in &outcome.incomplete {
        let text = format!("{}: {}", visible(incomplete.image.familiar()), visible(&incomplete.why));
        page.paragraph(2, (PLAIN, ""), PLAIN, &text);
    }
    page.blank();
}

/// Nothing else depends on it: one line is enough.
fn cycles_unknown(page: &mut Page, outcome: &Outcome) {
    let Some(why) = outcome.calendar.failure() else { return };
    page.paragraph(0, (PLAIN, ""), QUIET, &format!("Ends of support are not known: {}", visible(why)));
    page.blank();
}

fn totals(page: &mut Page, outcomes: &[Outcome]) {
    let totals = Totals::of(outcomes);
    let mut text = match totals.requests.len() {
        0 => totals.nothing().to_owned(),
        number => count(number, "merge request"),
    };
    if outcomes.len() > 1 {
        text.push_str(" in ");
        text.push_str(&count(outcomes.len(), "repository"));
    } else if (1..=NAMED).contains(&totals.requests.len()) {
        let named = |(name, major): &(String, bool)| {
            if *major { format!("{} (major)", visible(name)) } else { visible(name) }
        };
        text.push_str(": ");
        text.push_str(&totals.requests.iter().map(named).collect::<Vec<_>>().join(", "));
    }
    for rest in totals.rest() {
        text.push_str("; ");
        text.push_str(&rest);
    }
    page.paragraph(0, (PLAIN, ""), HEADING, &text);
}

/// Lines of at most `room` columns, broken between words where that is possible.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(10);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut taken = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut word = word;
        let mut needs = width(word);
        if taken > 0 && taken + 1 + needs > room {
            lines.push(std::mem::take(&mut line));
            taken = 0;
        }
        while needs > room {
            let cut = fitting(word, room);
            lines.push(word[..cut].to_owned());
            word = &word[cut..];
            needs = width(word);
        }
        if taken > 0 {
            line.push(' ');
            taken += 1;
        }
        line.push_str(word);
        taken += needs;
    }
    if taken > 0 || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// The length in bytes of the longest start, of at least one character, that takes at most `room` columns.
fn fitting(text: &str, room: usize) -> usize {
    let mut taken = 0;
    for (at, character) in text.char_indices() {
        taken += width(character.encode_utf8(&mut [0; 4]));
        if taken > room && at > 0 {
            return at;
        }
    }
    text.len()
}

/// The start of a text that is too long.
fn shorten(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    match room {
        0 | 1 => String::new(),
        room => format!("{}…", &text[..fitting(text, room - 1)]),
    }
}

/// A path that is too long, without its first folders: the end says which file it is.
fn shorten_path(path: &str, room: usize) -> String {
    if width(path) <= room {
        return path.to_owned();
    }
    let tails = || path.char_indices().map(|(at, _)| &path[at..]).skip_while(|tail| width(tail) >= room);
    let tail = tails().find(|tail| tail.starts_with('/')).or_else(|| tails().next()).unwrap_or("");
    format!("…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_and_wide_characters_are_broken_to_fit() {
        assert_eq!(wrap("aa bb cc", 10), ["aa bb cc"]);
        assert_eq!(wrap("aaaaaa bbbbbb", 10), ["aaaaaa", "bbbbbb"]);
        assert_eq!(wrap("aaaaaaaaaaaabb c", 10), ["aaaaaaaaaa", "aabb c"]);
        assert_eq!(wrap("東京東京東京", 11), ["東京東京東", "京"]);
        assert_eq!(wrap("", 10), [""]);
        assert_eq!(shorten("東京東京", 5), "東京…");
    }

    #[test]
    fn paths_lose_their_middle_first() {
        for (room, expected) in [
            (40, "services/payment/api/Dockerfile:12"),
            (33, "…/payment/api/Dockerfile:12"),
            (20, "…/api/Dockerfile:12"),
            (16, "…/Dockerfile:12"),
            (4, "…:12"),
        ] {
            assert_eq!(shorten_path("services/payment/api/Dockerfile:12", room), expected);
        }
        assert_eq!(shorten_list(&["1", "2", "3", "4", "5"].map(str::to_owned), 7), "1 … 4 5");
    }
}

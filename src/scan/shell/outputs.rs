//! Commands that print a file of the repository: a substitution in, the path that it reads out.
//!
//! Must never know: what the file holds.

use crate::scan::shell::script::{Event, read};
use crate::scan::shell::words::{Setting, Word, split};
use crate::scan::sourced::Sourced;

/// Commands behind a pipe that leave a file of one word as it is.
const FILTERS: &[&str] = &["tr", "head", "xargs", "tail"];

/// The file that `cat FILE` or `< FILE` prints, the inside of a substitution.
pub(super) fn printed(inside: &Sourced, setting: Setting) -> Option<Word> {
    let text = inside.text();
    let blanks = text.len() - text.trim_start().len();
    if text.trim_start().starts_with('<') && !text.contains("<<") {
        let [word] = &*split(&inside.slice(blanks + 1..text.len()), setting)? else { return None };
        return Some(word.clone());
    }
    if !["cat ", "head ", "tr "].iter().any(|command| text.trim_start().starts_with(command)) {
        return None;
    }
    let script = read(inside, setting);
    let mut commands = script.events.iter().filter_map(|event| match event {
        Event::Command(command) => Some(command),
        _ => None,
    });
    let first = commands.next()?;
    let is_filter = |words: &[Word]| words.first().and_then(Word::plain).is_some_and(|name| FILTERS.contains(&name));
    if !commands.all(|command| command.piped && is_filter(&command.words)) {
        return None;
    }
    let (name, arguments) = first.words.split_first()?;
    match (name.plain()?, arguments, &first.input) {
        ("cat", [file], None) | ("head", [.., file], None) if !file.text().starts_with('-') => Some(file.clone()),
        ("tr" | "cat" | "head", _, Some(file)) => Some(file.clone()),
        _ => None,
    }
}

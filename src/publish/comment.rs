//! Comments of HTML, which people do not see: in them the bot remembers, and by them it knows its own
//! checkboxes.
//!
//! In: what is to be remembered, and a text. Out: the text with it, and the way back. Must never know: what
//! it means.

use serde::Serialize;
use serde::de::DeserializeOwned;

const END: &str = "} -->";

/// A kind of comment that holds one object of JSON, at the end of a text.
pub(super) struct Memory {
    /// How it starts, up to the brace of the object.
    pub(super) start: &'static str,
}

impl Memory {
    /// What the last such comment in a text holds.
    pub(super) fn find<T: DeserializeOwned>(&self, text: &str) -> Option<T> {
        let (_, rest) = text.rsplit_once(self.start)?;
        let (inside, _) = rest.split_once(END)?;
        serde_json::from_str(&format!("{{{inside}}}")).ok()
    }

    /// The text with this comment instead of any other of its kind.
    pub(super) fn sign(&self, text: &str, memory: &impl Serialize) -> String {
        // The path of a file may hold what would end the comment.
        let json = serde_json::to_string(memory).unwrap_or_default().replace('>', "\\u003e");
        let inside = json.trim_start_matches('{').trim_end_matches('}');
        format!("{}\n\n{}{inside}{END}", self.unsigned(text), self.start)
    }

    /// The text without such a comment.
    pub(super) fn unsigned<'t>(&self, text: &'t str) -> &'t str {
        text.rfind(self.start).map_or(text, |start| &text[..start]).trim_end()
    }
}

/// What stands behind a ticked checkbox, if the line is one.
pub(super) fn ticked(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches(['-', '*', '+']).trim_start();
    line.strip_prefix("[x]").or_else(|| line.strip_prefix("[X]")).map(str::trim_start)
}

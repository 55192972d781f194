//! Files that hold one version and nothing else, `.python-version` or `VERSION`: a text in, that one word out.
//!
//! Must never know: who reads the file.

use crate::scan::sourced::Sourced;
use crate::text::FilePath;

/// A longer word is no version.
const MAX_LEN: usize = 256;

/// The only word of a file; `None` if it has several, or none.
#[must_use]
pub fn only_word(path: &FilePath, text: &str) -> Option<Sourced> {
    let start = text.len() - text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
    let word = text.get(start..)?.trim_end();
    let is_word = !word.is_empty() && word.len() <= MAX_LEN && !word.contains(char::is_whitespace);
    is_word.then(|| Sourced::verbatim(path, word, start))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_one_word() {
        let path = FilePath::new("VERSION").unwrap();
        let found = |text: &str| {
            let word = only_word(&path, text)?;
            Some((word.text().to_owned(), word.span(0..1).unwrap().start))
        };
        assert_eq!(found("3.12\n"), Some(("3.12".to_owned(), 0)));
        assert_eq!(found("\u{feff}\r\n v22.1\r\n\r\n"), Some(("v22.1".to_owned(), 6)));
        assert_eq!(found("3.12\n3.11\n"), None);
        assert_eq!(found("python 3.12\n"), None);
        assert_eq!(found(" \n"), None);
        assert_eq!(found(&"1".repeat(1000)), None);
    }
}

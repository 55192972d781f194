//! Text from repositories and registries, made harmless for its reader.
//!
//! A file name may hold terminal commands, a comment may turn the direction of writing, and an image
//! tag may mention a person.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

/// On one line, without characters that act instead of showing.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => out.push(' '),
            character => push_visible(&mut out, character),
        }
    }
    // A value that a CRLF file ends with shows no more than its text.
    out.trim_end().to_owned()
}

/// Like [`visible`], line by line: line endings and tabs stay as they are.
pub(super) fn visible_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        for character in body.chars() {
            match character {
                '\t' => out.push('\t'),
                character => push_visible(&mut out, character),
            }
        }
        let ending = &line[body.len()..];
        out.push_str(if ending.ends_with("\r\n") { "\r\n" } else { ending.trim_start_matches('\r') });
    }
    out
}

fn push_visible(out: &mut String, character: char) {
    let acts = character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(character, '\u{61c}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    if acts {
        // Writing to a string does not fail.
        let _ = write!(out, "{}", character.escape_unicode());
    } else {
        out.push(character);
    }
}

/// The columns that text takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// With the digits of digests cut to what a person compares.
pub(super) fn short_digests(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("sha256:") {
        let digits = at + "sha256:".len();
        let length = rest[digits..].bytes().take_while(u8::is_ascii_hexdigit).count();
        out.push_str(&rest[..digits + length.min(12)]);
        if length > 12 {
            out.push('…');
        }
        rest = &rest[digits + length..];
    }
    out.push_str(rest);
    out
}

/// As Markdown prose: nothing in it is markup, a link, a mention or a reference.
pub(super) fn prose(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        match character {
            // Labels, milestones, snippets and epics of GitLab.
            '~' | '$' | '%' | '&' if next.is_alphanumeric() || next == '"' => {
                out.push_str(match character {
                    '~' => "\\~\u{200b}",
                    '$' => "\\$\u{200b}",
                    '&' => "&amp;\u{200b}",
                    _ => "%\u{200b}",
                });
            }
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '{' | '}' => {
                out.push('\\');
                out.push(character);
            }
            // Forges look for mentions, references and addresses in the finished text, where a
            // backslash is gone: only a character between keeps them apart.
            '@' | '#' | '!' => {
                out.push(character);
                out.push('\u{200b}');
            }
            ':' if next == '/' => out.push_str(":\u{200b}"),
            // `GH-1` is an issue of GitHub.
            '-' if next.is_ascii_digit() && out.to_ascii_lowercase().ends_with("gh") => out.push_str("-\u{200b}"),
            character => out.push(character),
        }
    }
    // A line that begins like a list or a heading is none: what is printed before it is up to the
    // caller, but `1.` and `-` mean something only at the start.
    if out.starts_with(['-', '+', '=']) {
        out.insert(0, '\\');
    }
    out.replace("www.", "www\u{200b}.")
}

/// As a Markdown code span that may also stand in a table.
pub(super) fn code(text: &str) -> String {
    let text = visible(text);
    if text.contains('|') || text.contains("<!--") {
        // A table is cut at pipes before code is looked for, and no escape in a code span stands
        // everywhere: not in a table and outside of it, not behind a backslash. And a comment is what
        // the bot signs its merge requests with: none may stand in a page that is not its own.
        return format!("<code>{}</code>", prose(&text));
    }
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    // Spaces keep a backtick at the edge apart from the fence; Markdown takes them away again.
    let space = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// As the target of a Markdown link; `None` if it is no web address.
pub(super) fn address(text: &str) -> Option<String> {
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            // Entities are read in addresses, too.
            b'&' => out.push_str("&amp;"),
            byte if byte.is_ascii_alphanumeric() || b"-._~:/?#@!$'*+,;=%".contains(&byte) => out.push(char::from(byte)),
            byte => {
                // Writing to a string does not fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    Some(out)
}

/// As a Markdown code block.
pub(super) fn block(language: &str, text: &str) -> String {
    let text = visible_lines(text);
    let fence = "`".repeat((longest_run(&text, '`') + 1).max(3));
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{newline}{fence}\n")
}

fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for character in text.chars() {
        run = if character == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_act_are_shown() {
        assert_eq!(visible("a\u{1b}[31m\r\n\tb\u{202e}c\u{7f}"), "a\\u{1b}[31m\\u{d}  b\\u{202e}c\\u{7f}");
        assert_eq!(visible_lines("a\tb\r\n\u{1b}c\rd\n\re"), "a\tb\r\n\\u{1b}c\\u{d}d\n\\u{d}e");
        assert_eq!(visible("münchen 东京 👩"), "münchen 东京 👩");
        assert_eq!(width("东京 a"), 6);
    }

    #[test]
    fn markdown_is_only_ours() {
        assert_eq!(prose("<b>@you|`x`"), "&lt;b&gt;@\u{200b}you\\|\\`x\\`");
        assert_eq!(prose("see https://x.y www.z #1"), "see https:\u{200b}//x.y www\u{200b}.z #\u{200b}1");
        assert_eq!(prose("- x"), "\\- x");
        assert_eq!(code("a\\|`b"), "<code>a\\\\\\|\\`b</code>");
        assert_eq!(code("`b"), "`` `b ``");
        assert_eq!(code("<!-- x -->"), "<code>&lt;!\u{200b}-- x --&gt;</code>");
        assert_eq!(
            prose("~bug $1 ${X} %v1 &2 GH-3"),
            "\\~\u{200b}bug \\$\u{200b}1 \\$\\{X\\} %\u{200b}v1 &amp;\u{200b}2 GH-\u{200b}3"
        );
        assert_eq!(address("https://x/a b)|<é>&#L1").as_deref(), Some("https://x/a%20b%29%7C%3C%C3%A9%3E&amp;#L1"));
        assert_eq!(address("javascript:alert(1)"), None);
        assert_eq!(block("diff", "```\n"), "````diff\n```\n````\n");
    }

    #[test]
    fn digests_are_cut_to_what_a_person_compares() {
        let digest = "a".repeat(64);
        assert_eq!(short_digests(&format!("3.12@sha256:{digest} x")), "3.12@sha256:aaaaaaaaaaaa… x");
        assert_eq!(short_digests("sha256:é sha256:ab"), "sha256:é sha256:ab");
    }
}

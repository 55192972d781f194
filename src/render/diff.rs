//! Two states of a file in, a unified diff out that `git apply` and `patch` take.

use diffy::PatchFormatter;

use crate::text::FilePath;

/// The differences, with the lines of a header.
pub(super) fn unified(file: &FilePath, old: &str, new: &str) -> String {
    let patch = diffy::create_patch(old, new);
    let text = PatchFormatter::new().suppress_blank_empty(false).fmt_patch(&patch).to_string();
    // GNU patch needs a tab behind a path with a blank in it, which the library does not write.
    let hunks = text.splitn(3, '\n').nth(2).unwrap_or_default();
    format!("--- {}\n+++ {}\n{hunks}", quoted("a/", file), quoted("b/", file))
}

/// A path as git writes it in a diff: in quotes if it holds anything that would end it early.
fn quoted(side: &str, file: &FilePath) -> String {
    let plain = format!("{side}{file}");
    if !plain.contains(|character: char| character.is_control() || character == '"' || character == '\\') {
        // A blank would be taken for the end of the path, were it not for the tab.
        return if plain.contains(' ') { plain + "\t" } else { plain };
    }
    let mut out = String::from("\"");
    for byte in plain.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            0x20..=0x7e => out.push(char::from(byte)),
            _ => out.extend(['\\', octal(byte >> 6), octal(byte >> 3), octal(byte)]),
        }
    }
    out + "\""
}

fn octal(bits: u8) -> char {
    char::from(b'0' + (bits & 7))
}

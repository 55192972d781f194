//! Which text of a scalar reads back as the same string, for readers of YAML 1.1 and 1.2 alike.

use std::fmt::Write;

use crate::scan::occurrence::Encoding;

/// The text to put in place of the whole inside of a scalar that is written so. A plain scalar gets
/// quotes if `value` would be read as something else without them.
#[must_use]
pub fn rewrite(value: &str, encoding: Encoding) -> String {
    match encoding {
        Encoding::Raw => value.to_owned(),
        Encoding::YamlPlain if reads_back(value) => value.to_owned(),
        Encoding::YamlPlain => format!("\"{}\"", escaped(value)),
        Encoding::YamlSingle => value.replace('\'', "''"),
        Encoding::YamlDouble => escaped(value),
    }
}

/// A new scalar written like one that is written so, with its quotes.
#[must_use]
pub fn write(value: &str, encoding: Encoding) -> String {
    match encoding {
        // Single quotes cannot hold what has no glyph.
        Encoding::YamlSingle if !value.chars().any(char::is_control) => format!("'{}'", value.replace('\'', "''")),
        Encoding::YamlSingle | Encoding::YamlDouble => format!("\"{}\"", escaped(value)),
        Encoding::YamlPlain | Encoding::Raw => rewrite(value, encoding),
    }
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\U{:08X}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out
}

/// Whether a plain scalar keeps its text: true if readers see a string, or a number that is printed as
/// it was written. `3.12` does, `3.10` is printed as `3.1`.
#[must_use]
pub fn reads_back(value: &str) -> bool {
    is_plain(value) && !is_word(value) && !is_date(value) && (!is_number_like(value) || is_canonical(value))
}

/// Whether the text can stand without quotes, in brackets too.
fn is_plain(value: &str) -> bool {
    let bytes = value.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    let indicator = match first {
        b'-' => bytes.get(1).is_none_or(|next| matches!(next, b' ' | b'-')),
        b'?' | b':' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@' | b'`' | b'=' | b'~' => true,
        _ => false,
    };
    !indicator
        && *first != b' '
        && !matches!(last, b' ' | b':')
        && value != "..."
        && !value.contains(": ")
        && !value.contains(" #")
        // In brackets, older readers take the colon for the end of a key.
        && !value.contains(":?")
        && !value.contains([',', '[', ']', '{', '}'])
        && !value.chars().any(|character| character.is_control() || character == '\u{feff}')
        && !value.contains(['\u{2028}', '\u{2029}'])
}

/// Whether a reader takes the text for nothing, a truth value, a merge key or a special number.
fn is_word(value: &str) -> bool {
    let word = value.to_ascii_lowercase();
    let unsigned = word.strip_prefix(['-', '+']).unwrap_or(&word);
    matches!(word.as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" | "<<")
        || matches!(unsigned, ".inf" | ".nan" | "inf" | "infinity" | "nan")
}

/// Whether the text starts like `2024-01-31`, alone or with a time behind it.
fn is_date(value: &str) -> bool {
    let mut parts = value.splitn(3, '-');
    let digits = |part: &str, least: usize, most: usize| {
        (least..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let day_end = day.find(|character: char| !character.is_ascii_digit()).unwrap_or(day.len());
    let (day, time) = day.split_at(day_end);
    digits(year, 4, 4)
        && digits(month, 1, 2)
        && digits(day, 1, 2)
        && matches!(time.chars().next(), None | Some('t' | 'T' | ' '))
}

/// Whether any reader may take the text for a number: of any base, with exponent, underscores, or in
/// base 60.
fn is_number_like(value: &str) -> bool {
    let unsigned = value.strip_prefix(['-', '+']).unwrap_or(value);
    let lower = unsigned.to_ascii_lowercase();
    for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            return digits.chars().all(|digit| digit.is_digit(base) || digit == '_');
        }
    }
    let (mantissa, exponent) = lower.split_once('e').map_or((lower.as_str(), None), |(m, e)| (m, Some(e)));
    let exponent = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let points = mantissa.matches('.').count();
    exponent
        && points <= 1
        && mantissa.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && mantissa.contains(|character: char| character.is_ascii_digit())
        && mantissa.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b':'))
}

/// Whether a number is written the only way that every reader prints it.
fn is_canonical(value: &str) -> bool {
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(w, f)| (w, Some(f)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Beyond 15 digits a float loses some.
    unsigned.len() <= 15
        && digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && match fraction {
            None => unsigned == value || whole != "0",
            // Small fractions are printed with an exponent by some.
            Some(fraction) => {
                digits(fraction) && !fraction.ends_with('0') && (whole != "0" || !fraction.starts_with("000"))
            }
        }
}

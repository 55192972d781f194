//! Shell patterns as `${X#pattern}` and its kin use them: `*`, `?`, `[…]`, `\`.

/// How many bytes at the start of `text` match `pattern`, shortest or longest. `None` if none does.
pub(super) fn prefix(pattern: &str, text: &str, longest: bool) -> Option<usize> {
    pick(boundaries(text).filter(|end| matches(pattern, &text[..*end])), longest)
}

/// Where the stretch at the end of `text` starts that matches `pattern`, shortest or longest.
pub(super) fn suffix(pattern: &str, text: &str, longest: bool) -> Option<usize> {
    pick(boundaries(text).filter(|start| matches(pattern, &text[*start..])), !longest)
}

/// `text` with the first longest match of `pattern`, or all of them, replaced.
pub(super) fn replace(pattern: &str, with: &str, text: &str, all: bool) -> String {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        match prefix(pattern, rest, true) {
            Some(len) if len > 0 => {
                out.push_str(with);
                rest = &rest[len..];
                if !all {
                    break;
                }
            }
            _ => {
                let len = rest.chars().next().map_or(rest.len(), char::len_utf8);
                out.push_str(&rest[..len]);
                rest = &rest[len..];
            }
        }
    }
    out + rest
}

fn boundaries(text: &str) -> impl Iterator<Item = usize> {
    text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len()))
}

fn pick(mut ends: impl Iterator<Item = usize>, last: bool) -> Option<usize> {
    if last { ends.last() } else { ends.next() }
}

/// Whether the whole of `text` matches. Backtracks to the last `*` only, so the time is at most the
/// product of the lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        if pattern.get(at) == Some(&'*') {
            star = Some((at, seen));
            at += 1;
        } else if let Some(len) = one(&pattern[at..], text[seen]) {
            at += len;
            seen += 1;
        } else if let Some((star_at, star_seen)) = star {
            at = star_at + 1;
            seen = star_seen + 1;
            star = Some((star_at, seen));
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

/// How many characters of the pattern match this one character.
fn one(pattern: &[char], character: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['\\', escaped, ..] => (*escaped == character).then_some(2),
        ['[', rest @ ..] => {
            let close = rest.iter().skip(1).position(|end| *end == ']').map(|at| at + 1);
            let Some(close) = close else {
                return (character == '[').then_some(1);
            };
            let (negated, set) = match &rest[..close] {
                ['!' | '^', set @ ..] => (true, set),
                set => (false, set),
            };
            let inside = set.contains(&character)
                || set.windows(3).any(|range| range[1] == '-' && (range[0]..=range[2]).contains(&character));
            (inside != negated).then_some(close + 2)
        }
        [literal, ..] => (*literal == character).then_some(1),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        assert_eq!(prefix("*/", "a/b/c", false), Some(2));
        assert_eq!(prefix("*/", "a/b/c", true), Some(4));
        assert_eq!(suffix(".*", "3.12.4", false), Some(4));
        assert_eq!(suffix(".*", "3.12.4", true), Some(1));
        assert_eq!(suffix("-x", "3.12", true), None);
        assert_eq!(replace("-", ":", "python-3.12-slim", false), "python:3.12-slim");
        assert_eq!(replace("-", ":", "python-3.12-slim", true), "python:3.12:slim");
        assert_eq!(replace("[0-9]", "", "a1b2", true), "ab");
        assert_eq!(prefix("[!a]b", "cb", true), Some(2));
    }
}

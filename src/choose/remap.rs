//! A tag made of parts, and another tag of the same line or family: what would each part say?

use std::ops::Range;

use crate::version::Tag;

/// The text of the part `range` of `from`, as it is in `to`. `None` if the part begins or ends in the
/// midst of a number, where nothing corresponds.
pub(super) fn part<'t>(from: &Tag, to: &'t Tag, range: &Range<usize>) -> Option<&'t str> {
    to.text().get(offset(from, to, range.start)?..offset(from, to, range.end)?)
}

/// The byte of `to` that corresponds to a byte of `from`.
fn offset(from: &Tag, to: &Tag, at: usize) -> Option<usize> {
    let (version, to_version) = (from.version_span(), to.version_span());
    // Ends first: `3.13` and `3.13rc1` both end where the version does.
    if at == from.text().len() {
        return Some(to.text().len());
    }
    if at == version.end {
        return Some(to_version.end);
    }
    if at <= version.start {
        let same = from.text().get(..at) == to.text().get(..at) && at <= to_version.start;
        return same.then_some(at);
    }
    let mut before = if at > version.end { (version.end, to_version.end) } else { (version.start, to_version.start) };
    for (number, to_number) in from.open_spans().zip(to.open_spans()) {
        if at == number.start {
            return Some(to_number.start);
        }
        if at == number.end {
            return Some(to_number.end);
        }
        if number.start < at && at < number.end {
            return None;
        }
        if before.0 < number.end && number.end < at {
            before = (number.end, to_number.end);
        }
    }
    let there = to_at(before, at);
    (from.text().get(before.0..at)? == to.text().get(before.1..there)?).then_some(there)
}

fn to_at((old, new): (usize, usize), at: usize) -> usize {
    new + (at - old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_the_numbers() {
        let part = |from: &str, to: &str, range: Range<usize>| {
            part(&Tag::parse(from), &Tag::parse(to), &range).map(str::to_owned)
        };
        assert_eq!(part("3.9-slim", "3.14-slim", 0..3).as_deref(), Some("3.14"));
        assert_eq!(part("3.9-slim", "3.14-slim", 3..8).as_deref(), Some("-slim"));
        assert_eq!(part("3.9-slim", "3.14-slim", 4..8).as_deref(), Some("slim"));
        assert_eq!(part("3.9-slim", "3.14-slim", 0..8).as_deref(), Some("3.14-slim"));
        assert_eq!(part("3.9", "3.14", 0..1).as_deref(), Some("3"));
        assert_eq!(part("3.9", "3.14", 2..3).as_deref(), Some("14"));
        assert_eq!(part("3.19", "3.20", 0..3), None, "a cut number");
        assert_eq!(part("v3.9", "v3.14", 0..1).as_deref(), Some("v"));
        assert_eq!(part("1.2.3-debian-12-r4", "1.2.9-debian-12-r0", 0..18).as_deref(), Some("1.2.9-debian-12-r0"));
        assert_eq!(part("1.2.3-debian-12-r4", "1.2.9-debian-12-r10", 5..17).as_deref(), Some("-debian-12-r"));
    }

    #[test]
    fn parts_of_the_variant_follow_too() {
        let part = |range: Range<usize>| {
            let (from, to) = (Tag::parse("22.9-alpine3.9-slim"), Tag::parse("22.21-alpine3.23-slim"));
            part(&from, &to, &range).map(str::to_owned)
        };
        assert_eq!(part(0..4).as_deref(), Some("22.21"));
        assert_eq!(part(4..11).as_deref(), Some("-alpine"));
        assert_eq!(part(11..14).as_deref(), Some("3.23"));
        assert_eq!(part(14..19).as_deref(), Some("-slim"));
        assert_eq!(part(15..19).as_deref(), Some("slim"));
    }

    #[test]
    fn code_names_follow_too() {
        let part = |from: &str, to: &str, range: Range<usize>| {
            part(&Tag::parse(from), &Tag::parse(to), &range).map(str::to_owned)
        };
        assert_eq!(part("bookworm-slim", "trixie-slim", 0..8).as_deref(), Some("trixie"));
        assert_eq!(part("bookworm-slim", "trixie-slim", 8..13).as_deref(), Some("-slim"));
        assert_eq!(part("3.9-bookworm-slim", "3.14-trixie-slim", 4..12).as_deref(), Some("trixie"));
        assert_eq!(part("3.9-bookworm-slim", "3.14-trixie-slim", 12..17).as_deref(), Some("-slim"));
        assert_eq!(part("3.9-bookworm-slim", "3.14-trixie-slim", 6..17), None, "a cut name");
    }

    #[test]
    fn a_pre_release_belongs_to_its_number() {
        let part = |from: &str, to: &str, range: Range<usize>| {
            part(&Tag::parse(from), &Tag::parse(to), &range).map(str::to_owned)
        };
        assert_eq!(part("3.13rc1-slim", "3.13-slim", 0..7).as_deref(), Some("3.13"));
        assert_eq!(part("3.13rc1-slim", "3.13-slim", 4..7).as_deref(), Some(""));
        assert_eq!(part("3.13rc1-slim", "3.13-slim", 7..12).as_deref(), Some("-slim"));
        assert_eq!(part("3.13rc1-slim", "3.13-slim", 5..7), None);
    }
}

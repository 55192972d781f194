//! A tag made of parts, and another tag of the same line: what would each part say?

use std::ops::Range;

use crate::version::Tag;

/// The text of the part `range` of `from`, as it is in `to`. `None` if the part begins or ends in the
/// midst of a number, where nothing corresponds.
pub(super) fn part<'t>(from: &Tag, to: &'t Tag, range: &Range<usize>) -> Option<&'t str> {
    to.text().get(offset(from, to, range.start)?..offset(from, to, range.end)?)
}

/// The byte of `to` that corresponds to a byte of `from`.
fn offset(from: &Tag, to: &Tag, at: usize) -> Option<usize> {
    let (old, new) = (from.version_span(), to.version_span());
    if at <= old.start {
        return Some(at);
    }
    if at == from.text().len() {
        return Some(to.text().len());
    }
    if at >= old.end {
        // Behind the version stands the variant, and sometimes a build number that moves too.
        let same = from.text().get(old.end..at) == to.text().get(new.end..at - old.end + new.end);
        return same.then_some(at - old.end + new.end);
    }
    from.number_spans().zip(to.number_spans()).find_map(|(old, new)| {
        if at == old.start {
            Some(new.start)
        } else if at == old.end {
            Some(new.end)
        } else {
            None
        }
    })
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
        assert_eq!(part("3.9-slim", "3.14-slim", 0..8).as_deref(), Some("3.14-slim"));
        assert_eq!(part("3.9", "3.14", 0..1).as_deref(), Some("3"));
        assert_eq!(part("3.9", "3.14", 2..3).as_deref(), Some("14"));
        assert_eq!(part("3.19", "3.20", 0..3), None, "a cut number");
        assert_eq!(part("v3.9", "v3.14", 0..1).as_deref(), Some("v"));
        assert_eq!(part("1.2.3-debian-12-r4", "1.2.9-debian-12-r0", 0..18).as_deref(), Some("1.2.9-debian-12-r0"));
    }
}

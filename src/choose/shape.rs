//! What stands out of a line of tags by its shape alone: `20.04.1` above 5.2.3, `1.8.1259` among patches below 10,
//! a year above semantic versions.
//!
//! Such tags were pushed by mistake, or by another scheme, more often than they are releases. In: the versions of a
//! line, ascending. Out: the era of each; within an era the numbers grow as they always did. Must never know: tags,
//! what follows from it.

/// Eras that are told apart in one line; what goes beyond is of the last.
const MOST_ERAS: usize = 8;

/// Parts of a version that have a habit of their own.
const MOST_PARTS: usize = 4;

/// How a part has grown so far.
#[derive(Clone, Copy, Default)]
struct Habit {
    /// The highest value.
    highest: u64,
    /// The furthest step between neighbours.
    furthest: u64,
    /// How many steps there were.
    steps: u32,
}

/// The era of each version: 0 for what grew from the first one, and so on.
pub(super) fn eras<'v>(versions: impl Iterator<Item = &'v [u64]>) -> Vec<u8> {
    let mut last: Vec<&[u64]> = Vec::new();
    let mut habits = [Habit::default(); MOST_PARTS];
    versions
        .map(|version| {
            let found = last.iter().position(|before| grows(before, version, &habits));
            let era = found.unwrap_or(last.len()).min(MOST_ERAS - 1);
            if let Some(before) = last.get(era).copied() {
                if found.is_some() {
                    learn(before, version, &mut habits);
                }
                last[era] = version;
            } else {
                if last.is_empty() {
                    learn(version, version, &mut habits);
                }
                last.push(version);
            }
            u8::try_from(era).unwrap_or(u8::MAX)
        })
        .collect()
}

/// Whether it is a usual way from one version to the next.
fn grows(before: &[u64], version: &[u64], habits: &[Habit; MOST_PARTS]) -> bool {
    let Some(place) = before.iter().zip(version).position(|(a, b)| a != b) else { return true };
    let habit = |place: usize| habits[place.min(MOST_PARTS - 1)];
    let (from, step) = (before[place], version[place].saturating_sub(before[place]));
    let Habit { furthest, steps, .. } = habit(place);
    let usual = match place {
        // A lone number may count builds.
        0 if version.len() == 1 => from.saturating_mul(9).max(10),
        0 if from < 30 => from.max(3),
        0 => (from / 4).max(10),
        // Two numbers move with the third, and by themselves: nobody mistypes them.
        1 if steps >= 3 && version.len() > 2 => (furthest * 2).max(3),
        1 => from.saturating_mul(2).max(12),
        _ => from.max(50),
    };
    let usual = usual.max(furthest.saturating_mul(if place < 2 { 1 } else { 4 }));
    let tail = version.iter().enumerate().skip(place + 1);
    step <= usual && tail.into_iter().all(|(part, value)| *value <= habit(part).highest.saturating_mul(4).max(99))
}

fn learn(before: &[u64], version: &[u64], habits: &mut [Habit; MOST_PARTS]) {
    let place = before.iter().zip(version).position(|(a, b)| a != b);
    for (part, value) in version.iter().enumerate() {
        let habit = &mut habits[part.min(MOST_PARTS - 1)];
        habit.highest = habit.highest.max(*value);
        if place == Some(part) {
            habit.furthest = habit.furthest.max(value - before[part].min(*value));
            habit.steps += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::{Tag, Version};

    /// The tags that are of a later era than the first of the list.
    fn standing_out(tags: &str) -> Vec<String> {
        let mut tags: Vec<Tag> = tags.split_whitespace().map(Tag::parse).collect();
        let current = tags[0].clone();
        assert!(tags.iter().all(|tag| tag.line() == current.line()), "{tags:?}");
        tags.sort_by(|a, b| a.version().cmp(&b.version()));
        let eras = eras(tags.iter().filter_map(Tag::version).map(Version::parts));
        let era = |tag: &Tag| tags.iter().position(|other| other == tag).map(|at| eras[at]);
        tags.iter().filter(|tag| era(tag) > era(&current)).map(|tag| tag.text().to_owned()).collect()
    }

    #[test]
    fn what_was_pushed_by_mistake_stands_out() {
        for (tags, expected) in [
            ("5.1.4 4.6.7 5.0.0 5.0.4 5.1.2 5.2.0 5.2.3 14.2.5 14.3.9 20.04.1", &["14.2.5", "14.3.9", "20.04.1"][..]),
            ("1.8.0 1.7.3 1.7.4 1.8.1 1.8.1259 1.9.0 1.9.4 1.10.5", &["1.8.1259"]),
            ("0.6.12 0.6.9 0.6.13 0.6.14 2021.12.14", &["2021.12.14"]),
            ("0.7.31 0.7.30 0.7.32 1.0.0 1.2023.0", &["1.2023.0"]),
            ("1.8.6 1.8.7 1.9.0 1.10.0 5512.0.0", &["5512.0.0"]),
            ("v1.5.1 v1.2.0 v1.2.4 v1.3.0 v1.4.0 v1.4.3 v1.5.0 v1.5.2 v1.10.6", &["v1.10.6"]),
            ("1.7.4 1.3.8 1.4.1 1.5.7 1.6.14 1.7.0 1.7.7 1.8.0 1.16.13", &["1.16.13"]),
            ("3 1 2 4 5 2019", &["2019"]),
        ] {
            assert_eq!(standing_out(tags), expected, "{tags}");
        }
    }

    #[test]
    fn what_grew_as_it_always_did_does_not() {
        for tags in [
            "3.12 3.9 3.10 3.11 3.13 3.14 4.0",
            "22 18 20 24 25",
            "8 11 17 21 25",
            "5.7 5.5 5.6 8.0 8.4 9.0",
            "9.6.24 9.5.2 9.6.0 10.0.0 11.3.1 16.2.0",
            "24.0.7 1.12.6 1.13.1 17.03.0 17.12.1 18.09.9 19.03.1 20.10.0 23.0.1 24.0.9 28.0.1 29.1.0",
            "22.04 18.04 20.04 23.10 24.04 26.04",
            "2024.3.1 2023.1.0 2023.12.4 2024.11.2 2025.1.0 2026.8.1",
            "120.0.6099 119.0.6045 121.0.6167 130.0.6723",
            "8.10 8.2 8.4 8.6 8.8",
            "14 2 120 987",
            // Once such numbers are in use, they are the scale.
            "20.04.1 5.2.3 14.3.9 22.04.1",
            "0.9.0 0.1.0 1.0.0 2.0.0",
        ] {
            assert_eq!(standing_out(tags), Vec::<String>::new(), "{tags}");
        }
    }
}

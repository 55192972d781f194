//! Long-term lines of releases: what is on one stays on one.
//!
//! In: release cycles where somebody publishes them, else a small table. Out: whether the way from one tag to
//! another leaves the long-term lines. Must never know: registries, settings.

use jiff::civil::Date;

use super::calendar::Calendar;
use crate::cycle::Product;
use crate::distribution::Distribution;
use crate::image::Repository;
use crate::version::{Class, Tag, Version};

/// What a line of releases is to those who are on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lane {
    /// It lasts long, and so do its successors.
    LongTerm,
    /// It goes on beside the long-term ones, without an end.
    Mainline,
    /// It ends soon.
    Short,
}

/// What a line of an image is, by the numbers of a release; `None` if they leave it open.
pub(super) type LaneOf = fn(&[u64]) -> Option<Lane>;

/// Images whose publishers tell long-term lines by their numbers, for where no release cycles are known that
/// say more:
/// - Node.js: even majors (<https://nodejs.org/en/about/previous-releases>);
/// - Java: 8, 11, 17 and every fourth major from there (<https://adoptium.net/support/>);
/// - nginx: stable lines have an even second number, those of the mainline an odd one
///   (<https://nginx.org/en/download.html>);
/// - Ubuntu: see [`Distribution::ubuntu_lasts`];
/// - `MySQL`: 8.4 and 9.7, and all before there were innovation releases
///   (<https://dev.mysql.com/doc/refman/en/mysql-releases.html>);
/// - `MariaDB`: 10.11, 11.4, 11.8, 12.3, and all up to 10.6 (<https://mariadb.org/about/#maintenance-policy>).
///
/// A line of these two that is newer than the table is taken for one that ends soon, as most are.
const BY_NUMBER: &[(&[&str], LaneOf)] = &[
    (&["node"], |numbers| Some(if numbers.first()? % 2 == 0 { Lane::LongTerm } else { Lane::Short })),
    (&["amazoncorretto", "eclipse-temurin", "ibm-semeru-runtimes", "openjdk", "sapmachine"], |numbers| {
        let major = *numbers.first()?;
        let is_long_term = matches!(major, 8 | 11) || major >= 17 && (major - 17) % 4 == 0;
        Some(if is_long_term { Lane::LongTerm } else { Lane::Short })
    }),
    (&["nginx", "nginxinc/nginx-unprivileged"], |numbers| {
        Some(if numbers.get(1)? % 2 == 0 { Lane::LongTerm } else { Lane::Mainline })
    }),
    (&["buildpack-deps", "ubuntu"], |numbers| {
        numbers.get(1).map(|_| if Distribution::ubuntu_lasts(numbers) { Lane::LongTerm } else { Lane::Short })
    }),
    (&["mysql", "mysql/mysql-server"], |numbers| {
        Some(match *numbers {
            [..=7, ..] | [8, 0 | 4, ..] | [9, 7, ..] => Lane::LongTerm,
            [8 | 9] => return None,
            _ => Lane::Short,
        })
    }),
    (&["mariadb"], |numbers| {
        Some(match *numbers {
            [..=9, ..] | [10, ..=6 | 11, ..] | [11, 4 | 8, ..] | [12, 3, ..] => Lane::LongTerm,
            [10..=12] => return None,
            _ => Lane::Short,
        })
    }),
];

/// What tells the long-term lines of an image from others.
#[derive(Clone, Copy, Debug)]
pub(super) enum Channel<'a> {
    Cycles(&'a Product, Date),
    Numbers(LaneOf),
}

/// What tells the lines of an image by their numbers, if its publisher counts in a way that the table knows.
pub(super) fn lane_of(image: &Repository) -> Option<LaneOf> {
    let name = image.familiar();
    let by_number = BY_NUMBER.iter().find(|(images, _)| images.contains(&name));
    by_number.map(|(_, lane_of)| *lane_of)
}

impl<'a> Channel<'a> {
    /// What is known of an image, if it has long-term lines.
    pub(super) fn of(image: &Repository, calendar: &'a Calendar) -> Option<Self> {
        let product = calendar.product(image).ok();
        if let Some(product) = product.filter(|product| product.has_long_term_cycles()) {
            return Some(Self::Cycles(product, calendar.today()));
        }
        lane_of(image).map(Self::Numbers)
    }

    /// Whether `to` is of no long-term line, while `tag` is, or the same for a mainline. A line that is out of support without a
    /// successor holds nobody.
    pub(super) fn is_left<'t>(self, tag: &'t Tag, to: &'t Tag) -> bool {
        match self {
            Self::Numbers(lane_of) => {
                // What a date is a release of, it does not say.
                let numbers =
                    |tag: &'t Tag| tag.version().filter(|_| tag.class() == Class::Version).map(Version::parts);
                let lane = |tag: &'t Tag| numbers(tag).and_then(lane_of);
                match (lane(tag), lane(to)) {
                    (Some(from @ (Lane::LongTerm | Lane::Mainline)), Some(to)) => from != to,
                    (Some(Lane::Short) | None, _) | (_, None) => false,
                }
            }
            Self::Cycles(product, today) => {
                let Some(from) = product.cycle_of(tag).filter(|cycle| cycle.is_long_term(today)) else { return false };
                let cycle = product.cycle_of(to);
                let stays = cycle.is_some_and(|cycle| cycle.name == from.name || cycle.is_long_term(today));
                let is_succeeded = product.cycles.iter().any(|cycle| {
                    cycle.is_long_term(today) && cycle.is_released(today) && cycle.name.numbers() > from.name.numbers()
                });
                !stays && (is_succeeded || !from.has_ended(today))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::cycle::{Cycle, End, LongTerm};

    fn left(channel: Channel<'_>, tag: &str, to: &str) -> bool {
        channel.is_left(&Tag::parse(tag), &Tag::parse(to))
    }

    #[test]
    fn numbers_tell_where_nothing_else_does() {
        let calendar = Calendar::default();
        let channel = |image: &str| Channel::of(&Repository::parse(image).unwrap(), &calendar);
        for (image, tag, to, expected) in [
            ("node", "22.1.0-alpine3.20", "23.0.0-alpine3.20", true),
            ("node", "22", "24", false),
            ("node", "23", "25", false),
            ("eclipse-temurin", "17.0.2_8-jdk", "21.0.2_13-jdk", false),
            ("eclipse-temurin", "17-jdk", "22-jdk", true),
            ("eclipse-temurin", "22-jdk", "23-jdk", false),
            ("eclipse-temurin", "25-jdk", "29-jdk", false),
            ("nginx", "1.28-alpine", "1.29-alpine", true),
            ("nginx", "1.28.1", "1.30.0", false),
            ("nginx", "1.29", "1.31", false),
            ("nginx", "1.29", "1.30", true),
            ("nginx", "1", "2", false),
            ("ubuntu", "22.04", "22.10", true),
            ("ubuntu", "22.04", "26.04", false),
            ("ubuntu", "24.10", "25.04", false),
            ("ubuntu", "jammy-20240227", "jammy-20260810", false),
            ("mysql", "8.0.36", "8.4.11", false),
            ("mysql", "8.0.36", "9.6.0", true),
            ("mysql", "8.4.11-oraclelinux9", "9.7.2-oraclelinux9", false),
            ("mysql", "9.5", "9.6", false),
            ("mysql", "8", "9", false),
            ("mysql", "8.4.11", "26.7.0", true),
            ("mariadb", "10.6", "10.11", false),
            ("mariadb", "10.11", "11.3", true),
            ("mariadb", "10.11.6-jammy", "12.3.1-jammy", false),
            ("mariadb", "11", "12", false),
        ] {
            assert_eq!(left(channel(image).unwrap(), tag, to), expected, "{image} {tag} {to}");
        }
        for image in ["python", "ghcr.io/acme/node", "cimg/node"] {
            assert!(channel(image).is_none(), "{image}");
        }
    }

    #[test]
    fn release_cycles_tell_on_a_day() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let cycle = |name: &str, long_term: LongTerm, end: &str| Cycle {
            name: name.to_owned().into(),
            released: None,
            end: End::On(day(end)),
            long_term,
        };
        let cycles = vec![
            cycle("26", LongTerm::From(day("2026-10-28")), "2029-04-30"),
            cycle("25", LongTerm::Never, "2026-06-01"),
            cycle("24", LongTerm::From(day("2025-10-28")), "2028-04-30"),
            cycle("2", LongTerm::Always, "2020-01-01"),
        ];
        let product = Arc::new(Product { label: "Node.js".to_owned(), cycles });
        let image = Repository::parse("node").unwrap();
        let on =
            |today: &str| Calendar::new(day(today), BTreeMap::from([(image.clone(), Ok(Some(Arc::clone(&product))))]));
        let (before, after) = (on("2026-10-27"), on("2026-10-28"));
        let (before, after) = (Channel::of(&image, &before).unwrap(), Channel::of(&image, &after).unwrap());
        for (tag, to, expected) in [
            ("24.1", "25.0", (true, true)),
            ("24.1", "24.2", (false, false)),
            ("24.1", "26.0", (true, false)),
            ("25.1", "26.0", (false, false)),
            ("24.1", "27.0", (true, true)),
            ("2.1", "3.0", (true, true)),
        ] {
            assert_eq!((left(before, tag, to), left(after, tag, to)), expected, "{tag} {to}");
        }
        let cycles = vec![cycle("3", LongTerm::Never, "2030-01-01"), product.cycles[3].clone()];
        let only = Arc::new(Product { label: "X".to_owned(), cycles });
        let calendar = Calendar::new(day("2026-11-23"), BTreeMap::from([(image.clone(), Ok(Some(only)))]));
        assert!(!left(Channel::of(&image, &calendar).unwrap(), "2.1", "3.0"), "out of support, and nothing follows");
    }
}

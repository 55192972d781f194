//! Whole days: text in, a number of them out.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{Span, ToSpan, Unit};
use serde::{Serialize, Serializer};

/// A span of whole days, 0 to 36,500.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Days(u16);

/// A century.
const MOST: u16 = 36_500;

/// Why a text is no span of days.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadDays {
    /// It is no span of time.
    NotUnderstood,
    /// Hours make no whole days; months and years have no fixed number of them.
    NotDays,
    /// It is negative, or longer than a century.
    OutOfRange,
}

impl Days {
    /// Whether it is no time at all.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The day that is so much later.
    #[must_use]
    pub fn after(self, day: Date) -> Date {
        // No later day is known than the last one.
        day.checked_add(i64::from(self.0).days()).unwrap_or(Date::MAX)
    }

    /// The day that is so much earlier.
    #[must_use]
    pub fn before(self, day: Date) -> Date {
        day.checked_sub(i64::from(self.0).days()).unwrap_or(Date::MIN)
    }
}

impl FromStr for Days {
    type Err = BadDays;

    fn from_str(text: &str) -> Result<Self, BadDays> {
        let span: Span = text.trim().parse().map_err(|_| BadDays::NotUnderstood)?;
        let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
        let rest = span.try_days(0).and_then(|span| span.try_weeks(0)).map_err(|_| BadDays::OutOfRange)?;
        if rest.total((Unit::Nanosecond, jiff::SpanRelativeTo::days_are_24_hours())).map_or(true, |rest| rest != 0.0) {
            return Err(BadDays::NotDays);
        }
        u16::try_from(days).ok().filter(|days| *days <= MOST).map(Self).ok_or(BadDays::OutOfRange)
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "day" } else { "days" })
    }
}

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_weeks_are_days() {
        for (text, expected) in [
            ("90 days", Ok(90)),
            ("1 day", Ok(1)),
            ("2 weeks", Ok(14)),
            ("1 week 2 days", Ok(9)),
            ("7d", Ok(7)),
            ("0 days", Ok(0)),
            ("P30D", Ok(30)),
            ("3 months", Err(BadDays::NotDays)),
            ("36 hours", Err(BadDays::NotDays)),
            ("-3 days", Err(BadDays::OutOfRange)),
            ("36501 days", Err(BadDays::OutOfRange)),
            ("soon", Err(BadDays::NotUnderstood)),
            ("90", Err(BadDays::NotUnderstood)),
            ("", Err(BadDays::NotUnderstood)),
        ] {
            assert_eq!(text.parse::<Days>().map(|days| days.0), expected, "{text}");
        }
        assert_eq!([Days(1).to_string(), Days(90).to_string()], ["1 day", "90 days"]);
    }

    #[test]
    fn time_has_an_end() {
        let day = |text: &str| text.parse::<Date>().unwrap_or(Date::MIN);
        assert_eq!(Days(90).after(day("2026-11-23")), day("2027-02-21"));
        assert_eq!(Days(10).after(Date::MAX), Date::MAX);
        assert_eq!(Days(7).before(day("2026-11-27")), day("2026-11-20"));
        assert_eq!(Days(10).before(Date::MIN), Date::MIN);
    }
}

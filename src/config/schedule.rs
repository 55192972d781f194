//! Windows of time as cron patterns: when new merge requests may be opened.
//!
//! Must never know: what time it is.

use cronexpr::{Crontab, Error, parse_crontab};
use jiff::{Timestamp, Zoned};

/// Minute, hour, day of the month, month, day of the week.
const FIELDS: usize = 5;

/// Why a text is no pattern, or none that ever fits.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    let fields = pattern.split_whitespace().count();
    if fields != FIELDS {
        return Err(format!("a pattern has {FIELDS} fields, and this one {fields}"));
    }
    let cron = parse(pattern, "UTC").map_err(|error| reason(&error))?;
    // A pattern such as the 31st of February parses.
    cron.find_next(Timestamp::UNIX_EPOCH).map(|_| ()).map_err(|_| "it never comes".to_owned())
}

/// When a window opens, if none is open now. Patterns and zone have been checked before.
pub(super) fn opens(patterns: &[String], zone: &str, now: Timestamp) -> Option<Timestamp> {
    let crons: Vec<Crontab> = patterns.iter().filter_map(|pattern| parse(pattern, zone).ok()).collect();
    if crons.is_empty() || crons.iter().any(|cron| cron.matches(now).unwrap_or(false)) {
        return None;
    }
    crons.iter().filter_map(|cron| cron.find_next(now).ok()).map(|next: Zoned| next.timestamp()).min()
}

fn parse(pattern: &str, zone: &str) -> Result<Crontab, Error> {
    parse_crontab(&format!("{pattern} {zone}"))
}

/// What the library says below the pattern, which the place in the file shows anyway.
fn reason(error: &Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches([' ', '^']).to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_every_minute_that_fits() {
        let patterns = ["* 0-5 * * 1-5".to_owned(), "30 12 * * 0".to_owned()];
        // 2026-11-23 is a Monday; Berlin is an hour ahead.
        for (now, opens_at) in [
            ("2026-11-23T00:00:00Z", None),
            ("2026-11-23T04:59:59Z", None),
            ("2026-11-23T05:00:00Z", Some("2026-11-23T23:00:00Z")),
            ("2026-11-22T23:00:00Z", None),
            ("2026-11-22T11:30:30Z", None),
            ("2026-11-21T12:00:00Z", Some("2026-11-22T11:30:00Z")),
        ] {
            let found = opens(&patterns, "Europe/Berlin", now.parse().unwrap());
            assert_eq!(found, opens_at.map(|time| time.parse().unwrap()), "{now}");
        }
        assert_eq!(opens(&[], "UTC", Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn a_window_is_of_the_clock_on_the_wall() {
        let night = ["30 2 * * *".to_owned()];
        let mondays_and_first_days = ["0 3 1 * 1".to_owned()];
        for (patterns, now, opens_at) in [
            // That half hour is left out once a year, and comes twice once a year.
            (&night, "2026-03-29T00:00:00Z", Some("2026-03-30T00:30:00Z")),
            (&night, "2026-10-25T00:30:00Z", None),
            (&night, "2026-10-25T01:30:00Z", None),
            (&mondays_and_first_days, "2026-11-24T00:00:00Z", Some("2026-11-30T02:00:00Z")),
            (&mondays_and_first_days, "2026-11-30T12:00:00Z", Some("2026-12-01T02:00:00Z")),
        ] {
            let found = opens(patterns, "Europe/Berlin", now.parse().unwrap());
            assert_eq!(found, opens_at.map(|time| time.parse().unwrap()), "{now}");
        }
    }

    #[test]
    fn patterns_are_those_of_cron() {
        for good in ["* * * * *", "0 3 * * MON", "*/5 0-5 1,15 * *", "0 3 29 2 *"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", "a pattern has 5 fields, and this one 0"),
            ("now", "a pattern has 5 fields, and this one 1"),
            ("0 0 3 * * 1", "a pattern has 5 fields, and this one 6"),
            ("* * * * * Europe/Berlin", "a pattern has 5 fields, and this one 6"),
            ("61 * * * *", "value must be in range 0..=59; found 61"),
            ("0 22-6 * * *", "range must be in ascending order; found 22-6"),
            ("0 3 * * someday", "malformed expression"),
            ("0 3 31 2 *", "it never comes"),
        ] {
            assert_eq!(check(bad), Err(why.to_owned()), "{bad}");
        }
    }
}

//! Windows of time as cron patterns: when new merge requests may be opened.
//!
//! Must never know: what time it is.

use std::str::FromStr as _;

use croner::Cron;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Why a text is no pattern, or none that ever fits.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    let cron = Cron::from_str(pattern).map_err(|error| error.to_string())?;
    // A pattern such as the 31st of February parses.
    let next = cron.find_next_occurrence(&Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC), false);
    next.map(|_| ()).map_err(|_| "it never comes".to_owned())
}

/// When a window opens, if none is open now. Patterns and zone have been checked before.
pub(super) fn opens(patterns: &[String], zone: &str, now: Timestamp) -> Option<Timestamp> {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    // A pattern of five fields means the first second of its minutes.
    let second = jiff::SignedDuration::from_secs(now.as_second().rem_euclid(60));
    let now: Zoned =
        (now - second - jiff::SignedDuration::from_nanos(i64::from(now.subsec_nanosecond()))).to_zoned(zone);
    let crons: Vec<Cron> = patterns.iter().filter_map(|pattern| Cron::from_str(pattern).ok()).collect();
    if crons.is_empty() || crons.iter().any(|cron| cron.is_time_matching(&now).unwrap_or(false)) {
        return None;
    }
    let next = crons.iter().filter_map(|cron| cron.find_next_occurrence(&now, false).ok()).min();
    next.map(|next| next.timestamp())
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
    fn patterns_are_those_of_cron() {
        for good in ["* * * * *", "0 3 * * MON", "*/5 0-5 1,15 * *"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "now", "61 * * * *", "0 3 31 2 *", "0 22-6 * * *"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}

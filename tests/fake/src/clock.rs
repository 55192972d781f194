//! The time of a fake forge: it stands still until something is written, and then goes on by a second.
//!
//! So the same deeds in the same order have the same times and the same commit ids, on every machine and
//! on every day.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// 2026-11-23T00:00:00Z.
const START: i64 = 1_795_392_000;

/// Seconds since 1970, shared by everything that belongs to one forge.
#[derive(Clone, Debug)]
pub struct Clock(Arc<AtomicI64>);

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }
}

impl Clock {
    /// Now, without going on.
    pub fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    /// One second later: for a write.
    pub fn tick(&self) -> i64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Lets time pass, for limits that reset and branches that grow old.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// `2026-11-23T00:00:07`: both forges write their own ending behind it.
pub fn iso(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

/// `Mon, 23 Nov 2026 00:00:07 GMT`, as headers have it.
pub fn http_date(seconds: i64) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        WEEKDAYS[usize::try_from(days.rem_euclid(7)).unwrap()],
        MONTHS[usize::try_from(month - 1).unwrap()],
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Year, month and day of a day counted from 1970-01-01, by the well-known way over eras of 400 years.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{START, http_date, iso};

    #[test]
    fn dates_are_written_as_in_headers_and_in_json() {
        assert_eq!(iso(START), "2026-11-23T00:00:00");
        assert_eq!(http_date(START + 3661), "Mon, 23 Nov 2026 01:01:01 GMT");
        assert_eq!(iso(0), "1970-01-01T00:00:00");
        assert_eq!(iso(951_782_400), "2000-02-29T00:00:00");
    }
}

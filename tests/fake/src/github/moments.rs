//! Dates as callers write them.

/// Seconds since 1970 and the offset as git has it, of `2026-11-23T01:02:03Z` or `…+01:00`.
pub(super) fn parse(text: &str) -> Option<(i64, String)> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    if !fits || text.get(10..11)? != "T" {
        return None;
    }
    let zone = text.get(19..)?.trim_start_matches(|letter: char| letter == '.' || letter.is_ascii_digit());
    let zone = if zone == "Z" || zone == "z" { "+00:00" } else { zone };
    let sign = match zone.get(0..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = (zone.get(1..3)?.parse::<i64>().ok()?, zone.get(zone.len() - 2..)?.parse::<i64>().ok()?);
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    let offset = format!("{}{hours:02}{minutes:02}", if sign == 1 { '+' } else { '-' });
    Some((seconds - sign * (hours * 3600 + minutes * 60), offset))
}

/// Days since 1970-01-01, by the well-known way over eras of 400 years.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn dates_come_with_and_without_an_offset() {
        assert_eq!(parse("2026-11-23T00:00:00Z"), Some((1_795_392_000, "+0000".to_owned())));
        assert_eq!(parse("2026-11-23T01:30:00.123+01:30"), Some((1_795_392_000, "+0130".to_owned())));
        assert_eq!(parse("1970-01-01T00:00:00-05:00"), Some((18_000, "-0500".to_owned())));
        assert_eq!(parse("2026-11-23"), None);
        assert_eq!(parse("2026-13-23T00:00:00Z"), None);
    }
}

//! Days of the calendar. tenantry reads no clock: a day is always one that somebody wrote down.

use std::fmt;
use std::str::FromStr;

use crate::identity::NameError;

/// A day, written `2026-11-23`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The rule for dates, as a phrase that follows "must be".
    pub const RULE: &'static str = "a day of the calendar, such as `2026-11-23`";

    /// The day this many days later.
    #[must_use]
    pub fn plus(self, days: u32) -> Date {
        let mut date = self;
        let mut left = u64::from(days);
        while left > 0 {
            let rest_of_month = u64::from(days_in(date.year, date.month) - date.day);
            if left <= rest_of_month {
                date.day += left as u8;
                return date;
            }
            left -= rest_of_month + 1;
            date.day = 1;
            date.month = if date.month == 12 { 1 } else { date.month + 1 };
            if date.month == 1 {
                date.year = date.year.saturating_add(1);
            }
        }
        date
    }
}

fn days_in(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts: Vec<&str> = text.split('-').collect();
        let number = |text: &str, digits: usize| {
            let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse::<u16>().ok()).flatten()
        };
        let read = || {
            let [year, month, day] = parts.as_slice() else { return None };
            let year = number(year, 4)?;
            let month = u8::try_from(number(month, 2)?).ok().filter(|month| (1..=12).contains(month))?;
            let day = u8::try_from(number(day, 2)?).ok()?;
            (1..=days_in(year, month)).contains(&day).then_some(Date { year, month, day })
        };
        read().ok_or(NameError(Self::RULE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for text in ["2026-11-23", "2024-02-29", "2000-02-29", "0001-01-01"] {
            assert_eq!(date(text).to_string(), text);
        }
        for text in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-4-30",
            "+026-04-30",
            "2026-11-23T00:00",
            "",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    #[test]
    fn days_go_on_over_months_and_years() {
        assert_eq!(date("2026-11-23").plus(0), date("2026-11-23"));
        assert_eq!(date("2026-11-23").plus(8), date("2026-12-01"));
        assert_eq!(date("2026-12-31").plus(1), date("2027-01-01"));
        assert_eq!(date("2024-02-28").plus(2), date("2024-03-01"));
        assert_eq!(date("2026-11-23").plus(365), date("2027-11-23"));
    }
}

//! ISO 8601 in UTC with milliseconds.

use super::pieces::put;
use crate::time::Timestamp;

/// 9999-12-31T23:59:59.999Z; ISO 8601 with four digits of year goes no further.
const LAST_MICROS: i64 = 253_402_300_799_999_999;

/// Writes `2026-01-02T03:04:05.678Z`, and remembers the last second: packets come many to one.
#[derive(Debug)]
pub(super) struct TimestampWriter {
    second: Option<u64>,
    /// The last time's text: of one length, so that no call copies it.
    text: [u8; 24],
}

const MILLIS_AT: usize = 20;

impl Default for TimestampWriter {
    fn default() -> Self {
        Self { second: None, text: *b"0000-00-00T00:00:00.000Z" }
    }
}

impl TimestampWriter {
    /// Times before 1970, unknown times too, or after 9999 (broken savefiles) are clamped.
    #[inline]
    pub fn text(&mut self, at: Timestamp) -> [u8; 24] {
        let micros = at.micros().clamp(0, LAST_MICROS) as u64;
        let second = micros / 1_000_000;
        if self.second != Some(second) {
            self.second = Some(second);
            put(&mut self.text, 0, &text_of(second));
        }
        let millis = micros / 1_000 % 1_000;
        let digits = [millis / 100, millis / 10 % 10, millis % 10].map(|digit| b'0' + digit as u8);
        put(&mut self.text, MILLIS_AT, &digits);
        self.text
    }
}

fn text_of(seconds: u64) -> [u8; 20] {
    let (year, month, day) = civil_date(seconds / 86_400);
    let [c, y] = [year / 100, year % 100].map(two_digits);
    let [m, d] = [month, day].map(two_digits);
    let [h, min, s] = [seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60].map(two_digits);
    [
        c[0], c[1], y[0], y[1], b'-', m[0], m[1], b'-', d[0], d[1], b'T', h[0], h[1], b':', min[0], min[1], b':', s[0],
        s[1], b'.',
    ]
}

/// Year, month and day of the proleptic Gregorian calendar. Years are counted from March so that the leap day is last.
fn civil_date(days_since_1970: u64) -> (u64, u64, u64) {
    const DAYS_BEFORE_1970: u64 = 719_468; // from 0000-03-01
    const DAYS_IN_400_YEARS: u64 = 146_097;
    let days = days_since_1970 + DAYS_BEFORE_1970;
    let era = days / DAYS_IN_400_YEARS;
    let day_of_era = days % DAYS_IN_400_YEARS;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

fn two_digits(number: u64) -> [u8; 2] {
    [number / 10 % 10, number % 10].map(|digit| b'0' + digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        let mut writer = TimestampWriter::default();
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999_999, "2000-02-29T23:59:59.999Z"),
            (1_735_689_599_123_456, "2024-12-31T23:59:59.123Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000Z"),
            (-1, "1970-01-01T00:00:00.000Z"),
            (i64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            let written = writer.text(Timestamp::from_micros(micros));
            assert_eq!(std::str::from_utf8(&written).unwrap(), text, "{micros}");
        }
    }
}

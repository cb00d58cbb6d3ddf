//! `run.json`: what differs from run to run and is therefore never in a table.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::files::write_atomically;
use super::lock::host;
use super::{BUILD, pool};
use crate::numerics;
use crate::support::error::{Error, Kind, Result};
use crate::table::format;

/// What is known about one run of the program.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunMetadata {
    /// Version and fingerprint of the program.
    pub program: String,
    /// The command line that goes on with, or repeats, this run.
    pub command: String,
    pub started: String,
    pub wall_seconds: f64,
    pub trials: u64,
    /// Of those, trained by this process; the rest by earlier ones or other shards.
    pub trials_run: u64,
    /// `trials_run` over `wall_seconds`.
    pub trials_per_second: f64,
    /// Trials at a time.
    pub threads: usize,
    /// Cores that the process may use.
    pub cores: usize,
    pub host: String,
    pub os: &'static str,
    pub arch: &'static str,
    /// Instructions that the arithmetic ran on; they never change a byte.
    pub isa: String,
}

impl RunMetadata {
    /// Describes a run that ends now.
    pub(crate) fn new(
        trials: u64,
        trials_run: u64,
        threads: usize,
        command: &str,
        started: (SystemTime, Instant),
    ) -> Self {
        let wall_seconds = started.1.elapsed().as_secs_f64();
        RunMetadata {
            program: BUILD.to_owned(),
            command: command.to_owned(),
            started: utc(started.0),
            wall_seconds,
            trials,
            trials_run,
            trials_per_second: trials_run as f64 / wall_seconds.max(1e-9),
            threads,
            cores: pool::default_threads(),
            host: host(),
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            isa: numerics::isa().to_string(),
        }
    }

    /// Writes `run.json` into `directory`.
    ///
    /// # Errors
    /// An I/O error.
    pub(crate) fn write(&self, directory: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|e| Error::new(Kind::Store, format!("cannot write {}: {e}", format::RUN)))?;
        text.push('\n');
        write_atomically(&directory.join(format::RUN), text.as_bytes())
    }
}

/// `2026-11-24T10:15:00Z`.
fn utc(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years from March, in cycles of 400, so that the leap day comes last (Howard Hinnant,
    // "chrono-compatible low-level date algorithms", civil_from_days).
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month_day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{month_day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_at_the_edges() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}

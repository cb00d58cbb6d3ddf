//! Progress of a sweep: a bar on a terminal, a line from time to time elsewhere.

use std::io::Write as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::journal::TrialKey;
use crate::support::text::{can_redraw, duration, width_of_errors, wrap_quoted};
use crate::table::record::Status;

/// How much is done, how long the rest will take, and the best trial so far.
#[derive(Debug)]
pub struct Progress {
    face: Face,
    started: Instant,
    trials: u64,
    trials_done: u64,
    trials_here: u64,
    cost: u64,
    cost_done: u64,
    cost_here: u64,
    diverged: u64,
    failed: u64,
    best: Option<(f64, String)>,
}

#[derive(Debug)]
enum Face {
    Bar(ProgressBar),
    Lines { last: Instant },
    Silent,
}

impl Progress {
    /// A bar if standard error is a terminal, lines otherwise, nothing if `quiet`. `trials` and
    /// `cost` are those of the whole shard.
    pub fn new(trials: u64, cost: u64, quiet: bool) -> Self {
        let face = if quiet {
            Face::Silent
        } else if can_redraw() {
            Face::Bar(bar(cost))
        } else {
            Face::Lines { last: Instant::now() }
        };
        Progress {
            face,
            started: Instant::now(),
            trials,
            trials_done: 0,
            trials_here: 0,
            cost,
            cost_done: 0,
            cost_here: 0,
            diverged: 0,
            failed: 0,
            best: None,
        }
    }

    /// So many `trials`, of this `cost`, are still to be done.
    pub fn expect(&mut self, trials: u64, cost: u64) {
        (self.trials, self.cost) = (self.trials_done + trials, self.cost_done + cost);
        if let Face::Bar(bar) = &self.face {
            bar.set_length(self.cost);
        }
    }

    /// Counts a trial of an earlier run.
    pub fn resumed(&mut self, key: &TrialKey, cost: u64, describe: impl FnOnce() -> String) {
        self.count(key, cost, describe);
        if let Face::Bar(bar) = &self.face {
            // Not counted as speed.
            bar.set_position(self.cost_done);
            bar.reset_eta();
        }
    }

    /// Counts a trial that has just been done.
    pub fn finished(&mut self, key: &TrialKey, cost: u64, describe: impl FnOnce() -> String) {
        self.count(key, cost, describe);
        self.trials_here += 1;
        self.cost_here += cost;
        self.tick();
    }

    fn count(&mut self, key: &TrialKey, cost: u64, describe: impl FnOnce() -> String) {
        self.trials_done += 1;
        self.cost_done += cost;
        self.diverged += u64::from(key.status == Status::Diverged);
        self.failed += u64::from(key.status == Status::Failed);
        if let Some(score) = key.score
            && self.best.as_ref().is_none_or(|(best, _)| score > *best)
        {
            self.best = Some((score, describe()));
        }
    }

    /// Trials done by this process.
    pub fn trials_here(&self) -> u64 {
        self.trials_here
    }

    /// Trials that failed, also in earlier runs.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Trials done, also by earlier runs.
    pub fn trials_done(&self) -> u64 {
        self.trials_done
    }

    /// Time since it began.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Redraws, if it is time.
    pub fn tick(&mut self) {
        let elapsed = self.started.elapsed();
        match &mut self.face {
            Face::Bar(bar) => {
                bar.set_position(self.cost_done);
                let message = self.message();
                if let Face::Bar(bar) = &self.face {
                    bar.set_message(message);
                }
            }
            Face::Lines { last } => {
                // Often at first, once a minute in a log of days.
                let pause = (elapsed / 20).clamp(Duration::from_secs(5), Duration::from_secs(60));
                if last.elapsed() >= pause {
                    *last = Instant::now();
                    say(&self.line(elapsed));
                }
            }
            Face::Silent => {}
        }
    }

    /// Prints a line that stays on the screen.
    pub fn note(&self, text: &str) {
        match &self.face {
            Face::Bar(bar) => bar.suspend(|| say(text)),
            Face::Lines { .. } => say(text),
            Face::Silent => {}
        }
    }

    /// Takes the bar off the screen.
    pub fn clear(&self) {
        if let Face::Bar(bar) = &self.face {
            bar.finish_and_clear();
        }
    }

    fn message(&self) -> String {
        let mut text = format!("{}/{} trials", self.trials_done, self.trials);
        for (n, what) in [(self.diverged, "diverged"), (self.failed, "failed")] {
            if n > 0 {
                text += &format!(", {n} {what}");
            }
        }
        if let Some((score, who)) = &self.best {
            text += &format!(", best {:.1}% {who}", score * 100.0);
        }
        text
    }

    fn line(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64();
        let mut text = format!(
            "{} ({:.1}/s",
            self.message(),
            self.trials_here as f64 / seconds.max(1e-9)
        );
        if self.cost_here > 0 {
            let rest = self.cost.saturating_sub(self.cost_done) as f64 / self.cost_here as f64 * seconds;
            text += &format!(", about {} left", duration(rest));
        }
        text + ")"
    }
}

/// Writes a line to standard error, on a terminal within its width. A closed terminal or pager does
/// not stop a run.
pub fn say(line: &str) {
    let wrapped = width_of_errors().map(|width| wrap_quoted("", line, width, 2));
    let _ = writeln!(std::io::stderr().lock(), "{}", wrapped.as_deref().unwrap_or(line));
}

fn bar(cost: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(cost), ProgressDrawTarget::stderr());
    // The bar runs by expected work, so that long trials do not make the end seem near.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}% {eta:>4} left  {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(score: f64, status: Status) -> TrialKey {
        TrialKey {
            index: 0,
            trial_id: String::new(),
            status,
            score: Some(score),
        }
    }

    #[test]
    fn the_line_counts_work_and_names_the_best() {
        let mut progress = Progress::new(4, 100, true);
        progress.resumed(&key(0.5, Status::Ok), 40, || "a".into());
        progress.finished(&key(0.9, Status::Ok), 20, || "b".into());
        progress.finished(&key(0.1, Status::Diverged), 10, || "c".into());
        let line = progress.line(Duration::from_secs(60));
        // 30 units took a minute here, 30 are left; the resumed 40 say nothing about speed.
        assert_eq!(
            line,
            "3/4 trials, 1 diverged, best 90.0% b (0.0/s, about 60 s left)"
        );
    }
}

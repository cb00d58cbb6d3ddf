//! How often intervals hold what they should, and how often equal schemes are told apart: by
//! simulation, of the functions that make the tables. A fast slice is tested; the whole is printed by
//!
//! ```text
//! cargo test --release --lib analysis::study -- --ignored --nocapture
//! ```
//!
//! and stands in docs/statistics.md.

use crate::analysis::rank::{Rates, rank};
use crate::analysis::stats::interval::{LEVEL, order_interval};
use crate::analysis::stats::{Effects, Identity, Interval, Units, interquartile_mean, mean, median, sorted};
use crate::random::Stream;
use crate::table::example;
use crate::table::record::TrialRecord;

/// Laws like those of accuracies: symmetric; with a tail to the left; one trial of five fails.
#[derive(Debug, Clone, Copy)]
pub(super) enum Law {
    Normal,
    Skewed,
    Bimodal,
}

pub(super) const LAWS: [Law; 3] = [Law::Normal, Law::Skewed, Law::Bimodal];

impl Law {
    pub(super) fn draw(self, stream: &mut Stream) -> f64 {
        let mut normals = [0.0f32; 3];
        stream.fill_normal(&mut normals, 1.0);
        let [a, b, c] = normals.map(f64::from);
        match self {
            Law::Normal => 0.9 + 0.01 * a,
            // A chi-squared law with three degrees of freedom, skewness 1.6.
            Law::Skewed => 0.93 - 0.01 * (a * a + b * b + c * c),
            Law::Bimodal if stream.unit_f64() < 0.2 => 0.3 + 0.05 * a,
            Law::Bimodal => 0.9 + 0.01 * a,
        }
    }

    fn sample(self, n: usize, stream: &mut Stream) -> Vec<f64> {
        (0..n).map(|_| self.draw(stream)).collect()
    }

    /// Interquartile mean, mean and median of the law, from many draws.
    fn truth(self) -> [f64; 3] {
        let values = sorted(&self.sample(100_000, &mut stream("truth", &format!("{self:?}"))));
        [interquartile_mean(&values), mean(&values), median(&values)]
    }
}

fn stream(what: &str, of: &str) -> Stream {
    Identity::new(["study", what, of]).stream()
}

/// The shares of `samples` intervals that hold the truth: of the interquartile mean of one cell, the
/// mean, the median, a paired difference of equal schemes that share a replicate's luck, and a score
/// averaged over ten settings that share it.
fn coverage(law: Law, n: usize, samples: usize) -> [f64; 5] {
    let [iqm, centre, middle] = law.truth();
    let mut stream = stream("coverage", &format!("{law:?} {n}"));
    let average = centred(law, n, iqm, centre);
    let mut held = [0usize; 5];
    let effects = |values: Vec<f64>| Effects::interquartile_mean(&Units::single(values));
    for _ in 0..samples {
        let values = law.sample(n, &mut stream);
        let luck: Vec<f64> = (0..n).map(|_| 0.02 * (stream.unit_f64() - 0.5)).collect();
        let mut lucky = || -> Vec<f64> { luck.iter().map(|l| law.draw(&mut stream) + l).collect() };
        let difference = effects(lucky()).plus(-1.0, &effects(lucky()));
        let settings: Vec<Effects> = (0..10).map(|_| effects(lucky())).collect();
        let holds = |interval: Option<Interval>, truth: f64| interval.is_some_and(|i| i.contains(truth));
        let found = [
            holds(effects(values.clone()).interval(LEVEL), iqm),
            holds(
                Effects::mean(&Units::single(values.clone())).interval(LEVEL),
                centre,
            ),
            holds(order_interval(&values, LEVEL).map(|i| i.interval), middle),
            holds(difference.interval(LEVEL), 0.0),
            holds(
                Effects::average(&settings).and_then(|s| s.interval(LEVEL)),
                average,
            ),
        ];
        held.iter_mut()
            .zip(found)
            .for_each(|(held, now)| *held += usize::from(now));
    }
    held.map(|held| held as f64 / samples as f64)
}

/// What the average of interquartile means of `n` trials estimates: with fewer than 4 the mean.
fn centred(law: Law, n: usize, iqm: f64, centre: f64) -> f64 {
    match (law, n) {
        (_, 0..4) => centre,
        (Law::Normal, _) => iqm,
        // An average over settings loses the spread and keeps the bias of few trials.
        _ => {
            let mut stream = stream("bias", &format!("{law:?} {n}"));
            let all: Vec<f64> = (0..20_000)
                .map(|_| interquartile_mean(&law.sample(n, &mut stream)))
                .collect();
            mean(&all)
        }
    }
}

/// The share of experiments in which some scheme is told apart from the leader: `schemes` of `law`,
/// whose deviations are up to `unequal` times as large as the least; the first is better by
/// `shift`. With a shift, the share of the other schemes that are.
fn told_apart(
    law: Law,
    (schemes, replicates, settings): (usize, u32, u32),
    unequal: f64,
    shift: f64,
    samples: usize,
) -> f64 {
    let of = format!("{law:?} {schemes} {replicates} {settings} {unequal} {shift}");
    let mut stream = stream("apart", &of);
    let (mut apart, mut count) = (0usize, 0usize);
    for sample in 0..samples {
        let mut records: Vec<TrialRecord> = Vec::new();
        for setting in 0..settings {
            for scheme in 0..schemes {
                let share = scheme as f64 / (schemes - 1) as f64;
                let scale = 1.0 + (unequal - 1.0) * share;
                for replicate in 0..replicates {
                    let mut c = example::coordinates();
                    (c.scheme, c.replicate) = (format!("s{scheme:02}"), replicate);
                    (c.weight_seed, c.order_seed, c.batch_size) = (replicate, replicate, setting + 1);
                    let score = 0.9 + (law.draw(&mut stream) - 0.9) * scale;
                    let better = if scheme == 0 { shift } else { 0.0 };
                    records.push(example::record(c, score + better));
                }
            }
        }
        let trials = example::frame(&records, Some(&example::manifest()));
        let ranking = rank(
            &trials.all(),
            Rates::Fixed(records[0].coordinates.learning_rate),
            &sample.to_string(),
        );
        let told = ranking.iter().filter(|s| !s.leads()).count();
        match shift == 0.0 {
            true => (apart, count) = (apart + usize::from(told > 0), count + 1),
            false => (apart, count) = (apart + told, count + schemes - 1),
        }
    }
    apart as f64 / count as f64
}

#[test]
fn intervals_hold_what_they_should() {
    const SAMPLES: usize = 3000;
    // Two standard errors of so few samples below 92%.
    let least = 0.92 - 2.0 * (0.92 * 0.08 / SAMPLES as f64).sqrt();
    for law in LAWS {
        for n in [3, 5, 10] {
            let [iqm, _, median, difference, _] = coverage(law, n, SAMPLES);
            // Of three values the median is bounded at 75%, of five at 93.75%.
            let attained = order_interval(&vec![0.0; n], LEVEL).unwrap().level;
            // Three trials have no interquartile mean, and their mean misses what is rare.
            if n > 3 {
                assert!(iqm >= least, "{law:?} {n}: {iqm}");
            }
            assert!(difference >= least, "{law:?} {n}: {difference}");
            assert!(
                (median - attained).abs() < 0.02 || median > attained,
                "{law:?} {n}: {median}"
            );
        }
    }
}

#[test]
fn equal_schemes_are_told_apart_in_few_experiments() {
    for law in LAWS {
        for design in [(2, 5, 1), (6, 3, 1), (10, 5, 1)] {
            let share = told_apart(law, design, 1.0, 0.0, 150);
            // 5%, and three standard errors of so few experiments.
            assert!(share <= 0.11, "{law:?} {design:?}: {share}");
        }
    }
}

#[test]
#[ignore = "minutes: the whole study"]
fn the_whole_study() {
    println!("| law | n | interquartile mean | mean | median (attains) | paired difference | ten settings |");
    println!("|---|---|---|---|---|---|---|");
    for law in LAWS {
        for n in [3, 4, 5, 7, 10, 20, 40] {
            let [iqm, mean, median, difference, score] = coverage(law, n, 10_000).map(|x| 100.0 * x);
            let attained = 100.0 * order_interval(&vec![0.0; n], LEVEL).unwrap().level;
            println!(
                "| {law:?} | {n} | {iqm:.1} | {mean:.1} | {median:.1} ({attained:.1}) | {difference:.1} | {score:.1} |"
            );
        }
    }
    println!(
        "\n| law | deviations | schemes | settings | 3 replicates | 5 | 10 | 20 |\n|---|---|---|---|---|---|---|---|"
    );
    for law in LAWS {
        for unequal in [1.0, 4.0] {
            for (schemes, settings) in [(2, 1), (5, 1), (14, 1), (30, 1), (14, 20)] {
                let shares = [3, 5, 10, 20].map(|n| {
                    let samples = if settings > 1 { 300 } else { 1000 };
                    format!(
                        "{:.1}",
                        100.0 * told_apart(law, (schemes, n, settings), unequal, 0.0, samples)
                    )
                });
                println!(
                    "| {law:?} | 1 to {unequal} | {schemes} | {settings} | {} |",
                    shares.join(" | ")
                );
            }
        }
    }
    println!("\n| schemes | better by | 3 replicates | 5 | 10 | 20 |\n|---|---|---|---|---|---|");
    for schemes in [2, 5, 14] {
        for deviations in [1.0, 2.0, 5.0] {
            let shares = [3, 5, 10, 20].map(|n| {
                let power = told_apart(Law::Normal, (schemes, n, 1), 1.0, 0.01 * deviations, 300);
                format!("{:.0}", 100.0 * power)
            });
            println!("| {schemes} | {deviations} deviations | {} |", shares.join(" | "));
        }
    }
}

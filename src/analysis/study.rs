//! How often intervals hold what they should, how often equal schemes are distinguished, and how often
//! better ones are: by simulation, of the functions that make the tables. A fast slice is tested; the
//! whole, in minutes on all cores, is printed by
//!
//! ```text
//! cargo test --release --lib analysis::study -- --ignored --nocapture
//! ```
//!
//! and stands in docs/statistics.md.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::analysis::rank::{MeanTest, Permuted, RankingRates, SchemeScore, better, rank, step_down};
use crate::analysis::stats::compare::wins;
use crate::analysis::stats::interval::{Estimate, LEVEL, order_interval, share_interval};
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

/// Draws of one stream. Normal ones come many at a time: a stream has a chunk of words for each call.
pub(super) struct Draws {
    stream: Stream,
    normals: Vec<f32>,
}

impl Draws {
    pub(super) fn new(stream: Stream) -> Self {
        let normals = Vec::new();
        Draws { stream, normals }
    }

    fn normal(&mut self) -> f64 {
        if self.normals.is_empty() {
            self.normals.resize(1020, 0.0);
            self.stream.fill_normal(&mut self.normals, 1.0);
        }
        self.normals.pop().map_or(f64::NAN, f64::from)
    }

    fn uniform(&mut self) -> f64 {
        self.stream.unit_f64()
    }
}

impl Law {
    pub(super) fn draw(self, draws: &mut Draws) -> f64 {
        let a = draws.normal();
        match self {
            Law::Normal => 0.9 + 0.01 * a,
            // A chi-squared law with three degrees of freedom, skewness 1.6.
            Law::Skewed => {
                let (b, c) = (draws.normal(), draws.normal());
                0.93 - 0.01 * (a * a + b * b + c * c)
            }
            Law::Bimodal if draws.uniform() < 0.2 => 0.3 + 0.05 * a,
            Law::Bimodal => 0.9 + 0.01 * a,
        }
    }

    fn sample(self, n: usize, stream: &mut Draws) -> Vec<f64> {
        (0..n).map(|_| self.draw(stream)).collect()
    }

    pub(super) fn mean(self) -> f64 {
        match self {
            Law::Normal | Law::Skewed => 0.9,
            Law::Bimodal => 0.2 * 0.3 + 0.8 * 0.9,
        }
    }

    /// Its standard deviation.
    pub(super) fn deviation(self) -> f64 {
        match self {
            Law::Normal => 0.01,
            Law::Skewed => 0.01 * 6f64.sqrt(),
            Law::Bimodal => {
                let within: f64 = 0.2 * 0.05 * 0.05 + 0.8 * 0.01 * 0.01;
                (within + 0.2 * 0.8 * 0.6 * 0.6).sqrt()
            }
        }
    }

    /// Interquartile mean and median of the law, from many draws.
    pub(super) fn truth(self) -> [f64; 2] {
        let values = sorted(&self.sample(100_000, &mut stream("truth", &format!("{self:?}"))));
        [interquartile_mean(&values), median(&values)]
    }
}

fn stream(what: &str, of: &str) -> Draws {
    Draws::new(Identity::new(["study", what, of]).stream())
}

/// What intervals are made of.
const FIGURES: [&str; 9] = [
    "interquartile mean",
    "mean",
    "median",
    "paired difference",
    "score of ten settings",
    "crossed seeds",
    "P(better) = 0.5",
    "P(better) by a deviation",
    "P(better) in ten settings",
];

/// Seeds of the order of samples that each of n seeds of weights meets where seeds are crossed.
const ORDERS: usize = 5;

/// The shares of `samples` intervals that hold the truth, by [`FIGURES`]: interquartile mean, mean
/// and median of one cell of `n` replicates; the paired difference of equal schemes that share a
/// replicate's luck; a score averaged over ten settings that share it; the mean of `n` seeds of
/// weights, crossed with those of order, which do half as much; the probability that the first of two equal
/// schemes is better, and of one that is better by a deviation, in one setting and in ten that share luck.
fn coverage(law: Law, n: usize, samples: usize) -> [f64; FIGURES.len()] {
    let [iqm, middle] = law.truth();
    let mut stream = stream("coverage", &format!("{law:?} {n}"));
    let average = expected(law, n, iqm);
    let ahead = law.deviation();
    let probability = {
        let mut stream = self::stream("better", &format!("{law:?}"));
        let wins: Vec<f64> = (0..200_000)
            .map(|_| wins((law.draw(&mut stream) + ahead, law.draw(&mut stream))))
            .collect();
        mean(&wins)
    };
    let mut held = [0usize; FIGURES.len()];
    let effects = |values: Vec<f64>| Effects::interquartile_mean(&Units::single(values));
    let holds = |interval: Option<Interval>, truth: f64| interval.is_some_and(|i| i.contains(truth));
    for _ in 0..samples {
        let values = law.sample(n, &mut stream);
        let luck: Vec<f64> = (0..n).map(|_| 0.02 * (stream.uniform() - 0.5)).collect();
        let mut lucky = || -> Vec<f64> { luck.iter().map(|l| law.draw(&mut stream) + l).collect() };
        let difference = effects(lucky()).plus(-1.0, &effects(lucky()));
        let settings: Vec<Effects> = (0..10).map(|_| effects(lucky())).collect();
        let mut pairs = |ahead: f64| -> Units<(f64, f64)> {
            let pair = |l: &f64| (law.draw(&mut stream) + l + ahead, law.draw(&mut stream) + l);
            Units::single(luck.iter().map(pair).collect())
        };
        let better = [
            better(&[pairs(0.0)], 1.0),
            better(&[pairs(ahead)], 1.0),
            better(&(0..10).map(|_| pairs(ahead)).collect::<Vec<_>>(), 1.0),
        ];
        let crossed = crossed(law, n, &mut stream);
        let found = [
            holds(effects(values.clone()).interval(LEVEL), iqm),
            holds(
                Effects::mean(&Units::single(values.clone())).interval(LEVEL),
                law.mean(),
            ),
            holds(order_interval(&values, LEVEL).map(|i| i.interval), middle),
            holds(difference.interval(LEVEL), 0.0),
            holds(
                Effects::average(&settings).and_then(|s| s.interval(LEVEL)),
                average,
            ),
            holds(Effects::mean(&crossed).interval(LEVEL), law.mean()),
            holds(better[0].and_then(|p| p.interval), 0.5),
            holds(better[1].and_then(|p| p.interval), probability),
            holds(better[2].and_then(|p| p.interval), probability),
        ];
        held.iter_mut()
            .zip(found)
            .for_each(|(held, now)| *held += usize::from(now));
    }
    held.map(|held| held as f64 / samples as f64)
}

/// Scores of `n` seeds of weights, each with all of [`ORDERS`] seeds of order: what a seed does has this
/// law, half as much for orders, and so has the rest.
fn crossed(law: Law, n: usize, stream: &mut Draws) -> Units<f64> {
    let mut off = |scale: f64| scale * (law.draw(stream) - law.mean());
    let weights: Vec<f64> = (0..n).map(|_| off(1.0)).collect();
    let orders: Vec<f64> = (0..ORDERS).map(|_| off(0.5)).collect();
    let mut trials = Vec::new();
    for (w, weight) in weights.iter().enumerate() {
        for (o, order) in orders.iter().enumerate() {
            trials.push(([0, w as u32, o as u32, 0], law.mean() + weight + order + off(0.5)));
        }
    }
    Units::of_trials(trials)
}

/// What the average of interquartile means of `n` trials estimates: with fewer than 4 the mean.
fn expected(law: Law, n: usize, iqm: f64) -> f64 {
    match (law, n) {
        (_, 0..4) => law.mean(),
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

/// An experiment of schemes whose trials have one law and one mean.
#[derive(Debug, Clone, Copy)]
struct Design {
    law: Law,
    schemes: usize,
    replicates: usize,
    settings: usize,
    /// The deviation of the last scheme over that of the first; the others lie between.
    unequal: f64,
    /// By how much the first scheme is better than the others.
    better: f64,
}

impl Design {
    fn stream(self) -> Draws {
        stream("apart", &format!("{self:?}"))
    }

    /// The scores of each scheme by setting, then replicate.
    fn scores(self, stream: &mut Draws) -> Vec<Vec<Vec<f64>>> {
        let law = self.law;
        let mut scheme = |scheme: usize| -> Vec<Vec<f64>> {
            let scale = 1.0 + (self.unequal - 1.0) * scheme as f64 / (self.schemes - 1) as f64;
            let better = if scheme == 0 { self.better } else { 0.0 };
            let mut score = || law.mean() + better + scale * (law.draw(stream) - law.mean());
            let mut setting = |_| (0..self.replicates).map(|_| score()).collect();
            (0..self.settings).map(&mut setting).collect()
        };
        (0..self.schemes).map(&mut scheme).collect()
    }

    /// How many schemes are distinguished from the leader, and whether that is the first one, in each of
    /// `samples` experiments.
    fn told_apart(self, samples: usize) -> Vec<(usize, bool)> {
        let mut stream = self.stream();
        (0..samples).map(|_| told(&self.scores(&mut stream))).collect()
    }

    /// The share of experiments in which some of equal schemes is distinguished.
    fn errors(self, samples: usize) -> f64 {
        let told = self.told_apart(samples);
        told.iter().filter(|(count, _)| *count > 0).count() as f64 / samples as f64
    }

    /// The share of the others that are distinguished from the first one.
    fn power(self, samples: usize) -> f64 {
        let told = self.told_apart(samples);
        let count: usize = told
            .iter()
            .filter(|(_, first)| *first)
            .map(|(count, _)| count)
            .sum();
        count as f64 / (samples * (self.schemes - 1)) as f64
    }
}

/// How many schemes with these scores are distinguished from the leader, and whether that is the first.
fn told(scores: &[Vec<Vec<f64>>]) -> (usize, bool) {
    let names: Vec<String> = (0..scores.len()).map(|i| format!("s{i:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (leader, apart) = apart_from_leader(&names, scores, 1.0 - LEVEL);
    (apart.len(), leader == 0)
}

/// Which scheme of these `names`, ascending, with these `scores` by setting, then replicate, leads, and
/// which are distinguished from it: as [`rank_at`](super::rank::rank_at) does it, without the table of trials
/// that takes most of its time.
pub(super) fn apart_from_leader(
    names: &[&str],
    scores: &[Vec<Vec<f64>>],
    error: f64,
) -> (usize, Vec<String>) {
    let units: Vec<Vec<Units<f64>>> = scores
        .iter()
        .map(|settings| settings.iter().cloned().map(Units::single).collect())
        .collect();
    let score = |settings: &Vec<Units<f64>>| {
        let all: Vec<f64> = settings.iter().map(|u| interquartile_mean(u.values())).collect();
        mean(&all)
    };
    let mut places: Vec<(f64, usize)> = units.iter().map(score).zip(0..).collect();
    places.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let leader = places[0].1;
    let mut others: Vec<SchemeScore> = Vec::new();
    let mut tests: Vec<Option<MeanTest>> = Vec::new();
    for (_, i) in &places[1..] {
        let pairs = |(x, y): (&Units<f64>, &Units<f64>)| {
            let pairs = x.values().iter().copied().zip(y.values().iter().copied());
            Units::single(pairs.collect())
        };
        let groups: Vec<Units<(f64, f64)>> = units[*i].iter().zip(&units[leader]).map(pairs).collect();
        tests.push(MeanTest::new(&groups));
        others.push(SchemeScore::compared(names[*i]));
    }
    let by_replicate = |settings: &Vec<Vec<f64>>| -> Vec<f64> {
        let of = |replicate: usize| mean(&settings.iter().map(|s| s[replicate]).collect::<Vec<_>>());
        (0..settings[0].len()).map(of).collect()
    };
    let rows: BTreeMap<&str, Vec<f64>> = names
        .iter()
        .copied()
        .zip(scores.iter().map(by_replicate))
        .collect();
    let identity = Identity::new(["ranking", "study"]);
    step_down(&mut others, &tests, &Permuted { rows, identity }, error);
    let apart = others.into_iter().filter(|s| !s.leads());
    (leader, apart.map(|s| s.scheme).collect())
}

/// The same by the ranking of a table.
fn told_of_table(scores: &[Vec<Vec<f64>>]) -> (usize, bool) {
    let mut records: Vec<TrialRecord> = Vec::new();
    for (scheme, settings) in scores.iter().enumerate() {
        for (setting, replicates) in settings.iter().enumerate() {
            for (replicate, score) in (0..).zip(replicates) {
                let mut c = example::coordinates();
                (c.scheme, c.replicate) = (format!("s{scheme:02}"), replicate);
                (c.weight_seed, c.order_seed, c.batch_size) = (replicate, replicate, setting as u32 + 1);
                records.push(example::record(c, *score));
            }
        }
    }
    let trials = example::frame(&records, Some(&example::manifest()));
    let rate = RankingRates::Fixed(records[0].coordinates.learning_rate);
    let ranking = rank(&trials.all(), rate, "study");
    let told = ranking.iter().filter(|s| !s.leads()).count();
    (told, ranking[0].scheme == "s00")
}

#[test]
fn intervals_hold_what_they_should() {
    const SAMPLES: usize = 1500;
    // Two standard errors of so few samples below 92%.
    let least = 0.92 - 2.0 * (0.92 * 0.08 / SAMPLES as f64).sqrt();
    for law in LAWS {
        for n in [3, 5, 10] {
            let [iqm, _, median, difference, _, crossed, even, better, _] = coverage(law, n, SAMPLES);
            // Of three values the median is bounded at 75%, of five at 93.75%.
            let attained = order_interval(&vec![0.0; n], LEVEL).unwrap().level;
            // Three trials have no interquartile mean, and their mean misses what is rare.
            if n > 3 {
                assert!(iqm >= least, "{law:?} {n}: {iqm}");
            }
            assert!(difference >= least, "{law:?} {n}: {difference}");
            assert!(even >= least && better >= least, "{law:?} {n}: {even} {better}");
            // The mean of a law that fails is missed by few trials, crossed or not.
            if matches!(law, Law::Normal) {
                assert!(crossed >= least, "{law:?} {n}: {crossed}");
            }
            assert!(
                (median - attained).abs() < 0.02 || median > attained,
                "{law:?} {n}: {median}"
            );
        }
    }
}

#[test]
fn the_study_decides_as_the_ranking_does() {
    let mut apart = 0;
    for (schemes, replicates, settings, better) in [(2, 6, 1, 0.04), (4, 5, 3, 0.04), (6, 20, 2, 0.015)] {
        let design = Design {
            law: Law::Skewed,
            schemes,
            replicates,
            settings,
            unequal: 2.0,
            better,
        };
        let mut stream = design.stream();
        for _ in 0..20 {
            let scores = design.scores(&mut stream);
            let found = told(&scores);
            assert_eq!(found, told_of_table(&scores), "{design:?}");
            apart += found.0;
        }
    }
    assert!(
        (10..180).contains(&apart),
        "{apart}: some are distinguished, some are not"
    );
}

#[test]
fn equal_schemes_are_told_apart_in_few_experiments() {
    const SAMPLES: usize = 600;
    // What is allowed of so few experiments: 6%, and three standard errors.
    let most = 0.06 + 3.0 * (0.06 * 0.94 / SAMPLES as f64).sqrt();
    for law in LAWS {
        // The law that fails with unequal deviations is one that no test of few trials holds.
        let most_unequal = if matches!(law, Law::Bimodal) { 1.0 } else { 20.0 };
        for (schemes, replicates, settings) in [(2, 5, 1), (2, 10, 1), (6, 3, 1), (10, 5, 1), (5, 5, 4)] {
            for unequal in [1.0, most_unequal] {
                let better = 0.0;
                let design = Design {
                    law,
                    schemes,
                    replicates,
                    settings,
                    unequal,
                    better,
                };
                let share = design.errors(SAMPLES);
                assert!(share <= most, "{design:?}: {share}");
            }
        }
    }
}

/// Of all pairs of two binomial laws, how often the interval of the difference holds it: exactly, by
/// the probabilities of all outcomes.
#[test]
fn differences_of_shares_hold_what_they_should() {
    for n in [3usize, 5, 10, 20] {
        let law = |p: f64| -> Vec<f64> {
            let mut mass = vec![libm::pow(1.0 - p, n as f64)];
            for k in 1..=n {
                let last = mass[k - 1];
                mass.push(last * (n - k + 1) as f64 / k as f64 * p / (1.0 - p));
            }
            mass
        };
        let share = |k: usize| Estimate {
            value: k as f64 / n as f64,
            interval: Some(share_interval(k as f64, n as f64, LEVEL)),
        };
        for (p, q) in [(0.5, 0.5), (0.1, 0.1), (0.9, 0.5), (0.97, 0.1), (0.8, 0.7)] {
            let (ours, theirs) = (law(p), law(q));
            let mut held = 0.0;
            for (k, mass) in ours.iter().enumerate() {
                for (l, other) in theirs.iter().enumerate() {
                    let interval = share(k).less(share(l)).interval.unwrap();
                    held += if interval.contains(p - q) {
                        mass * other
                    } else {
                        0.0
                    };
                }
            }
            assert!(held > 0.945, "{n} trials, {p} and {q}: {held}");
        }
    }
}

/// A row of a table in markdown.
pub(super) fn row<T: std::fmt::Display>(head: &str, cells: impl IntoIterator<Item = T>) {
    let cells: Vec<String> = cells.into_iter().map(|cell| cell.to_string()).collect();
    println!("| {head} | {} |", cells.join(" | "));
}

#[test]
#[ignore = "minutes: the whole study"]
fn the_whole_study() {
    let started = std::time::Instant::now();
    coverage_table();
    errors_table();
    power_table();
    eprintln!("{:.0} seconds", started.elapsed().as_secs_f64());
}

fn coverage_table() {
    let places: Vec<(Law, usize)> = LAWS
        .into_iter()
        .flat_map(|law| [3, 4, 5, 7, 10, 20, 40].map(|n| (law, n)))
        .collect();
    let found: Vec<_> = places
        .par_iter()
        .map(|(law, n)| coverage(*law, *n, 10_000))
        .collect();
    row("law | n", FIGURES);
    row("--- | ---", FIGURES.map(|_| "---"));
    for ((law, n), shares) in places.iter().zip(found) {
        let mut cells = shares.map(|share| format!("{:.1}", 100.0 * share));
        let attained = 100.0 * order_interval(&vec![0.0; *n], LEVEL).map_or(0.0, |i| i.level);
        cells[2] = format!("{} ({attained:.1})", cells[2]);
        row(&format!("{law:?} | {n}"), cells);
    }
}

const REPLICATES: [usize; 4] = [3, 5, 10, 20];

fn errors_table() {
    println!();
    row(
        "law | deviations | schemes",
        ["1 setting: 3", "5", "10", "20", "20 settings: 3", "5", "10", "20"],
    );
    row("--- | --- | ---", ["---"; 8]);
    for law in LAWS {
        for unequal in [1.0, 4.0, 20.0] {
            for schemes in [2, 5, 14, 30] {
                let designs: Vec<Design> = [1, 20]
                    .into_iter()
                    .flat_map(|settings| {
                        REPLICATES.map(|replicates| Design {
                            law,
                            schemes,
                            replicates,
                            settings,
                            unequal,
                            better: 0.0,
                        })
                    })
                    .collect();
                let shares: Vec<f64> = designs.par_iter().map(|d| d.errors(samples(*d))).collect();
                let head = format!("{law:?} | 1 to {unequal} | {schemes}");
                row(&head, shares.iter().map(|share| format!("{:.1}", 100.0 * share)));
            }
        }
    }
}

/// How many experiments of a design are simulated: fewer where each takes longer.
fn samples(design: Design) -> usize {
    let scores = design.schemes * design.settings * design.replicates;
    (400_000 / scores).clamp(200, 2000)
}

fn power_table() {
    println!();
    row(
        "law | schemes | better by",
        REPLICATES.map(|n| format!("{n} replicates")),
    );
    row("--- | --- | ---", ["---"; 4]);
    for law in [Law::Normal, Law::Skewed] {
        for schemes in [2, 5, 14, 30] {
            for deviations in [1.0, 2.0, 5.0] {
                let designs = REPLICATES.map(|replicates| Design {
                    law,
                    schemes,
                    replicates,
                    settings: 1,
                    unequal: 1.0,
                    better: deviations * law.deviation(),
                });
                let shares: Vec<f64> = designs.par_iter().map(|d| d.power(500)).collect();
                let head = format!("{law:?} | {schemes} | {deviations}");
                row(&head, shares.iter().map(|share| format!("{:.0}", 100.0 * share)));
            }
        }
    }
}

//! From trials to a verdict.

use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::Claim;
use crate::experiment::claim::{Aggregate, Metric, Relation, Side};

use super::aggregate::aggregate;
use super::decide::{decide, show_absolute};
use super::evidence::{Evidence, Trial, texts};
use super::intervals::{Bounds, bounds};
use super::samples::{Order, Sample, Value, samples};
use super::{Case, Judgement, Part, Verdict};
use crate::analysis::stats::bootstrap::{DRAWS, percentile_interval, resample_units};
use crate::analysis::stats::{self, Identity, Interval, Seeds, Units};
use crate::table::{Figure, Trials};

/// Judges one claim on the table `frame`; `order` gives the values of an axis as the grid lists them.
pub fn judge(claim: &Claim, evidence: &Evidence, frame: &Trials, order: &Order) -> Judgement {
    let judgement = |verdict, cases, note| Judgement {
        claim: claim.clone(),
        verdict,
        cases,
        note,
    };
    if let Some(table) = evidence.missing_table {
        let note = format!("there is no {table} here to check it on");
        return judgement(Verdict::Inconclusive, Vec::new(), Some(note));
    }
    let mut groups: BTreeMap<Vec<String>, Vec<&Trial>> = BTreeMap::new();
    for trial in &evidence.trials {
        groups
            .entry(texts(&trial.coordinates, &claim.for_each))
            .or_default()
            .push(trial);
    }
    if groups.is_empty() {
        let note = "the tables hold no such trials".to_owned();
        return judgement(Verdict::Inconclusive, Vec::new(), Some(note));
    }
    let cases: Vec<Case> = groups
        .into_iter()
        .map(|(key, trials)| judge_case(claim, &key, &trials, frame, order))
        .collect();
    let verdict = cases
        .iter()
        .map(|c| c.verdict)
        .max()
        .unwrap_or(Verdict::Inconclusive);
    judgement(verdict, cases, None)
}

pub(in crate::analysis) fn judge_case(
    claim: &Claim,
    key: &[String],
    trials: &[&Trial],
    frame: &Trials,
    order: &Order,
) -> Case {
    let group = claim.for_each.iter().copied().zip(key.iter().cloned()).collect();
    let mut case = Case {
        group,
        verdict: Verdict::Inconclusive,
        figure: f64::NAN,
        interval: None,
        has_level: false,
        of_any_law: None,
        skewed: None,
        parts: Vec::new(),
        notes: Vec::new(),
    };
    let samples = match samples(claim, trials, frame, order) {
        Ok(samples) => samples,
        Err(note) => {
            case.notes.push(note);
            return case;
        }
    };
    case.figure = figure(claim, &parts_of(claim, &samples, Censored::Never));
    case.parts = parts(claim, &samples);
    let units: BTreeSet<Seeds> = samples
        .iter()
        .flat_map(|s| s.values.iter().map(|v| v.unit))
        .collect();
    let interval = |censored: Censored| -> Bounds {
        let identity = || Identity::new(["claim", claim.name.as_str()]).and(key.iter().map(String::as_str));
        match (&claim.metric, units.len()) {
            (_, 0 | 1) => Bounds::default(),
            (Metric::BestRate { .. }, _) => Bounds {
                interval: Some(bootstrap(claim, &samples, &units, &identity())),
                ..Bounds::default()
            },
            _ => bounds(claim, &samples, |v| censored.value(v)),
        }
    };
    let found = interval(Censored::Never);
    case.interval = found.interval;
    case.has_level = found.has_level(claim.confidence, units.len());
    case.verdict = decide(&claim.relation, case.figure, case.interval);
    let verdict = |interval| decide(&claim.relation, case.figure, Some(interval));
    (case.of_any_law, case.skewed) = (found.of_any_law.map(verdict), found.skewed.map(verdict));
    if units.len() < 2 {
        case.notes.push("one replicate, so no interval".to_owned());
    }
    if !case.figure.is_nan() {
        case.notes.extend(found.note(claim.confidence));
    }
    if samples.iter().any(|s| s.values.iter().any(|v| v.most != v.least)) {
        let figure = figure(claim, &parts_of(claim, &samples, Censored::Now));
        if decide(&claim.relation, figure, interval(Censored::Now).interval) != case.verdict {
            case.verdict = Verdict::Inconclusive;
            case.notes
                .push("depends on trials that ended before they reached the target".to_owned());
        }
    }
    if case.figure.is_nan() {
        case.notes.push(why_undefined(claim, &samples, &case.parts));
    }
    let losing = case
        .parts
        .iter()
        .filter(|p| p.losing && p.edges().next().is_some());
    let losing: Vec<&str> = losing.map(|p| p.name.as_str()).collect();
    if !losing.is_empty() {
        let some = losing[..losing.len().min(3)].join(", ");
        let more = if losing.len() > 3 { ", ..." } else { "" };
        case.notes.push(format!(
            "a losing side ({some}{more}) is at the edge of the rates tried: others might change the verdict"
        ));
    }
    show_absolute(&claim.relation, &mut case);
    let failed: usize = samples.iter().map(|s| s.part.failed).sum();
    if failed > 0 && !matches!(claim.metric, Metric::Ended(_)) {
        case.verdict = Verdict::Inconclusive;
        case.notes.push(format!("{failed} trials failed"));
    }
    case
}

/// What a trial counts with that ended before it reached its target.
#[derive(Clone, Copy, PartialEq)]
enum Censored {
    /// It never will.
    Never,
    /// It would have at the next moment.
    Now,
}

impl Censored {
    fn value(self, v: &Value) -> f64 {
        match self {
            Censored::Never => v.most,
            Censored::Now => v.least,
        }
    }
}

/// The figures of samples.
fn parts_of(claim: &Claim, samples: &[Sample], censored: Censored) -> Vec<f64> {
    let figure = |sample: &Sample| match &claim.metric {
        Metric::BestRate { .. } => best_rate(claim, sample, |_| 1),
        _ => {
            let values: Vec<f64> = sample.values.iter().map(|v| censored.value(v)).collect();
            aggregate(claim.aggregate, &values)
        }
    };
    samples.iter().map(figure).collect()
}

/// log2 of the rate with the best figure, where units are drawn as often as `times` says.
fn best_rate(claim: &Claim, sample: &Sample, times: impl Fn(&Seeds) -> u32) -> f64 {
    let Metric::BestRate { by } = &claim.metric else {
        return f64::NAN;
    };
    let drawn = |rate: f64| -> Vec<f64> {
        let at = sample.values.iter().filter(|v| v.rate == rate);
        at.flat_map(|v| std::iter::repeat_n(v.most, times(&v.unit) as usize))
            .collect()
    };
    let rises = Figure::named(by).is_some_and(Figure::is_accuracy);
    let sign = if rises { 1.0 } else { -1.0 };
    let mut rates: Vec<f64> = sample.values.iter().map(|v| v.rate).collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let mut best: Option<(f64, f64)> = None;
    for rate in rates {
        let merit = sign * aggregate(claim.aggregate, &drawn(rate));
        if !merit.is_nan() && best.is_none_or(|(_, least)| merit > least) {
            best = Some((rate, merit));
        }
    }
    best.map_or(f64::NAN, |(rate, _)| libm::log2(rate))
}

/// What is compared with the threshold, of these figures of the sides or along the axis.
fn figure(claim: &Claim, parts: &[f64]) -> f64 {
    let worst = |x: f64, y: f64| if x.is_nan() || y.is_nan() { f64::NAN } else { x };
    match &claim.relation {
        Relation::Compare { side, .. } | Relation::Within { side, .. } => {
            let (left, right) = (parts[0], parts.get(1).copied().unwrap_or(0.0));
            match side {
                Side::Left => left,
                Side::Difference | Side::AbsoluteDifference => left - right,
                Side::Ratio => left / right,
            }
        }
        Relation::Monotone { increasing, .. } => {
            let sign = if *increasing { 1.0 } else { -1.0 };
            let steps = parts.windows(2).map(|w| sign * (w[1] - w[0]));
            steps.fold(f64::INFINITY, |least, step| worst(least.min(step), step))
        }
        Relation::Spread { .. } => {
            let sorted = stats::sorted(parts);
            sorted.last().unwrap_or(&f64::NAN) - sorted.first().unwrap_or(&f64::NAN)
        }
        Relation::Rank { .. } => {
            let Some(higher) = claim.metric.higher_is_better() else {
                return f64::NAN;
            };
            let better = |x: &&f64| if higher { **x > parts[0] } else { **x < parts[0] };
            1.0 + parts[1..].iter().filter(better).count() as f64
        }
    }
}

/// The figures of the sides alone, for the reader.
fn parts(claim: &Claim, samples: &[Sample]) -> Vec<Part> {
    let part = |(s, figure): (&Sample, f64)| Part {
        name: s.name.clone(),
        figure,
        ..s.part.clone()
    };
    let figures = parts_of(claim, samples, Censored::Never);
    let mut parts: Vec<Part> = samples.iter().zip(figures).map(part).collect();
    let rivals = !matches!(
        claim.relation,
        Relation::Monotone { .. } | Relation::Spread { .. }
    );
    if let Some(higher) = claim.metric.higher_is_better().filter(|_| rivals) {
        let merit = |part: &Part| if higher { part.figure } else { -part.figure };
        let best = parts.iter().map(merit).fold(f64::NEG_INFINITY, f64::max);
        for part in &mut parts {
            part.losing = merit(part) < best;
        }
    }
    parts
}

/// Why the figure of a claim is undefined.
fn why_undefined(claim: &Claim, samples: &[Sample], parts: &[Part]) -> String {
    if matches!(claim.relation, Relation::Rank { .. }) && claim.metric.higher_is_better().is_none() {
        return "there is no rank: more of the metric is neither better nor worse".to_owned();
    }
    let figures: Vec<f64> = parts.iter().map(|p| p.figure).collect();
    if let Some(i) = figures.iter().position(|x| x.is_nan()) {
        let (name, values) = (&parts[i].name, &samples[i].values);
        let what = match claim.aggregate {
            Aggregate::Std => "standard deviation",
            Aggregate::Var => "variance",
            _ => "figure",
        };
        let spread = matches!(claim.aggregate, Aggregate::Std | Aggregate::Var);
        return match values.len() {
            1 if spread => format!("the {what} of one trial (`{name}`) is undefined"),
            n if values.iter().any(|v| v.most.is_infinite()) => {
                format!("the {what} of {n} trials (`{name}`), some of them infinite, is undefined")
            }
            n => format!("the {what} of {n} trials (`{name}`) is undefined"),
        };
    }
    let ratio = matches!(
        claim.relation,
        Relation::Compare {
            side: Side::Ratio,
            ..
        } | Relation::Within {
            side: Side::Ratio,
            ..
        }
    );
    match ratio {
        true if figures.iter().all(|x| *x == 0.0) => "both sides are 0: their ratio is undefined",
        true => "both sides are infinite: their ratio is undefined",
        false => "two figures are infinite: their difference is undefined",
    }
    .to_owned()
}

/// The interval of a best rate, which is no mean and no median.
fn bootstrap(claim: &Claim, samples: &[Sample], units: &BTreeSet<Seeds>, identity: &Identity) -> Interval {
    let seeds = Units::of_units(units.iter().map(|seeds| (*seeds, ())));
    let look = |times: &[u32]| {
        let drawn: BTreeMap<&Seeds, u32> = units.iter().zip(times.iter().copied()).collect();
        let rate = |sample| best_rate(claim, sample, |unit| drawn.get(unit).copied().unwrap_or(0));
        figure(claim, &samples.iter().map(rate).collect::<Vec<_>>())
    };
    let values = resample_units(&mut identity.stream(), &[seeds], DRAWS, look);
    percentile_interval(values, claim.confidence)
}

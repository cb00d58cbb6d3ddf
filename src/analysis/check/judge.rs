//! From trials to a verdict.

use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::Claim;
use crate::experiment::claim::{Metric, Relation, Side};

use super::aggregate::aggregate;
use super::decide::{decide, show_absolute};
use super::measure::{Evidence, Trial, texts};
use super::samples::{Order, Sample, Value, samples, units};
use super::{Case, Outcome, Part, Verdict};
use crate::analysis::stats::bootstrap::{DRAWS, percentile_interval, resample_units};
use crate::analysis::stats::{self, Identity, Interval, Units};

/// Judges one claim; `order` gives the values of an axis as the grid lists them.
pub fn judge(claim: &Claim, evidence: &Evidence, order: &Order) -> Verdict {
    let verdict = |outcome, cases, note| Verdict {
        claim: claim.clone(),
        outcome,
        cases,
        note,
    };
    if let Some(table) = evidence.missing_table {
        let note = format!("there is no {table} here to check it on");
        return verdict(Outcome::Inconclusive, Vec::new(), Some(note));
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
        return verdict(Outcome::Inconclusive, Vec::new(), Some(note));
    }
    let cases: Vec<Case> = groups
        .into_iter()
        .map(|(key, trials)| judge_case(claim, &key, &trials, order))
        .collect();
    let outcome = cases
        .iter()
        .map(|c| c.outcome)
        .max()
        .unwrap_or(Outcome::Inconclusive);
    verdict(outcome, cases, None)
}

fn judge_case(claim: &Claim, key: &[String], trials: &[&Trial], order: &Order) -> Case {
    let group = claim.for_each.iter().copied().zip(key.iter().cloned()).collect();
    let mut case = Case {
        group,
        outcome: Outcome::Inconclusive,
        figure: f64::NAN,
        interval: None,
        parts: Vec::new(),
        notes: Vec::new(),
    };
    let units = units(trials);
    let samples = match samples(claim, trials, &units, order) {
        Ok(samples) => samples,
        Err(note) => {
            case.notes.push(note);
            return case;
        }
    };
    let once = vec![1; units.len()];
    case.figure = figure(claim, &samples, &once, Censored::Never);
    case.parts = parts(claim, &samples, &once);
    let used: BTreeSet<usize> = samples
        .iter()
        .flat_map(|s| s.values.iter().map(|v| v.unit))
        .collect();
    let used: Vec<usize> = used.into_iter().collect();
    let interval = |censored| {
        let identity = Identity::new(["claim", claim.name.as_str()]).and(key.iter().map(String::as_str));
        bootstrap(claim, &samples, &units, &used, &identity, censored)
    };
    case.interval = interval(Censored::Never);
    case.outcome = decide(&claim.relation, case.figure, case.interval);
    if used.len() < 2 {
        case.notes.push("one replicate, so no interval".to_owned());
    }
    if samples.iter().any(|s| s.values.iter().any(|v| v.most != v.least)) {
        let figure = figure(claim, &samples, &once, Censored::Now);
        if decide(&claim.relation, figure, interval(Censored::Now)) != case.outcome {
            case.outcome = Outcome::Inconclusive;
            case.notes
                .push("depends on trials that ended before they reached the target".to_owned());
        }
    }
    if case.figure.is_nan() {
        let ranked = matches!(claim.relation, Relation::Rank { .. });
        let why = if ranked {
            "more of it is neither better nor worse"
        } else {
            "both sides are infinite"
        };
        case.notes.push(why.to_owned());
    }
    show_absolute(&claim.relation, &mut case);
    let failed: usize = samples.iter().map(|s| s.part.failed).sum();
    if failed > 0 && !matches!(claim.metric, Metric::Ended(_)) {
        case.outcome = Outcome::Inconclusive;
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

/// The figure of a sample when units are drawn as often as `times` says.
fn part_figure(claim: &Claim, sample: &Sample, times: &[u32], censored: Censored) -> f64 {
    let value = |v: &Value| {
        if censored == Censored::Never {
            v.most
        } else {
            v.least
        }
    };
    let drawn = |kept: &dyn Fn(&Value) -> bool| -> Vec<f64> {
        sample
            .values
            .iter()
            .filter(|v| kept(v))
            .flat_map(|v| std::iter::repeat_n(value(v), times[v.unit] as usize))
            .collect()
    };
    let Metric::BestRate { by } = &claim.metric else {
        return aggregate(claim.aggregate, &drawn(&|_| true));
    };
    let sign = if by.ends_with("accuracy") { 1.0 } else { -1.0 };
    let mut rates: Vec<f64> = sample.values.iter().map(|v| v.rate).collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let mut best: Option<(f64, f64)> = None;
    for rate in rates {
        let merit = sign * aggregate(claim.aggregate, &drawn(&|v| v.rate == rate));
        if !merit.is_nan() && best.is_none_or(|(_, least)| merit > least) {
            best = Some((rate, merit));
        }
    }
    best.map_or(f64::NAN, |(rate, _)| libm::log2(rate))
}

/// What is compared with the threshold, when units are drawn as often as `times` says.
fn figure(claim: &Claim, samples: &[Sample], times: &[u32], censored: Censored) -> f64 {
    let parts: Vec<f64> = samples
        .iter()
        .map(|s| part_figure(claim, s, times, censored))
        .collect();
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
            let sorted = stats::sorted(&parts);
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
fn parts(claim: &Claim, samples: &[Sample], once: &[u32]) -> Vec<Part> {
    let part = |s: &Sample| Part {
        name: s.name.clone(),
        figure: part_figure(claim, s, once, Censored::Never),
        ..s.part.clone()
    };
    samples.iter().map(part).collect()
}

fn bootstrap(
    claim: &Claim,
    samples: &[Sample],
    units: &[[u32; 4]],
    used: &[usize],
    identity: &Identity,
    censored: Censored,
) -> Option<Interval> {
    if used.len() < 2 {
        return None;
    }
    // Units that no sample has are not drawn.
    let mut all = vec![0; units.len()];
    let look = |times: &[u32]| {
        for (unit, drawn) in used.iter().zip(times) {
            all[*unit] = *drawn;
        }
        figure(claim, samples, &all, censored)
    };
    let seeds = Units::of_trials(used.iter().map(|&unit| (units[unit], ())));
    let values = resample_units(&mut identity.stream(), &[seeds], DRAWS, look);
    Some(percentile_interval(values, claim.confidence))
}

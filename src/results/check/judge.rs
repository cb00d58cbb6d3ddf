//! From trials to a verdict.

use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::claim::{Metric, Rate, Relation, Side, Transform};
use crate::experiment::{Axis, Claim};

use super::super::record::Status;
use super::super::stats::bootstrap::{DRAWS, percentile_interval, resample};
use super::super::stats::{self, Identity, Interval, median};
use super::aggregate::aggregate;
use super::decide::{decide, show_absolute};
use super::measure::{Evidence, Trial, texts};
use super::{Case, Outcome, Part, Verdict};

/// Judges one claim; `order` gives the values of an axis as the grid lists them.
pub fn judge(claim: &Claim, evidence: &Evidence, order: &(dyn Fn(Axis) -> Vec<String> + Sync)) -> Verdict {
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

/// The values behind one figure.
struct Sample {
    name: String,
    /// Unit of resampling, learning rate, value as it may at most be, and as it may at least be.
    values: Vec<Value>,
    part: Part,
}

#[derive(Clone, Copy)]
struct Value {
    unit: usize,
    rate: f64,
    most: f64,
    least: f64,
}

fn judge_case(
    claim: &Claim,
    key: &[String],
    trials: &[&Trial],
    order: &(dyn Fn(Axis) -> Vec<String> + Sync),
) -> Case {
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
        bootstrap(claim, &samples, &used, &identity, censored)
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

/// The units of resampling: replicates, or the combinations of seeds where there is one replicate.
fn units(trials: &[&Trial]) -> Vec<[u32; 4]> {
    let replicates: BTreeSet<u32> = trials.iter().map(|t| t.coordinates.replicate).collect();
    let units: BTreeSet<[u32; 4]> = trials.iter().map(|t| unit(t, replicates.len() > 1)).collect();
    units.into_iter().collect()
}

fn unit(trial: &Trial, by_replicate: bool) -> [u32; 4] {
    let c = &trial.coordinates;
    if by_replicate {
        [c.replicate, 0, 0, 0]
    } else {
        [c.replicate, c.weight_seed, c.order_seed, c.data_seed]
    }
}

/// The samples that the relation compares: left and right, or one for each value of its axis
/// (for a ranking, the left cell's first).
fn samples(
    claim: &Claim,
    trials: &[&Trial],
    units: &[[u32; 4]],
    order: &(dyn Fn(Axis) -> Vec<String> + Sync),
) -> Result<Vec<Sample>, String> {
    let of = |name: &str, kept: Vec<&Trial>| sample(claim, name, &kept, units);
    match &claim.relation {
        Relation::Compare { .. } | Relation::Within { .. } => {
            let mut samples = vec![of("left", trials.iter().filter(|t| t.left).copied().collect())?];
            if claim.right.is_some() {
                samples.push(of("right", trials.iter().filter(|t| t.right).copied().collect())?);
            }
            Ok(samples)
        }
        Relation::Monotone { axis, .. } | Relation::Spread { axis, .. } => {
            let left: Vec<&Trial> = trials.iter().filter(|t| t.left).copied().collect();
            along(claim, *axis, &left, order)
                .into_iter()
                .map(|value| {
                    let kept = left
                        .iter()
                        .filter(|t| t.coordinates.text(*axis) == value.as_str());
                    of(&value, kept.copied().collect())
                })
                .collect()
        }
        Relation::Rank { axis, .. } => {
            let mut samples = vec![of("left", trials.iter().filter(|t| t.left).copied().collect())?];
            let rivals: Vec<&Trial> = trials.iter().filter(|t| t.right && !t.left).copied().collect();
            for value in along(claim, *axis, &rivals, order) {
                let kept = rivals
                    .iter()
                    .filter(|t| t.coordinates.text(*axis) == value.as_str());
                samples.push(of(&value, kept.copied().collect())?);
            }
            Ok(samples)
        }
    }
}

/// The values of an axis that trials have, in the order that the claim means.
fn along(
    claim: &Claim,
    axis: Axis,
    trials: &[&Trial],
    order: &(dyn Fn(Axis) -> Vec<String> + Sync),
) -> Vec<String> {
    let present: BTreeSet<String> = trials
        .iter()
        .map(|t| t.coordinates.text(axis).into_owned())
        .collect();
    let listed = claim.left.texts(axis).map(<[String]>::to_vec);
    let order = listed.unwrap_or_else(|| if axis.is_number() { Vec::new() } else { order(axis) });
    let place = |text: &String| order.iter().position(|o| o == text).unwrap_or(order.len());
    let number = |text: &String| text.parse::<f64>().unwrap_or(0.0);
    let mut values: Vec<String> = present.into_iter().collect();
    values.sort_by(|a, b| {
        place(a)
            .cmp(&place(b))
            .then_with(|| number(a).total_cmp(&number(b)))
            .then_with(|| a.cmp(b))
    });
    values
}

fn sample(claim: &Claim, name: &str, trials: &[&Trial], units: &[[u32; 4]]) -> Result<Sample, String> {
    if trials.is_empty() {
        return Err(format!("the tables hold no trials for `{name}`"));
    }
    let (kept, rates) = match (&claim.rate, &claim.metric) {
        (Rate::Tuned(_), metric) if !matches!(metric, Metric::BestRate { .. }) => tune(claim, name, trials)?,
        _ => (trials.to_vec(), Vec::new()),
    };
    let by_replicate = units.iter().all(|u| u[1..] == [0; 3]) && units.len() > 1;
    let mut values = Vec::with_capacity(kept.len());
    let mut without = 0;
    for trial in &kept {
        let Some(value) = trial
            .value
            .map(|v| transform(claim.transform, v))
            .filter(|v| !v.is_nan())
        else {
            without += 1;
            continue;
        };
        let this = unit(trial, by_replicate);
        let least = trial.censored.map_or(value, |c| transform(claim.transform, c));
        values.push(Value {
            unit: units.binary_search(&this).unwrap_or(0),
            rate: trial.coordinates.learning_rate,
            most: value,
            least,
        });
    }
    if without > 0 {
        return Err(format!(
            "{without} of {} trials of `{name}` have no value",
            kept.len()
        ));
    }
    let count = |status| kept.iter().filter(|t| t.status == status).count();
    Ok(Sample {
        name: name.to_owned(),
        part: Part {
            name: name.to_owned(),
            figure: f64::NAN,
            trials: kept.len(),
            diverged: count(Status::Diverged),
            failed: count(Status::Failed),
            rates,
        },
        values,
    })
}

/// Chooses a learning rate in each pooled cell, and keeps the trials that are scored.
fn tune<'t>(claim: &Claim, name: &str, trials: &[&'t Trial]) -> Result<(Vec<&'t Trial>, Vec<f64>), String> {
    let Rate::Tuned(tuning) = &claim.rate else {
        return Ok((trials.to_vec(), Vec::new()));
    };
    let chooses = |t: &Trial| tuning.replicates.is_none_or(|n| t.coordinates.replicate < n);
    let scored = |t: &Trial| tuning.replicates.is_none_or(|n| t.coordinates.replicate >= n);
    let higher = claim.metric.higher_is_better();
    let merit = |t: &Trial| match (&tuning.by, higher) {
        (Some(_), _) => t.choose_by,
        (None, Some(higher)) => t.value.map(|v| if higher { v } else { -v }),
        (None, None) => None,
    };
    let axes: Vec<Axis> = Axis::CELL
        .into_iter()
        .filter(|a| *a != Axis::LearningRate)
        .collect();
    let mut cells: BTreeMap<Vec<String>, Vec<&Trial>> = BTreeMap::new();
    for trial in trials {
        cells
            .entry(texts(&trial.coordinates, &axes))
            .or_default()
            .push(trial);
    }
    let (mut kept, mut rates) = (Vec::new(), Vec::new());
    for members in cells.values() {
        let mut tried: Vec<f64> = members.iter().map(|t| t.coordinates.learning_rate).collect();
        tried.sort_by(f64::total_cmp);
        tried.dedup();
        let mut best: Option<(f64, f64)> = None;
        for rate in &tried {
            let at = members
                .iter()
                .filter(|t| t.coordinates.learning_rate == *rate && chooses(t));
            let merits: Option<Vec<f64>> = at.map(|t| merit(t)).collect();
            let Some(merits) = merits.filter(|m| !m.is_empty()) else {
                continue;
            };
            let merit = median(&merits);
            if best.is_none_or(|(_, least)| merit > least) {
                best = Some((*rate, merit));
            }
        }
        let Some((rate, _)) = best else {
            return Err(format!("nothing to choose the learning rate of `{name}` by"));
        };
        rates.push(rate);
        kept.extend(
            members
                .iter()
                .filter(|t| t.coordinates.learning_rate == rate && scored(t)),
        );
    }
    if kept.is_empty() {
        return Err(format!("no replicates of `{name}` are left to score"));
    }
    Ok((kept, rates))
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
    units: &[usize],
    identity: &Identity,
    censored: Censored,
) -> Option<Interval> {
    if units.len() < 2 {
        return None;
    }
    // Units that no sample has are not drawn.
    let mut all = vec![0; units.last().map_or(0, |last| last + 1)];
    let values = resample(&mut identity.stream(), &[units.len()], DRAWS, |times| {
        for (unit, drawn) in units.iter().zip(&times[0]) {
            all[*unit] = *drawn;
        }
        figure(claim, samples, &all, censored)
    });
    Some(percentile_interval(values, claim.confidence))
}

fn transform(transform: Transform, x: f64) -> f64 {
    match transform {
        Transform::Identity => x,
        Transform::Ln => libm::log(x),
        Transform::Log2 => libm::log2(x),
        Transform::Square => x * x,
    }
}

//! Which trials stand behind each figure of a claim, at which learning rates, and with what values.

use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::claim::{Metric, Rate, Relation, Transform};
use crate::experiment::{Axis, Claim};

use super::evidence::{Trial, texts};
use super::{ChosenRate, Part, RateEdge};
use crate::analysis::stats::median;
use crate::table::record::Status;

/// Gives the values of an axis as the grid lists them.
pub type Order<'a> = dyn Fn(Axis) -> Vec<String> + Sync + 'a;

/// The values behind one figure.
pub struct Sample {
    /// `left`, `right`, or the value of the axis.
    pub name: String,
    /// A value for each trial.
    pub values: Vec<Value>,
    /// What the reader is told of it, but for the figure.
    pub part: Part,
}

/// What one trial contributes.
#[derive(Clone, Copy)]
pub struct Value {
    /// Its unit of resampling.
    pub unit: usize,
    /// Its learning rate.
    pub rate: f64,
    /// What the value may be at most: that of a trial that never reaches its target.
    pub most: f64,
    /// What it may be at least: reached just after the trial ended.
    pub least: f64,
}

/// The units of resampling: replicates, or the combinations of seeds where there is one replicate.
pub fn units(trials: &[&Trial]) -> Vec<[u32; 4]> {
    let replicates: BTreeSet<u32> = trials.iter().map(|t| t.coordinates.replicate).collect();
    let units: BTreeSet<[u32; 4]> = trials.iter().map(|t| unit(t, replicates.len() > 1)).collect();
    units.into_iter().collect()
}

fn unit(trial: &Trial, by_replicate: bool) -> [u32; 4] {
    if by_replicate {
        [trial.coordinates.replicate, 0, 0, 0]
    } else {
        trial.coordinates.seeds()
    }
}

/// The samples that the relation compares: left and right, or one for each value of its axis
/// (for a ranking, the left cell's first).
///
/// # Errors
/// Trials or values are missing; the text is a note for the reader.
pub fn samples(
    claim: &Claim,
    trials: &[&Trial],
    units: &[[u32; 4]],
    order: &Order,
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
fn along(claim: &Claim, axis: Axis, trials: &[&Trial], order: &Order) -> Vec<String> {
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
            losing: false,
        },
        values,
    })
}

/// Chooses a learning rate in each pooled cell, and keeps the trials that are scored.
fn tune<'t>(
    claim: &Claim,
    name: &str,
    trials: &[&'t Trial],
) -> Result<(Vec<&'t Trial>, Vec<ChosenRate>), String> {
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
        rates.push(ChosenRate {
            rate,
            edge: edge(&tried, rate, members),
        });
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

/// At which end of the rates `tried`, which are ascending, `rate` stands, if at one.
fn edge(tried: &[f64], rate: f64, members: &[&Trial]) -> Option<RateEdge> {
    let (lowest, next) = match tried {
        [first, next, ..] if *first == rate => (true, *next),
        [.., next, last] if *last == rate => (false, *next),
        _ => return None,
    };
    let there = || members.iter().filter(|t| t.coordinates.learning_rate == next);
    Some(RateEdge {
        lowest,
        next,
        trials: there().count(),
        diverged: there().filter(|t| t.status == Status::Diverged).count(),
    })
}

fn transform(transform: Transform, x: f64) -> f64 {
    match transform {
        Transform::Identity => x,
        Transform::Ln => libm::log(x),
        Transform::Log2 => libm::log2(x),
        Transform::Square => x * x,
    }
}

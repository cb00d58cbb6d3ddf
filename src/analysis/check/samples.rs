//! Which trials stand behind each figure of a claim, at which learning rates, and with what values.

use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::claim::{Metric, Rate, Relation, Transform};
use crate::experiment::{Axis, Claim};

use super::evidence::Trial;
use super::{ChosenRate, Part, RateEdge};
use crate::analysis::stats::{Seeds, Units};
use crate::analysis::tune::{ReplicateSplit, tune_by};
use crate::table::record::Status;
use crate::table::{Subset, Trials};

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

impl Sample {
    /// What `pick` takes of the values, by unit.
    pub fn units(&self, pick: impl Fn(&Value) -> f64) -> Units<f64> {
        Units::of_units(self.values.iter().map(|v| (v.unit, pick(v))))
    }
}

/// What one trial contributes.
#[derive(Clone, Copy)]
pub struct Value {
    /// The seeds of its unit: of its replicate, or all of them where there is one replicate.
    pub unit: Seeds,
    pub rate: f64,
    /// What the value may be at most: that of a trial that never reaches its target.
    pub most: f64,
    /// What it may be at least: reached just after the trial ended.
    pub least: f64,
}

/// The samples that the relation compares: left and right, or one for each value of its axis
/// (for a ranking, the left cell's first).
///
/// # Errors
/// Trials or values are missing; the text is a note for the reader.
pub fn samples(
    claim: &Claim,
    trials: &[&Trial],
    frame: &Trials,
    order: &Order,
) -> Result<Vec<Sample>, String> {
    let first = trials.first().map(|t| t.coordinates.replicate);
    let by_replicate = trials.iter().any(|t| Some(t.coordinates.replicate) != first);
    let of = |name: &str, kept: Vec<&Trial>| sample(claim, name, &kept, frame, by_replicate);
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
            values_on(claim, *axis, &left, order)
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
            for value in values_on(claim, *axis, &rivals, order) {
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
fn values_on(claim: &Claim, axis: Axis, trials: &[&Trial], order: &Order) -> Vec<String> {
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

fn sample(
    claim: &Claim,
    name: &str,
    trials: &[&Trial],
    frame: &Trials,
    by_replicate: bool,
) -> Result<Sample, String> {
    if trials.is_empty() {
        return Err(format!("the tables hold no trials for `{name}`"));
    }
    let (kept, rates) = match (&claim.rate, &claim.metric) {
        (Rate::Tuned(_), metric) if !matches!(metric, Metric::BestRate { .. }) => {
            tuned(claim, name, trials, frame)?
        }
        _ => (trials.to_vec(), Vec::new()),
    };
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
        let least = trial.censored.map_or(value, |c| transform(claim.transform, c));
        values.push(Value {
            unit: match by_replicate {
                true => [trial.coordinates.replicate, 0, 0, 0],
                false => trial.coordinates.seeds(),
            },
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

/// Chooses the learning rates in each pooled cell, and keeps the trials that are scored.
fn tuned<'t>(
    claim: &Claim,
    name: &str,
    trials: &[&'t Trial],
    frame: &Trials,
) -> Result<(Vec<&'t Trial>, Vec<ChosenRate>), String> {
    let Rate::Tuned(tuning) = &claim.rate else {
        return Ok((trials.to_vec(), Vec::new()));
    };
    let split = tuning
        .replicates
        .map_or(ReplicateSplit::Others, ReplicateSplit::First);
    let by_row: BTreeMap<usize, &Trial> = trials.iter().filter_map(|t| Some((t.row?, *t))).collect();
    let higher = claim.metric.higher_is_better();
    let merit = |row: usize| {
        let trial = by_row.get(&row)?;
        match (&tuning.by, higher) {
            (Some(_), _) => trial.choose_by,
            (None, Some(higher)) => trial.value.map(|v| if higher { v } else { -v }),
            (None, None) => None,
        }
    };
    let (mut kept, mut rates) = (Vec::new(), Vec::new());
    let ours = frame.all().filter(|row| by_row.contains_key(&row));
    for cell in ours.group_but(&[Axis::LearningRate]) {
        let Some(tuned) = tune_by(&cell, split, merit) else {
            return Err(format!("nothing to choose the learning rate of `{name}` by"));
        };
        rates.push(ChosenRate {
            rate: tuned.rate(),
            edge: if tuned.at_edge {
                edge(&cell, tuned.rate())
            } else {
                None
            },
        });
        kept.extend(tuned.scored.rows().filter_map(|row| by_row.get(&row)));
    }
    if kept.is_empty() {
        return Err(format!("no replicates of `{name}` are left to score"));
    }
    Ok((kept, rates))
}

/// At which end of the rates that `cell` tried `rate` stands, if at one.
fn edge(cell: &Subset, rate: f64) -> Option<RateEdge> {
    let rates = cell.group_by(&[Axis::LearningRate]);
    let value = |at: usize| Some(rates.get(at)?.value(Axis::LearningRate));
    let last = rates.len().checked_sub(1)?;
    let (lowest, next) = match (value(0) == Some(rate), value(last) == Some(rate)) {
        (true, _) => (true, rates.get(1)?),
        (_, true) => (false, rates.get(last.checked_sub(1)?)?),
        _ => return None,
    };
    Some(RateEdge {
        lowest,
        next: next.value(Axis::LearningRate),
        trials: next.len(),
        diverged: next.count(Status::Diverged),
    })
}

/// The value that a claim compares.
pub(super) fn transform(transform: Transform, x: f64) -> f64 {
    match transform {
        Transform::Identity => x,
        Transform::Ln => libm::log(x),
        Transform::Log2 => libm::log2(x),
        Transform::Square => x * x,
    }
}

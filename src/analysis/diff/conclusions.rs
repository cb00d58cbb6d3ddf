//! The conclusion diff: what one would say differently after the change.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::experiment::Axis;
use crate::init::Registry;
use crate::support::error::Result;

use super::cell_groups::{CellGroups, compare_groups};
use super::export::figure;
use crate::analysis::cell::Cell;
use crate::analysis::check::{self, Judgement, Verdict};
use crate::analysis::ranking::{Rates, duels, scores};
use crate::table::format;
use crate::table::record::Status;
use crate::table::source::Source;

/// What one would conclude differently.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Conclusions {
    /// Whether one would conclude the same.
    pub same: bool,
    /// Comparisons of schemes (all else equal) in which some trial changed.
    pub contexts: u64,
    /// Another scheme leads.
    pub leaders: Listed<LeaderChange>,
    /// Two schemes have changed places.
    pub flips: Listed<Flip>,
    /// A scheme that was distinguishable from the leader no longer is, or the other way round.
    pub intervals: Listed<IntervalChange>,
    /// Another number of trials of a cell diverged or failed.
    pub endings: Listed<EndingChange>,
    /// Claims with another verdict.
    pub claims: Vec<ClaimChange>,
    /// What could not be compared, and why.
    pub notes: Vec<String>,
}

/// The first few of many.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed<T> {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Listed {
            count: 0,
            first: Vec::new(),
        }
    }
}

impl<T> Listed<T> {
    fn push(&mut self, limit: usize, item: T) {
        self.count += 1;
        if self.first.len() < limit {
            self.first.push(item);
        }
    }
}

/// Another scheme leads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeaderChange {
    /// What the schemes have in common: dataset, architecture, activation and so on.
    pub context: String,
    /// The scheme that led.
    pub old: String,
    /// Its score then.
    #[serde(serialize_with = "figure")]
    pub old_score: f64,
    /// The scheme that leads now.
    pub new: String,
    /// Its score now.
    #[serde(serialize_with = "figure")]
    pub new_score: f64,
}

/// Two schemes have changed places.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flip {
    /// What the schemes have in common.
    pub context: String,
    /// Ahead before, behind now.
    pub was_ahead: String,
    /// Behind before, ahead now.
    pub is_ahead: String,
}

/// The interval of a difference to the leader excludes 0 on one side only.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntervalChange {
    /// What the schemes have in common.
    pub context: String,
    /// The scheme.
    pub scheme: String,
    /// The leader, then and now.
    pub leader: String,
    /// Whether the scheme is distinguishable from it now.
    pub distinguishable: bool,
}

/// Another number of trials did not end well.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndingChange {
    /// The cell.
    pub cell: String,
    /// `diverged` or `failed`.
    pub ending: &'static str,
    /// Trials that ended so before.
    pub old: usize,
    /// Trials that do now.
    pub new: usize,
}

/// A claim with another verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClaimChange {
    /// Its name.
    pub name: String,
    /// The verdict before; `None` where the claim was not made.
    pub old: Option<Verdict>,
    /// The verdict now; `None` where the claim is no longer made.
    pub new: Option<Verdict>,
}

/// So many pairs of trials are resampled at most, for the intervals of changed comparisons: a
/// million take minutes.
const MOST_PAIRS: usize = 20_000;

/// What has been spent of [`MOST_PAIRS`].
#[derive(Debug, Default)]
struct Spent {
    pairs: usize,
    /// Comparisons whose intervals were left out.
    left_out: u64,
}

/// Compares what the trials of two directories say.
///
/// # Errors
/// None yet: what cannot be compared is a note.
pub fn compare(old: &Source, new: &Source, limit: usize) -> Result<Conclusions> {
    let mut conclusions = Conclusions::default();
    if let Err(error) = compare_cells(old, new, limit, &mut conclusions) {
        conclusions
            .notes
            .push(format!("rankings were not compared: {error}"));
    }
    compare_claims(old, new, &mut conclusions);
    let c = &mut conclusions;
    let changes = c.leaders.count + c.flips.count + c.intervals.count + c.endings.count;
    c.same = changes == 0 && c.claims.is_empty();
    Ok(conclusions)
}

fn compare_cells(old: &Source, new: &Source, limit: usize, out: &mut Conclusions) -> Result<()> {
    let (mut old, mut new) = (CellGroups::open(old)?, CellGroups::open(new)?);
    let mut spent = Spent::default();
    loop {
        let order = match (&old.next, &new.next) {
            (Some(a), Some(b)) => compare_groups(a, b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        // Cells of one side alone change no conclusion: there is nothing to compare them with.
        match order {
            Ordering::Less => drop(old.group()?),
            Ordering::Greater => drop(new.group()?),
            Ordering::Equal => {
                let (a, b) = (old.group()?, new.group()?);
                if a != b {
                    compare_group(&a, &b, limit, &mut spent, out);
                }
            }
        }
    }
    if spent.left_out > 0 {
        out.notes.push(format!(
            "intervals were compared in {} of {} changed comparisons, which is what seconds allow",
            out.contexts - spent.left_out,
            out.contexts
        ));
    }
    Ok(())
}

fn compare_group(old: &[Cell], new: &[Cell], limit: usize, spent: &mut Spent, out: &mut Conclusions) {
    compare_endings(old, new, limit, out);
    let contexts = |cells: &'_ [Cell]| -> BTreeMap<Vec<String>, Vec<usize>> {
        let mut contexts: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
        for (i, cell) in cells.iter().enumerate() {
            let key = cell.coordinates.key(&[Axis::Scheme, Axis::LearningRate]);
            contexts.entry(key).or_default().push(i);
        }
        contexts
    };
    let (a, b) = (contexts(old), contexts(new));
    for (key, old_places) in &a {
        let Some(new_places) = b.get(key) else {
            continue;
        };
        let old: Vec<&Cell> = old_places.iter().map(|i| &old[*i]).collect();
        let new: Vec<&Cell> = new_places.iter().map(|i| &new[*i]).collect();
        if old != new {
            out.contexts += 1;
            let context = key.join(" ");
            if compare_orders(&context, &old, &new, limit, out) {
                compare_intervals(&context, &old, &new, limit, spent, out);
            }
        }
    }
}

fn compare_endings(old: &[Cell], new: &[Cell], limit: usize, out: &mut Conclusions) {
    let by_key: BTreeMap<Vec<String>, &Cell> = old.iter().map(|c| (c.coordinates.key(&[]), c)).collect();
    for cell in new {
        let key = cell.coordinates.key(&[]);
        let Some(before) = by_key.get(&key) else {
            continue;
        };
        for (status, ending) in [(Status::Diverged, "diverged"), (Status::Failed, "failed")] {
            let (old, new) = (before.count(status), cell.count(status));
            if old != new {
                let cell = key.join(" ");
                out.endings.push(
                    limit,
                    EndingChange {
                        cell,
                        ending,
                        old,
                        new,
                    },
                );
            }
        }
    }
}

/// Compares who is ahead of whom; whether the leader is the same.
fn compare_orders(context: &str, old: &[&Cell], new: &[&Cell], limit: usize, out: &mut Conclusions) -> bool {
    let (a, b) = (scores(old, Rates::Tuned), scores(new, Rates::Tuned));
    let (Some(first_old), Some(first_new)) = (a.first(), b.first()) else {
        return false;
    };
    if first_old.0 != first_new.0 {
        let change = LeaderChange {
            context: context.to_owned(),
            old: first_old.0.clone(),
            old_score: first_old.1,
            new: first_new.0.clone(),
            new_score: first_new.1,
        };
        out.leaders.push(limit, change);
    }
    let place: BTreeMap<&str, (usize, f64)> = b
        .iter()
        .enumerate()
        .map(|(i, (scheme, x))| (scheme.as_str(), (i, *x)))
        .collect();
    for (i, (ahead, x)) in a.iter().enumerate() {
        for (behind, y) in &a[i + 1..] {
            let (Some(p), Some(q)) = (place.get(ahead.as_str()), place.get(behind.as_str())) else {
                continue;
            };
            // Schemes that tie are in no order, on either side.
            if x != y && p.1 != q.1 && p.0 > q.0 {
                let flip = Flip {
                    context: context.to_owned(),
                    was_ahead: ahead.clone(),
                    is_ahead: behind.clone(),
                };
                out.flips.push(limit, flip);
            }
        }
    }
    first_old.0 == first_new.0
}

/// Compares which schemes are distinguishable from the leader, which is the same on both sides.
fn compare_intervals(
    context: &str,
    old: &[&Cell],
    new: &[&Cell],
    limit: usize,
    spent: &mut Spent,
    out: &mut Conclusions,
) {
    let old = duels(old, Rates::Tuned, context);
    let both = duels(new, Rates::Tuned, context).into_iter().filter_map(|now| {
        let before = old.iter().find(|d| d.scheme == now.scheme)?;
        // The same trials say the same: what changed may not be what schemes are compared by.
        (*before != now).then_some((before, now))
    });
    let changed: Vec<_> = both.collect();
    if spent.pairs > MOST_PAIRS {
        spent.left_out += u64::from(!changed.is_empty());
        return;
    }
    for (before, now) in changed {
        spent.pairs += before.pairs() + now.pairs();
        let distinguishable = now.apart();
        if before.apart() != distinguishable {
            let change = IntervalChange {
                context: context.to_owned(),
                scheme: now.scheme,
                leader: now.leader,
                distinguishable,
            };
            out.intervals.push(limit, change);
        }
    }
}

fn compare_claims(old: &Source, new: &Source, out: &mut Conclusions) {
    let registry = Registry::standard();
    let judge = |source: &Source, out: &mut Conclusions| -> Option<Vec<Judgement>> {
        if !matches!(source.text(format::MANIFEST), Ok(Some(_))) {
            return None;
        }
        match check::evaluate_at(source, &registry) {
            Ok(judgements) => Some(judgements),
            Err(error) => {
                out.notes
                    .push(format!("claims of {source} were not judged: {error}"));
                None
            }
        }
    };
    let (Some(a), Some(b)) = (judge(old, out), judge(new, out)) else {
        return;
    };
    let verdict = |judgements: &[Judgement], name: &str| {
        let judgement = judgements.iter().find(|j| j.claim.name == name);
        judgement.map(|j| j.verdict)
    };
    let names: BTreeSet<&str> = a.iter().chain(&b).map(|j| j.claim.name.as_str()).collect();
    for name in names {
        let (before, now) = (verdict(&a, name), verdict(&b, name));
        if before != now {
            out.claims.push(ClaimChange {
                name: name.to_owned(),
                old: before,
                new: now,
            });
        }
    }
}

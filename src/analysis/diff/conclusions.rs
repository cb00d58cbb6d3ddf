//! The conclusion diff: what one would say differently after the change.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::experiment::Axis;
use crate::init::Registry;
use crate::support::error::{Error, Kind, Result};

use super::export::figure;
use crate::analysis::check::{self, Judgement, Verdict};
use crate::analysis::rank::{RankingRates, rank, scores};
use crate::row::Status;
use crate::table::io::Reader;
use crate::table::manifest::Manifest;
use crate::table::source::{Bytes, Source};
use crate::table::trials::Blocks;
use crate::table::{Figure, Subset, format};

/// What one would conclude differently.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Conclusions {
    /// Whether one would conclude the same.
    pub same: bool,
    /// Comparisons of schemes (all else equal) in which some trial changed.
    pub contexts: u64,
    pub leaders: Listed<LeaderChange>,
    /// Two schemes have changed places.
    pub flips: Listed<Flip>,
    /// A scheme that was distinguishable from the leader no longer is, or the other way round.
    pub intervals: Listed<IntervalChange>,
    /// Another number of trials of a cell diverged or failed.
    pub endings: Listed<EndingChange>,
    pub claims: Vec<ClaimChange>,
    /// What could not be compared, and why.
    pub notes: Vec<String>,
}

/// The first few of many.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed<T> {
    pub count: u64,
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

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeaderChange {
    /// What the schemes have in common: dataset, architecture, activation and so on.
    pub context: String,
    pub old: String,
    #[serde(serialize_with = "figure")]
    pub old_score: f64,
    /// The scheme that leads now.
    pub new: String,
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

/// A scheme is distinguished from the leader on one side only.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntervalChange {
    /// What the schemes have in common.
    pub context: String,
    pub scheme: String,
    /// The leader, then and now.
    pub leader: String,
    /// Whether the scheme is distinguishable from it now.
    pub distinguishable: bool,
}

/// Another number of trials did not end well.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndingChange {
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
    pub name: String,
    /// The verdict before; `None` where the claim was not made.
    pub old: Option<Verdict>,
    /// The verdict now; `None` where the claim is no longer made.
    pub new: Option<Verdict>,
}

/// Schemes are compared with the leader until so many pairs of trials have been: a million take
/// minutes.
const MOST_PAIRS: usize = 50_000;

/// What has been spent of [`MOST_PAIRS`].
#[derive(Debug, Default)]
struct Spent {
    pairs: usize,
    /// Comparisons whose intervals were left out.
    left_out: u64,
}

/// Compares what the trials of two directories say. What cannot be compared is a note.
pub fn compare(old: &Source, new: &Source, limit: usize) -> Conclusions {
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
    conclusions
}

/// The trials of a table, a block at a time, so that memory does not grow with the table: those with
/// the same dataset, noise, architecture and activation. No comparison of schemes spans two blocks.
fn blocks(source: &Source) -> Result<Blocks<Bytes>> {
    let manifest = Manifest::read(source).ok().flatten();
    let Some(bytes) = source.open(format::TRIALS)? else {
        let message = format!("{source} holds no {}", format::TRIALS);
        return Err(Error::new(Kind::Store, message));
    };
    let trials = Reader::new(&source.name_of(format::TRIALS), bytes)?;
    Blocks::new(trials, &Axis::ALL[..=Axis::Activation as usize], manifest)
}

/// What conclusions about trials depend on.
const COMPARED: [Figure; 7] = [
    Figure::TRAIN_LOSS,
    Figure::TRAIN_ACCURACY,
    Figure::VALIDATION_LOSS,
    Figure::VALIDATION_ACCURACY,
    Figure::TEST_LOSS,
    Figure::TEST_ACCURACY,
    Figure::BEST_TEST_ACCURACY,
];

fn compare_cells(old: &Source, new: &Source, limit: usize, out: &mut Conclusions) -> Result<()> {
    let (mut old, mut new) = (blocks(old)?, blocks(new)?);
    let mut spent = Spent::default();
    loop {
        let order = match (old.peek(), new.peek()) {
            (Some(a), Some(b)) => old.compare(a, b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        // Cells of one side alone change no conclusion: there is nothing to compare them with.
        match order {
            Ordering::Less => drop(old.next_block()?),
            Ordering::Greater => drop(new.next_block()?),
            Ordering::Equal => {
                let (a, b) = (old.next_block()?, new.next_block()?);
                if !a.all().same_scores(&b.all(), &COMPARED) {
                    compare_block(&a.all(), &b.all(), limit, &mut spent, out);
                }
            }
        }
    }
    if spent.left_out > 0 {
        out.notes.push(format!(
            "which schemes are distinguishable from the leader was compared in {} of {} changed comparisons, which is what seconds allow",
            out.contexts - spent.left_out,
            out.contexts
        ));
    }
    Ok(())
}

/// The groups of `old` and `new` that share their texts on the axes of a cell but `free`, with
/// these texts.
fn shared<'a, 'b>(
    old: &Subset<'a>,
    new: &Subset<'b>,
    free: &[Axis],
) -> Vec<(String, Subset<'a>, Subset<'b>)> {
    let axes: Vec<Axis> = Axis::cell_but(free).collect();
    let key =
        |group: &Subset| -> Vec<String> { axes.iter().map(|axis| group.text(*axis).to_owned()).collect() };
    let theirs = new.group_by(&axes).into_iter().map(|group| (key(&group), group));
    let mut theirs: BTreeMap<Vec<String>, Subset> = theirs.collect();
    let both = |group: Subset<'a>| {
        let key = key(&group);
        let named = axes.iter().zip(&key);
        let named = named.filter(|(axis, text)| !axis.is_optional_default(text));
        let name: Vec<&str> = named.map(|(_, text)| text.as_str()).collect();
        Some((name.join(" "), group, theirs.remove(&key)?))
    };
    old.group_by(&axes).into_iter().filter_map(both).collect()
}

fn compare_block(old: &Subset, new: &Subset, limit: usize, spent: &mut Spent, out: &mut Conclusions) {
    for (cell, old, new) in shared(old, new, &[]) {
        for (status, ending) in [(Status::Diverged, "diverged"), (Status::Failed, "failed")] {
            let (old, new) = (old.count(status), new.count(status));
            if old != new {
                let cell = cell.clone();
                let change = EndingChange {
                    cell,
                    ending,
                    old,
                    new,
                };
                out.endings.push(limit, change);
            }
        }
    }
    for (context, old, new) in shared(old, new, &[Axis::Scheme, Axis::LearningRate]) {
        if !old.same_scores(&new, &COMPARED) {
            out.contexts += 1;
            if compare_orders(&context, &old, &new, limit, out) {
                compare_intervals(&context, &old, &new, limit, spent, out);
            }
        }
    }
}

/// Compares who is ahead of whom; whether the leader is the same.
fn compare_orders(context: &str, old: &Subset, new: &Subset, limit: usize, out: &mut Conclusions) -> bool {
    let (a, b) = (scores(old, RankingRates::Tuned), scores(new, RankingRates::Tuned));
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
    old: &Subset,
    new: &Subset,
    limit: usize,
    spent: &mut Spent,
    out: &mut Conclusions,
) {
    if spent.pairs > MOST_PAIRS {
        spent.left_out += 1;
        return;
    }
    let (old, new) = (
        rank(old, RankingRates::Tuned, context),
        rank(new, RankingRates::Tuned, context),
    );
    let Some(leader) = new.first() else { return };
    for now in &new[1..] {
        let before = old.iter().find(|place| place.scheme == now.scheme);
        let comparisons = (
            before.and_then(|b| b.against_leader.as_ref()),
            &now.against_leader,
        );
        let (Some(before), Some(now_against)) = comparisons else {
            continue;
        };
        spent.pairs += before.pairs + now_against.pairs;
        if before.distinguished != now_against.distinguished {
            let change = IntervalChange {
                context: context.to_owned(),
                scheme: now.scheme.clone(),
                leader: leader.scheme.clone(),
                distinguishable: now_against.distinguished,
            };
            out.intervals.push(limit, change);
        }
    }
}

fn compare_claims(old: &Source, new: &Source, out: &mut Conclusions) {
    let registry = Registry::recorded();
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

//! Which trials a run is to have, from the rows that are there: all, or where replicates go on until a
//! decision those of the looks reached so far.

use super::directory;
use super::reuse::{SearchOptions, Survey, Wanted};
use super::shard::owners;
use super::store::Store;
use crate::analysis::looks::{self, LookState};
use crate::experiment::claim::Metric;
use crate::experiment::{Experiment, Plan};
use crate::support::error::Result;
use crate::table::io::{Table, Writer};
use crate::table::manifest::Manifest;
use crate::table::source::Source;
use crate::table::trials::Builder;

/// How far the run of `experiment` has come whose rows are in `store`; `None` where its replicates are
/// fixed. `manifest` describes its data.
///
/// # Errors
/// A record cannot be read.
pub(crate) fn look_state(
    experiment: &Experiment,
    plan: &Plan,
    manifest: &Manifest,
    store: &mut Store,
) -> Result<Option<LookState>> {
    if experiment.sequential.is_none() {
        return Ok(None);
    }
    // Of the large tables only what a claim is about.
    let needs = |table: &Table| {
        experiment.claims.iter().any(|claim| {
            let of = match claim.metric {
                Metric::Epoch { .. } | Metric::TimeTo { .. } => Table::Epochs,
                Metric::Layer { .. } => Table::Layers,
                _ => return false,
            };
            of == *table
        })
    };
    let kept = Table::ALL.into_iter().filter(needs);
    let mut writers = kept
        .map(|table| Ok((table.file().to_owned(), Writer::new(table, Vec::new())?)))
        .collect::<Result<Vec<_>>>()?;
    let mut trials = Builder::new(false);
    for i in (0..plan.len() as u32)
        .filter(|i| store.has(*i))
        .collect::<Vec<_>>()
    {
        let record = store.fetch(i)?;
        trials.push_record(&record);
        writers
            .iter_mut()
            .try_for_each(|(_, writer)| writer.push(&record))?;
    }
    let files = writers
        .into_iter()
        .map(|(name, writer)| Ok((name, writer.finish()?.into())));
    let source = Source::Memory {
        name: "the trials so far".to_owned(),
        files: files.collect::<Result<_>>()?,
    };
    looks::look_state(experiment, plan, &trials.finish(Some(manifest)), &source)
}

/// As [`look_state`], from all rows that can be found in `wanted.directory` and where `options` say.
///
/// # Errors
/// As for [`Survey::search`].
pub(crate) fn look_state_of_all(
    wanted: Wanted<'_>,
    manifest: &Manifest,
    options: &SearchOptions<'_>,
) -> Result<Option<LookState>> {
    let (experiment, plan) = (wanted.experiment, wanted.plan);
    if experiment.sequential.is_none() {
        return Ok(None);
    }
    let all = vec![true; plan.len()];
    let mut store = Store::new(plan.len()).keeping(&experiment.record, experiment.train.length);
    Survey::new(Wanted { mine: &all, ..wanted }).search(&mut store, options, |_, _, _| {})?;
    look_state(experiment, plan, manifest, &mut store)
}

/// The shard, from 1, that each trial belongs to, of `count`: those of each look are divided apart, so
/// that every shard has its part of each.
pub(crate) fn owners_by_look(experiment: &Experiment, plan: &Plan, count: u32) -> Vec<u32> {
    let costs: Vec<u64> = (0..plan.len()).map(|i| plan.cost(i)).collect();
    let Some(design) = &experiment.sequential else {
        return owners(&costs, count);
    };
    let look = |i: &usize| design.look_of(plan.seeds()[i % plan.seeds().len()].replicate);
    let mut all = vec![1; costs.len()];
    for number in 0..design.looks.len() {
        let trials: Vec<usize> = (0..costs.len()).filter(|i| look(i) == number).collect();
        let costs: Vec<u64> = trials.iter().map(|i| costs[*i]).collect();
        for (i, owner) in trials.into_iter().zip(owners(&costs, count)) {
            all[i] = owner;
        }
    }
    all
}

/// The numbered journals below `directory`, of earlier forms of the experiment.
///
/// # Errors
/// The directory cannot be read.
pub(crate) fn earlier_journals(directory: &std::path::Path) -> Result<Vec<std::path::PathBuf>> {
    let all = directory::all_journals(directory)?.into_iter();
    Ok(all
        .filter(|(_, number, _)| *number > 0)
        .map(|(_, _, path)| path)
        .collect())
}

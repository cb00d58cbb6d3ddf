//! The average ranks of the schemes, for a critical-difference diagram.
//!
//! A block ranks all schemes. Blocks are settings (of each scheme the interquartile mean over its
//! trials) or replicates (the mean over settings), whichever are more: replicates are independent of
//! each other, and settings are what one generalizes over; trials of one setting, or of one replicate
//! in several settings, are not a sample of either.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::rank::{RankingRates, SchemeTrials, sides, sign};
use crate::analysis::stats::friedman::Friedman;
use crate::analysis::stats::{interquartile_mean, mean};
use crate::table::Subset;

/// What each block of a ranking of schemes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// All that two cells share that differ in scheme and learning rate alone.
    Setting,
    /// A replicate, over all settings.
    Replicate,
}

/// The average ranks of the schemes over blocks, each at its tuned rates.
#[derive(Debug, Clone, PartialEq)]
pub struct AverageRanks {
    /// Schemes with their average rank, the least first, ties by name.
    pub schemes: Vec<(String, f64)>,
    pub block: Block,
    /// Friedman's test and the critical difference.
    pub test: Friedman,
    /// The schemes that a bar joins: the first and the last of each group in [`AverageRanks::schemes`].
    pub groups: Vec<(usize, usize)>,
}

/// The least number of schemes and of blocks that are ranked.
const FEWEST: usize = 3;

/// The average ranks of the schemes in `trials` (all for classification, or all for regression), over
/// the settings that all schemes have. `None` for fewer than three schemes or blocks, and where no
/// block tells schemes apart.
pub fn average_ranks(trials: &Subset) -> Option<AverageRanks> {
    let figure = trials.headline()?;
    let sign = sign(figure);
    let sides = sides(trials, RankingRates::Tuned, figure);
    let mut everywhere = sides
        .values()
        .map(|side| side.groups.keys().cloned().collect::<BTreeSet<_>>());
    let first = everywhere.next()?;
    let settings = everywhere.fold(first, |all, these| all.intersection(&these).cloned().collect());
    let schemes: Vec<(&str, &SchemeTrials)> = sides.iter().map(|(scheme, side)| (*scheme, side)).collect();
    let by_setting: Vec<Vec<f64>> = settings
        .iter()
        .map(|setting| {
            let score = |side: &SchemeTrials| sign * interquartile_mean(&side.groups[setting].scores);
            schemes.iter().map(|(_, side)| score(side)).collect()
        })
        .collect();
    let by_replicate = by_replicate(&schemes, &settings, sign);
    let (block, blocks) = match by_setting.len() >= by_replicate.len() {
        true => (Block::Setting, by_setting),
        false => (Block::Replicate, by_replicate),
    };
    if schemes.len() < FEWEST || blocks.len() < FEWEST {
        return None;
    }
    let test = Friedman::new(&blocks)?;
    let names = schemes.iter().map(|(scheme, _)| (*scheme).to_owned());
    let mut schemes: Vec<(String, f64)> = names.zip(test.ranks.iter().copied()).collect();
    schemes.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    let ascending: Vec<f64> = schemes.iter().map(|(_, rank)| *rank).collect();
    Some(AverageRanks {
        groups: test.groups(&ascending),
        schemes,
        block,
        test,
    })
}

/// The mean score over `settings` of every scheme in each replicate that all have in all of them.
fn by_replicate(
    schemes: &[(&str, &SchemeTrials)],
    settings: &BTreeSet<Vec<u32>>,
    sign: f64,
) -> Vec<Vec<f64>> {
    let scores_of = |side: &SchemeTrials| -> BTreeMap<u32, f64> {
        let mut scores: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for setting in settings {
            let units = side.groups[setting].units();
            let mut of: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
            for (seeds, values) in units.seeds().iter().zip(units.each()) {
                of.entry(seeds[0]).or_default().extend(values);
            }
            for (replicate, values) in of {
                scores.entry(replicate).or_default().push(mean(&values));
            }
        }
        scores.retain(|_, values| values.len() == settings.len());
        scores
            .into_iter()
            .map(|(replicate, values)| (replicate, sign * mean(&values)))
            .collect()
    };
    let scores: Vec<BTreeMap<u32, f64>> = schemes.iter().map(|(_, side)| scores_of(side)).collect();
    let replicates: BTreeSet<u32> = scores.iter().flat_map(|of| of.keys().copied()).collect();
    let block = |replicate: &u32| scores.iter().map(|of| of.get(replicate).copied()).collect();
    replicates.iter().filter_map(block).collect()
}

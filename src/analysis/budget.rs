//! What a scheme scores when only some of the learning rates are tried.
//!
//! The learning rates of the grid are the budget: of every set of k of them the one that validation data
//! of the other replicates prefer is taken, as in [`tune`](crate::analysis::tune), and the scores on
//! test data are averaged over all such sets, without drawing any ([`expected_best`]). With all rates it
//! is the score of the ranking.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::analysis::stats::budget::{expected_best, tunability};
use crate::analysis::stats::{Effects, Estimate, Seeds, Units};
use crate::analysis::tune::preferences;
use crate::experiment::Axis;
use crate::table::{Figure, Subset};

/// The expected best score of a scheme against the number of learning rates that are tried.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetCurve {
    pub scheme: String,
    /// The score with 1, 2, ... rates, each with its interval at 95% over replicates: averaged over
    /// settings, in each of them the interquartile mean over trials.
    pub scores: Vec<Estimate>,
    /// The mean of the scores, weighted from the number of rates down to 1.
    pub tunability: f64,
}

/// The curve of each scheme in `trials` (all for classification, or all for regression), by name. Empty
/// where there is one rate, and where some setting has no validation data to choose rates by.
pub fn budget_curves(trials: &Subset) -> Vec<BudgetCurve> {
    let Some(figure) = trials.headline() else {
        return Vec::new();
    };
    let schemes = trials.group_by(&[Axis::Scheme]);
    let curves: Option<Vec<BudgetCurve>> = schemes.par_iter().map(|scheme| curve(scheme, figure)).collect();
    curves
        .filter(|curves| curves.iter().all(|c| c.scores.len() > 1))
        .unwrap_or_default()
}

fn curve(scheme: &Subset, figure: Figure) -> Option<BudgetCurve> {
    let settings = scheme.group_but(&[Axis::Scheme, Axis::LearningRate]);
    let settings: Option<Vec<Vec<RankedScores>>> =
        settings.iter().map(|setting| ranked(setting, figure)).collect();
    let settings = settings?;
    let most = settings.iter().flatten().map(|(_, scores)| scores.len()).min()?;
    let scores = (1..=most).map(|budget| {
        let setting = |trials: &Vec<RankedScores>| {
            let expected = trials
                .iter()
                .map(|(seeds, scores)| (*seeds, expected_best(scores, budget)));
            Effects::interquartile_mean(&Units::of_trials(expected))
        };
        Some(Effects::average(&settings.iter().map(setting).collect::<Vec<_>>())?.estimate())
    });
    let scores: Vec<Estimate> = scores.collect::<Option<_>>()?;
    let values: Vec<f64> = scores.iter().map(|score| score.value).collect();
    Some(BudgetCurve {
        scheme: scheme.text(Axis::Scheme).to_owned(),
        tunability: tunability(&values),
        scores,
    })
}

/// Trials of the same seeds: what they score at each rate, the rate that the others prefer first.
type RankedScores = (Seeds, Vec<f64>);

/// The trials of one scheme in one setting, seeds by seeds.
fn ranked(setting: &Subset, figure: Figure) -> Option<Vec<RankedScores>> {
    let preferences = preferences(setting)?;
    let table = setting.trials();
    let mut scores: BTreeMap<Seeds, BTreeMap<u32, f64>> = BTreeMap::new();
    for (row, score) in setting.rows().zip(setting.scores(figure)?) {
        let rates = scores.entry(table.seeds(row)).or_default();
        rates.insert(table.code(row, Axis::LearningRate), score);
    }
    let ranked = scores.into_iter().map(|(seeds, rates)| {
        let order = preferences.get(&seeds[0])?;
        let scores: Option<Vec<f64>> = order.iter().map(|rate| rates.get(rate).copied()).collect();
        Some((seeds, scores?))
    });
    ranked.collect()
}

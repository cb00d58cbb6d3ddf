//! What the sections of a report show of a run: settings, schemes, rates, scores and the ranking.

use std::collections::BTreeMap;

use super::figure::axis::PlotAxis;
use super::figure::{Ink, headings};
use super::measure::Measure;
use super::run::Run;
use super::setting::Setting;
use crate::analysis::measures::Measures;
use crate::analysis::rank::{RankingRates, SchemeScore, rank};
use crate::analysis::stats::stratified_mean;
use crate::analysis::time_to_target::default_reference;
use crate::analysis::tune::{Basis, ReplicateSplit, basis, merit, tune, tune_by};
use crate::experiment::Axis;
use crate::support::text::typeset;
use crate::table::Subset;

/// The learning rate chosen for a scheme in a setting.
#[derive(Debug, Clone)]
pub struct TunedScores<'t> {
    /// Whether it is the least or the greatest of several; `None` where validation data did not
    /// choose it.
    pub at_edge: Option<bool>,
    /// The trials that are scored: of each replicate that at the rate which the others choose.
    pub scored: Subset<'t>,
}

/// What the sections of a report show of a run.
#[derive(Debug)]
pub struct ReportModel<'a> {
    pub run: &'a Run,
    /// What trials are scored by.
    pub measure: Measure,
    /// The settings, in the order of the tables.
    pub settings: Vec<Setting>,
    /// The schemes, best first; those that were not trained last.
    pub schemes: Vec<String>,
    /// The ranking of the schemes that were trained: at their own rates where there are several.
    pub ranking: Vec<SchemeScore>,
    /// What else is known of the schemes.
    pub measures: Measures,
    /// The scheme that sets the targets of times to target.
    pub reference: Option<String>,
    /// Datasets that are not scored by the measure, and so left out.
    pub left_out: Vec<String>,
    /// The learning rates, ascending.
    pub rates: Vec<f64>,
    /// What a scheme's own rates are chosen by.
    pub basis: Basis,
    /// The trials on datasets that are scored by the measure.
    pub trials: Subset<'a>,
    /// The trials of each setting and scheme.
    groups: BTreeMap<(usize, String), Subset<'a>>,
    inks: BTreeMap<String, Ink>,
}

impl<'a> ReportModel<'a> {
    /// The model of `run`. Schemes in `order` keep their colours from there.
    pub fn new(run: &'a Run, order: &[String]) -> ReportModel<'a> {
        let all = &run.trials;
        let measure = Measure::of(all);
        let datasets = all.all().group_by(&[Axis::Dataset]);
        let left_out = datasets
            .iter()
            .filter(|trials| trials.scores(measure.figure).is_none());
        let left_out: Vec<String> = left_out.map(|t| t.text(Axis::Dataset).to_owned()).collect();
        let trials = all.all().filter(|row| all.measures(row, measure.figure));
        let probed = run.probe.iter().map(|line| &line.coordinates);
        let probed: Vec<_> = probed.filter(|c| !left_out.contains(&c.dataset)).collect();

        let mut groups = BTreeMap::new();
        let mut settings: Vec<Setting> = Vec::new();
        for group in trials.group_but(&[Axis::LearningRate]) {
            let first = group.rows().next().unwrap_or_default();
            let place = place_of(&mut settings, Setting::of_trial(all, first));
            groups.insert((place, group.text(Axis::Scheme).to_owned()), group);
        }
        let mut rates: Vec<f64> = trials
            .group_by(&[Axis::LearningRate])
            .iter()
            .map(rate_of)
            .collect();
        let ranking = match rates.as_slice() {
            [only] => rank(&trials, RankingRates::Fixed(*only), "all"),
            _ => rank(&trials, RankingRates::Tuned, "all"),
        };
        let mut schemes: Vec<String> = ranking.iter().map(|s| s.scheme.clone()).collect();
        let trained = trials.rows().map(|row| all.text(row, Axis::Scheme));
        for scheme in trained.chain(probed.iter().map(|c| c.scheme.as_str())) {
            if !schemes.iter().any(|s| s == scheme) {
                schemes.push(scheme.to_owned());
            }
        }
        for c in probed {
            place_of(&mut settings, Setting::of(c));
            if !rates.contains(&c.learning_rate) {
                rates.push(c.learning_rate);
            }
        }
        rates.sort_by(f64::total_cmp);
        let named = run.reference.as_deref();
        let reference = named.or_else(|| default_reference(all.values(Axis::Scheme)));
        let more = schemes.iter().filter(|s| !order.contains(s));
        let coloured = order.iter().chain(more).enumerate();
        ReportModel {
            run,
            measure,
            left_out,
            basis: basis(&trials),
            measures: Measures::of(&trials, &run.epochs, reference),
            reference: reference.map(str::to_owned),
            inks: coloured.map(|(i, s)| (s.clone(), Ink::of(i))).collect(),
            settings,
            schemes,
            ranking,
            rates,
            trials,
            groups,
        }
    }

    /// The ranking of all schemes at one rate, all settings taken together.
    pub fn ranking_at(&self, rate: f64) -> Vec<SchemeScore> {
        rank(&self.trials, RankingRates::Fixed(rate), "all")
    }

    /// Whether several replicates share one split of the data, so that intervals do not include what
    /// another split would change.
    pub fn has_one_split(&self) -> bool {
        self.trials.values(Axis::DataSeed).len() == 1 && self.trials.values(Axis::Replicate).len() > 1
    }

    /// The place of a scheme in the ranking.
    pub fn ranked(&self, scheme: &str) -> Option<&SchemeScore> {
        self.ranking.iter().find(|s| s.scheme == scheme)
    }

    /// A figure of the measure for people.
    pub fn text(&self, value: f64) -> String {
        match self.measure.decimals() {
            Some(decimals) if value.is_finite() => format!("{value:.decimals$}"),
            _ if value.is_finite() => typeset(value, 3),
            _ => "diverged".to_owned(),
        }
    }

    /// The axis of the measure: all accuracies, or the range of `values` by logarithm.
    pub fn axis_of_measure(&self, values: impl IntoIterator<Item = f64>) -> PlotAxis {
        match self.measure.higher_is_better() {
            true => PlotAxis::accuracy(&self.measure.name()),
            false => PlotAxis::around(&self.measure.name(), true, values),
        }
    }

    /// What people call a scheme: its label, else its text in the tables.
    pub fn name<'s>(&'s self, scheme: &'s str) -> &'s str {
        self.run.labels.name(scheme)
    }

    /// The ink of a scheme.
    pub fn ink(&self, scheme: &str) -> Ink {
        self.inks.get(scheme).copied().unwrap_or(Ink::Faint)
    }

    /// What a trial counts with: the one at `row` of the table.
    pub fn score(&self, row: usize) -> f64 {
        let score = self.run.trials.score(row, self.measure.figure);
        score.unwrap_or(f64::NAN)
    }

    /// What a trial counts with where it has no evaluation.
    pub fn score_without(&self, row: usize) -> f64 {
        let score = self.run.trials.score_of(row, self.measure.figure, None);
        score.unwrap_or(f64::NAN)
    }

    /// The learning rates of a setting and scheme, ascending, with their trials.
    pub fn by_rate(&self, setting: usize, scheme: &str) -> Vec<(f64, Subset<'a>)> {
        let group = self.groups.get(&(setting, scheme.to_owned()));
        let rates = group.map_or(Vec::new(), |trials| trials.group_by(&[Axis::LearningRate]));
        rates
            .into_iter()
            .map(|trials| (rate_of(&trials), trials))
            .collect()
    }

    /// The cells, setting by setting and scheme by scheme, with the setting's place.
    pub fn cells(&self) -> impl Iterator<Item = (usize, Subset<'a>)> {
        let cells = |((setting, _), trials): (&(usize, String), &Subset<'a>)| {
            let setting = *setting;
            trials.cells().into_iter().map(move |cell| (setting, cell))
        };
        self.groups.iter().flat_map(cells)
    }

    /// The trials that are scored at the learning rates that [`tune`] chooses. Where there is nothing
    /// to choose, all trials are scored; where there are no validation data to choose by, the rate is
    /// the one with the best median of the reported measure.
    pub fn tuned(&self, setting: usize, scheme: &str) -> Option<TunedScores<'a>> {
        let trials = self.groups.get(&(setting, scheme.to_owned()))?;
        let several = trials.values(Axis::LearningRate).len() > 1;
        if let Some(tuned) = tune(trials, ReplicateSplit::Others) {
            return Some(TunedScores {
                at_edge: several.then_some(tuned.at_edge),
                scored: tuned.scored,
            });
        }
        let tuned = tune_by(trials, ReplicateSplit::Shared, |row| {
            merit(trials.trials(), row, self.measure.figure)
        })?;
        Some(TunedScores {
            at_edge: None,
            scored: tuned.scored,
        })
    }

    /// How [`ReportModel::tuned`] chose among several rates, to be said after "at"; none where there is one.
    /// A score at a rate that it chose itself is biased, so the page says so.
    pub fn chosen(&self) -> Option<String> {
        let by_itself = format!(
            "the learning rate with the best median of the same {} (there are no validation data to choose \
             one by, so the figure is optimistic, the more so the more rates there are)",
            self.measure.name()
        );
        match self.basis {
            Basis::OneRate => None,
            Basis::Validation => Some("its best learning rate".to_owned()),
            Basis::Partly => Some(format!(
                "its best learning rate; on datasets without validation data, at {by_itself}"
            )),
            Basis::Nothing => Some(by_itself),
        }
    }

    /// The one learning rate that suits all schemes best: the best mean over settings and schemes
    /// of the interquartile mean of their trials, by validation data on the datasets that have some;
    /// by the measure itself where none has.
    pub fn common_rate(&self) -> Option<f64> {
        let figure = self.measure.tuning(&self.run.trials);
        let score = |trials: &Subset| {
            let cells = trials.cells();
            let strata: Vec<Vec<f64>> = cells.iter().filter_map(|cell| cell.scores(figure)).collect();
            let mean = (!strata.is_empty()).then(|| stratified_mean(&strata))?;
            Some((if figure.is_accuracy() { mean } else { -mean }, rate_of(trials)))
        };
        let rates = self.trials.group_by(&[Axis::LearningRate]);
        let scored = rates.iter().filter_map(score);
        scored
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|best| best.1)
    }

    /// The values that an axis takes, in the order of the settings.
    pub fn values(&self, axis: Axis) -> Vec<String> {
        let mut values = Vec::new();
        for setting in &self.settings {
            let text = setting.text(axis).to_owned();
            if !values.contains(&text) {
                values.push(text);
            }
        }
        values
    }

    /// Words for a setting: what tells it from the others, but for the axes in `without`; what it is
    /// where there are no others.
    pub fn label(&self, setting: &Setting, without: &[Axis]) -> String {
        let parts: Vec<String> = Setting::axes()
            .filter(|axis| !without.contains(axis) && self.values(*axis).len() > 1)
            .map(|axis| match axis.is_self_explanatory() {
                true => setting.text(axis).to_owned(),
                false => format!("{} {}", axis.words(), setting.text(axis)),
            })
            .collect();
        if !parts.is_empty() {
            parts.join(" · ")
        } else if without.is_empty() {
            [Axis::Architecture, Axis::Activation]
                .map(|axis| setting.text(axis))
                .join(" · ")
        } else {
            "all trials".to_owned()
        }
    }

    /// The words for each setting as headings of panels of `width` pixels.
    pub fn headings(&self, width: u32) -> Vec<String> {
        let labels: Vec<String> = self.settings.iter().map(|s| self.label(s, &[])).collect();
        headings(&labels, width)
    }

    /// Axes, in words, on which all settings have the same value, and that value.
    pub fn shared(&self) -> Vec<(String, String)> {
        Setting::axes()
            .filter_map(|axis| match self.values(axis).as_slice() {
                [only] if !axis.is_optional_default(only) => Some((axis.words(), only.clone())),
                _ => None,
            })
            .collect()
    }
}

/// The place of `setting` among `settings`, at the end if it is new.
fn place_of(settings: &mut Vec<Setting>, setting: Setting) -> usize {
    // Tables are sorted, so most trials are of the setting seen last.
    let found = settings.iter().rposition(|s| *s == setting);
    found.unwrap_or_else(|| {
        settings.push(setting);
        settings.len() - 1
    })
}

/// The learning rate that `trials` share.
fn rate_of(trials: &Subset) -> f64 {
    trials.value(Axis::LearningRate)
}

//! A run as a report looks at it: settings, schemes, rates, and what each cell scored.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::figure::axis::digits;
use super::figure::{Ink, headings};
use super::measure::Measure;
use super::run::Run;
use super::setting::{Setting, words};
use crate::analysis::cell::{self, Cell};
use crate::analysis::ranking::{Rates, Standing, standings};
use crate::analysis::stats::{median, stratified_mean};
use crate::analysis::tuning::{self, Basis};
use crate::experiment::Axis;
use crate::table::record::Status;

/// The trials of one setting, scheme and learning rate.
#[derive(Debug, Clone)]
pub struct Rate<'a> {
    /// The learning rate.
    pub rate: f64,
    /// Their places in the table.
    pub trials: Range<usize>,
    cell: &'a Cell,
}

/// The learning rate chosen for a scheme in a setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuned {
    /// The rate.
    pub rate: f64,
    /// Whether it is the least or the greatest of several; `None` where validation data did not
    /// choose it.
    pub at_edge: Option<bool>,
    /// The trials that are scored: those of the replicates that did not choose, if others did.
    pub trials: Vec<usize>,
}

/// A run as a report looks at it.
#[derive(Debug)]
pub struct ReportModel<'a> {
    /// The tables.
    pub run: &'a Run,
    /// What trials are scored by.
    pub measure: Measure,
    tuning: Measure,
    /// The settings, in the order of the tables.
    pub settings: Vec<Setting>,
    /// The schemes, best first.
    pub schemes: Vec<String>,
    /// What is known of each scheme that was trained, best first: at its own rates where there are
    /// several.
    pub standings: Vec<Standing>,
    /// Datasets that are not scored by the measure, and so not looked at.
    pub left_out: Vec<String>,
    /// The learning rates, ascending.
    pub rates: Vec<f64>,
    /// What a scheme's own are chosen by.
    pub basis: Basis,
    /// Cells of each setting and scheme, by learning rate in ascending order.
    cells: BTreeMap<(usize, String), Vec<Rate<'a>>>,
    inks: BTreeMap<String, Ink>,
}

impl<'a> ReportModel<'a> {
    /// Looks at `run`. Schemes in `order` keep their colours from there.
    pub fn new(run: &'a Run, order: &[String]) -> ReportModel<'a> {
        let mut settings: Vec<Setting> = Vec::new();
        let mut rates: Vec<f64> = Vec::new();
        let mut schemes: Vec<String> = Vec::new();
        let measure = Measure::of(run);
        let left_out = not_scored(run, measure);
        for c in run.coordinates().filter(|c| !left_out.contains(&c.dataset)) {
            let setting = Setting::of(c);
            // Tables are sorted, so most rows are of the setting seen last.
            if settings.last() != Some(&setting) && !settings.contains(&setting) {
                settings.push(setting);
            }
            if !rates.contains(&c.learning_rate) {
                rates.push(c.learning_rate);
            }
            if !schemes.contains(&c.scheme) {
                schemes.push(c.scheme.clone());
            }
        }
        rates.sort_by(f64::total_cmp);
        let mut model = ReportModel {
            run,
            measure,
            tuning: measure.tuning(run),
            settings,
            schemes,
            standings: Vec::new(),
            left_out,
            rates,
            basis: Basis::OneRate,
            cells: BTreeMap::new(),
            inks: BTreeMap::new(),
        };
        model.group();
        model.basis = tuning::basis(model.all_cells().map(|(_, cell)| cell));
        model.rank();
        let more = model.schemes.iter().filter(|s| !order.contains(s)).cloned();
        let colours: Vec<String> = order.iter().cloned().chain(more).collect();
        model.inks = colours
            .into_iter()
            .enumerate()
            .map(|(i, s)| (s, Ink::of(i)))
            .collect();
        model
    }

    fn group(&mut self) {
        let mut last = 0;
        let mut start = 0;
        for cell in &self.run.cells {
            let trials = start..start + cell.outcomes.len();
            start = trials.end;
            let coordinates = &self.run.trials[trials.start].coordinates;
            if self.left_out.contains(&coordinates.dataset) {
                continue;
            }
            let setting = Setting::of(coordinates);
            if self.settings[last] != setting {
                last = self.settings.iter().position(|s| *s == setting).unwrap_or(0);
            }
            let rates = self.cells.entry((last, coordinates.scheme.clone())).or_default();
            rates.push(Rate {
                rate: coordinates.learning_rate,
                trials,
                cell,
            });
        }
        for rates in self.cells.values_mut() {
            rates.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        }
    }

    /// Best first; schemes without a figure last, in the order of the tables.
    fn rank(&mut self) {
        self.standings = match self.rates.as_slice() {
            [only] => self.standings_at(Rates::Fixed(*only)),
            _ => self.standings_at(Rates::Tuned),
        };
        let ranked: Vec<String> = self.standings.iter().map(|s| s.scheme.clone()).collect();
        let rest = self
            .schemes
            .iter()
            .filter(|s| !ranked.contains(s))
            .cloned()
            .collect();
        self.schemes = [ranked, rest].concat();
    }

    /// The ranking of all schemes, all cells taken together.
    pub fn standings_at(&self, rates: Rates) -> Vec<Standing> {
        let cells: Vec<&Cell> = self.all_cells().map(|(_, cell)| cell).collect();
        standings(&cells, rates, "all")
    }

    /// The cells, setting by setting and scheme by scheme, with the setting's place.
    pub fn all_cells(&self) -> impl Iterator<Item = (usize, &'a Cell)> {
        let of = |((setting, _), rates): (&(usize, String), &'_ Vec<Rate<'a>>)| {
            let setting = *setting;
            rates.iter().map(move |r| (setting, r.cell)).collect::<Vec<_>>()
        };
        self.cells.iter().flat_map(of)
    }

    /// Whether several replicates share one split of the data, so that intervals do not include what
    /// another split would change.
    pub fn has_one_split(&self) -> bool {
        let mut splits = self.run.trials.iter().map(|line| &line.coordinates);
        let Some(first) = splits.next() else {
            return false;
        };
        splits.clone().any(|c| c.replicate != first.replicate)
            && splits.all(|c| c.data_seed == first.data_seed)
    }

    /// What is known of a scheme.
    pub fn standing(&self, scheme: &str) -> Option<&Standing> {
        self.standings.iter().find(|s| s.scheme == scheme)
    }

    /// A figure turned so that more is better.
    pub fn orient(&self, value: f64) -> f64 {
        if self.measure.higher_is_better() {
            value
        } else {
            -value
        }
    }

    /// A figure of the measure for people.
    pub fn text(&self, value: f64) -> String {
        match self.measure.decimals() {
            Some(decimals) if value.is_finite() => format!("{value:.decimals$}"),
            _ if value.is_finite() => digits(value, 3),
            _ => "diverged".to_owned(),
        }
    }

    /// The ink of a scheme.
    pub fn ink(&self, scheme: &str) -> Ink {
        self.inks.get(scheme).copied().unwrap_or(Ink::Faint)
    }

    /// What trial `i` scores: diverged and failed ones as chance or as infinite loss.
    pub fn score(&self, i: usize) -> f64 {
        self.score_by(self.measure, i)
    }

    fn score_by(&self, measure: Measure, i: usize) -> f64 {
        let line = &self.run.trials[i];
        let value = (line.trial.status == Status::Ok)
            .then(|| measure.trial(&line.trial))
            .flatten();
        value.unwrap_or_else(|| self.worst(&line.coordinates.dataset))
    }

    /// What a trial without a figure counts as.
    pub fn worst(&self, dataset: &str) -> f64 {
        let accuracy = self.measure.higher_is_better();
        let chance = self.run.manifest.as_ref().and_then(|m| m.chance(dataset));
        cell::worst(accuracy, chance)
    }

    /// The rates of a setting and scheme, ascending.
    pub fn cells(&self, setting: usize, scheme: &str) -> &[Rate<'a>] {
        self.cells
            .get(&(setting, scheme.to_owned()))
            .map_or(&[], Vec::as_slice)
    }

    /// The learning rate that [`tuning::choose`] picks, and the trials that are scored then. Where
    /// there is nothing to choose, all trials are scored; where there is nothing to choose by, the
    /// rate is the one with the best median of the reported measure.
    pub fn tuned(&self, setting: usize, scheme: &str) -> Option<Tuned> {
        let rates = self.cells(setting, scheme);
        if let [only] = rates {
            return Some(Tuned {
                rate: only.rate,
                at_edge: None,
                trials: only.trials.clone().collect(),
            });
        }
        let cells: Vec<&Cell> = rates.iter().map(|r| r.cell).collect();
        let Some(choice) = tuning::choose(&cells) else {
            return self.tuned_on_report(rates);
        };
        let chosen = &rates[choice.chosen];
        let replicate = |i: usize| self.run.trials[i].coordinates.replicate;
        Some(Tuned {
            rate: chosen.rate,
            at_edge: Some(choice.at_edge),
            trials: chosen
                .trials
                .clone()
                .filter(|i| choice.scoring.contains(&replicate(*i)))
                .collect(),
        })
    }

    fn tuned_on_report(&self, rates: &[Rate]) -> Option<Tuned> {
        let scored = rates.iter().enumerate().map(|(place, rate)| {
            let scores: Vec<f64> = rate.trials.clone().map(|i| self.score(i)).collect();
            (self.orient(median(&scores)), place)
        });
        let (_, place) = scored.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
        Some(Tuned {
            rate: rates[place].rate,
            at_edge: None,
            trials: rates[place].trials.clone().collect(),
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
    /// of the interquartile mean of their trials, by the tuning measure.
    pub fn common_rate(&self) -> Option<f64> {
        // Datasets without a figure to choose by have no say, where others have one.
        let silent: BTreeSet<&str> = match self.basis {
            Basis::Partly => self.without_validation(),
            _ => BTreeSet::new(),
        };
        let score = |rate: f64| {
            let cells = self.cells.values().flatten().filter(|r| r.rate == rate);
            let cells = cells.filter(|r| !silent.contains(r.cell.coordinates.dataset.as_str()));
            let scores = |r: &Rate| r.trials.clone().map(|i| self.score_by(self.tuning, i)).collect();
            let strata: Vec<Vec<f64>> = cells.map(scores).collect();
            (!strata.is_empty()).then(|| (self.orient(stratified_mean(&strata)), rate))
        };
        let scored = self.rates.iter().filter_map(|rate| score(*rate));
        scored
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|b| b.1)
    }

    /// Datasets that have nothing to choose a learning rate by.
    fn without_validation(&self) -> BTreeSet<&str> {
        let mut datasets: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
        for (_, cell) in self.all_cells() {
            datasets.entry(&cell.coordinates.dataset).or_default().push(cell);
        }
        datasets.retain(|_, cells| !tuning::has_validation(cells));
        datasets.into_keys().collect()
    }

    /// The values that an axis takes, in the order of the settings.
    pub fn values(&self, axis: Axis) -> Vec<String> {
        let mut values = Vec::new();
        for setting in &self.settings {
            let text = setting.text(axis);
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
            .map(|axis| match axis {
                // Their texts alone would not say what they are.
                Axis::LabelNoise | Axis::BatchSize | Axis::Bias => {
                    format!("{} {}", words(axis), setting.text(axis))
                }
                _ => setting.text(axis),
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
                [only] => Some((words(axis), only.clone())),
                _ => None,
            })
            .collect()
    }
}

/// Datasets whose trials do not have the kind of figure that `measure` is: those for regression
/// where others are for classification.
fn not_scored(run: &Run, measure: Measure) -> Vec<String> {
    let mut datasets: BTreeMap<&str, bool> = BTreeMap::new();
    for cell in &run.cells {
        let kind = cell.headline().is_accuracy() == measure.higher_is_better();
        *datasets.entry(&cell.coordinates.dataset).or_default() |= kind;
    }
    let lacking = datasets.into_iter().filter(|(_, scored)| !scored);
    lacking.map(|(dataset, _)| dataset.to_owned()).collect()
}

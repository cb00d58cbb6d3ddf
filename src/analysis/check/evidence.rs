//! One value per trial for each claim, read from the tables in one pass each.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::claim::{Aggregate, Evaluation, Layers, Metric, Rate, Relation, TimeUnit};
use crate::experiment::{Axis, Claim, Coordinates, Experiment};
use crate::support::error::Result;

use super::layers::{LayersOfTrial, number};
use crate::analysis::tune::merit;
use crate::row::Domain;
use crate::table::io::{EpochLine, LayerLine, Reader, Row};
use crate::table::probe::{ProbeLine, StepLine};
use crate::table::record::Status;
use crate::table::source::{Bytes, Source};
use crate::table::{Figure, Trials};

/// The trials that a claim is about.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Those that a selector matches.
    pub trials: Vec<Trial>,
    /// The table that the metric needs is not there.
    pub missing_table: Option<&'static str>,
}

/// One trial, as a claim sees it.
#[derive(Debug, Clone)]
pub struct Trial {
    pub coordinates: Coordinates,
    /// Its row in the table of trials; `None` for a probe.
    pub row: Option<usize>,
    pub status: Status,
    /// Whether the left selector means it.
    pub left: bool,
    /// Whether the right selector does.
    pub right: bool,
    /// Its value of the metric; `None` where it has none.
    pub value: Option<f64>,
    /// For a trial that never reached its target: where its last evaluation was.
    pub censored: Option<f64>,
    /// What its learning rate is chosen by; greater is better.
    pub choose_by: Option<f64>,
}

/// Whether any claim needs the table of trials.
pub fn needs_trials(claims: &[Claim]) -> bool {
    claims.iter().any(|c| !c.metric.is_probed())
}

/// Reads what the claims of `experiment` need from the tables in `source`, of which `trials` has been
/// read.
///
/// # Errors
/// A table is malformed.
pub fn collect(experiment: &Experiment, trials: &Trials, source: &Source) -> Result<Vec<Evidence>> {
    let claims = experiment.claims.as_slice();
    let mut gatherer = Gatherer {
        experiment,
        claims,
        evidence: vec![Evidence::default(); claims.len()],
        places: BTreeMap::new(),
    };
    gatherer.trials(trials);
    if claims
        .iter()
        .any(|c| matches!(c.metric, Metric::Epoch { .. } | Metric::TimeTo { .. }))
    {
        match open::<EpochLine>(source)? {
            Some(mut rows) => gatherer.epochs(&mut rows, trials)?,
            None => gatherer.missing(EpochLine::FILE, |m| {
                matches!(m, Metric::Epoch { .. } | Metric::TimeTo { .. })
            }),
        }
    }
    if claims.iter().any(|c| matches!(c.metric, Metric::Layer { .. })) {
        match open::<LayerLine>(source)? {
            Some(mut rows) => gatherer.layers(&mut rows)?,
            None => gatherer.missing(LayerLine::FILE, |m| matches!(m, Metric::Layer { .. })),
        }
    }
    gatherer.of_probe::<ProbeLine>(source)?;
    gatherer.of_probe::<StepLine>(source)?;
    Ok(gatherer.evidence)
}

fn open<R: Row>(source: &Source) -> Result<Option<Reader<R, Bytes>>> {
    let name = source.name_of(R::FILE);
    source
        .open(R::FILE)?
        .map(|bytes| Reader::new(&name, bytes))
        .transpose()
}

struct Gatherer<'c> {
    experiment: &'c Experiment,
    claims: &'c [Claim],
    evidence: Vec<Evidence>,
    /// By trial_id: which trial of which claim's evidence awaits a value.
    places: BTreeMap<String, Vec<(usize, usize)>>,
}

impl Gatherer<'_> {
    fn missing(&mut self, table: &'static str, needs: impl Fn(&Metric) -> bool) {
        for (claim, evidence) in self.claims.iter().zip(&mut self.evidence) {
            if needs(&claim.metric) {
                evidence.missing_table = Some(table);
            }
        }
    }

    fn trials(&mut self, trials: &Trials) {
        for row in 0..trials.len() {
            let status = trials.status(row);
            let value_of = |column: &str| Figure::named(column).and_then(|f| trials.score(row, f));
            for (index, claim) in self.claims.iter().enumerate() {
                let Some((left, right)) = sides(claim, |axis| trials.text(row, axis).into()) else {
                    continue;
                };
                let (now, later) = match &claim.metric {
                    Metric::Trial { column } | Metric::BestRate { by: column } => (value_of(column), false),
                    Metric::Ended(ending) => (Some(f64::from(u8::from(*ending == status))), false),
                    Metric::Probe { .. } | Metric::Steps { .. } => continue,
                    Metric::Epoch { .. } | Metric::Layer { .. } | Metric::TimeTo { .. } => (None, true),
                };
                let choose_by = match &claim.rate {
                    Rate::Tuned(tuning) => tuning
                        .by
                        .as_deref()
                        .and_then(Figure::named)
                        .and_then(|by| merit(trials, row, by)),
                    Rate::Fixed => None,
                };
                let evidence = &mut self.evidence[index];
                if later {
                    let place = (index, evidence.trials.len());
                    self.places
                        .entry(trials.id(row).to_owned())
                        .or_default()
                        .push(place);
                }
                evidence.trials.push(Trial {
                    coordinates: trials.coordinates(row),
                    row: Some(row),
                    status,
                    left,
                    right,
                    value: now,
                    censored: None,
                    choose_by,
                });
            }
        }
    }

    fn epochs(&mut self, rows: &mut Reader<EpochLine, Bytes>, trials: &Trials) -> Result<()> {
        let columns = columns::<EpochLine>();
        // Trials whose value has been found need no further row.
        let mut done: BTreeSet<(usize, usize)> = BTreeSet::new();
        while let Some(line) = rows.next() {
            let line = line?;
            let Some(places) = self.places.get(&line.trial_id) else {
                continue;
            };
            for &(index, place) in places {
                let trial = &mut self.evidence[index].trials[place];
                let cell = |column: &str| number(rows.record(), &columns, column);
                let metric = &self.claims[index].metric;
                match metric {
                    Metric::Epoch { column, at } => match at {
                        Evaluation::AfterEpoch(epoch) if *epoch != line.row.epoch => {}
                        _ => trial.value = cell(column),
                    },
                    Metric::TimeTo { column, target, unit } if !done.contains(&(index, place)) => {
                        let now = match unit {
                            TimeUnit::Steps => line.row.step as f64,
                            TimeUnit::Epochs => f64::from(line.row.epoch),
                        };
                        let accuracy = metric.domain() == Some(Domain::Accuracy);
                        let reached =
                            cell(column).is_some_and(|x| if accuracy { x >= *target } else { x <= *target });
                        if reached {
                            (trial.value, trial.censored) = (Some(now), None);
                            done.insert((index, place));
                        } else {
                            (trial.value, trial.censored) = (Some(f64::INFINITY), Some(now));
                        }
                    }
                    _ => {}
                }
            }
        }
        self.complete_epochs(&done, trials);
        Ok(())
    }

    /// Trials that ended early have no row at the moment asked for.
    fn complete_epochs(&mut self, done: &BTreeSet<(usize, usize)>, trials: &Trials) {
        for (index, place) in self.places.values().flatten() {
            let trial = &mut self.evidence[*index].trials[*place];
            if trial.status == Status::Ok {
                continue;
            }
            match &self.claims[*index].metric {
                Metric::Epoch { column, at } => {
                    let early = matches!(at, Evaluation::AfterEpoch(_)) && trial.value.is_some();
                    if !early {
                        let figure = trial.row.zip(Figure::named(column));
                        trial.value = figure.and_then(|(row, f)| trials.score_of(row, f, None));
                    }
                }
                // It will never reach its target.
                Metric::TimeTo { .. } if !done.contains(&(*index, *place)) => {
                    (trial.value, trial.censored) = (Some(f64::INFINITY), None);
                }
                _ => {}
            }
        }
    }

    fn layers(&mut self, rows: &mut Reader<LayerLine, Bytes>) -> Result<()> {
        let columns = columns::<LayerLine>();
        let mut trial = LayersOfTrial::default();
        while let Some(line) = rows.next() {
            let line = line?;
            if line.trial_id != trial.id {
                self.complete_layers(&trial, &columns);
                trial = LayersOfTrial {
                    id: line.trial_id.clone(),
                    rows: Vec::new(),
                };
            }
            if self.places.contains_key(&trial.id) {
                let cells = rows.record().clone();
                trial.rows.push((line.row.epoch, line.row.layer, cells));
            }
        }
        self.complete_layers(&trial, &columns);
        Ok(())
    }

    fn complete_layers(&mut self, layers: &LayersOfTrial, columns: &BTreeMap<&'static str, usize>) {
        let Some(places) = self.places.get(&layers.id) else {
            return;
        };
        for &(index, place) in places {
            if let Metric::Layer {
                column,
                at,
                layers: which,
                across,
            } = &self.claims[index].metric
            {
                let trial = &mut self.evidence[index].trials[place];
                // The last measurement of a trial that ended early is not that of a trained one.
                if *at == Evaluation::Last && trial.status != Status::Ok {
                    continue;
                }
                let depth = self.experiment.weight_layers(&trial.coordinates.architecture);
                trial.value = layers.value(column, *at, (which, depth), *across, columns);
            }
        }
    }

    /// Reads the table `R` of a probe, where claims are about it.
    fn of_probe<R: OfProbe>(&mut self, source: &Source) -> Result<()> {
        if !self.claims.iter().any(|c| R::asked(&c.metric).is_some()) {
            return Ok(());
        }
        match open::<R>(source)? {
            Some(mut rows) => self.probe(&mut rows),
            None => {
                self.missing(R::FILE, |m| R::asked(m).is_some());
                Ok(())
            }
        }
    }

    fn probe<R: OfProbe>(&mut self, rows: &mut Reader<R, Bytes>) -> Result<()> {
        let columns = columns::<R>();
        let mut trial = LayersOfTrial::default();
        let mut place: Option<Coordinates> = None;
        loop {
            let line = rows.next().transpose()?;
            let same = line.as_ref().is_some_and(|l| l.trial_id() == trial.id);
            if !same && let Some(coordinates) = place.take() {
                self.complete_probe::<R>(&coordinates, &trial, &columns);
                trial.rows.clear();
            }
            let Some(line) = line else {
                return Ok(());
            };
            line.trial_id().clone_into(&mut trial.id);
            let (when, layer) = line.place();
            trial.rows.push((when, layer, rows.record().clone()));
            place = Some(line.coordinates());
        }
    }

    fn complete_probe<R: OfProbe>(
        &mut self,
        coordinates: &Coordinates,
        layers: &LayersOfTrial,
        columns: &BTreeMap<&'static str, usize>,
    ) {
        let depth = self.experiment.weight_layers(&coordinates.architecture);
        for (claim, evidence) in self.claims.iter().zip(&mut self.evidence) {
            let Some(asked) = R::asked(&claim.metric) else {
                continue;
            };
            if let Some((left, right)) = sides(claim, |axis| coordinates.text(axis)) {
                let which = (asked.layers, depth);
                evidence.trials.push(Trial {
                    coordinates: coordinates.clone(),
                    row: None,
                    status: Status::Ok,
                    left,
                    right,
                    value: layers.value(asked.column, asked.at, which, asked.across, columns),
                    censored: None,
                    choose_by: None,
                });
            }
        }
    }
}

/// What a claim asks of a table of a probe.
struct Asked<'c> {
    column: &'c str,
    at: Evaluation,
    layers: &'c Layers,
    across: Aggregate,
}

/// A row of a table that a probe writes of layers.
trait OfProbe: Row {
    /// What `metric` asks of this table, if anything.
    fn asked(metric: &Metric) -> Option<Asked<'_>>;
    fn trial_id(&self) -> &str;
    /// Epoch or step, and layer.
    fn place(&self) -> (u32, u32);
    fn coordinates(self) -> Coordinates;
}

impl OfProbe for ProbeLine {
    fn asked(metric: &Metric) -> Option<Asked<'_>> {
        match metric {
            Metric::Probe {
                column,
                layers,
                across,
            } => Some(Asked {
                column,
                at: Evaluation::Last,
                layers,
                across: *across,
            }),
            _ => None,
        }
    }

    fn trial_id(&self) -> &str {
        &self.trial_id
    }

    fn place(&self) -> (u32, u32) {
        (self.layer.epoch, self.layer.layer)
    }

    fn coordinates(self) -> Coordinates {
        self.coordinates
    }
}

impl OfProbe for StepLine {
    fn asked(metric: &Metric) -> Option<Asked<'_>> {
        match metric {
            Metric::Steps {
                column,
                at,
                layers,
                across,
            } => Some(Asked {
                column,
                at: *at,
                layers,
                across: *across,
            }),
            _ => None,
        }
    }

    fn trial_id(&self) -> &str {
        &self.trial_id
    }

    fn place(&self) -> (u32, u32) {
        (self.row.steps_taken, self.row.layer)
    }

    fn coordinates(self) -> Coordinates {
        self.coordinates
    }
}

/// Whether the left and the right selector mean a trial; `None` if neither does. In a ranking,
/// the rivals stand on the right: the left cell's neighbours along the axis.
pub(in crate::analysis) fn sides<'a>(
    claim: &Claim,
    text: impl Fn(Axis) -> Cow<'a, str>,
) -> Option<(bool, bool)> {
    let left = claim.left.matches(&text);
    let right = match (&claim.relation, &claim.right) {
        (Relation::Rank { axis, .. }, _) => {
            let mut rivals = claim.left.clone();
            rivals.0.remove(axis);
            rivals.matches(&text)
        }
        (_, Some(right)) => right.matches(&text),
        (_, None) => false,
    };
    (left || right).then_some((left, right))
}

fn columns<R: Row>() -> BTreeMap<&'static str, usize> {
    R::columns()
        .into_iter()
        .enumerate()
        .map(|(i, c)| (c.name, i))
        .collect()
}

/// The texts of `axes` at `coordinates`.
pub fn texts(coordinates: &Coordinates, axes: &[Axis]) -> Vec<String> {
    axes.iter()
        .map(|axis| coordinates.text(*axis).into_owned())
        .collect()
}

//! One value per trial for each claim, read from the tables in one pass each.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::claim::{EndStatus, Evaluation, Metric, Rate, Relation, TimeUnit};
use crate::experiment::{Axis, Claim, Coordinates, Experiment};
use crate::support::error::Result;

use super::layers::{LayersOfTrial, number};
use crate::table::io::{EpochLine, LayerLine, Reader, Row};
use crate::table::probe::ProbeLine;
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
    /// Where it stands.
    pub coordinates: Coordinates,
    /// Its row in the table of trials; `None` for a probe.
    pub row: Option<usize>,
    /// How it ended.
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
    claims.iter().any(|c| !matches!(c.metric, Metric::Probe { .. }))
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
    let is_probe = |claim: &Claim| matches!(claim.metric, Metric::Probe { .. });
    gatherer.trials(trials)?;
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
    if claims.iter().any(is_probe) {
        match open::<ProbeLine>(source)? {
            Some(mut rows) => gatherer.probe(&mut rows)?,
            None => gatherer.missing(ProbeLine::FILE, |m| matches!(m, Metric::Probe { .. })),
        }
    }
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

    fn trials(&mut self, trials: &Trials) -> Result<()> {
        for row in 0..trials.len() {
            let status = trials.status(row);
            let value_of = |column: &str| Figure::named(column).and_then(|f| trials.score(row, f));
            for (index, claim) in self.claims.iter().enumerate() {
                let Some((left, right)) = sides(claim, |axis| trials.text(row, axis).into()) else {
                    continue;
                };
                let (now, later) = match &claim.metric {
                    Metric::Trial { column } | Metric::BestRate { by: column } => (value_of(column), false),
                    Metric::Ended(ending) => (Some(f64::from(u8::from(ended(*ending, status)))), false),
                    Metric::Probe { .. } => continue,
                    Metric::Epoch { .. } | Metric::Layer { .. } | Metric::TimeTo { .. } => (None, true),
                };
                let choose_by = match &claim.rate {
                    Rate::Tuned(tuning) => tuning
                        .by
                        .as_deref()
                        .and_then(|by| value_of(by).map(|x| if by.ends_with("accuracy") { x } else { -x })),
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
                    coordinates: trials.coordinates(row)?,
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
        Ok(())
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
                match &self.claims[index].metric {
                    Metric::Epoch { column, at } => match at {
                        Evaluation::AfterEpoch(epoch) if *epoch != line.row.epoch => {}
                        _ => trial.value = cell(column),
                    },
                    Metric::TimeTo { column, target, unit } if !done.contains(&(index, place)) => {
                        let now = match unit {
                            TimeUnit::Steps => line.row.step as f64,
                            TimeUnit::Epochs => f64::from(line.row.epoch),
                        };
                        let accuracy = column.ends_with("accuracy");
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

    fn probe(&mut self, rows: &mut Reader<ProbeLine, Bytes>) -> Result<()> {
        let columns = columns::<ProbeLine>();
        let mut trial = LayersOfTrial::default();
        let mut place: Option<Coordinates> = None;
        loop {
            let line = rows.next().transpose()?;
            let same = line.as_ref().is_some_and(|l| l.trial_id == trial.id);
            if !same && let Some(coordinates) = place.take() {
                self.complete_probe(&coordinates, &trial, &columns);
                trial.rows.clear();
            }
            let Some(line) = line else {
                return Ok(());
            };
            trial.id = line.trial_id;
            trial
                .rows
                .push((line.layer.epoch, line.layer.layer, rows.record().clone()));
            place = Some(line.coordinates);
        }
    }

    fn complete_probe(
        &mut self,
        coordinates: &Coordinates,
        layers: &LayersOfTrial,
        columns: &BTreeMap<&'static str, usize>,
    ) {
        let depth = self.experiment.weight_layers(&coordinates.architecture);
        for (claim, evidence) in self.claims.iter().zip(&mut self.evidence) {
            let Metric::Probe {
                column,
                layers: which,
                across,
            } = &claim.metric
            else {
                continue;
            };
            if let Some((left, right)) = sides(claim, |axis| coordinates.text(axis)) {
                evidence.trials.push(Trial {
                    coordinates: coordinates.clone(),
                    row: None,
                    status: Status::Ok,
                    left,
                    right,
                    value: layers.value(column, Evaluation::Last, (which, depth), *across, columns),
                    censored: None,
                    choose_by: None,
                });
            }
        }
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

fn ended(ending: EndStatus, status: Status) -> bool {
    match ending {
        EndStatus::Ok => status == Status::Ok,
        EndStatus::Diverged => status == Status::Diverged,
        EndStatus::Failed => status == Status::Failed,
    }
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

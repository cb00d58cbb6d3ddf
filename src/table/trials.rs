//! The frame: a table of trials in memory, column by column, that everything reads from.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use crate::experiment::claim::Selector;
use crate::experiment::{Axis, Coordinates};
use crate::numerics::FloatMode;
use crate::row::{Column, EpochRow, RowPart, Status, TrialRow};
use crate::support::error::{Error, Kind, Result};

use super::format;
use super::io::{EpochLine, Reader, TrialLine};
use super::manifest::Manifest;
use super::order;
use super::record::TrialRecord;
use super::source::Source;

/// Test accuracy that [`Trials::epochs_to_target`] waits for.
pub const TARGET_ACCURACY: f64 = 0.9;

/// A numeric column of `trials.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Figure(usize);

/// Number of numeric columns of `trials.csv`.
const FIGURES: usize = {
    let (mut count, mut at) = (0, 0);
    while at < TrialRow::COLUMNS.len() {
        count += TrialRow::COLUMNS[at].is_number() as usize;
        at += 1;
    }
    count
};

/// The numeric columns of `trials.csv`, in its order.
const COLUMNS: [Column; FIGURES] = {
    let mut columns = [TrialRow::COLUMNS[0]; FIGURES];
    let (mut count, mut at) = (0, 0);
    while at < TrialRow::COLUMNS.len() {
        if TrialRow::COLUMNS[at].is_number() {
            columns[count] = TrialRow::COLUMNS[at];
            count += 1;
        }
        at += 1;
    }
    columns
};

const fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[allow(missing_docs, reason = "each is the column of that name in `TrialRow`")]
impl Figure {
    pub const INITIAL_LOSS: Figure = Figure::column("initial_loss");
    pub const TRAIN_LOSS: Figure = Figure::column("train_loss");
    pub const TRAIN_ACCURACY: Figure = Figure::column("train_accuracy");
    pub const VALIDATION_LOSS: Figure = Figure::column("validation_loss");
    pub const VALIDATION_ACCURACY: Figure = Figure::column("validation_accuracy");
    pub const TEST_LOSS: Figure = Figure::column("test_loss");
    pub const TEST_ACCURACY: Figure = Figure::column("test_accuracy");
    pub const BEST_TEST_ACCURACY: Figure = Figure::column("best_test_accuracy");
}

impl Figure {
    /// A misspelled name does not compile.
    const fn column(name: &str) -> Figure {
        let mut at = 0;
        while at < FIGURES {
            if equal(COLUMNS[at].name.as_bytes(), name.as_bytes()) {
                return Figure(at);
            }
            at += 1;
        }
        panic!("no numeric column of trials.csv has this name")
    }

    /// All numeric columns, in the order of the table.
    pub fn all() -> impl Iterator<Item = Figure> {
        (0..FIGURES).map(Figure)
    }

    /// The numeric column with this name.
    pub fn named(name: &str) -> Option<Figure> {
        Figure::all().find(|figure| figure.name() == name)
    }

    /// The heading of its column in `trials.csv`.
    pub fn name(self) -> &'static str {
        COLUMNS[self.0].name
    }

    /// Whether a greater value is better (an accuracy) or a smaller one (a loss); `None` where
    /// neither is (a count).
    pub fn higher_is_better(self) -> Option<bool> {
        COLUMNS[self.0].domain.higher_is_better()
    }

    /// The least and the greatest value that it can have.
    pub fn range(self) -> (f64, f64) {
        COLUMNS[self.0].domain.range()
    }

    /// Whether it is an accuracy.
    pub fn is_accuracy(self) -> bool {
        self.higher_is_better() == Some(true)
    }

    /// Whether a trial that diverges or fails loses it: all accuracies and losses but that before
    /// training.
    fn can_be_lost(self) -> bool {
        self.higher_is_better().is_some() && self != Figure::INITIAL_LOSS
    }
}

/// The values of one axis, in the order of the tables.
#[derive(Debug, Clone, Default, PartialEq)]
struct Dictionary {
    texts: Vec<String>,
    /// The values as numbers; NaN for text.
    numbers: Vec<f64>,
}

/// What the trials on a dataset have in common.
#[derive(Debug, Clone, PartialEq)]
struct DatasetFacts {
    /// Accuracy of guessing: the manifest's, else 0 where there are accuracies; `None` for
    /// regression.
    chance: Option<f64>,
    /// By figure: whether trials on this dataset have it. What a trial lacks is lost if others
    /// have it; else it was never measured.
    measured: [bool; FIGURES],
}

/// The trials of a table, in its order: coordinates as codes into sorted dictionaries, figures as
/// columns of numbers.
///
/// Rows are numbered from 0. [`Trials::all`] gives a [`Subset`], which can be narrowed
/// ([`Subset::select`]), divided ([`Subset::group_by`]) and scored ([`Subset::scores`]). Here the
/// schemes of a committed run are scored by hand; `analysis::rank` adds intervals and a fair
/// choice of learning rates.
///
/// ```
/// use goodinit::{Axis, Figure, Trials};
///
/// let trials = Trials::load("results/quick".as_ref())?;
/// for scheme in trials.all().group_by(&[Axis::Scheme]) {
///     if let Some(scores) = scheme.scores(Figure::TEST_ACCURACY) {
///         let mean = scores.iter().sum::<f64>() / scores.len() as f64;
///         println!("{:20} {mean:.3}", scheme.text(Axis::Scheme));
///     }
/// }
/// # goodinit::Result::Ok(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Trials {
    /// By axis.
    dictionaries: Vec<Dictionary>,
    /// By axis, then row.
    codes: Vec<Vec<u32>>,
    status: Vec<Status>,
    /// By figure, then row; NaN where missing.
    figures: Vec<Vec<f64>>,
    /// The digests of all trials, one behind the other, and where each ends.
    ids: (String, Vec<usize>),
    /// The different messages; a row has the number of its message, from 1, or 0.
    messages: (Vec<String>, Vec<u32>),
    epochs_to_target: Option<Vec<f64>>,
    /// By code of the dataset.
    datasets: Vec<DatasetFacts>,
}

impl Trials {
    /// Reads `trials.csv` in the directory `dir`; `manifest.toml`, if it is there, gives the
    /// accuracy of guessing on each dataset.
    ///
    /// # Errors
    /// A file cannot be read, or rows are not in the order of the tables.
    pub fn load(dir: &Path) -> Result<Trials> {
        Trials::from_source(&Source::Directory(dir.to_owned()), false)
    }

    /// Reads the table of trials in `source`; with `times`, also the epochs to the target accuracy
    /// from `epochs.csv`, if it is there.
    ///
    /// # Errors
    /// A file cannot be read, or rows are not in the order of the tables.
    #[doc(hidden)]
    pub fn from_source(source: &Source, times: bool) -> Result<Trials> {
        let manifest = Manifest::read(source)?;
        let Some(trials) = source.open(format::TRIALS)? else {
            let message = format!("{source} holds no {}", format::TRIALS);
            return Err(Error::new(Kind::Store, message));
        };
        let epochs = match times {
            true => source.open(format::EPOCHS)?,
            false => None,
        };
        let trials = Reader::new(&source.name_of(format::TRIALS), trials)?;
        let epochs = epochs.map(|e| Reader::new(&source.name_of(format::EPOCHS), e));
        Trials::read(trials, epochs.transpose()?, manifest.as_ref())
    }

    /// Reads a table of trials, and the epochs to the target accuracy from `epochs`.
    ///
    /// # Errors
    /// A row that cannot be read, or rows that are not in the order of the tables.
    pub(crate) fn read<T: Read, E: Read>(
        trials: Reader<TrialLine, T>,
        epochs: Option<Reader<EpochLine, E>>,
        manifest: Option<&Manifest>,
    ) -> Result<Trials> {
        // Numbers are parsed with the rounding that they were written for.
        let _mode = FloatMode::standard();
        let mut times = epochs.map(Times::new).transpose()?;
        let mut builder = Builder::new(times.is_some());
        let mut lines = Lines::new(trials)?;
        while let Some(line) = lines.advance()? {
            let time = times.as_mut().map(|t| t.of(&line.coordinates)).transpose()?;
            builder.push(&line.coordinates, &line.trial, time);
        }
        Ok(builder.finish(manifest))
    }

    /// Number of trials: rows are numbered from 0 to below it.
    pub fn len(&self) -> usize {
        self.status.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.status.is_empty()
    }

    /// All trials, to be narrowed, divided and scored.
    pub fn all(&self) -> Subset<'_> {
        Subset {
            trials: self,
            rows: (0..self.len() as u32).collect(),
        }
    }

    /// The cells of the grid, in the order of the table: trials that differ in replicate and seeds
    /// only.
    pub fn cells(&self) -> Vec<Subset<'_>> {
        self.all().group_by(&Axis::CELL)
    }

    /// The values of an axis, in the order of the tables.
    pub fn values(&self, axis: Axis) -> &[String] {
        &self.dictionaries[axis as usize].texts
    }

    /// The number of a row's value among [`Trials::values`].
    pub fn code(&self, row: usize, axis: Axis) -> u32 {
        self.codes[axis as usize][row]
    }

    /// The coordinate of a row, as it stands in the table.
    pub fn text(&self, row: usize, axis: Axis) -> &str {
        &self.dictionaries[axis as usize].texts[self.code(row, axis) as usize]
    }

    /// The coordinate of a row as a number; NaN if it is text.
    pub fn value(&self, row: usize, axis: Axis) -> f64 {
        self.dictionaries[axis as usize].numbers[self.code(row, axis) as usize]
    }

    /// The coordinates of a row.
    pub(crate) fn coordinates(&self, row: usize) -> Coordinates {
        let texts: csv::StringRecord = Axis::ALL.iter().map(|axis| self.text(row, *axis)).collect();
        Coordinates::read(&texts, 0).expect("the texts are of coordinates")
    }

    /// The replicate of a row.
    pub fn replicate(&self, row: usize) -> u32 {
        self.value(row, Axis::Replicate) as u32
    }

    /// Replicate, and seeds of weights, order and data: what trials of several cells are paired by.
    pub fn seeds(&self, row: usize) -> [u32; 4] {
        Axis::TRIAL.map(|axis| self.value(row, axis) as u32)
    }

    /// The digest of the trial in `row`: 16 hexadecimal digits.
    pub fn id(&self, row: usize) -> &str {
        let (text, ends) = &self.ids;
        let start = row.checked_sub(1).map_or(0, |before| ends[before]);
        &text[start..ends[row]]
    }

    /// How the trial in `row` ended.
    pub fn status(&self, row: usize) -> Status {
        self.status[row]
    }

    /// Why it failed, or a warning of the scheme.
    pub fn message(&self, row: usize) -> Option<&str> {
        let (texts, codes) = &self.messages;
        let place = codes[row].checked_sub(1)?;
        Some(&texts[place as usize])
    }

    /// The figure as it stands in the table. See [`Trials::score`] for what the trial counts with.
    pub fn number(&self, row: usize, figure: Figure) -> Option<f64> {
        Some(self.figures[figure.0][row]).filter(|x| !x.is_nan())
    }

    /// Accuracy of guessing on the dataset of a row; `None` for regression.
    pub fn chance(&self, row: usize) -> Option<f64> {
        self.facts(row).chance
    }

    /// Whether trials on the dataset of a row have this figure.
    pub fn measures(&self, row: usize, figure: Figure) -> bool {
        self.facts(row).measured[figure.0]
    }

    /// The figure that schemes are ranked by on the dataset of a row: test accuracy, or test loss
    /// for regression.
    pub fn headline(&self, row: usize) -> Figure {
        match self.chance(row) {
            Some(_) => Figure::TEST_ACCURACY,
            None => Figure::TEST_LOSS,
        }
    }

    /// The figure that learning rates are chosen by on the dataset of a row: validation accuracy,
    /// or validation loss for regression.
    pub fn selector(&self, row: usize) -> Figure {
        match self.chance(row) {
            Some(_) => Figure::VALIDATION_ACCURACY,
            None => Figure::VALIDATION_LOSS,
        }
    }

    /// What a trial counts with: its figure; chance (0 where unknown) for an accuracy and infinity
    /// for a loss where the trial diverged, failed or lost the figure. `None` where the figure is
    /// not measured on its dataset.
    pub fn score(&self, row: usize, figure: Figure) -> Option<f64> {
        self.score_of(row, figure, self.number(row, figure))
    }

    /// What a trial counts with that measured `value` of `figure` (at some evaluation, say).
    pub fn score_of(&self, row: usize, figure: Figure, value: Option<f64>) -> Option<f64> {
        match (self.status(row), value) {
            (Status::Ok, Some(value)) => Some(value),
            _ if !figure.can_be_lost() => value,
            _ if !self.measures(row, figure) => None,
            _ => Some(worst(figure.is_accuracy(), self.chance(row))),
        }
    }

    /// Epochs until test accuracy first reached [`TARGET_ACCURACY`], infinite if it never did;
    /// `None` where `epochs.csv` was not read.
    pub fn epochs_to_target(&self, row: usize) -> Option<f64> {
        Some(self.epochs_to_target.as_ref()?[row])
    }

    fn facts(&self, row: usize) -> &DatasetFacts {
        &self.datasets[self.code(row, Axis::Dataset) as usize]
    }
}

/// What a trial that diverged or failed counts as: chance (0 where unknown) for an accuracy, infinity
/// for a loss.
pub(crate) fn worst(accuracy: bool, chance: Option<f64>) -> f64 {
    match accuracy {
        true => chance.unwrap_or(0.0),
        false => f64::INFINITY,
    }
}

/// Some trials of a table, in its order.
#[derive(Debug, Clone)]
pub struct Subset<'t> {
    trials: &'t Trials,
    rows: Vec<u32>,
}

impl<'t> Subset<'t> {
    /// The table that these trials are of.
    pub fn trials(&self) -> &'t Trials {
        self.trials
    }

    /// The rows of its trials, ascending.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = usize> + DoubleEndedIterator + Clone {
        self.rows.iter().map(|row| *row as usize)
    }

    /// The row of the first; `None` where there are none.
    pub fn first(&self) -> Option<usize> {
        self.rows.first().map(|row| *row as usize)
    }

    /// Number of trials.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The coordinate that its trials share; that of the first where they differ, empty where
    /// there are none.
    pub fn text(&self, axis: Axis) -> &'t str {
        self.first().map_or("", |row| self.trials.text(row, axis))
    }

    /// That coordinate as a number; NaN if it is text.
    pub fn value(&self, axis: Axis) -> f64 {
        self.rows()
            .next()
            .map_or(f64::NAN, |row| self.trials.value(row, axis))
    }

    /// The texts that its trials have on an axis, in the order of the tables.
    pub fn values(&self, axis: Axis) -> Vec<&'t str> {
        let codes: BTreeSet<u32> = self.rows().map(|row| self.trials.code(row, axis)).collect();
        let texts = self.trials.values(axis);
        codes
            .into_iter()
            .map(|code| texts[code as usize].as_str())
            .collect()
    }

    /// The trials for which `keep` says so.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(usize) -> bool) -> Subset<'t> {
        Subset {
            trials: self.trials,
            rows: self
                .rows
                .iter()
                .copied()
                .filter(|row| keep(*row as usize))
                .collect(),
        }
    }

    /// The trials that a selector matches.
    #[must_use]
    pub fn select(&self, selector: &Selector) -> Subset<'t> {
        let trials = self.trials;
        let named = Axis::ALL
            .iter()
            .filter_map(|axis| Some((*axis, selector.texts(*axis)?)));
        let wanted: Vec<(Axis, Vec<bool>)> = named
            .map(|(axis, texts)| {
                (
                    axis,
                    trials.values(axis).iter().map(|v| texts.contains(v)).collect(),
                )
            })
            .collect();
        let matches = |row| {
            wanted
                .iter()
                .all(|(axis, codes)| codes[trials.code(row, *axis) as usize])
        };
        self.filter(matches)
    }

    /// The trials that share their values on `axes`, group by group in the order of the tables.
    pub fn group_by(&self, axes: &[Axis]) -> Vec<Subset<'t>> {
        let mut axes = axes.to_vec();
        axes.sort();
        let mut groups: BTreeMap<Vec<u32>, Vec<u32>> = BTreeMap::new();
        let key = |row: &u32| {
            axes.iter()
                .map(|axis| self.trials.code(*row as usize, *axis))
                .collect()
        };
        let same = |a: &u32, b: &u32| {
            let code = |row: &u32, axis: &Axis| self.trials.code(*row as usize, *axis);
            axes.iter().all(|axis| code(a, axis) == code(b, axis))
        };
        // Most rows are of the same group as the row before.
        for run in self.rows.chunk_by(same) {
            groups.entry(key(&run[0])).or_default().extend(run);
        }
        let subset = |rows| Subset {
            trials: self.trials,
            rows,
        };
        groups.into_values().map(subset).collect()
    }

    /// [`Subset::group_by`] all axes of a cell but `free`: groups of cells that differ on these
    /// axes only.
    pub fn group_but(&self, free: &[Axis]) -> Vec<Subset<'t>> {
        self.group_by(&Axis::cell_but(free).collect::<Vec<_>>())
    }

    /// The cells of the grid that its trials belong to.
    pub fn cells(&self) -> Vec<Subset<'t>> {
        self.group_by(&Axis::CELL)
    }

    /// What its trials count with, see [`Trials::score`]; `None` where the figure is not measured
    /// on their dataset.
    pub fn scores(&self, figure: Figure) -> Option<Vec<f64>> {
        self.rows().map(|row| self.trials.score(row, figure)).collect()
    }

    /// Replicate and seeds of each trial.
    pub fn seeds(&self) -> impl Iterator<Item = [u32; 4]> {
        self.rows().map(|row| self.trials.seeds(row))
    }

    /// The replicates that occur, from 0.
    pub fn replicates(&self) -> BTreeSet<u32> {
        self.rows().map(|row| self.trials.replicate(row)).collect()
    }

    /// How many of its trials ended so.
    pub fn count(&self, status: Status) -> usize {
        self.rows()
            .filter(|row| self.trials.status(*row) == status)
            .count()
    }

    /// The figure that schemes are ranked by; `None` where there are no trials. Trials of one
    /// subset should be all for classification or all for regression.
    pub fn headline(&self) -> Option<Figure> {
        self.first().map(|row| self.trials.headline(row))
    }

    /// The figure that learning rates are chosen by; `None` where there are no trials.
    pub fn selector(&self) -> Option<Figure> {
        self.first().map(|row| self.trials.selector(row))
    }

    /// Whether the trials of another table stand at the same places and count with the same in each
    /// of `figures`.
    pub fn same_scores(&self, other: &Subset, figures: &[Figure]) -> bool {
        let same = |(a, b): (usize, usize)| {
            let (ours, theirs) = (self.trials, other.trials);
            let scores =
                |f: &Figure| ours.score(a, *f).map(f64::to_bits) == theirs.score(b, *f).map(f64::to_bits);
            Axis::ALL
                .iter()
                .all(|axis| ours.text(a, *axis) == theirs.text(b, *axis))
                && ours.status(a) == theirs.status(b)
                && ours.chance(a) == theirs.chance(b)
                && figures.iter().all(scores)
        };
        self.len() == other.len() && self.rows().zip(other.rows()).all(same)
    }

    /// The rows of trials here and in `other` that share replicate, seeds and the values on `axes`:
    /// what both have in common cancels in their difference. In the order of the rows here.
    pub fn pair_by_seeds(&self, other: &Subset<'t>, axes: &[Axis]) -> Vec<(usize, usize)> {
        let key = |row: usize| -> Vec<u32> {
            let all = Axis::TRIAL.iter().chain(axes);
            all.map(|axis| self.trials.code(row, *axis)).collect()
        };
        let theirs: BTreeMap<Vec<u32>, usize> = other.rows().map(|row| (key(row), row)).collect();
        let pair = |row| Some((row, *theirs.get(&key(row))?));
        self.rows().filter_map(pair).collect()
    }
}

/// Collects rows of a table, in its order, into a frame.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    dictionaries: Vec<BTreeMap<String, u32>>,
    codes: Vec<Vec<u32>>,
    last: Option<Coordinates>,
    status: Vec<Status>,
    figures: Vec<Vec<f64>>,
    ids: (String, Vec<usize>),
    messages: BTreeMap<String, u32>,
    message_of: Vec<u32>,
    epochs_to_target: Option<Vec<f64>>,
}

impl Builder {
    /// No rows yet; `times` says whether rows come with the epochs to the target.
    pub(crate) fn new(times: bool) -> Self {
        Builder {
            dictionaries: vec![BTreeMap::new(); Axis::ALL.len()],
            codes: vec![Vec::new(); Axis::ALL.len()],
            figures: vec![Vec::new(); FIGURES],
            epochs_to_target: times.then(Vec::new),
            ..Builder::default()
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, coordinates: &Coordinates, trial: &TrialRow, time: Option<f64>) {
        for axis in Axis::ALL {
            let codes = &mut self.codes[axis as usize];
            let same = |last: &Coordinates| last.compare(coordinates, axis) == Ordering::Equal;
            let code = match (self.last.as_ref().is_some_and(same), codes.last()) {
                (true, Some(code)) => *code,
                _ => intern(&mut self.dictionaries[axis as usize], &coordinates.text(axis)),
            };
            codes.push(code);
        }
        self.last = Some(coordinates.clone());
        self.status.push(trial.status);
        let numbers = trial.numbers().zip(TrialRow::COLUMNS);
        let numbers = numbers.filter(|(_, column)| column.is_number());
        for (figure, (value, _)) in self.figures.iter_mut().zip(numbers) {
            figure.push(value.unwrap_or(f64::NAN));
        }
        self.ids.0.push_str(&trial.trial_id);
        self.ids.1.push(self.ids.0.len());
        let message = trial.message.as_ref();
        self.message_of
            .push(message.map_or(0, |text| 1 + intern(&mut self.messages, text)));
        if let Some(times) = &mut self.epochs_to_target {
            times.push(time.unwrap_or(f64::INFINITY));
        }
    }

    /// Adds the trial of a record.
    pub(crate) fn push_record(&mut self, record: &TrialRecord) {
        let reached = record.epochs.iter().find(|row| reaches_target(row));
        let time = reached.map(|row| f64::from(row.epoch));
        self.push(&record.coordinates, &record.trial, time);
    }

    /// The frame; `manifest` gives the accuracy of guessing on each dataset.
    pub(crate) fn finish(mut self, manifest: Option<&Manifest>) -> Trials {
        let mut dictionaries = Vec::new();
        for (axis, (texts, codes)) in Axis::ALL
            .into_iter()
            .zip(self.dictionaries.into_iter().zip(&mut self.codes))
        {
            let mut texts: Vec<(String, u32)> = texts.into_iter().collect();
            if axis.is_number() {
                texts.sort_by(|a, b| number(&a.0).total_cmp(&number(&b.0)));
            }
            let mut renumbered = vec![0; texts.len()];
            for (new, (_, old)) in texts.iter().enumerate() {
                renumbered[*old as usize] = new as u32;
            }
            codes
                .iter_mut()
                .for_each(|code| *code = renumbered[*code as usize]);
            dictionaries.push(Dictionary {
                numbers: texts
                    .iter()
                    .map(|(text, _)| if axis.is_number() { number(text) } else { f64::NAN })
                    .collect(),
                texts: texts.into_iter().map(|(text, _)| text).collect(),
            });
        }
        let mut trials = Trials {
            dictionaries,
            codes: self.codes,
            status: self.status,
            figures: self.figures,
            ids: self.ids,
            messages: (in_order_of_codes(self.messages), self.message_of),
            epochs_to_target: self.epochs_to_target,
            datasets: Vec::new(),
        };
        trials.datasets = dataset_facts(&trials, manifest);
        trials
    }
}

fn intern(dictionary: &mut BTreeMap<String, u32>, text: &str) -> u32 {
    if let Some(code) = dictionary.get(text) {
        return *code;
    }
    let code = dictionary.len() as u32;
    dictionary.insert(text.to_owned(), code);
    code
}

fn in_order_of_codes(dictionary: BTreeMap<String, u32>) -> Vec<String> {
    let mut texts: Vec<(u32, String)> = dictionary.into_iter().map(|(text, code)| (code, text)).collect();
    texts.sort();
    texts.into_iter().map(|(_, text)| text).collect()
}

/// The text of a numeric coordinate as a number: it is the shortest that reads back as the same.
fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// What the trials on each dataset have in common.
fn dataset_facts(trials: &Trials, manifest: Option<&Manifest>) -> Vec<DatasetFacts> {
    let names = trials.values(Axis::Dataset);
    let mut measured = vec![[false; FIGURES]; names.len()];
    let mut some_ok = vec![false; names.len()];
    for row in 0..trials.len() {
        let dataset = trials.code(row, Axis::Dataset) as usize;
        some_ok[dataset] |= trials.status(row) == Status::Ok;
        for figure in Figure::all() {
            measured[dataset][figure.0] |= trials.number(row, figure).is_some();
        }
    }
    let facts = names.iter().zip(measured).zip(some_ok);
    facts
        .map(|((name, mut measured), some_ok)| {
            let listed = manifest.and_then(|m| m.chance(name));
            let chance = listed.or_else(|| measured[Figure::TEST_ACCURACY.0].then_some(0.0));
            if !some_ok {
                // No trial tells: what is reported counts as lost, and what depends on validation
                // data as not measured.
                measured[Figure::TRAIN_LOSS.0] = true;
                measured[Figure::TEST_LOSS.0] = true;
                measured[Figure::TRAIN_ACCURACY.0] |= chance.is_some();
                measured[Figure::TEST_ACCURACY.0] |= chance.is_some();
            }
            DatasetFacts { chance, measured }
        })
        .collect()
}

/// The rows of a table of trials, checked to be in order.
struct Lines<T: Read> {
    rows: Reader<TrialLine, T>,
    this: Option<TrialLine>,
    /// The row after `this`.
    next: Option<TrialLine>,
}

impl<T: Read> Lines<T> {
    fn new(mut rows: Reader<TrialLine, T>) -> Result<Self> {
        let next = rows.next().transpose()?;
        Ok(Lines {
            rows,
            this: None,
            next,
        })
    }

    /// Goes on to the next row.
    fn advance(&mut self) -> Result<Option<&TrialLine>> {
        self.this = self.next.take();
        if let Some(this) = &self.this {
            self.next = self.rows.next().transpose()?;
            if let Some(next) = &self.next {
                let ordered = order::check(&this.coordinates, &next.coordinates, &self.rows.place());
                ordered.map_err(|error| {
                    error.help(
                        "rows are sorted by their coordinates; edited by hand? \
                         `goodinit grid EXPERIMENT --fresh` writes it anew",
                    )
                })?;
            }
        }
        Ok(self.this.as_ref())
    }
}

/// The trials of a table, a block at a time: those that share their values on the first axes, so
/// that memory does not grow with the table.
pub struct Blocks<T: Read> {
    lines: Lines<T>,
    axes: Vec<Axis>,
    manifest: Option<Manifest>,
}

impl<T: Read> Blocks<T> {
    /// Reads `trials` in blocks that share their values on `axes`, which must be the first of
    /// [`Axis::ALL`].
    ///
    /// # Errors
    /// The first row cannot be read.
    pub fn new(trials: Reader<TrialLine, T>, axes: &[Axis], manifest: Option<Manifest>) -> Result<Self> {
        debug_assert_eq!(axes, &Axis::ALL[..axes.len()], "rows of a block stand together");
        Ok(Blocks {
            lines: Lines::new(trials)?,
            axes: axes.to_vec(),
            manifest,
        })
    }

    /// Where the next block stands; `None` at the end.
    pub fn peek(&self) -> Option<&Coordinates> {
        self.lines.next.as_ref().map(|line| &line.coordinates)
    }

    /// The order of two blocks, given where each stands.
    pub fn compare(&self, a: &Coordinates, b: &Coordinates) -> Ordering {
        order::by(&self.axes, a, b)
    }

    /// The next block; empty at the end.
    ///
    /// # Errors
    /// A row that cannot be read or is out of order.
    pub fn next_block(&mut self) -> Result<Trials> {
        let mut builder = Builder::new(false);
        while let Some(line) = self.lines.advance()? {
            builder.push(&line.coordinates, &line.trial, None);
            let ends = match &self.lines.next {
                Some(next) => {
                    let this = self.lines.this.as_ref();
                    this.is_some_and(|this| {
                        order::by(&self.axes, &this.coordinates, &next.coordinates).is_ne()
                    })
                }
                None => true,
            };
            if ends {
                break;
            }
        }
        Ok(builder.finish(self.manifest.as_ref()))
    }
}

fn reaches_target(row: &EpochRow) -> bool {
    row.test_accuracy.is_some_and(|a| a >= TARGET_ACCURACY)
}

/// Walks `epochs.csv` in step with `trials.csv`.
struct Times<E: Read> {
    rows: Reader<EpochLine, E>,
    next: Option<EpochLine>,
}

impl<E: Read> Times<E> {
    fn new(mut rows: Reader<EpochLine, E>) -> Result<Self> {
        let next = rows.next().transpose()?;
        Ok(Times { rows, next })
    }

    fn of(&mut self, coordinates: &Coordinates) -> Result<f64> {
        let mut time = f64::INFINITY;
        while let Some(line) = &self.next {
            match order::compare(&line.coordinates, coordinates) {
                Ordering::Greater => break,
                Ordering::Less => {}
                Ordering::Equal => {
                    if reaches_target(&line.row) && time.is_infinite() {
                        time = f64::from(line.row.epoch);
                    }
                }
            }
            self.next = self.rows.next().transpose()?;
        }
        Ok(time)
    }
}

#[cfg(test)]
mod tests;

//! From a dataset to what training sees: choice of rows, split, labels, preprocessing, hash.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::dataset::update_chunked;
use super::forms::{Forms, KnownForms};
use super::scaling::Scaling;
use super::split::take;
use super::{DataSpec, Dataset, Features, Noise, Split, SplitRule, Targets};
use crate::numerics::{Batch, FloatMode, SparseRows};
use crate::random::{Key, Purpose};
use crate::support::error::{Context as _, Error, Kind, Result};
use crate::support::text::{grouped, hex};

/// A dataset made ready for one experiment: split, preprocessed, labels possibly noisy.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The data as read, before scaling and label noise.
    pub dataset: Arc<Dataset>,
    /// Which of its rows are trained on, validated on and tested on.
    pub split: Split,
    /// Targets after selection, transformation and label noise (training rows only are ever
    /// changed by noise). One per row of the dataset, whether a part uses it or not.
    pub targets: Arc<Targets>,
    /// Hash over everything that training sees, 16 hexadecimal digits; the `data_hash` column.
    pub hash: String,
    scaling: Scaling,
    forms: Arc<Forms>,
    /// Whether the data are generated, all of them for the few that are used.
    generated: bool,
}

/// More values than this take seconds to generate.
const MANY_VALUES: usize = 10_000_000;

impl Prepared {
    /// The dataset as it is, without preprocessing, noise or seeds, divided as given.
    pub fn plain(dataset: Arc<Dataset>, split: Split) -> Self {
        let targets = Arc::new(dataset.targets.clone());
        Prepared::assemble(
            dataset,
            split,
            targets,
            Scaling::identity(),
            &KnownForms::default(),
        )
    }

    fn assemble(
        dataset: Arc<Dataset>,
        split: Split,
        targets: Arc<Targets>,
        scaling: Scaling,
        known: &KnownForms,
    ) -> Self {
        let hash = hash(&dataset, &split, &targets, &scaling);
        let sparse = scaling.keeps_zeros() && density(&dataset, &split.train) <= SparseRows::WORTHWHILE;
        let forms = known.forms(&dataset, &scaling, sparse);
        Prepared {
            dataset,
            split,
            targets,
            hash,
            scaling,
            forms,
            generated: false,
        }
    }

    /// What a person may not have meant about the data and their division, a line each.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.dataset.notes.clone();
        let (all, used) = (self.dataset.rows, self.split.rows());
        if self.generated && all * self.dataset.cols > MANY_VALUES && used * 10 < all {
            notes.push(format!(
                "{} of its {} samples are used, but all are generated, since the digest in the tables is that of all; \
                 fewer `rows` take less time and memory",
                grouped(used as u64),
                grouped(all as u64)
            ));
        }
        if let Targets::Classes { labels, classes } = &*self.targets {
            let in_part = |rows: &[u32]| {
                let mut there = vec![false; *classes];
                rows.iter()
                    .for_each(|&row| there[usize::from(labels[row as usize])] = true);
                there
            };
            let seen = in_part(&self.split.train);
            for (part, rows) in [("validation", &self.split.validation), ("test", &self.split.test)] {
                let tested = in_part(rows);
                let unseen: Vec<String> = (0..*classes)
                    .filter(|c| tested[*c] && !seen[*c])
                    .map(|c| c.to_string())
                    .collect();
                if !unseen.is_empty() {
                    notes.push(format!(
                        "the training part has no sample of class {}, which the {part} part has",
                        unseen.join(", ")
                    ));
                }
            }
        }
        notes
    }

    /// Features per sample.
    pub fn inputs(&self) -> usize {
        self.dataset.cols
    }

    /// Width of the network's output.
    pub fn outputs(&self) -> usize {
        self.targets.outputs()
    }

    /// Copies the preprocessed features of `rows` into `out` (resized to `rows.len() x inputs`).
    ///
    /// Each value is `raw / scale`, minus the mean, divided by the standard deviation (each left out
    /// where it is not asked for), in f64 and then rounded once.
    pub fn gather(&self, rows: &[u32], out: &mut Batch) {
        out.resize(rows.len(), self.inputs());
        let cols = self.inputs();
        for (i, &row) in rows.iter().enumerate() {
            let row = row as usize;
            match &self.forms.ready {
                Some(values) => out.row_mut(i).copy_from_slice(&values[row * cols..][..cols]),
                None => self.scaling.apply(&self.dataset, row, out.row_mut(i)),
            }
        }
    }

    /// Whether a raw zero stays exactly zero: nothing is subtracted.
    pub fn keeps_zeros(&self) -> bool {
        self.scaling.keeps_zeros()
    }

    /// Fraction of the training part's values that are not zero after preprocessing.
    pub fn density(&self) -> f64 {
        if self.keeps_zeros() {
            density(&self.dataset, &self.split.train)
        } else {
            1.0
        }
    }

    /// All rows of the dataset, preprocessed, without their zeros; row numbers are those of the
    /// split. There only where zeros stay zeros and are so many that skipping them is faster.
    pub fn sparse(&self) -> Option<&SparseRows> {
        self.forms.sparse.as_ref()
    }

    /// Says that `rows` are needed soon: a hint for speed, where the rows are kept without zeros.
    pub fn prefetch(&self, rows: &[u32]) {
        if let Some(sparse) = self.sparse() {
            sparse.prefetch(rows);
        }
    }

    #[cfg(test)]
    pub(super) fn shares_rows_with(&self, other: &Prepared) -> bool {
        Arc::ptr_eq(&self.forms, &other.forms)
    }

    /// Bytes held beside the shared dataset and what others hold too.
    pub(super) fn own_bytes(&self) -> usize {
        let targets = match &*self.targets {
            Targets::Classes { labels, .. } => labels.len() * 2,
            Targets::Values { values, .. } => values.len() * 8,
        };
        let split = 4 * self.split.rows();
        let forms = if Arc::strong_count(&self.forms) > 1 {
            0
        } else {
            self.forms.bytes()
        };
        targets + split + forms
    }
}

fn density(dataset: &Dataset, rows: &[u32]) -> f64 {
    let cols = dataset.cols;
    let row = |r: u32| r as usize * cols..(r as usize + 1) * cols;
    let nonzero: usize = match &dataset.features {
        Features::U8(v) => rows
            .iter()
            .map(|&r| v[row(r)].iter().filter(|&&x| x != 0).count())
            .sum(),
        Features::F32(v) => rows
            .iter()
            .map(|&r| v[row(r)].iter().filter(|&&x| x != 0.0).count())
            .sum(),
        Features::F64(v) => rows
            .iter()
            .map(|&r| v[row(r)].iter().filter(|&&x| x != 0.0).count())
            .sum(),
    };
    nonzero as f64 / (rows.len() * cols).max(1) as f64
}

/// Prepares `dataset` as `spec` says: rows and labels chosen, divided, labels of a fraction
/// `label_noise` of the training rows made random, features preprocessed by the statistics of the
/// training part. Split and noise are drawn from the streams of `seed` and `data_seed`.
///
/// # Errors
/// Classes that are not there, a split that does not fit, label noise outside 0 to 1 or on
/// real-valued targets.
pub fn prepare(
    dataset: &Arc<Dataset>,
    spec: &DataSpec,
    label_noise: f64,
    seed: u64,
    data_seed: u64,
) -> Result<Prepared> {
    prepare_on(
        &KnownForms::default(),
        dataset,
        spec,
        label_noise,
        seed,
        data_seed,
    )
}

/// [`prepare`], sharing preprocessed rows with what `known` knows.
pub(super) fn prepare_on(
    known: &KnownForms,
    dataset: &Arc<Dataset>,
    spec: &DataSpec,
    label_noise: f64,
    seed: u64,
    data_seed: u64,
) -> Result<Prepared> {
    let _mode = FloatMode::standard();
    let context = || format!("dataset `{spec}`");
    let (split, targets) = choose(dataset, spec, label_noise, seed, data_seed).context(context)?;
    let scaling = Scaling::fit(dataset, spec, &split.train);
    let prepared = Prepared::assemble(Arc::clone(dataset), split, Arc::new(targets), scaling, known);
    Ok(Prepared {
        generated: spec.item().source == "generated",
        ..prepared
    })
}

/// The split and the targets.
fn choose(
    dataset: &Dataset,
    spec: &DataSpec,
    label_noise: f64,
    seed: u64,
    data_seed: u64,
) -> Result<(Split, Targets)> {
    let strata = strata(dataset, spec)?;
    let rule = spec
        .split
        .or(spec.item().default_split)
        .unwrap_or(if dataset.official_test.is_some() {
            SplitRule::OFFICIAL
        } else {
            SplitRule::WHOLE
        });
    let official = dataset.official_test.as_ref().map(|range| {
        let mut rows: Vec<u32> = strata.iter().flatten().copied().collect();
        rows.retain(|&row| range.contains(&(row as usize)));
        rows.sort_unstable();
        rows
    });
    let mut stream = Key::new(seed, data_seed, Purpose::Split).stream(0);
    let mut split = rule.divide(strata, official, &mut stream)?;
    if let Some(most) = spec.train_rows
        && most < split.train.len()
    {
        let mut stream = Key::new(seed, data_seed, Purpose::Split).stream(1);
        let mut strata = group(dataset, spec, &split.train);
        for stratum in &mut strata {
            stream.shuffle(stratum);
        }
        split.train = take(&mut strata, most, split.train.len());
        split.train.sort_unstable();
    }
    let mut targets = select(&dataset.targets, spec, &split)?;
    if let Targets::Classes { classes, .. } = targets
        && classes < 2
    {
        let message = "all samples are of one class: there is nothing to learn";
        return Err(Error::new(Kind::Data, message)
            .help("is `label` the right column? for a real-valued target set task = \"regression\""));
    }
    if label_noise != 0.0 {
        let key = Key::new(seed, data_seed, Purpose::LabelNoise);
        add_noise(&mut targets, &split.train, label_noise, spec.noise, &key)?;
    }
    Ok((split, targets))
}

/// The rows that take part, a list per class where the split is stratified. Strata are the
/// classes of the source, so that a task that groups them (digit >= 5) is divided like the
/// original one: its test rows are the same.
fn strata(dataset: &Dataset, spec: &DataSpec) -> Result<Vec<Vec<u32>>> {
    if let (Some(wanted), Targets::Classes { classes, .. }) = (&spec.classes, &dataset.targets)
        && let Some(missing) = wanted.iter().find(|&&c| usize::from(c) >= *classes)
    {
        let message = format!(
            "there is no class {missing}: the classes are 0 to {}",
            classes - 1
        );
        return Err(Error::new(Kind::Data, message));
    }
    if matches!(dataset.targets, Targets::Values { .. })
        && (spec.classes.is_some() || spec.binary_threshold.is_some())
    {
        let message = "`classes` and `binary_threshold` need class labels, but the targets are real values";
        return Err(Error::new(Kind::Data, message));
    }
    let rows: Vec<u32> = (0..dataset.rows as u32).collect();
    Ok(group(dataset, spec, &rows))
}

/// `rows` grouped by class where the split is stratified, without classes that are not wanted.
fn group(dataset: &Dataset, spec: &DataSpec, rows: &[u32]) -> Vec<Vec<u32>> {
    let Targets::Classes { labels, classes } = &dataset.targets else {
        return vec![rows.to_vec()];
    };
    let mut strata = vec![Vec::new(); if spec.stratified { *classes } else { 1 }];
    for &row in rows {
        let label = labels[row as usize];
        if spec.classes.as_ref().is_none_or(|wanted| wanted.contains(&label)) {
            strata[if spec.stratified { usize::from(label) } else { 0 }].push(row);
        }
    }
    strata
}

/// Targets after `classes`, `binary_threshold` and `standardize_targets`.
fn select(targets: &Targets, spec: &DataSpec, split: &Split) -> Result<Targets> {
    let mut targets = targets.clone();
    match &mut targets {
        Targets::Classes { labels, classes } => {
            if let Some(wanted) = &spec.classes {
                for label in labels.iter_mut() {
                    *label = wanted.iter().position(|w| w == label).unwrap_or(0) as u16;
                }
                *classes = wanted.len();
            }
            if let Some(threshold) = spec.binary_threshold {
                if usize::from(threshold) >= *classes {
                    let message = format!(
                        "`binary_threshold` {threshold} leaves class 1 empty: labels end at {}",
                        *classes - 1
                    );
                    return Err(Error::new(Kind::Data, message));
                }
                for label in labels.iter_mut() {
                    *label = u16::from(*label >= threshold);
                }
                *classes = 2;
            }
            if spec.standardize_targets {
                let message = "`standardize_targets` needs real-valued targets, but these are class labels";
                return Err(Error::new(Kind::Data, message));
            }
        }
        Targets::Values { values, outputs } => {
            if spec.standardize_targets {
                super::scaling::standardize_columns(values, *outputs, &split.train);
            }
        }
    }
    Ok(targets)
}

/// Makes the labels of a fraction of the training rows random (Zhang et al. 2016, section 2.2).
///
/// The training rows are shuffled and the first `round(fraction * n)` chosen, so that a smaller
/// fraction's rows are among a larger one's. `Redraw` gives each a uniform class, its own
/// possibly among them; `Permute` shuffles the labels among the chosen rows.
fn add_noise(targets: &mut Targets, train: &[u32], fraction: f64, noise: Noise, key: &Key) -> Result<()> {
    if !(0.0..=1.0).contains(&fraction) {
        return Err(Error::new(
            Kind::Data,
            format!("label noise must be from 0 to 1, not {fraction}"),
        ));
    }
    let Targets::Classes { labels, classes } = targets else {
        return Err(Error::new(
            Kind::Data,
            "label noise needs class labels, but the targets are real values",
        ));
    };
    let mut chosen = train.to_vec();
    key.stream(0).shuffle(&mut chosen);
    chosen.truncate((fraction * train.len() as f64).round() as usize);
    let mut stream = key.stream(1);
    match noise {
        Noise::Redraw => {
            for row in chosen {
                labels[row as usize] = stream.below(*classes as u32) as u16;
            }
        }
        Noise::Permute => {
            let mut theirs: Vec<u16> = chosen.iter().map(|&row| labels[row as usize]).collect();
            stream.shuffle(&mut theirs);
            for (row, label) in chosen.into_iter().zip(theirs) {
                labels[row as usize] = label;
            }
        }
    }
    Ok(())
}

fn hash(dataset: &Dataset, split: &Split, targets: &Targets, scaling: &Scaling) -> String {
    let mut hash = Sha256::new();
    hash.update(b"goodinit prepared 2\n");
    hash.update(dataset.digest.as_bytes());
    for part in [&split.train, &split.validation, &split.test] {
        hash.update((part.len() as u64).to_le_bytes());
        update_chunked(&mut hash, part, |x| x.to_le_bytes());
    }
    targets.hash_into(&mut hash);
    scaling.hash_into(&mut hash);
    hex(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests;

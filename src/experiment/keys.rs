//! Every key of an experiment file. The structs here are the one list of them: serde reads a table
//! of the file into its struct, errors suggest from the list, `goodinit list keys` prints it and
//! its JSON Schema.
//!
//! The doc comment of a field says what the key means, its type what it takes. `= "text"` gives
//! the default, in TOML, which is read as if the file had it; `=> "words"` says in words what
//! holds where the key is left out. A key with neither must be given.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, IgnoredAny, Unexpected};
use serde_json::{Value as Json, json};

use super::claim::{Aggregate, ClaimKind, Transform};
use super::coordinates::Axis;
use super::schema;
use super::sequential::Until;
use super::settings::{EvaluateTrain, SaveWeights};

use super::coordinates::GRID_KEYS;

/// A table of an experiment file and the keys it takes.
#[derive(Debug)]
pub struct TableDoc {
    /// As it is written: `[train]`; empty for the top of the file.
    pub name: &'static str,
    /// One line: what it is about.
    pub doc: &'static str,
    /// Its keys.
    pub keys: &'static [KeyDoc],
}

/// One key.
#[derive(Debug)]
pub struct KeyDoc {
    /// As it is written.
    pub name: &'static str,
    /// What it takes.
    pub takes: &'static str,
    /// What holds where it is left out; empty if it must be given.
    pub default: &'static str,
    /// One line: what it means.
    pub doc: &'static str,
}

impl TableDoc {
    /// `[train]`, or "an experiment file" for the top.
    pub fn title(&self) -> String {
        match self.name {
            "" => "an experiment file".to_owned(),
            "claim" => "[[claim]]".to_owned(),
            "metric" | "rate" | "replicates" => format!("`{}`", self.name),
            name => format!("[{name}]"),
        }
    }

    /// The key called `name`.
    pub fn key(&self, name: &str) -> Option<&KeyDoc> {
        self.keys.iter().find(|k| k.name == name)
    }
}

/// Every table of an experiment file, in the order in which it is usually written.
pub static SECTIONS: [&TableDoc; 6] = [
    FileKeys::SECTION,
    TrainKeys::SECTION,
    &GRID,
    SeedsKeys::SECTION,
    RecordKeys::SECTION,
    ClaimKeys::SECTION,
];

/// A struct that a table of the file is read into.
pub(super) trait FileTable: DeserializeOwned {
    const SECTION: &'static TableDoc;
    /// The keys with a default that is read as if the file had it.
    const DEFAULTS: &'static [(&'static str, &'static str)];

    /// For each key, the JSON Schema of its values, and whether it may be left out.
    fn schemas() -> Vec<(Json, bool)>;
}

/// A type of values of the file.
pub(super) trait FieldType {
    /// What such a key takes, in words.
    const TAKES: &'static str;
    const OPTIONAL: bool = false;

    fn schema() -> Json;
}

macro_rules! tables {
    ($($(#[doc = $about:literal])* $Name:ident $name:literal {
        $($(#[doc = $doc:literal])* $key:ident: $type:ty $(= $default:literal)? $(=> $words:literal)?,)*
    })*) => {$(
        $(#[doc = $about])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code, reason = "open-ended values are read from the table")]
        pub(super) struct $Name {
            $($(#[doc = $doc])* pub $key: $type,)*
        }

        impl FileTable for $Name {
            const SECTION: &'static TableDoc = &TableDoc {
                name: $name,
                doc: concat!($($about),*).trim_ascii(),
                keys: &[$(KeyDoc {
                    name: stringify!($key),
                    takes: <$type as FieldType>::TAKES,
                    default: concat!($($default)? $($words)?),
                    doc: concat!($($doc),*).trim_ascii(),
                }),*],
            };
            const DEFAULTS: &'static [(&'static str, &'static str)] =
                &[$($((stringify!($key), $default),)?)*];

            fn schemas() -> Vec<(Json, bool)> {
                vec![$((
                    <$type as FieldType>::schema(),
                    <$type as FieldType>::OPTIONAL $(|| !$default.is_empty())?,
                )),*]
            }
        }
    )*};
}

tables! {
    /// the experiment as a whole
    FileKeys "" {
        /// results go to results/<name>
        name: Name,
        /// what the experiment is about; reports quote it
        description: Option<String> => "none",
        /// every draw derives from it
        seed: Whole<0, { i64::MAX }> = "0",
        /// trials per cell, with seeds as `[seeds]` says; or as many as it takes: { from = 5, to = 40, until = "claims" }
        replicates: ReplicatesForm = "5",
        /// the dataset and its preparation
        data: Option<Data> => "{ kind = \"digits\" }",
        /// how every trial is trained
        train: TrainTable,
        /// every combination of the axes is a cell
        grid: GridTables,
        /// what the seeds of a trial follow
        seeds: Option<SeedsTable> => "see [seeds]",
        /// which tables are written
        record: Option<RecordTable> => "see [record]",
        /// what must be true of the tables
        claim: Option<ClaimTables> => "none",
    }

    /// how every trial is trained
    TrainKeys "train" {
        /// passes over the training part; or `steps`
        epochs: Option<Whole<0, MAX_EPOCHS>>,
        /// optimizer steps, instead of `epochs`
        steps: Option<Whole<0, MAX_STEPS>>,
        /// samples per step; also an axis of the grid
        batch_size: Option<BatchSize> => "32",
        /// what is minimised; see `goodinit list losses`
        loss: Option<LossName> => "cross_entropy",
        /// epochs (steps, with `steps`) between evaluations
        evaluate_every: Option<Whole<1, MAX_STEPS>> => "1 epoch, or a 20th of `steps`",
        /// training figures of an evaluation: from the batches as they were trained, or from the whole training part
        evaluate_train: EvaluateTrain = "running",
        /// new order of the samples in every epoch
        shuffle: bool = "true",
    }

    /// what each of a trial's seeds follows: "replicate", one fixed number, or a list crossed with all else ({ crossed = 5 } is [0, 1, 2, 3, 4])
    SeedsKeys "seeds" {
        /// draw of the initial weights
        weights: Option<SeedingForm> => "replicate",
        /// draw of the order of the samples
        order: Option<SeedingForm> => "replicate",
        /// draw of the split and the label noise
        data: Option<SeedingForm> => "0",
    }

    /// which tables are written beside trials.csv and summary.csv
    RecordKeys "record" {
        /// epochs.csv: one row per evaluation
        epochs: bool = "true",
        /// the evaluations whose rows are written to epochs.csv, after so many epochs (steps, with `steps`); the first and the last always are
        epoch_rows: Option<EpochNumbers> => "all",
        /// layers.csv: signals and weights by layer, at these epochs
        layers: Option<LayerEpochs> => "false",
        /// the layers whose rows are written to layers.csv and probe.csv; all of them are measured
        layer_rows: Option<LayerNames> => "all",
        /// training samples that layers are measured on
        probe_samples: Whole<2, 1_000_000> = "500",
        /// weights saved as .safetensors
        weights: SaveWeights = "none",
        /// steps.csv: a probe takes steps and measures how far layers move, after so many (a coordinate check)
        steps: Option<StepCounts> => "none",
    }

    /// what must be true of the tables; `goodinit check` says whether it is
    ClaimKeys "claim" {
        /// short name
        name: Option<Word> => "claim-<number>",
        /// who says so: author, year, identifier, section
        source: Option<String> => "none",
        /// what is claimed, in words
        sentence: String,
        /// identity: a theorem of the arithmetic, which cannot fail unless the program is wrong; counted apart from the evidence
        kind: ClaimKind = "evidence",
        /// figure of a trial: test_accuracy, epochs.train_loss, layers.column_spread, probe.<column>, steps.<column>, best_rate, diverged, failed, ok
        metric: MetricForm,
        /// for best_rate: the column by which a rate is best
        of: Option<Column> => "validation_accuracy",
        /// for epochs.* and layers.*: at which epoch
        epoch: Option<EpochForm> => "last",
        /// for steps.*: after how many steps
        step: Option<EpochForm> => "last",
        /// for layers.*, probe.* and steps.*: which layers
        layers: Option<LayerNames> => "all",
        /// for layers.*, probe.* and steps.*: how the layers become one value
        across: Aggregate = "mean",
        /// applied to each trial's figure
        transform: Transform = "none",
        /// the cells on the left: { scheme = "he_normal", architecture = "30x64" }
        left: Coordinates,
        /// the cells on the right, where the relation speaks of `right`
        right: Option<Coordinates> => "none",
        /// the claim must hold for each value of these apart
        for_each: Option<AxisNames> => "none",
        /// trials that differ in these are taken together
        pool: Option<AxisNames> => "none",
        /// how replicates become one figure
        aggregate: Aggregate = "median",
        /// tuned: each side at its best learning rate, chosen by validation data or on the first n replicates, which are then not scored
        rate: Option<RateForm> => "fixed",
        /// left - right >= 0.5; left / right <= 2; left in [0, 1]; abs(left - right) <= 0.1; left increasing over architecture; spread of left over architecture <= 0.1; left ranks 1 over scheme
        relation: RelationText,
        /// the relation's right-hand side, where it is not in the relation
        threshold: Option<Number> => "in the relation",
        /// for increasing, decreasing and ==: slack
        tolerance: Option<Slack> => "0",
        /// level of the interval that decides between a verdict and `inconclusive`
        confidence: Level = "0.95",
    }

    /// a number of steps or epochs until a column of epochs.csv reaches a target
    TimeToKeys "metric" {
        /// the target, where steps are counted
        steps_to: Option<Number>,
        /// the target, where epochs are counted
        epochs_to: Option<Number>,
        /// the column
        of: Option<String>,
    }

    /// replicates until a question is decided, at most `to`
    SequentialKeys "replicates" {
        /// replicates at the first look; then twice as many, and so on
        from: Option<Whole<2, MAX_REPLICATES>> => "given by `looks`",
        /// replicates at the last look
        to: Option<Whole<2, MAX_REPLICATES>> => "given by `looks`",
        /// what is to be decided: claims, each by its verdict; ranking, which schemes are distinguishable from the leader
        until: Until,
        /// replicates at each look, in place of `from` and `to`
        looks: Option<LookNumbers> => "from, doubling, to",
    }

    /// how the best learning rate of a side is chosen
    RateKeys "rate" {
        /// the column by which a rate is best; "metric" for the claim's own
        by: Option<Column>,
        /// replicates that choose the rate and are not scored
        replicates: Option<Replicates>,
    }
}

/// `[grid]`, whose keys are the axes.
pub static GRID: TableDoc = TableDoc {
    name: "grid",
    doc: "the axes: each takes one value or a list; every combination is a cell",
    keys: GRID_KEYS,
};

/// The replicates of a cell where the file does not say.
pub(super) const REPLICATES: u32 = 5;
/// The most replicates.
pub(super) const MAX_REPLICATES: i64 = 1_000_000;
/// The most epochs.
pub(super) const MAX_EPOCHS: i64 = 10_000_000;
/// A probe takes a few steps; more is training.
pub(super) const MAX_PROBE_STEPS: i64 = 1000;
const MAX_STEPS: i64 = 1_000_000_000;

impl<T: FieldType> FieldType for Option<T> {
    const TAKES: &'static str = T::TAKES;
    const OPTIONAL: bool = true;

    fn schema() -> Json {
        T::schema()
    }
}

impl FieldType for bool {
    const TAKES: &'static str = "true or false";

    fn schema() -> Json {
        json!({ "type": "boolean" })
    }
}

impl FieldType for String {
    const TAKES: &'static str = "text";

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}

/// A whole number within a range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole<const MIN: i64, const MAX: i64>(pub i64);

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match i64::deserialize(deserializer) {
            Ok(x) if (MIN..=MAX).contains(&x) => Ok(Whole(x)),
            _ => {
                let expected = format!("a whole number from {MIN} to {MAX}");
                Err(D::Error::invalid_value(Unexpected::Other(""), &expected.as_str()))
            }
        }
    }
}

impl<const MIN: i64, const MAX: i64> FieldType for Whole<MIN, MAX> {
    const TAKES: &'static str = match MIN {
        0 => "a whole number from 0",
        1 => "a whole number from 1",
        2 => "a whole number from 2",
        _ => "a whole number",
    };

    fn schema() -> Json {
        json!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// Numbers within a range.
macro_rules! numbers {
    ($($(#[$meta:meta])* $Name:ident = $takes:literal, $schema:tt, $accepts:expr;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub(super) struct $Name(pub f64);

        impl<'de> Deserialize<'de> for $Name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let accepts: fn(f64) -> bool = $accepts;
                match f64::deserialize(deserializer) {
                    // -0 and 0 are one number.
                    Ok(x) if accepts(x) => Ok($Name(if x == 0.0 { 0.0 } else { x })),
                    _ => Err(D::Error::invalid_value(Unexpected::Other(""), &Self::TAKES)),
                }
            }
        }

        impl FieldType for $Name {
            const TAKES: &'static str = $takes;

            fn schema() -> Json {
                json!($schema)
            }
        }
    )*};
}

numbers! {
    /// Any number.
    Number = "a number", { "type": "number" }, |_| true;
    /// A number that is not negative.
    Slack = "a number from 0", { "type": "number", "minimum": 0 }, |x| x >= 0.0;
    /// A level of confidence.
    Level = "a number between 0 and 1", { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 }, |x| x > 0.0 && x < 1.0;
}

/// Texts with a form of their own, and values that are read by hand because what they may be is
/// open-ended or depends on other keys ([`IgnoredAny`]; the table has the value as it stands).
macro_rules! fields {
    ($($Name:ident($type:ty) = $takes:literal, $schema:expr;)*) => {$(
        #[derive(Debug, Deserialize)]
        #[serde(transparent)]
        pub(super) struct $Name(
            #[allow(dead_code, reason = "open-ended values are read from the table")] pub $type,
        );

        impl FieldType for $Name {
            const TAKES: &'static str = $takes;

            fn schema() -> Json {
                $schema
            }
        }
    )*};
}

fields! {
    Name(String) = "letters, digits, `-`, `_`, `.`", json!({ "type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]*$" });
    Word(String) = "a word", String::schema();
    RelationText(String) = "a relation", String::schema();
    Data(IgnoredAny) = "a table", schema::data();
    TrainTable(IgnoredAny) = "a table", schema::table::<TrainKeys>();
    GridTables(IgnoredAny) = "a table, or several as [[grid]]", schema::one_or_many(schema::grid());
    SeedsTable(IgnoredAny) = "a table", schema::table::<SeedsKeys>();
    RecordTable(IgnoredAny) = "a table", schema::table::<RecordKeys>();
    ClaimTables(IgnoredAny) = "[[claim]] tables", json!({ "type": "array", "items": schema::table::<ClaimKeys>() });
    BatchSize(IgnoredAny) = "a whole number from 1", schema::reference(Axis::BatchSize.name());
    LossName(IgnoredAny) = "a loss", schema::catalogue(crate::model::loss::ENTRIES);
    SeedingForm(IgnoredAny) = "a seeding", schema::seeding();
    LayerEpochs(IgnoredAny) = "epochs, \"last\", \"all\", or true for [0, \"last\"]", schema::layer_epochs();
    StepCounts(IgnoredAny) = "numbers of steps", schema::one_or_many(json!({ "type": "integer", "minimum": 0, "maximum": MAX_PROBE_STEPS }));
    EpochNumbers(IgnoredAny) = "a list of whole numbers", json!({ "type": "array", "items": { "type": "integer", "minimum": 0 } });
    LayerNames(IgnoredAny) = "all, hidden, first, last_hidden, output, or a list of numbers from 1", schema::layer_names();
    MetricForm(IgnoredAny) = "a column, or { steps_to = target, of = column }", schema::metric();
    Column(IgnoredAny) = "a column", String::schema();
    EpochForm(IgnoredAny) = "a whole number, or \"last\"", json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "const": "last" }] });
    Coordinates(IgnoredAny) = "coordinates", schema::reference("coordinates");
    AxisNames(IgnoredAny) = "axes", schema::one_or_many(json!({ "enum": Axis::CELL.map(Axis::name) }));
    RateForm(IgnoredAny) = "fixed, tuned, or { by = column, replicates = n }", json!({ "anyOf": [{ "enum": ["fixed", "tuned"] }, schema::table::<RateKeys>()] });
    Replicates(IgnoredAny) = "a whole number from 1", json!({ "type": "integer", "minimum": 1 });
    ReplicatesForm(IgnoredAny) = "a whole number from 1, or { from, to, until }", json!({ "anyOf": [{ "type": "integer", "minimum": 1 }, schema::table::<SequentialKeys>()] });
    LookNumbers(IgnoredAny) = "a list of whole numbers from 2, ascending", json!({ "type": "array", "items": { "type": "integer", "minimum": 2 } });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_documented() {
        let keys = SECTIONS.iter().flat_map(|section| section.keys);
        let bare: Vec<&str> = keys
            .filter(|key| key.doc.is_empty())
            .map(|key| key.name)
            .collect();
        assert!(bare.is_empty(), "no doc comment: {bare:?}");
    }
}

//! Every key of an experiment file: one list that the reader checks against, that errors suggest
//! from, and that `goodinit list keys` prints.

/// A table of an experiment file and the keys it takes.
#[derive(Debug)]
pub struct Section {
    /// As it is written: `[train]`; empty for the top of the file.
    pub name: &'static str,
    /// One line: what it is about.
    pub doc: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What it takes.
    pub takes: &'static str,
    /// What holds where it is left out; empty if it must be given.
    pub default: &'static str,
    /// One line: what it means.
    pub doc: &'static str,
}

const fn key(name: &'static str, takes: &'static str, default: &'static str, doc: &'static str) -> Key {
    Key {
        name,
        takes,
        default,
        doc,
    }
}

/// The top of the file.
pub static TOP: Section = Section {
    name: "",
    doc: "the experiment as a whole",
    keys: &[
        key(
            "name",
            "letters, digits, `-`, `_`, `.`",
            "",
            "results go to results/<name>",
        ),
        key(
            "description",
            "text",
            "none",
            "what the experiment is about; reports quote it",
        ),
        key("seed", "a whole number from 0", "0", "every draw derives from it"),
        key(
            "replicates",
            "a whole number from 1",
            "5",
            "trials per cell, with seeds as `[seeds]` says",
        ),
        key(
            "data",
            "a table",
            "{ kind = \"digits\" }",
            "the dataset and its preparation",
        ),
        key("train", "a table", "", "how every trial is trained"),
        key(
            "grid",
            "a table, or several as [[grid]]",
            "",
            "every combination of the axes is a cell",
        ),
        key(
            "seeds",
            "a table",
            "see [seeds]",
            "what the seeds of a trial follow",
        ),
        key("record", "a table", "see [record]", "which tables are written"),
        key(
            "claim",
            "[[claim]] tables",
            "none",
            "what must be true of the tables",
        ),
    ],
};

/// `[train]`.
pub static TRAIN: Section = Section {
    name: "train",
    doc: "how every trial is trained",
    keys: &[
        key(
            "epochs",
            "a whole number from 0",
            "",
            "passes over the training part; or `steps`",
        ),
        key(
            "steps",
            "a whole number from 0",
            "",
            "optimizer steps, instead of `epochs`",
        ),
        key(
            "batch_size",
            "a whole number from 1",
            "32",
            "samples per step; also an axis of the grid",
        ),
        key(
            "loss",
            "a loss",
            "cross_entropy",
            "what is minimised; see `goodinit list losses`",
        ),
        key(
            "evaluate_every",
            "a whole number from 1",
            "1 epoch, or a 20th of `steps`",
            "epochs (steps, with `steps`) between evaluations",
        ),
        key(
            "evaluate_train",
            "running or full",
            "running",
            "training figures of an evaluation: from the batches as they were trained, or from the whole training part",
        ),
        key(
            "shuffle",
            "true or false",
            "true",
            "new order of the samples in every epoch",
        ),
    ],
};

/// `[grid]`.
pub static GRID: Section = Section {
    name: "grid",
    doc: "the axes: each takes one value or a list; every combination is a cell",
    keys: &[
        key(
            "scheme",
            "schemes",
            "",
            "initialization of the weights; see `goodinit list schemes`",
        ),
        key(
            "architecture",
            "architectures",
            "",
            "hidden layers: [256, 128] or { depth = 20, width = 64 }; several in a list of their own",
        ),
        key(
            "activation",
            "activations",
            "relu",
            "one for all layers, or a list in the list: one per layer",
        ),
        key("learning_rate", "positive numbers", "", "learning rate"),
        key("optimizer", "optimizers", "sgd", "see `goodinit list optimizers`"),
        key(
            "bias",
            "bias initializations",
            "scheme",
            "initialization of the biases; scheme: zeros, unless the scheme prescribes something else",
        ),
        key(
            "batch_size",
            "whole numbers from 1",
            "that of [train]",
            "samples per step",
        ),
        key(
            "label_noise",
            "numbers from 0 to 1",
            "that of [data]",
            "fraction of the training labels that are made random",
        ),
        key(
            "dataset",
            "datasets",
            "that of [data]",
            "a name, or a table like [data]",
        ),
        key(
            "exclude",
            "tables",
            "none",
            "cells to leave out: { scheme = \"zeros\", activation = [\"relu\", \"tanh\"] }",
        ),
    ],
};

/// `[seeds]`.
pub static SEEDS: Section = Section {
    name: "seeds",
    doc: "what each of a trial's seeds follows: \"replicate\", one fixed number, or a list crossed with all else ({ crossed = 5 } is [0, 1, 2, 3, 4])",
    keys: &[
        key("weights", "a seeding", "replicate", "draw of the initial weights"),
        key(
            "order",
            "a seeding",
            "replicate",
            "draw of the order of the samples",
        ),
        key("data", "a seeding", "0", "draw of the split and the label noise"),
    ],
};

/// `[record]`.
pub static RECORD: Section = Section {
    name: "record",
    doc: "which tables are written beside trials.csv and summary.csv",
    keys: &[
        key(
            "epochs",
            "true or false",
            "true",
            "epochs.csv: one row per evaluation",
        ),
        key(
            "layers",
            "epochs, \"last\", \"all\", or true for [0, \"last\"]",
            "false",
            "layers.csv: signals and weights by layer, at these epochs",
        ),
        key(
            "layer_rows",
            "all, hidden, first, last_hidden, output, or a list of numbers from 1",
            "all",
            "the layers whose rows are written to layers.csv and probe.csv; all of them are measured",
        ),
        key(
            "probe_samples",
            "a whole number from 2",
            "500",
            "training samples that layers are measured on",
        ),
        key(
            "weights",
            "none, initial, final or both",
            "none",
            "weights saved as .safetensors",
        ),
    ],
};

/// `[[claim]]`.
pub static CLAIM: Section = Section {
    name: "claim",
    doc: "what must be true of the tables; `goodinit check` says whether it is",
    keys: &[
        key("name", "a word", "claim-<number>", "short name"),
        key(
            "source",
            "text",
            "none",
            "who says so: author, year, identifier, section",
        ),
        key("sentence", "text", "", "what is claimed, in words"),
        key(
            "kind",
            "evidence or identity",
            "evidence",
            "identity: a theorem of the arithmetic, which cannot fail unless the program is wrong; counted apart from the evidence",
        ),
        key(
            "metric",
            "a column, or { steps_to = target, of = column }",
            "",
            "figure of a trial: test_accuracy, epochs.train_loss, layers.column_spread, probe.<column>, best_rate, diverged, failed, ok",
        ),
        key(
            "of",
            "a column",
            "validation_accuracy",
            "for best_rate: the column by which a rate is best",
        ),
        key(
            "epoch",
            "a whole number, or \"last\"",
            "last",
            "for epochs.* and layers.*: at which epoch",
        ),
        key(
            "layers",
            "all, hidden, first, last_hidden, output, or a list of numbers from 1",
            "all",
            "for layers.* and probe.*: which layers",
        ),
        key(
            "across",
            "an aggregate",
            "mean",
            "for layers.* and probe.*: how the layers become one value",
        ),
        key(
            "transform",
            "none, ln, log2 or square",
            "none",
            "applied to each trial's figure",
        ),
        key(
            "left",
            "coordinates",
            "",
            "the cells on the left: { scheme = \"he_normal\", architecture = \"30x64\" }",
        ),
        key(
            "right",
            "coordinates",
            "none",
            "the cells on the right, where the relation speaks of `right`",
        ),
        key(
            "for_each",
            "axes",
            "none",
            "the claim must hold for each value of these apart",
        ),
        key(
            "pool",
            "axes",
            "none",
            "trials that differ in these are taken together",
        ),
        key(
            "aggregate",
            "median, mean, iqm, min, max, std, var, sum, or \"fraction >= x\"",
            "median",
            "how replicates become one figure",
        ),
        key(
            "rate",
            "fixed, tuned, or { by = column, replicates = n }",
            "fixed",
            "tuned: each side at its best learning rate, chosen by validation data or on the first n replicates, which are then not scored",
        ),
        key(
            "relation",
            "a relation",
            "",
            "left - right >= 0.5; left / right <= 2; left in [0, 1]; abs(left - right) <= 0.1; left increasing over architecture; spread of left over architecture <= 0.1; left ranks 1 over scheme",
        ),
        key(
            "threshold",
            "a number",
            "in the relation",
            "the relation's right-hand side, where it is not in the relation",
        ),
        key(
            "tolerance",
            "a number from 0",
            "0",
            "for increasing, decreasing and ==: slack",
        ),
        key(
            "confidence",
            "a number between 0 and 1",
            "0.95",
            "level of the interval that decides between a verdict and `inconclusive`",
        ),
    ],
};

/// Every table of an experiment file, in the order in which it is usually written.
pub static SECTIONS: [&Section; 6] = [&TOP, &TRAIN, &GRID, &SEEDS, &RECORD, &CLAIM];

impl Section {
    /// `[train]`, or "an experiment file" for the top.
    pub fn title(&self) -> String {
        match self.name {
            "" => "an experiment file".to_owned(),
            "claim" => "[[claim]]".to_owned(),
            name => format!("[{name}]"),
        }
    }

    /// The key called `name`.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|k| k.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Axis;

    #[test]
    fn keys_are_documented_once() {
        for section in SECTIONS {
            for (i, key) in section.keys.iter().enumerate() {
                assert!(!key.takes.is_empty() && !key.doc.is_empty(), "{}", key.name);
                assert!(
                    section.keys[..i].iter().all(|k| k.name != key.name),
                    "{} twice",
                    key.name
                );
            }
        }
        for axis in Axis::CELL {
            assert!(GRID.key(axis.name()).is_some(), "{axis} is a key of the grid");
        }
    }
}

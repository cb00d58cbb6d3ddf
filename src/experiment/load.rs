//! From a document to a checked experiment.

use std::sync::Arc;

use super::check;
use super::claim::Layers;
use super::claims::{self, Ground};
use super::document::{Document, Item, Node};
use super::grid::{self, Defaults, Grid};
use super::keys::{RECORD, SEEDS, TOP, TRAIN};
use super::metric;
use super::section::Reader;
use super::settings::{EvaluateTrain, LayerEpoch, Length, Record, SaveWeights, Seeding, Seeds, Train};
use super::{Experiment, MAX_TRIALS};
use crate::init::Registry;
use crate::model::Loss;
use crate::support::error::Result;

/// The most replicates, and the greatest fixed seed is the greatest 32-bit number.
const MAX_REPLICATES: i64 = 1_000_000;
const MAX_EPOCHS: i64 = 10_000_000;
const MAX_STEPS: i64 = 1_000_000_000;
const MAX_SEED: i64 = u32::MAX as i64;

/// Checks a document.
pub(super) fn load(document: &Document, registry: &Registry) -> Result<Experiment> {
    let top = Reader::open(document, &document.root, &TOP)?;
    let name = name(&top)?;
    let seed = top.integer("seed", 0..=i64::MAX)?.unwrap_or(0) as u64;
    let replicates = top.integer("replicates", 1..=MAX_REPLICATES)?.unwrap_or(5) as u32;
    let train_reader = Reader::open(document, top.require("train")?, &TRAIN)?;
    let (train, loss) = train(&train_reader)?;
    let seeds = match top.get("seeds") {
        Some(node) => seeds(&Reader::open(document, node, &SEEDS)?, &top, replicates)?,
        None => Seeds::default(),
    };
    let record_reader = match top.get("record") {
        Some(node) => Some(Reader::open(document, node, &RECORD)?),
        None => None,
    };
    let record = match &record_reader {
        Some(reader) => record(reader, &train)?,
        None => Record::default(),
    };
    let defaults = Defaults {
        data: top.get("data"),
        batch_size: train_reader.get("batch_size"),
    };
    let grid_node = top.require("grid")?;
    let grid = grid::read(document, grid_node, &defaults, registry)?;
    check_count(&top, grid.cells.len(), seeds.count(replicates), replicates)?;
    check::cells(document, &grid, loss)?;
    if let Some(reader) = &record_reader {
        check_rows(reader, &record.layer_rows, &grid)?;
    }
    let ground = Ground {
        document,
        grid: &grid,
        replicates,
        record: &record,
        layer_rows: record_reader.as_ref().and_then(|r| r.key_span("layer_rows")),
        length: train.length,
        loss,
        registry,
    };
    let claims = top
        .get("claim")
        .map_or(Ok(Vec::new()), |node| claims::read(&ground, node))?;
    Ok(Experiment {
        name,
        description: top.text("description")?.map(str::to_owned),
        seed,
        replicates,
        loss,
        train: Arc::new(train),
        seeds,
        record: Arc::new(record),
        claims,
        axes: Arc::new(grid.axes),
        cells: grid.cells.into(),
        path: document.path().to_owned(),
        resolved: document.resolved(),
    })
}

fn name(top: &Reader<'_>) -> Result<String> {
    let node = top.require("name")?;
    let name = top.as_text("name", node)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty()
        || name.len() > 100
        || !name.chars().all(plain)
        || name.starts_with(['.', '-'])
        || name.ends_with('.')
    {
        return Err(top.wrong("name", node, "a plain word that can be the name of a directory"));
    }
    if is_device(name) {
        return Err(top.wrong("name", node, "another word: Windows keeps this one for a device"));
    }
    Ok(name.to_owned())
}

/// Whether Windows takes a path of this name for a device, with any extension and in any case.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = |port: &str| {
        stem.strip_prefix(port)
            .is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    ["con", "prn", "aux", "nul"].contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

fn train(reader: &Reader<'_>) -> Result<(Train, Loss)> {
    let epochs = reader.integer("epochs", 0..=MAX_EPOCHS)?;
    let steps = reader.integer("steps", 0..=MAX_STEPS)?;
    let length = match (epochs, steps) {
        (Some(n), None) => Length::Epochs(n as u32),
        (None, Some(n)) => Length::Steps(n as u64),
        (Some(_), Some(_)) => {
            let span = reader.key_span("steps").unwrap_or(reader.span());
            let error = reader
                .document
                .error(span, "`epochs` and `steps` are both given", "");
            return Err(error.help("a run is so many epochs or so many steps long: take one of them away"));
        }
        (None, None) => return Err(reader.missing("epochs")),
    };
    let loss = match reader.get("loss") {
        Some(node) => Loss::parse(&node.value()).map_err(|e| reader.document.point(e, node.span, ""))?,
        None => Loss::CrossEntropy,
    };
    let default_every = match length {
        Length::Epochs(_) => 1,
        Length::Steps(n) => (n / 20).max(1) as i64,
    };
    let every = reader
        .integer("evaluate_every", 1..=MAX_STEPS)?
        .unwrap_or(default_every);
    let evaluate_train = reader
        .choice(
            "evaluate_train",
            &[("running", EvaluateTrain::Running), ("full", EvaluateTrain::Full)],
        )?
        .unwrap_or(EvaluateTrain::Running);
    let shuffle = reader.flag("shuffle")?.unwrap_or(true);
    Ok((
        Train {
            length,
            evaluate_every: every as u32,
            evaluate_train,
            shuffle,
        },
        loss,
    ))
}

fn seeds(reader: &Reader<'_>, top: &Reader<'_>, replicates: u32) -> Result<Seeds> {
    let defaults = Seeds::default();
    let seeding = |key: &str, default: Seeding| match reader.get(key) {
        Some(node) => seeding(reader, key, node),
        None => Ok(default),
    };
    let seeds = Seeds {
        weights: seeding("weights", defaults.weights)?,
        order: seeding("order", defaults.order)?,
        data: seeding("data", defaults.data)?,
    };
    let varies = [&seeds.weights, &seeds.order, &seeds.data]
        .iter()
        .any(|s| **s == Seeding::Replicate);
    if replicates > 1 && !varies {
        let span = top.get("replicates").map_or(reader.span(), |n| n.span);
        let message = format!("no seed follows the replicate: all {replicates} replicates would be the same");
        let error = top.document.error(span, message, "");
        return Err(error.help("set replicates = 1, or let one of the [seeds] be \"replicate\""));
    }
    Ok(seeds)
}

fn seeding(reader: &Reader<'_>, key: &str, node: &Node) -> Result<Seeding> {
    match &node.item {
        Item::Text(word) if word == "replicate" => Ok(Seeding::Replicate),
        Item::Integer(seed @ 0..=MAX_SEED) => Ok(Seeding::Fixed(*seed as u32)),
        Item::List(items) if !items.is_empty() => {
            let mut list = Vec::new();
            for item in items {
                let seed = reader.as_integer(key, item, 0..=MAX_SEED)? as u32;
                if list.contains(&seed) {
                    return Err(reader.document.error(
                        item.span,
                        format!("seed {seed} is in this list twice"),
                        "",
                    ));
                }
                list.push(seed);
                if list.len() > 10_000 {
                    return Err(reader.wrong(key, node, "a list of at most 10000 seeds"));
                }
            }
            list.sort_unstable();
            Ok(Seeding::Crossed(list))
        }
        Item::Table(members) if members.len() == 1 && members[0].key == "crossed" => {
            let count = reader.as_integer("crossed", &members[0].node, 1..=10_000)?;
            Ok(Seeding::Crossed((0..count as u32).collect()))
        }
        _ => Err(reader.wrong(
            key,
            node,
            "\"replicate\", a seed, a list of seeds or { crossed = 5 }",
        )),
    }
}

fn record(reader: &Reader<'_>, train: &Train) -> Result<Record> {
    let default = Record::default();
    let weights = reader.choice(
        "weights",
        &[
            ("none", SaveWeights::None),
            ("initial", SaveWeights::Initial),
            ("final", SaveWeights::Final),
            ("both", SaveWeights::Both),
        ],
    )?;
    Ok(Record {
        epochs: reader.flag("epochs")?.unwrap_or(default.epochs),
        layers: reader
            .get("layers")
            .map_or(Ok(Vec::new()), |node| layers(reader, node, train))?,
        layer_rows: layer_rows(reader)?,
        probe_samples: reader
            .integer("probe_samples", 2..=1_000_000)?
            .map_or(default.probe_samples, |n| n as u32),
        weights: weights.unwrap_or(default.weights),
    })
}

fn layers(reader: &Reader<'_>, node: &Node, train: &Train) -> Result<Vec<LayerEpoch>> {
    match node.item {
        Item::Flag(true) => return Ok(vec![LayerEpoch::After(0), LayerEpoch::Last]),
        Item::Flag(false) => return Ok(Vec::new()),
        _ => {}
    }
    let mut epochs = Vec::new();
    for item in node.as_list() {
        let at = match &item.item {
            Item::Text(word) if word == "last" => LayerEpoch::Last,
            Item::Text(word) if word == "all" => LayerEpoch::All,
            Item::Integer(_) => LayerEpoch::After(evaluated(reader, item, train)?),
            _ => return Err(reader.wrong("layers", item, "an epoch, \"last\" or \"all\"")),
        };
        epochs.push(at);
    }
    epochs.sort_unstable();
    epochs.dedup();
    Ok(epochs)
}

fn layer_rows(reader: &Reader<'_>) -> Result<Layers> {
    Ok(match metric::layers(reader, "layer_rows")? {
        Layers::These(mut numbers) => {
            numbers.sort_unstable();
            numbers.dedup();
            Layers::These(numbers)
        }
        named => named,
    })
}

/// A layer that no network of the grid has is a slip, and would leave the tables empty.
fn check_rows(reader: &Reader<'_>, rows: &Layers, grid: &Grid) -> Result<()> {
    let (Layers::These(numbers), Some(node)) = (rows, reader.get("layer_rows")) else {
        return Ok(());
    };
    let deepest = grid.axes.deepest();
    match numbers.last() {
        Some(last) if *last > deepest => {
            let message = format!("no network of the grid has a layer {last}");
            let error = reader.document.error(node.span, message, "");
            Err(error.help(format!(
                "the deepest has {deepest} layers, the output layer included"
            )))
        }
        _ => Ok(()),
    }
}

/// An epoch at which there is an evaluation.
fn evaluated(reader: &Reader<'_>, node: &Node, train: &Train) -> Result<u32> {
    let Length::Epochs(last) = train.length else {
        return Ok(reader.as_integer("layers", node, 0..=MAX_EPOCHS)? as u32);
    };
    let epoch = reader.as_integer("layers", node, 0..=i64::from(last))? as u32;
    if epoch != last && !epoch.is_multiple_of(train.evaluate_every) {
        let message = format!("there is no evaluation after epoch {epoch}");
        let help = format!(
            "layers are measured at evaluations, and `evaluate_every` is {}",
            train.evaluate_every
        );
        return Err(reader.document.error(node.span, message, "").help(help));
    }
    Ok(epoch)
}

/// Trials must be countable before a list of them is made.
fn check_count(top: &Reader<'_>, cells: usize, per_cell: u64, replicates: u32) -> Result<()> {
    if per_cell > MAX_REPLICATES as u64 {
        let message = format!("{per_cell} trials per cell are more than {MAX_REPLICATES}");
        return Err(top.document.error(top.span(), message, ""));
    }
    let trials = (cells as u64).saturating_mul(per_cell);
    if trials <= MAX_TRIALS {
        return Ok(());
    }
    let node = top.get("replicates").or(top.get("grid"));
    let span = node.map_or(top.span(), |n| n.span);
    let message = format!("{cells} cells with {per_cell} trials each are more than {MAX_TRIALS} trials");
    let error = top.document.error(span, message, "");
    Err(error.help(format!(
        "`replicates` is {replicates}; an experiment has at most ten million trials"
    )))
}

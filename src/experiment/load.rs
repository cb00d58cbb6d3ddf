//! From a document to a checked experiment.

use std::sync::Arc;

use super::check;
use super::claim::{Claim, Layers};
use super::claims::{self, ClaimContext};
use super::document::{Document, Node, Toml};
use super::grid::{self, Defaults, Grid};
use super::keys::{
    FileKeys, MAX_EPOCHS, MAX_PROBE_STEPS, MAX_REPLICATES, REPLICATES, RecordKeys, SeedsKeys, TrainKeys,
    Whole,
};
use super::metric;
use super::section::TableReader;
use super::sequential::{Sequential, Until};
use super::settings::{LayerEpoch, Length, Record, Seeding, Seeds, Train};
use super::{Experiment, MAX_TRIALS};
use crate::init::Registry;
use crate::model::Loss;
use crate::support::error::Result;

/// The greatest seed that a trial may have.
const MAX_SEED: i64 = u32::MAX as i64;
/// The most seeds that are crossed with each other.
const MAX_CROSSED: i64 = 10_000;

pub(super) fn load(document: &Document, registry: &Registry) -> Result<Experiment> {
    let (file, top) = TableReader::read::<FileKeys>(document, &document.root)?;
    check_name(&top, &file.name.0)?;
    let (replicates, sequential) = replicates(&top)?;
    let (train_keys, train_table) = TableReader::read::<TrainKeys>(document, top.require("train")?)?;
    let (train, loss) = train(&train_keys, &train_table)?;
    let seeds = match top.get("seeds") {
        Some(node) => seeds(
            &TableReader::read::<SeedsKeys>(document, node)?.1,
            &top,
            replicates,
        )?,
        None => Seeds::default(),
    };
    if sequential.is_some() {
        Sequential::check_seeds(&seeds, &top)?;
    }
    let (record, record_table) = match top.get("record") {
        Some(node) => {
            let (keys, table) = TableReader::read::<RecordKeys>(document, node)?;
            (record(&keys, &table, &train)?, Some(table))
        }
        None => (Record::default(), None),
    };
    let defaults = Defaults {
        data: top.get("data"),
        train: top.require("train")?,
    };
    let grid = grid::read(document, top.require("grid")?, &defaults, registry)?;
    check_count(&top, grid.cells.len(), seeds.count(replicates), replicates)?;
    check::cells(document, &grid, loss)?;
    if let Some(table) = &record_table {
        check_rows(table, &record.layer_rows, &grid)?;
    }
    let context = ClaimContext {
        document,
        grid: &grid,
        // Those that every cell has.
        replicates: sequential.as_ref().map_or(replicates, Sequential::least),
        record: &record,
        layer_rows: record_table.and_then(|table| table.key_span("layer_rows")),
        length: train.length,
        loss,
        registry,
    };
    let claims = match top.get("claim") {
        Some(node) => claims::read(&context, node)?,
        None => Vec::new(),
    };
    let on_claims = sequential.as_ref().is_some_and(|s| s.until == Until::Claims);
    if on_claims && !claims.iter().any(Claim::is_tested) {
        let message = match claims.is_empty() {
            true => "replicates until the claims are decided, but there is no [[claim]]",
            false => {
                "replicates until the claims are decided, but none has an interval that they could narrow"
            }
        };
        let error = top.error(top.place("replicates"), message);
        return Err(error.help("write claims, or until = \"ranking\", or a fixed number: replicates = 5"));
    }
    Ok(Experiment {
        name: file.name.0,
        description: file.description,
        seed: file.seed.0 as u64,
        replicates,
        sequential,
        loss,
        train: Arc::new(train),
        seeds,
        record: Arc::new(record),
        claims,
        axes: Arc::new(grid.axes),
        cells: grid.cells.into(),
        path: document.path().to_owned(),
        resolved: document.resolved(),
        registry: registry.clone(),
    })
}

/// The replicates of a cell: a number, or the most and when to look.
fn replicates(top: &TableReader<'_>) -> Result<(u32, Option<Sequential>)> {
    match top.get("replicates") {
        None => Ok((REPLICATES, None)),
        Some(node) if matches!(node.item, Toml::Table(_)) => {
            let design = Sequential::read(top, node)?;
            Ok((design.most(), Some(design)))
        }
        Some(node) => Ok((top.integer("replicates", node, 1..=MAX_REPLICATES)? as u32, None)),
    }
}

fn check_name(top: &TableReader<'_>, name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let expected = if name.len() > 100 {
        "at most 100 characters long, since it names a directory"
    } else if name.is_empty()
        || !name.chars().all(plain)
        || name.starts_with(['.', '-'])
        || name.ends_with('.')
    {
        "a plain word that can be the name of a directory"
    } else if is_device(name) {
        "another word: Windows keeps this one for a device"
    } else {
        return Ok(());
    };
    Err(top.wrong("name", top.require("name")?, expected))
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

fn train(keys: &TrainKeys, table: &TableReader<'_>) -> Result<(Train, Loss)> {
    let length = match (keys.epochs, keys.steps) {
        (Some(Whole(n)), None) => Length::Epochs(n as u32),
        (None, Some(Whole(n))) => Length::Steps(n as u64),
        (Some(_), Some(_)) => {
            let span = table.key_span("steps").unwrap_or(table.span());
            let error = table.error(span, "`epochs` and `steps` are both given");
            return Err(error.help("a run is so many epochs or so many steps long: take one of them away"));
        }
        (None, None) => return Err(table.missing("epochs")),
    };
    let loss = match table.get("loss") {
        Some(node) => Loss::parse(&node.value()).map_err(|e| table.document.point(e, node.span, ""))?,
        None => Loss::CrossEntropy,
    };
    let evaluate_every = match (keys.evaluate_every, length) {
        (Some(Whole(n)), _) => n as u32,
        (None, Length::Epochs(_)) => 1,
        (None, Length::Steps(n)) => (n / 20).max(1) as u32,
    };
    let train = Train {
        length,
        evaluate_every,
        evaluate_train: keys.evaluate_train,
        shuffle: keys.shuffle,
    };
    Ok((train, loss))
}

fn seeds(table: &TableReader<'_>, top: &TableReader<'_>, replicates: u32) -> Result<Seeds> {
    let defaults = Seeds::default();
    let seeding = |key: &str, default: Seeding| match table.get(key) {
        Some(node) => seeding(table, key, node),
        None => Ok(default),
    };
    let seeds = Seeds {
        weights: seeding("weights", defaults.weights)?,
        order: seeding("order", defaults.order)?,
        data: seeding("data", defaults.data)?,
    };
    let vary = [&seeds.weights, &seeds.order, &seeds.data].contains(&&Seeding::Replicate);
    if replicates > 1 && !vary {
        let span = top.get("replicates").map_or(table.span(), |node| node.span);
        let message = format!("no seed follows the replicate: all {replicates} replicates would be the same");
        let help = "set replicates = 1, or let one of the [seeds] be \"replicate\"";
        return Err(top.error(span, message).help(help));
    }
    Ok(seeds)
}

fn seeding(table: &TableReader<'_>, key: &str, node: &Node) -> Result<Seeding> {
    match &node.item {
        Toml::Text(word) if word == "replicate" => Ok(Seeding::Replicate),
        Toml::Integer(seed @ 0..=MAX_SEED) => Ok(Seeding::Fixed(*seed as u32)),
        Toml::List(items) if items.len() as i64 > MAX_CROSSED => {
            Err(table.wrong(key, node, format!("a list of at most {MAX_CROSSED} seeds")))
        }
        Toml::List(items) if !items.is_empty() => {
            let mut seeds = std::collections::BTreeSet::new();
            for item in items {
                let Whole(seed) = table.value::<Whole<0, MAX_SEED>>(key, item)?;
                if !seeds.insert(seed as u32) {
                    return Err(table.error(item.span, format!("seed {seed} is in this list twice")));
                }
            }
            Ok(Seeding::Crossed(seeds.into_iter().collect()))
        }
        Toml::Table(members) if members.len() == 1 && members[0].key == "crossed" => {
            let Whole(count) = table.value::<Whole<1, MAX_CROSSED>>("crossed", &members[0].node)?;
            Ok(Seeding::Crossed((0..count as u32).collect()))
        }
        _ => {
            let expected =
                format!("\"replicate\", a seed from 0 to {MAX_SEED}, a list of seeds or {{ crossed = 5 }}");
            Err(table.wrong(key, node, expected))
        }
    }
}

fn record(keys: &RecordKeys, table: &TableReader<'_>, train: &Train) -> Result<Record> {
    let mut layer_rows = metric::layers(table, "layer_rows")?;
    if let Layers::These(numbers) = &mut layer_rows {
        numbers.sort_unstable();
        numbers.dedup();
    }
    Ok(Record {
        epochs: keys.epochs,
        epoch_rows: epoch_rows(keys, table, train)?,
        layers: layers(table, train)?,
        layer_rows,
        probe_samples: keys.probe_samples.0 as u32,
        weights: keys.weights,
        steps: match table.get("steps") {
            Some(node) => steps(table, node)?,
            None => Vec::new(),
        },
    })
}

/// Numbers of steps, ascending and each once. What moves is measured from step 0, so it is always one.
fn steps(table: &TableReader<'_>, node: &Node) -> Result<Vec<u32>> {
    let mut steps = vec![0];
    for item in node.as_list() {
        steps.push(table.integer("steps", item, 0..=MAX_PROBE_STEPS)? as u32);
    }
    steps.sort_unstable();
    steps.dedup();
    if steps.len() < 2 {
        let error = table.error(node.span, "`steps` names no step after the start");
        return Err(error.help("for example [0, 1, 2, 4, 8]"));
    }
    Ok(steps)
}

fn epoch_rows(keys: &RecordKeys, table: &TableReader<'_>, train: &Train) -> Result<Vec<u32>> {
    let Some(node) = table.get("epoch_rows") else {
        return Ok(Vec::new());
    };
    if !keys.epochs {
        let error = table.error(table.place("epoch_rows"), "epochs.csv is not written");
        return Err(error.help("set epochs = true, or take `epoch_rows` away"));
    }
    let (last, unit) = match train.length {
        Length::Epochs(n) => (u64::from(n), "epoch"),
        Length::Steps(n) => (n, "step"),
    };
    let at = |item: &Node| {
        let at = table.integer("epoch_rows", item, 0..=last as i64)? as u32;
        let every = train.evaluate_every;
        if u64::from(at) != last && !at.is_multiple_of(every) {
            let message = format!("there is no evaluation after {unit} {at}");
            let help = format!("`evaluate_every` is {every}");
            return Err(table.error(item.span, message).help(help));
        }
        Ok(at)
    };
    let mut rows: Vec<u32> = node.as_list().iter().map(at).collect::<Result<_>>()?;
    if rows.is_empty() {
        return Err(table.wrong("epoch_rows", node, "a list of at least one evaluation"));
    }
    rows.sort_unstable();
    rows.dedup();
    Ok(rows)
}

fn layers(table: &TableReader<'_>, train: &Train) -> Result<Vec<LayerEpoch>> {
    let node = match table.get("layers") {
        None => return Ok(Vec::new()),
        Some(node) => node,
    };
    match node.item {
        Toml::Flag(true) => return Ok(vec![LayerEpoch::After(0), LayerEpoch::Last]),
        Toml::Flag(false) => return Ok(Vec::new()),
        _ => {}
    }
    let mut epochs = Vec::new();
    for item in node.as_list() {
        epochs.push(match &item.item {
            Toml::Text(word) if word == "last" => LayerEpoch::Last,
            Toml::Text(word) if word == "all" => LayerEpoch::All,
            Toml::Integer(_) => LayerEpoch::After(evaluated(table, item, train)?),
            _ => return Err(table.wrong("layers", item, "an epoch, \"last\" or \"all\"")),
        });
    }
    epochs.sort_unstable();
    epochs.dedup();
    Ok(epochs)
}

/// A layer that no network of the grid has is a slip, and would leave the tables empty.
fn check_rows(table: &TableReader<'_>, rows: &Layers, grid: &Grid) -> Result<()> {
    let deepest = grid.axes.deepest();
    match rows {
        Layers::These(numbers) if numbers.last().is_some_and(|last| *last > deepest) => {
            let last = numbers.last().copied().unwrap_or_default();
            let message = format!("no network of the grid has a layer {last}");
            let help = format!("the deepest has {deepest} layers, the output layer included");
            Err(table.error(table.place("layer_rows"), message).help(help))
        }
        _ => Ok(()),
    }
}

/// An epoch at which there is an evaluation.
fn evaluated(table: &TableReader<'_>, node: &Node, train: &Train) -> Result<u32> {
    let Length::Epochs(last) = train.length else {
        return Ok(table.integer("layers", node, 0..=MAX_EPOCHS)? as u32);
    };
    let epoch = table.integer("layers", node, 0..=i64::from(last))? as u32;
    if epoch != last && !epoch.is_multiple_of(train.evaluate_every) {
        let message = format!("there is no evaluation after epoch {epoch}");
        let every = train.evaluate_every;
        let help = format!("layers are measured at evaluations, and `evaluate_every` is {every}");
        return Err(table.error(node.span, message).help(help));
    }
    Ok(epoch)
}

/// Trials must be countable before a list of them is made.
fn check_count(top: &TableReader<'_>, cells: usize, per_cell: u64, replicates: u32) -> Result<()> {
    if per_cell > MAX_REPLICATES as u64 {
        let message = format!("{per_cell} trials per cell are more than {MAX_REPLICATES}");
        return Err(top.error(top.span(), message));
    }
    if (cells as u64).saturating_mul(per_cell) <= MAX_TRIALS {
        return Ok(());
    }
    let node = top.get("replicates").or(top.get("grid"));
    let span = node.map_or(top.span(), |n| n.span);
    let message = format!("{cells} cells with {per_cell} trials each are more than {MAX_TRIALS} trials");
    Err(top.error(span, message).help(format!(
        "`replicates` is {replicates}; an experiment has at most ten million trials"
    )))
}

//! The metric of a claim.

use super::claim::{Aggregate, Evaluation, Layers, Metric, TimeUnit};
use super::claims::ClaimContext;
use super::document::{Node, Toml};
use super::keys::{TimeToKeys, Whole};
use super::section::TableReader;
use super::settings::{LayerEpoch, Length};
use crate::row::{EpochRow, LayerRow, ProbeRow, Status, StepRow, TrialRow, numeric};
use crate::support::catalog::suggest;
use crate::support::error::Result;

/// The numeric columns of `trials.csv`.
pub fn trial_columns() -> Vec<&'static str> {
    numeric::<TrialRow>(&[])
}

/// The numeric columns of `epochs.csv` that an evaluation measures.
pub fn epoch_columns() -> Vec<&'static str> {
    numeric::<EpochRow>(&["epoch", "step"])
}

/// The columns of `layers.csv` that a layer measures.
pub fn layer_columns() -> Vec<&'static str> {
    numeric::<LayerRow>(&["epoch", "layer"])
}

/// The columns that a claim can name of `probe.csv`: its own, then those of [`layer_columns`].
pub fn probe_columns() -> Vec<&'static str> {
    [numeric::<ProbeRow>(&[]), layer_columns()].concat()
}

/// The columns of `steps.csv` that a layer measures.
pub fn step_columns() -> Vec<&'static str> {
    numeric::<StepRow>(&["steps_taken", "layer", "depth", "width"])
}

/// Every metric that has a name.
pub(super) fn names() -> Vec<String> {
    let others = ["best_rate"].into_iter().chain(Status::ALL.map(Status::name));
    let plain = trial_columns().into_iter().chain(others).map(str::to_owned);
    let tables = [
        ("epochs", epoch_columns()),
        ("layers", layer_columns()),
        ("probe", probe_columns()),
        ("steps", step_columns()),
    ];
    let in_tables = tables
        .into_iter()
        .flat_map(|(table, columns)| columns.into_iter().map(move |c| format!("{table}.{c}")));
    plain.chain(in_tables).collect()
}

/// Reads `metric` and the keys that belong to it.
pub(super) fn read(context: &ClaimContext<'_>, table: &TableReader<'_>, across: Aggregate) -> Result<Metric> {
    let node = table.require("metric")?;
    let metric = match &node.item {
        Toml::Text(text) => named(context, table, node, text, across)?,
        Toml::Table(_) => time_to(context, table, node)?,
        _ => {
            let expected = "the name of a column or { steps_to = target, of = column }";
            return Err(table.wrong("metric", node, expected));
        }
    };
    refuse_unused(table, &metric)?;
    Ok(metric)
}

fn named(
    context: &ClaimContext<'_>,
    table: &TableReader<'_>,
    node: &Node,
    text: &str,
    across: Aggregate,
) -> Result<Metric> {
    let (file, name) = text.split_once('.').unwrap_or(("trials", text));
    let column = |known: &[&str]| column_of(table, node, name, known, file);
    let ended = Status::named(name);
    Ok(match file {
        "trials" if name == "best_rate" => Metric::BestRate {
            by: match table.get("of") {
                Some(node) => trial_column(table, "of", node)?,
                None => "validation_accuracy".to_owned(),
            },
        },
        "trials" => match ended {
            Some(status) => Metric::Ended(status),
            None => Metric::Trial {
                column: column(&trial_columns())?,
            },
        },
        "epochs" => {
            let column = column(&epoch_columns())?;
            needs_epochs(context, table, node)?;
            let at = evaluation(table, "epoch")?;
            needs_evaluation(context, table, at)?;
            Metric::Epoch { column, at }
        }
        "layers" => {
            let (column, at) = (column(&layer_columns())?, evaluation(table, "epoch")?);
            needs_layers(context, table, node, at)?;
            Metric::Layer {
                column,
                at,
                layers: layers(table, "layers")?,
                across,
            }
        }
        "probe" => Metric::Probe {
            column: column(&probe_columns())?,
            layers: layers(table, "layers")?,
            across,
        },
        "steps" => {
            let column = column(&step_columns())?;
            let at = evaluation(table, "step")?;
            needs_steps(context, table, node, at)?;
            Metric::Steps {
                column,
                at,
                layers: layers(table, "layers")?,
                across,
            }
        }
        _ => {
            let error = table.error(node.span, format!("there is no table `{file}`"));
            let help = suggest(file, ["trials", "epochs", "layers", "probe", "steps"], "tables");
            return Err(table.about("metric", error.help(help)));
        }
    })
}

fn column_of(
    table: &TableReader<'_>,
    node: &Node,
    column: &str,
    known: &[&str],
    file: &str,
) -> Result<String> {
    if known.contains(&column) {
        return Ok(column.to_owned());
    }
    let error = table.error(node.span, format!("`{column}` is not a numeric column"));
    let plural = format!("columns of {file}.csv");
    Err(error.help(suggest(column, known.iter().copied(), &plural)))
}

/// The numeric column of `trials.csv` that `node`, under `key`, names.
pub(super) fn trial_column(table: &TableReader<'_>, key: &str, node: &Node) -> Result<String> {
    match &node.item {
        Toml::Text(column) => column_of(table, node, column, &trial_columns(), "trials"),
        _ => Err(table.wrong(key, node, "a column of trials.csv")),
    }
}

fn time_to(context: &ClaimContext<'_>, table: &TableReader<'_>, node: &Node) -> Result<Metric> {
    let (keys, inner) = TableReader::read::<TimeToKeys>(context.document, node)?;
    let target = match (keys.steps_to, keys.epochs_to) {
        (Some(_), Some(_)) => {
            let span = inner.key_span("epochs_to").unwrap_or(node.span);
            return Err(table.error(span, "`steps_to` and `epochs_to` are both given"));
        }
        (Some(steps), None) => Some((steps.0, TimeUnit::Steps)),
        (None, epochs) => epochs.map(|epochs| (epochs.0, TimeUnit::Epochs)),
    };
    let (Some((target, unit)), Some(column)) = (target, keys.of) else {
        let expected = "like { steps_to = 0.9, of = \"train_accuracy\" }";
        return Err(table.wrong("metric", node, expected));
    };
    let place = inner.get("of").unwrap_or(node);
    let column = column_of(table, place, &column, &epoch_columns(), "epochs")?;
    needs_epochs(context, table, node)?;
    Ok(Metric::TimeTo { column, target, unit })
}

/// The number, or `last`, under `key`.
fn evaluation(table: &TableReader<'_>, key: &str) -> Result<Evaluation> {
    match table.get(key) {
        None => Ok(Evaluation::Last),
        Some(node) => match &node.item {
            Toml::Text(word) if word == "last" => Ok(Evaluation::Last),
            Toml::Integer(x @ 0..=0xffff_ffff) => Ok(Evaluation::AfterEpoch(*x as u32)),
            _ => Err(table.wrong(key, node, "a whole number or \"last\"")),
        },
    }
}

/// The layers that `key` names; all where it is left out.
pub(super) fn layers(table: &TableReader<'_>, key: &str) -> Result<Layers> {
    let Some(node) = table.get(key) else {
        return Ok(Layers::All);
    };
    if let Toml::Text(text) = &node.item {
        let named = Layers::WORDS.into_iter().find(|(word, _)| word == text);
        let expected = "all, hidden, first, last_hidden, output or a list of numbers";
        return named
            .map(|(_, layers)| layers)
            .ok_or_else(|| table.wrong(key, node, expected));
    }
    let numbers = node.as_list().iter();
    let numbers = numbers.map(|item| table.value::<Whole<1, 1_000_000>>(key, item).map(|n| n.0 as u32));
    let numbers: Vec<u32> = numbers.collect::<Result<_>>()?;
    if numbers.is_empty() {
        return Err(table.wrong(key, node, "a list of at least one layer"));
    }
    Ok(Layers::These(numbers))
}

fn needs_epochs(context: &ClaimContext<'_>, table: &TableReader<'_>, node: &Node) -> Result<()> {
    if context.record.epochs {
        return Ok(());
    }
    let message = "this metric needs epochs.csv, which is not written";
    Err(table
        .error(node.span, message)
        .help("set epochs = true in [record]"))
}

fn needs_evaluation(context: &ClaimContext<'_>, table: &TableReader<'_>, at: Evaluation) -> Result<()> {
    let (Evaluation::AfterEpoch(n), Length::Epochs(last)) = (at, context.length) else {
        return Ok(());
    };
    let rows = &context.record.epoch_rows;
    if rows.is_empty() || n == 0 || n == last || rows.contains(&n) {
        return Ok(());
    }
    let message = format!("the rows after epoch {n} are not written to epochs.csv");
    let error = table.error(table.place("epoch"), message);
    Err(error.help(format!("add {n} to `epoch_rows` in [record]")))
}

fn needs_layers(
    context: &ClaimContext<'_>,
    table: &TableReader<'_>,
    node: &Node,
    at: Evaluation,
) -> Result<()> {
    let recorded = &context.record.layers;
    let (measured, example) = match at {
        Evaluation::AfterEpoch(n) => (recorded.contains(&LayerEpoch::After(n)), n.to_string()),
        Evaluation::Last => {
            let end = match context.length {
                Length::Epochs(n) => recorded.contains(&LayerEpoch::After(n)),
                Length::Steps(_) => false,
            };
            (end || recorded.contains(&LayerEpoch::Last), "\"last\"".to_owned())
        }
    };
    if measured || recorded.contains(&LayerEpoch::All) {
        return Ok(());
    }
    let error = table.error(node.span, "layers are not measured at that epoch");
    Err(error.help(format!("set layers = [{example}] in [record]")))
}

fn needs_steps(
    context: &ClaimContext<'_>,
    table: &TableReader<'_>,
    node: &Node,
    at: Evaluation,
) -> Result<()> {
    let recorded = &context.record.steps;
    let (measured, example) = match at {
        Evaluation::AfterEpoch(n) => (recorded.contains(&n), n),
        Evaluation::Last => (!recorded.is_empty(), 8),
    };
    if measured {
        return Ok(());
    }
    let error = table.error(node.span, "layers are not measured after that many steps");
    Err(error.help(format!("set steps = [0, {example}] in [record]")))
}

/// Keys that say nothing about this metric would be ignored; they are refused instead.
fn refuse_unused(table: &TableReader<'_>, metric: &Metric) -> Result<()> {
    let used: &[&str] = match metric {
        Metric::Epoch { .. } => &["epoch"],
        Metric::Layer { .. } => &["epoch", "layers", "across"],
        Metric::Probe { .. } => &["layers", "across"],
        Metric::Steps { .. } => &["step", "layers", "across"],
        Metric::BestRate { .. } => &["of"],
        Metric::Trial { .. } | Metric::TimeTo { .. } | Metric::Ended(_) => &[],
    };
    for key in ["epoch", "step", "layers", "across", "of"] {
        if let Some(span) = table.key_span(key)
            && !used.contains(&key)
        {
            let error = table.error(span, format!("`{key}` says nothing about this metric"));
            return Err(table.about(key, error));
        }
    }
    Ok(())
}

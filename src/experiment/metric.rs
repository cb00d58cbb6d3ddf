//! The metric of a claim.

use super::claim::{Aggregate, Ending, Layers, Metric, Moment, TimeUnit};
use super::claims::{Ground, aggregate};
use super::document::{Item, Node};
use super::section::Reader;
use super::settings::LayerEpoch;
use crate::row::{EpochRow, LayerRow, ProbeRow, TrialRow, numeric};
use crate::support::catalog::suggest;
use crate::support::error::{Error, Result};

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

/// Reads `metric` and the keys that belong to it.
pub(super) fn read(ground: &Ground<'_>, reader: &Reader<'_>) -> Result<Metric> {
    let node = reader.require("metric")?;
    let metric = match &node.item {
        Item::Text(text) => named(ground, reader, node, text)?,
        Item::Table(_) => time_to(ground, reader, node)?,
        _ => {
            return Err(reader.wrong(
                "metric",
                node,
                "the name of a column or { steps_to = target, of = column }",
            ));
        }
    };
    refuse_unused(reader, &metric)?;
    Ok(metric)
}

fn named(ground: &Ground<'_>, reader: &Reader<'_>, node: &Node, text: &str) -> Result<Metric> {
    let (table, column) = text.split_once('.').unwrap_or(("trials", text));
    let wrong = |error: Error| reader.about("metric", error);
    match (table, column) {
        ("trials", "best_rate") => {
            let by = match reader.get("of") {
                Some(node) => trial_column(reader, node)?,
                None => "validation_accuracy".to_owned(),
            };
            Ok(Metric::BestRate { by })
        }
        ("trials", "ok") => Ok(Metric::Ended(Ending::Ok)),
        ("trials", "diverged") => Ok(Metric::Ended(Ending::Diverged)),
        ("trials", "failed") => Ok(Metric::Ended(Ending::Failed)),
        ("trials", _) => Ok(Metric::Trial {
            column: column_of(reader, node, column, &trial_columns(), "columns of trials.csv")?,
        }),
        ("epochs", _) => {
            let column = column_of(reader, node, column, &epoch_columns(), "columns of epochs.csv")?;
            needs_epochs(ground, reader, node)?;
            Ok(Metric::Epoch {
                column,
                at: moment(reader)?,
            })
        }
        ("layers", _) => {
            let column = column_of(reader, node, column, &layer_columns(), "columns of layers.csv")?;
            let at = moment(reader)?;
            needs_layers(ground, reader, node, at)?;
            let (layers, across) = (layers(reader, "layers")?, across(reader)?);
            Ok(Metric::Layer {
                column,
                at,
                layers,
                across,
            })
        }
        ("probe", _) => {
            let column = column_of(reader, node, column, &probe_columns(), "columns of probe.csv")?;
            let (layers, across) = (layers(reader, "layers")?, across(reader)?);
            Ok(Metric::Probe {
                column,
                layers,
                across,
            })
        }
        _ => {
            let error = ground
                .document
                .error(node.span, format!("there is no table `{table}`"), "");
            Err(wrong(error.help(suggest(
                table,
                ["trials", "epochs", "layers", "probe"],
                "tables",
            ))))
        }
    }
}

fn column_of(reader: &Reader<'_>, node: &Node, column: &str, known: &[&str], plural: &str) -> Result<String> {
    if known.contains(&column) {
        return Ok(column.to_owned());
    }
    let error = reader
        .document
        .error(node.span, format!("`{column}` is not a numeric column"), "");
    Err(error.help(suggest(column, known.iter().copied(), plural)))
}

/// The numeric column of `trials.csv` that `node` names.
pub(super) fn trial_column(reader: &Reader<'_>, node: &Node) -> Result<String> {
    match &node.item {
        Item::Text(column) => column_of(reader, node, column, &trial_columns(), "columns of trials.csv"),
        _ => Err(reader.wrong("of", node, "a column of trials.csv")),
    }
}

fn time_to(ground: &Ground<'_>, reader: &Reader<'_>, node: &Node) -> Result<Metric> {
    let Item::Table(members) = &node.item else {
        return Err(reader.wrong("metric", node, "a table"));
    };
    let mut target = None;
    let mut column = None;
    for member in members {
        let unit = match member.key.as_str() {
            "steps_to" => TimeUnit::Steps,
            "epochs_to" => TimeUnit::Epochs,
            "of" => {
                let text = reader.as_text("of", &member.node)?;
                column = Some(column_of(
                    reader,
                    &member.node,
                    text,
                    &epoch_columns(),
                    "columns of epochs.csv",
                )?);
                continue;
            }
            other => {
                let error =
                    ground
                        .document
                        .error(member.span, format!("unknown key `{other}` in `metric`"), "");
                return Err(error.help(suggest(other, ["steps_to", "epochs_to", "of"], "keys")));
            }
        };
        if target.is_some() {
            return Err(ground
                .document
                .error(member.span, "`steps_to` and `epochs_to` are both given", ""));
        }
        target = Some((
            reader.as_number(&member.key, &member.node, "a number", |_| true)?,
            unit,
        ));
    }
    needs_epochs(ground, reader, node)?;
    match (target, column) {
        (Some((target, unit)), Some(column)) => Ok(Metric::TimeTo { column, target, unit }),
        _ => Err(reader.wrong("metric", node, "like { steps_to = 0.9, of = \"train_accuracy\" }")),
    }
}

fn moment(reader: &Reader<'_>) -> Result<Moment> {
    match reader.get("epoch") {
        None => Ok(Moment::Last),
        Some(node) => match &node.item {
            Item::Text(word) if word == "last" => Ok(Moment::Last),
            Item::Integer(x) if (0..=i64::from(u32::MAX)).contains(x) => Ok(Moment::Epoch(*x as u32)),
            _ => Err(reader.wrong("epoch", node, "a whole number or \"last\"")),
        },
    }
}

fn across(reader: &Reader<'_>) -> Result<Aggregate> {
    Ok(aggregate(reader, "across")?.unwrap_or(Aggregate::Mean))
}

/// The layers that `key` names; all where it is left out.
pub(super) fn layers(reader: &Reader<'_>, key: &str) -> Result<Layers> {
    let Some(node) = reader.get(key) else {
        return Ok(Layers::All);
    };
    if let Item::Text(word) = &node.item {
        return match word.as_str() {
            "all" => Ok(Layers::All),
            "hidden" => Ok(Layers::Hidden),
            "first" => Ok(Layers::First),
            "last_hidden" => Ok(Layers::LastHidden),
            "output" => Ok(Layers::Output),
            _ => Err(reader.wrong(
                key,
                node,
                "all, hidden, first, last_hidden, output or a list of numbers",
            )),
        };
    }
    let numbers: Result<Vec<u32>> = node
        .as_list()
        .iter()
        .map(|item| reader.as_integer(key, item, 1..=1_000_000).map(|n| n as u32))
        .collect();
    let numbers = numbers?;
    if numbers.is_empty() {
        return Err(reader.wrong(key, node, "a list of at least one layer"));
    }
    Ok(Layers::These(numbers))
}

fn needs_epochs(ground: &Ground<'_>, reader: &Reader<'_>, node: &Node) -> Result<()> {
    if ground.record.epochs {
        return Ok(());
    }
    let error = reader.document.error(
        node.span,
        "this metric needs epochs.csv, which is not written",
        "",
    );
    Err(error.help("set epochs = true in [record]"))
}

fn needs_layers(ground: &Ground<'_>, reader: &Reader<'_>, node: &Node, at: Moment) -> Result<()> {
    let wanted = match at {
        Moment::Epoch(n) => LayerEpoch::After(n),
        Moment::Last => LayerEpoch::Last,
    };
    let recorded = &ground.record.layers;
    let end = match ground.length {
        super::settings::Length::Epochs(n) => recorded.contains(&LayerEpoch::After(n)),
        super::settings::Length::Steps(_) => false,
    };
    if recorded.contains(&LayerEpoch::All) || recorded.contains(&wanted) || at == Moment::Last && end {
        return Ok(());
    }
    let error = reader
        .document
        .error(node.span, "layers are not measured at that epoch", "");
    let example = match at {
        Moment::Epoch(n) => format!("layers = [{n}]"),
        Moment::Last => "layers = [\"last\"]".to_owned(),
    };
    Err(error.help(format!("set {example} in [record]")))
}

/// Keys that say nothing about this metric would be ignored; they are refused instead.
fn refuse_unused(reader: &Reader<'_>, metric: &Metric) -> Result<()> {
    let used: &[&str] = match metric {
        Metric::Epoch { .. } => &["epoch"],
        Metric::Layer { .. } => &["epoch", "layers", "across"],
        Metric::Probe { .. } => &["layers", "across"],
        Metric::BestRate { .. } => &["of"],
        Metric::Trial { .. } | Metric::TimeTo { .. } | Metric::Ended(_) => &[],
    };
    for key in ["epoch", "layers", "across", "of"] {
        if let Some(span) = reader.key_span(key)
            && !used.contains(&key)
        {
            let error = reader
                .document
                .error(span, format!("`{key}` says nothing about this metric"), "");
            return Err(reader.about(key, error));
        }
    }
    Ok(())
}

//! Heat maps: scheme against activation function, and scheme against architecture.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{MOST, OPEN, Section};
use crate::analysis::stats::median;
use crate::experiment::Axis;
use crate::report::figure::heat::{Heat, HeatCell};
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::support::error::Result;
use crate::table::record::Status;

pub(super) const SECTION: Section = Section {
    id: "heat",
    name: "Activation and depth",
    heading: "By activation function and depth",
    wide: false,
    render,
};

/// One map for each architecture with activation functions as columns, and one for each activation
/// function with architectures as columns, where there are several.
fn render(model: &ReportModel, figures: &mut FigureList) -> Result<Markup> {
    if model.run.trials.is_empty() {
        return Ok(html! {});
    }
    let several = |axis: Axis| model.values(axis).len() > 1;
    let mut maps = Vec::new();
    // With one column each a map is still the plainest table of what was reached.
    if several(Axis::Activation) || !several(Axis::Architecture) {
        maps.extend(by(model, Axis::Activation));
    }
    if several(Axis::Architecture) {
        maps.extend(by(model, Axis::Architecture));
    }
    let all = maps.len();
    let mut shown = Vec::new();
    for map in maps.into_iter().take(MOST) {
        shown.push(figures.show(map.draw())?);
    }
    let (open, rest) = shown.split_at(shown.len().min(OPEN));
    Ok(html! {
        p.quiet {
            "Median " (model.measure.name()) " over replicates"
            @if let Some(rate) = model.chosen() { ", each at " (rate) }
            "; schemes in the order of the ranking."
        }
        div.maps { @for map in open { div.scroll { (map) } } }
        @if !rest.is_empty() {
            details {
                summary { (rest.len()) " more maps" }
                div.maps { @for map in rest { div.scroll { (map) } } }
            }
        }
        @if all > shown.len() {
            p.quiet { "And " (all - shown.len()) " more; their figures are in " code { "summary.csv" } "." }
        }
    })
}

/// Maps with the values of axis `column` as columns, one for each combination of the other axes.
fn by(model: &ReportModel, column: Axis) -> Vec<Heat> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut order = Vec::new();
    for (i, setting) in model.settings.iter().enumerate() {
        let label = model.label(setting, &[column]);
        if !groups.contains_key(&label) {
            order.push(label.clone());
        }
        groups.entry(label).or_default().push(i);
    }
    if column == Axis::Architecture {
        // By depth: as text, 20 layers would come before 8.
        for settings in groups.values_mut() {
            settings.sort_by_key(|s| depth(model.settings[*s].text(Axis::Architecture)));
        }
    }
    let score = |setting: usize, scheme: &String| match model.tuned(setting, scheme) {
        None => HeatCell::Absent,
        Some(tuned) => {
            let scores: Vec<f64> = tuned.scored.rows().map(|i| model.score(i)).collect();
            let value = median(&scores);
            if tuned.scored.count(Status::Failed) == tuned.scored.len() {
                HeatCell::Failed
            } else if tuned.scored.count(Status::Ok) > 0 && value.is_finite() {
                HeatCell::Value(value)
            } else {
                HeatCell::Diverged
            }
        }
    };
    let mut maps: Vec<Heat> = order
        .iter()
        .map(|label| {
            let settings = &groups[label];
            let columns: Vec<String> = settings
                .iter()
                .map(|s| model.settings[*s].text(column).to_owned())
                .collect();
            let row = |scheme: &String| settings.iter().map(|s| score(*s, scheme)).collect();
            Heat {
                id: format!("heat-{}-{label}", column.words()),
                title: format!(
                    "{} by scheme and {}: {label}",
                    model.measure.name(),
                    column.words()
                ),
                heading: label.clone(),
                measure: format!("{}, schemes × {}", model.measure.name(), column.words()),
                rows: model
                    .schemes
                    .iter()
                    .map(|scheme| model.name(scheme).to_owned())
                    .collect(),
                columns,
                cells: model.schemes.iter().map(row).collect(),
                range: (0.0, 1.0),
                log: !model.measure.higher_is_better(),
                decimals: model.measure.decimals(),
            }
        })
        .collect();
    let range = range(&maps);
    maps.iter_mut().for_each(|m| m.range = range);
    maps
}

/// Hidden layers (or residual blocks) of an architecture, from its text: 2 for `256-128`, 20 for
/// `20x64`, 16 for `residual(blocks=16 width=64)`. For the order of columns only.
fn depth(architecture: &str) -> usize {
    let number = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let blocks = architecture
        .split_once("blocks=")
        .and_then(|(_, rest)| number(rest));
    let layers = |part: &str| {
        part.split_once('x')
            .and_then(|(depth, _)| number(depth))
            .unwrap_or(1)
    };
    blocks.unwrap_or_else(|| architecture.split('-').map(layers).sum())
}

/// The least and the greatest value on any of the maps, so that they share one scale.
fn range(maps: &[Heat]) -> (f64, f64) {
    let cells = maps.iter().flat_map(|m| m.cells.iter().flatten());
    let ends = cells.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(low, high), cell| match cell {
            HeatCell::Value(v) => (low.min(*v), high.max(*v)),
            _ => (low, high),
        },
    );
    if ends.0 <= ends.1 { ends } else { (0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::depth;

    #[test]
    fn architectures_are_ordered_by_depth() {
        for (text, layers) in [
            ("64", 1),
            ("256-128", 2),
            ("20x64", 20),
            ("residual(blocks=16 width=64)", 16),
            ("", 1),
        ] {
            assert_eq!(depth(text), layers, "{text}");
        }
    }
}

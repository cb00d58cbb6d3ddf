//! Signal and gradient, layer by layer, before training.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{OPEN, Section, legend, median_line, panels, show_with_legend};
use crate::experiment::{Axis, Coordinates};
use crate::report::figure::axis::PlotAxis;
use crate::report::figure::lines::{Line, Lines, PANEL};
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::report::setting::Setting;
use crate::support::error::Result;
use crate::table::record::LayerRow;

/// Rows of the layers of one setting: by scheme, then by layer.
type Layers<'a> = BTreeMap<&'a str, BTreeMap<u32, Vec<&'a LayerRow>>>;

/// A figure of a layer that is drawn.
struct Quantity {
    name: &'static str,
    id: &'static str,
    of: fn(&LayerRow) -> Option<f64>,
    log: bool,
}

const QUANTITIES: [Quantity; 3] = [
    Quantity {
        name: "pre-activation, root mean square",
        id: "signal",
        of: |row| row.preactivation_moment.map(f64::sqrt),
        log: true,
    },
    Quantity {
        name: "gradient, root mean square",
        id: "gradient",
        of: |row| row.gradient_moment.map(f64::sqrt),
        log: true,
    },
    Quantity {
        name: "cosine of two samples",
        id: "correlation",
        of: |row| row.correlation,
        log: false,
    },
];

pub(super) const SECTION: Section = Section {
    id: "signal",
    name: "Signal by layer",
    heading: "Signal and gradient by layer",
    wide: false,
    render,
};

/// For each setting a panel each of signal, gradient and correlation against the layer.
fn render(model: &ReportModel, figures: &mut FigureList) -> Result<Markup> {
    let mut shown = Vec::new();
    let mut all = 0;
    let headings = model.headings(PANEL.0);
    for (setting, heading) in model.settings.iter().zip(&headings) {
        let layers = layers(model, setting);
        // One layer (of a linear network, or the only one that is recorded) makes no line.
        if layers.values().all(|by_layer| by_layer.len() < 2) {
            continue;
        }
        all += 1;
        if shown.len() >= 3 * OPEN {
            continue;
        }
        for quantity in &QUANTITIES {
            shown.push(show_with_legend(
                figures,
                &mut panel(model, (setting, heading), &layers, quantity),
            )?);
        }
    }
    if shown.is_empty() {
        return Ok(html! {});
    }
    Ok(html! {
        p.quiet {
            "Before training, median over replicates, with a band from the first to the third quartile. "
            "A flat line keeps the signal; a straight slope on these logarithmic axes is exponential growth or decay. "
            "A line ends where the signal is exactly zero. The cosine is that of two samples: "
            "at 1 they have become indistinguishable."
        }
        (legend(model))
        (panels(&shown, shown.len(), "panels", "layers.csv"))
        @if all > OPEN { p.quiet { "And " (all - OPEN) " more settings in the tables." } }
    })
}

/// Layers before training, from the probe where there is one, else from training.
fn layers<'a>(model: &'a ReportModel, setting: &Setting) -> Layers<'a> {
    let ours = |c: &Coordinates| Setting::of(c) == *setting;
    let probed = model.run.probe.iter().filter(|line| ours(&line.coordinates));
    let mut rows: Vec<(&str, &LayerRow)> = probed
        .map(|line| (line.coordinates.scheme.as_str(), &line.layer))
        .collect();
    if rows.is_empty() {
        let trials = &model.run.trials;
        for (i, measured) in model.run.layers.iter().enumerate().filter(|(_, m)| !m.is_empty()) {
            if Setting::of_trial(trials, i) == *setting {
                let start = measured.iter().filter(|row| row.epoch == 0);
                rows.extend(start.map(|row| (trials.text(i, Axis::Scheme), row)));
            }
        }
    }
    let mut layers = Layers::new();
    for (scheme, row) in rows {
        let by_layer = layers.entry(scheme).or_default();
        by_layer.entry(row.layer).or_default().push(row);
    }
    layers
}

fn panel(
    model: &ReportModel,
    (setting, heading): (&Setting, &str),
    layers: &Layers,
    quantity: &Quantity,
) -> Lines {
    let line = |scheme: &String| -> Option<Line> {
        let columns: Vec<(f64, Vec<f64>)> = layers
            .get(scheme.as_str())?
            .iter()
            .map(|(layer, rows)| {
                let values = rows.iter().filter_map(|row| (quantity.of)(row));
                // Zero has no place on a logarithmic axis.
                (
                    f64::from(*layer),
                    values.filter(|v| !quantity.log || *v > 0.0).collect(),
                )
            })
            .collect();
        Some(median_line(model, scheme, &columns))
    };
    let lines: Vec<Line> = model.schemes.iter().filter_map(line).collect();
    let label = model.label(setting, &[]);
    let deepest = layers
        .values()
        .filter_map(|l| l.keys().last())
        .max()
        .copied()
        .unwrap_or(1);
    let y = lines.iter().flat_map(|l| l.points.iter().filter_map(|p| p.1));
    Lines {
        id: format!("{}-{label}", quantity.id),
        title: format!("{} by layer: {label}", quantity.name),
        heading: heading.to_owned(),
        x: PlotAxis::whole("layer", 1, deepest.into()),
        y: if quantity.log {
            PlotAxis::around(quantity.name, true, y)
        } else {
            PlotAxis::around(quantity.name, false, y.chain([0.0, 1.0]))
        },
        lines,
        legend: false,
        size: PANEL,
    }
}

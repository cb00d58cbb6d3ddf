//! Histograms of the initial weights, one panel for each scheme.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Section, panels};
use crate::report::figure::histogram::{Bins, Histogram, PANEL};
use crate::report::figure::{Ink, headings};
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::report::setting::Setting;
use crate::support::error::Result;
use crate::table::record::HistogramRow;

pub(super) const SECTION: Section = Section {
    id: "weights",
    name: "Initial weights",
    heading: "Initial weights",
    wide: false,
    render,
};

/// The first, a middle and the last layer's weights under each scheme, in the first setting.
fn render(model: &ReportModel, figures: &mut FigureList) -> Result<Markup> {
    let Some(first) = model.run.histograms.first() else {
        return Ok(html! {});
    };
    let setting = Setting::of(&first.coordinates);
    let mut by_scheme: BTreeMap<&str, Vec<&HistogramRow>> = BTreeMap::new();
    for line in &model.run.histograms {
        if Setting::of(&line.coordinates) == setting {
            let rows = by_scheme.entry(&line.coordinates.scheme).or_default();
            // One draw is enough: further ones would only overlay it.
            if rows.last().is_none_or(|row| row.layer < line.row.layer) {
                rows.push(&line.row);
            }
        }
    }
    let label = model.label(&setting, &[]);
    let mut shown = Vec::new();
    let called: Vec<&str> = model.schemes.iter().map(|scheme| model.name(scheme)).collect();
    let headings = headings(&called, PANEL.0);
    for (scheme, heading) in model.schemes.iter().zip(&headings) {
        let Some(rows) = by_scheme.get(scheme.as_str()) else {
            continue;
        };
        shown.push(figures.show(panel((scheme, model.name(scheme), heading), &label, rows).draw())?);
    }
    let layers = by_scheme.values().map(|rows| rows.len()).max().unwrap_or(0);
    let others = model.settings.iter().filter(|s| **s != setting).count();
    Ok(html! {
        p.quiet {
            "Weights before training under each scheme, one draw, for " (label) ". All areas are equal; the scales differ from panel to panel. "
            @if others > 0 { "The other settings are in " code { "histograms.csv" } "." }
        }
        ul.legend {
            @for (name, ink) in names(layers) { li { span.named { (super::mark(ink)) span { (name) } } } }
        }
        (panels(&shown, shown.len(), "panels small", "histograms.csv"))
    })
}

/// The layers that are drawn, of `layers` in all, by position.
fn chosen(layers: usize) -> Vec<usize> {
    let mut places = vec![0, layers / 2, layers.saturating_sub(1)];
    places.dedup();
    places.truncate(layers);
    places
}

fn names(layers: usize) -> Vec<(String, Ink)> {
    let names = chosen(layers).into_iter().enumerate();
    names
        .map(|(i, l)| (format!("layer {}", l + 1), Ink::Series(i)))
        .collect()
}

fn panel((scheme, name, heading): (&str, &str, &str), label: &str, rows: &[&HistogramRow]) -> Histogram {
    let bins = chosen(rows.len())
        .into_iter()
        .zip(names(rows.len()))
        .map(|(place, (label, ink))| {
            let row = rows[place];
            let counts: Vec<f64> = row.counts.split(' ').filter_map(|c| c.parse().ok()).collect();
            let all: f64 = counts.iter().sum();
            Bins {
                label,
                ink,
                low: row.low,
                high: row.high,
                fractions: counts.iter().map(|c| c / all.max(1.0)).collect(),
            }
        });
    Histogram {
        id: format!("weights-{scheme}"),
        title: format!("Initial weights under {name}: {label}"),
        heading: heading.to_owned(),
        measure: "weight".to_owned(),
        bins: bins.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shallow_network_has_fewer_layers_to_draw() {
        assert_eq!(chosen(0), Vec::<usize>::new());
        assert_eq!(chosen(1), [0]);
        assert_eq!(chosen(2), [0, 1]);
        assert_eq!(chosen(3), [0, 1, 2]);
        assert_eq!(chosen(21), [0, 10, 20]);
    }
}

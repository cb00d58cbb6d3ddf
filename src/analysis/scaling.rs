//! A coordinate check: how the pre-activations of each layer, and what the first steps change of them,
//! scale with width or depth (Yang et al. 2022, Tensor Programs V, arXiv 2203.03466, appendix D.1).
//!
//! Under the rule of feature learning both keep their size: no power of width or depth (Yang, Simon and Bernstein
//! 2023, arXiv 2310.17813, condition 1). The outputs alone may have any size that does not grow.

use std::collections::BTreeMap;

use serde::Serialize;

use super::stats::mean;
use crate::experiment::{Axis, Coordinates};
use crate::table::probe::StepLine;

/// Exponents up to this are those of a size that stays: parametrizations differ by halves.
pub const TOLERANCE: f64 = 0.25;

/// What networks differ in that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// Units of the widest hidden layer; layer by layer of networks of one depth.
    Width,
    /// Hidden layers; the first, the middle, the last hidden and the output layer.
    Depth,
}

impl Over {
    pub const ALL: [Over; 2] = [Over::Width, Over::Depth];

    pub fn word(self) -> &'static str {
        match self {
            Over::Width => "width",
            Over::Depth => "depth",
        }
    }
}

/// What is measured of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantity {
    /// The mean absolute pre-activation.
    Size,
    /// The mean absolute change of it since the start.
    Change,
}

/// One quantity of one layer after some steps, against width or depth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// Optimizer steps taken.
    pub step: u32,
    /// The layer in words: `layer 2`, `output`.
    pub layer: String,
    pub quantity: Quantity,
    /// Width or depth, and the mean over replicates, ascending. A network that is not finite has no point.
    pub points: Vec<(f64, f64)>,
    /// The power by which it grows: the least-squares slope in logarithms; none where a mean is 0 or missing.
    pub exponent: Option<f64>,
    /// Whether it grows (a missing mean counts) or vanishes where it should stay.
    pub breaks: bool,
}

/// Networks that differ in width or depth alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scaling {
    /// What they differ in.
    pub over: Over,
    /// The values of the axes of the grid that tell these networks from the others, joined.
    pub label: String,
    /// The least and the greatest width or depth.
    pub range: (u32, u32),
    /// By step, then layer, then quantity.
    pub curves: Vec<Curve>,
}

/// Compares the networks in `lines` over `over`; empty where none differ in it alone.
pub fn scaling(lines: &[StepLine], over: Over) -> Vec<Scaling> {
    let mut groups: BTreeMap<Vec<String>, Vec<&StepLine>> = BTreeMap::new();
    for line in lines {
        groups.entry(key(line, over)).or_default().push(line);
    }
    let varies = |i: &usize| {
        let mut texts = groups.keys().map(|key| &key[*i]);
        let first = texts.next();
        Axis::CELL.get(*i) == Some(&Axis::Scheme) || texts.any(|text| Some(text) != first)
    };
    let varying: Vec<usize> = (0..=Axis::CELL.len()).filter(varies).collect();
    let of_group = |(key, lines): (Vec<String>, Vec<&StepLine>)| {
        let parts: Vec<&str> = varying.iter().map(|i| key[*i].as_str()).collect();
        compare(&lines, over, parts.join(" · "))
    };
    let mut found: Vec<(usize, Scaling)> = Vec::new();
    for (key, group) in groups {
        let place = lines.iter().position(|l| std::ptr::eq(l, group[0])).unwrap_or(0);
        found.extend(of_group((key, group)).map(|s| (place, s)));
    }
    // In the order of the table.
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, scaling)| scaling).collect()
}

/// What networks that are compared have in common: all axes but the architecture, of which its form and the
/// other one of width and depth.
fn key(line: &StepLine, over: Over) -> Vec<String> {
    let text = |c: &Coordinates, axis: Axis| c.text(axis).into_owned();
    let mut key: Vec<String> = Axis::CELL
        .into_iter()
        .map(|axis| match axis {
            Axis::Architecture => form(&line.coordinates.architecture),
            axis => text(&line.coordinates, axis),
        })
        .collect();
    key.push(match over {
        Over::Width => format!("{} layers", line.row.depth),
        Over::Depth => format!("{} wide", line.row.width),
    });
    key
}

/// The text of an architecture with `#` in place of its numbers.
fn form(architecture: &str) -> String {
    let mut form = String::new();
    for c in architecture.chars() {
        match c.is_ascii_digit() || c == '.' {
            true if form.ends_with('#') => {}
            true => form.push('#'),
            false => form.push(c),
        }
    }
    form
}

fn compare(lines: &[&StepLine], over: Over, label: String) -> Option<Scaling> {
    let size = |line: &StepLine| match over {
        Over::Width => line.row.width,
        Over::Depth => line.row.depth.saturating_sub(1),
    };
    let sizes: Vec<u32> = lines.iter().map(|l| size(l)).collect();
    let range = (*sizes.iter().min()?, *sizes.iter().max()?);
    if range.0 == range.1 {
        return None;
    }
    // Step, place of the layer, and for each size what the replicates measured.
    type Measured = BTreeMap<u32, Vec<(Option<f64>, Option<f64>)>>;
    let mut layers: BTreeMap<(u32, u32), (String, Measured)> = BTreeMap::new();
    for line in lines {
        let Some((place, name)) = place(over, line.row.layer, line.row.depth) else {
            continue;
        };
        let entry = layers.entry((line.row.steps_taken, place));
        let (_, measured) = entry.or_insert_with(|| (name, Measured::new()));
        let row = (line.row.preactivation_size, line.row.preactivation_change);
        measured.entry(size(line)).or_default().push(row);
    }
    let mut curves = Vec::new();
    for ((step, _), (layer, measured)) in layers {
        for quantity in [Quantity::Size, Quantity::Change] {
            if step == 0 && quantity == Quantity::Change {
                continue;
            }
            let values = measured.iter().map(|(size, rows)| {
                let of = |row: &(Option<f64>, Option<f64>)| match quantity {
                    Quantity::Size => row.0,
                    Quantity::Change => row.1,
                };
                let values: Option<Vec<f64>> = rows.iter().map(of).collect();
                (f64::from(*size), values.map(|v| mean(&v)))
            });
            curves.push(curve(step, &layer, quantity, &values.collect::<Vec<_>>()));
        }
    }
    Some(Scaling {
        over,
        label,
        range,
        curves,
    })
}

/// Where a layer stands among those that are compared, and its name; none for one that is not.
fn place(over: Over, layer: u32, depth: u32) -> Option<(u32, String)> {
    if layer == depth {
        return Some((u32::MAX, "output".to_owned()));
    }
    match over {
        Over::Width => Some((layer, format!("layer {layer}"))),
        Over::Depth if layer == 1 => Some((1, "first layer".to_owned())),
        Over::Depth if layer.checked_add(1) == Some(depth) => Some((3, "last hidden layer".to_owned())),
        Over::Depth if layer == depth.div_ceil(2) => Some((2, "middle layer".to_owned())),
        Over::Depth => None,
    }
}

fn curve(step: u32, layer: &str, quantity: Quantity, values: &[(f64, Option<f64>)]) -> Curve {
    let points: Vec<(f64, f64)> = values.iter().filter_map(|(x, y)| Some((*x, (*y)?))).collect();
    let exponent = match points.len() == values.len() {
        true => slope(&points),
        false => None,
    };
    // Outputs may be as small as they like; what moves them is their change.
    let may_vanish = layer == "output" && quantity == Quantity::Size;
    let breaks = match exponent {
        Some(power) => power > TOLERANCE || (power < -TOLERANCE && !may_vanish),
        None => points.len() < values.len(),
    };
    Curve {
        step,
        layer: layer.to_owned(),
        quantity,
        points,
        exponent,
        breaks,
    }
}

/// Least-squares slope of ln y against ln x; none for fewer than two points, or where a y is not positive.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    if points.len() < 2 || points.iter().any(|(_, y)| *y <= 0.0) {
        return None;
    }
    let logs: Vec<(f64, f64)> = points
        .iter()
        .map(|(x, y)| (libm::log(*x), libm::log(*y)))
        .collect();
    let (x, y): (Vec<f64>, Vec<f64>) = logs.iter().copied().unzip();
    let (mean_x, mean_y) = (mean(&x), mean(&y));
    let products = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y));
    let squares = logs.iter().map(|(x, _)| (x - mean_x) * (x - mean_x));
    let slope = products.sum::<f64>() / squares.sum::<f64>();
    slope.is_finite().then_some(slope)
}

impl Curve {
    /// `the change of layer 2 grows as width^0.98`.
    fn sentence(&self, over: Over) -> String {
        let what = match self.quantity {
            Quantity::Size => "size",
            Quantity::Change => "change",
        };
        let of = match self.layer.starts_with("layer") {
            true => self.layer.clone(),
            false => format!("the {}", self.layer),
        };
        match self.exponent {
            Some(power) => {
                let verb = if power > 0.0 { "grows" } else { "falls" };
                format!("the {what} of {of} {verb} as {}^{power:.2}", over.word())
            }
            None => format!("the {what} of {of} is not finite everywhere"),
        }
    }
}

impl Scaling {
    /// The curves that break the rule at the first step at which any does; later ones may only follow.
    pub fn first_broken(&self) -> Vec<&Curve> {
        let broken = || self.curves.iter().filter(|c| c.breaks);
        let first = broken().map(|c| c.step).min();
        broken().filter(|c| Some(c.step) == first).collect()
    }

    /// One sentence: whether sizes and changes stay over width or depth, and if not which layers break the rule.
    pub fn verdict(&self) -> String {
        let (over, (low, high)) = (self.over, self.range);
        let broken = self.first_broken();
        let Some(first) = broken.first() else {
            let last = self.curves.last().map_or(0, |c| c.step);
            let exponents = self.curves.iter().filter(|c| c.quantity == Quantity::Change);
            let most = exponents
                .filter_map(|c| c.exponent)
                .map(f64::abs)
                .fold(0.0, f64::max);
            return format!(
                "keeps the rule over {} {low} to {high}: through {last} steps no layer's size or change breaks it \
                 (exponents of changes within ±{most:.2})",
                over.word()
            );
        };
        let when = match first.step {
            0 => "at the start".to_owned(),
            1 => "after 1 step".to_owned(),
            n => format!("after {n} steps"),
        };
        let mut parts: Vec<String> = broken.iter().map(|c| c.sentence(over)).collect();
        const SHOWN: usize = 3;
        if parts.len() > SHOWN {
            let more = parts.len() - (SHOWN - 1);
            parts.truncate(SHOWN - 1);
            parts.push(format!("{more} more break it too"));
        }
        format!(
            "breaks the rule over {} {low} to {high} {when}: {}",
            over.word(),
            parts.join(", ")
        )
    }
}

#[cfg(test)]
mod tests;

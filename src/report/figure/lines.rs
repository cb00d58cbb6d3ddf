//! Lines with bands: learning curves, rate sensitivity, signal by layer.

use plotters::prelude::*;

use super::axis::PlotAxis;
use super::frame::{Entry, Frame, legend, legend_height, marker};
use super::{Area, Drawing, Drawn, Ink, px};
use crate::support::error::Result;

#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub label: String,
    /// What to draw it with.
    pub ink: Ink,
    /// Points in ascending x; a missing y breaks the line.
    pub points: Vec<(f64, Option<f64>)>,
    /// Lower and upper edge of its band.
    pub band: Vec<(f64, f64, f64)>,
    /// Dashed, as for a prediction beside a measurement.
    pub dashed: bool,
}

/// A plot of lines over two axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// Name of the exported file.
    pub id: String,
    /// Full title: the accessible name.
    pub title: String,
    /// What tells this panel from its neighbours; stands above the plot.
    pub heading: String,
    pub x: PlotAxis,
    pub y: PlotAxis,
    /// The lines, most important first; drawn in reverse, so that these lie on top.
    pub lines: Vec<Line>,
    /// With a legend under the plot; else the page has one for several panels.
    pub legend: bool,
    /// Width and height of the plot in CSS pixels.
    pub size: (u32, u32),
}

/// The size of a panel among many, fit for a phone's column.
pub const PANEL: (u32, u32) = (344, 248);

/// The size of a panel that stands for a whole run.
pub const LARGE: (u32, u32) = (480, 320);

impl Lines {
    /// Draws the plot.
    ///
    /// # Errors
    /// Only if drawing itself fails.
    pub fn draw(&self) -> Result<Drawing> {
        let entries: Vec<Entry> = match self.legend {
            true => legend_entries(&self.lines),
            false => Vec::new(),
        };
        let foot = legend_height(&entries, f64::from(self.size.0));
        let size = (self.size.0, self.size.1 + foot as u32);
        Drawing::draw(&self.id, &self.title, size, |area| {
            self.plot(area, foot)?;
            legend(area, &entries)
        })
    }

    fn plot(&self, area: &Area, foot: f64) -> Drawn {
        let frame = Frame {
            heading: &self.heading,
            x: &self.x,
            y: &self.y,
            legend: foot,
        };
        let mut chart = frame.build(area)?;
        let at = |x: f64, y: f64| (self.x.clamp(x), self.y.clamp(y));
        for line in self.lines.iter().rev() {
            let lower = line.band.iter().map(|(x, low, _)| at(*x, *low));
            let upper = line.band.iter().rev().map(|(x, _, high)| at(*x, *high));
            let outline: Vec<_> = lower.chain(upper).collect();
            if outline.len() > 2 && line.ink != Ink::Faint {
                chart.draw_series([Polygon::new(outline, line.ink.mix(0.16))])?;
            }
        }
        for line in self.lines.iter().rev() {
            let width = if line.ink == Ink::Faint { 1.0 } else { 1.8 };
            let stroke = line.ink.colour().stroke_width(px(width) as u32);
            for run in line.points.split(|(_, y)| y.is_none()) {
                let points: Vec<_> = run.iter().filter_map(|(x, y)| Some(at(*x, (*y)?))).collect();
                if line.dashed {
                    let (dash, gap) = (px(5.0), px(4.0));
                    chart.draw_series(DashedLineSeries::new(points, dash, gap, stroke))?;
                } else {
                    chart.draw_series(LineSeries::new(points, stroke))?;
                }
            }
            if !line.dashed {
                for place in markers(line) {
                    let place = chart.backend_coord(&at(place.0, place.1));
                    marker(area, line.ink, place, 3.0)?;
                }
            }
        }
        Ok(())
    }
}

/// Where to put markers: every point of a short line, else a few, and the last.
fn markers(line: &Line) -> Vec<(f64, f64)> {
    let points: Vec<_> = line
        .points
        .iter()
        .filter_map(|(x, y)| Some((*x, (*y)?)))
        .collect();
    let stride = points.len().div_ceil(8).max(1);
    let last = points.len().saturating_sub(1);
    let keep = |i: usize| (last - i).is_multiple_of(stride);
    (0..points.len())
        .filter(|i| keep(*i))
        .map(|i| points[i])
        .collect()
}

/// The coloured lines, and one entry for all the faint ones.
fn legend_entries(lines: &[Line]) -> Vec<Entry<'_>> {
    let coloured = lines.iter().filter(|l| l.ink != Ink::Faint);
    let mut entries: Vec<Entry> = coloured.map(|l| (l.label.as_str(), l.ink)).collect();
    if lines.iter().any(|l| l.ink == Ink::Faint) {
        entries.push(("others", Ink::Faint));
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_plot_is_what_it_was() {
        let line = |label: &str, ink, y: [Option<f64>; 3]| Line {
            label: label.to_owned(),
            ink,
            points: [1.0, 10.0, 100.0].into_iter().zip(y).collect(),
            band: vec![(1.0, 0.1, 0.3), (10.0, 0.4, 0.6)],
            dashed: false,
        };
        let figure = Lines {
            id: "small".to_owned(),
            title: "A small plot".to_owned(),
            heading: "20x64 · relu".to_owned(),
            x: PlotAxis::around("learning rate", true, [1.0, 100.0]),
            y: PlotAxis::accuracy("test accuracy"),
            lines: vec![
                line("he_normal", Ink::Series(0), [Some(0.2), Some(0.5), Some(0.9)]),
                line("zeros", Ink::Faint, [Some(0.1), None, Some(f64::INFINITY)]),
            ],
            legend: true,
            size: PANEL,
        };
        insta::assert_snapshot!(figure.draw().unwrap().standalone());
    }
}

//! Histograms: the weights of a few layers, one panel for each scheme.

use plotters::prelude::*;

use super::axis::PlotAxis;
use super::frame::Frame;
use super::{Drawing, Drawn, Ink, px};
use crate::support::error::Result;

/// Counts of one layer in equal bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins {
    /// What is counted, for the legend.
    pub label: String,
    /// What to draw it with.
    pub ink: Ink,
    /// Lower edge of the first bin.
    pub low: f64,
    /// Upper edge of the last bin.
    pub high: f64,
    /// Fraction of all values in each bin.
    pub fractions: Vec<f64>,
}

/// A panel of histograms drawn as steps over one another.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Name of the exported file.
    pub id: String,
    /// Full title: the accessible name.
    pub title: String,
    pub heading: String,
    /// What is counted.
    pub measure: String,
    /// The layers, at most a few.
    pub bins: Vec<Bins>,
}

/// The size of a panel in CSS pixels.
pub(crate) const PANEL: (u32, u32) = (260, 180);

impl Histogram {
    /// Draws the panel.
    ///
    /// # Errors
    /// Only if drawing itself fails.
    pub fn draw(&self) -> Result<Drawing> {
        let reach = self.bins.iter().flat_map(|b| [b.low.abs(), b.high.abs()]);
        let reach = reach.fold(0.0, f64::max);
        let x = if reach > 0.0 {
            let mut axis = PlotAxis::exactly(&self.measure, false, (-reach * 1.05, reach * 1.05));
            // Three ticks leave room for small numbers, which are long ones.
            axis.ticks.retain(|t| *t == 0.0 || t.abs() > reach * 0.45);
            axis
        } else {
            PlotAxis::exactly(&self.measure, false, (-1.0, 1.0)).with_ticks(&[0.0])
        };
        let top = self.bins.iter().flat_map(|b| b.density()).map(|(_, y)| y);
        let top = top.fold(0.0, f64::max);
        let mut y = PlotAxis::exactly("density", false, (0.0, if top > 0.0 { top * 1.05 } else { 1.0 }));
        y.ticks.clear();
        Drawing::draw(&self.id, &self.title, PANEL, |area| {
            let frame = Frame {
                heading: &self.heading,
                x: &x,
                y: &y,
                legend: 0.0,
            };
            let mut chart = frame.build(area)?;
            for bins in &self.bins {
                bins.draw(&mut chart)?;
            }
            Ok(())
        })
    }
}

impl Bins {
    /// The corners of the steps: position, and fraction over bin width (a spike of no width has
    /// height 1, at its place).
    fn density(&self) -> Vec<(f64, f64)> {
        let width = (self.high - self.low) / self.fractions.len().max(1) as f64;
        if width <= 0.0 {
            return vec![(self.low, 0.0), (self.low, 1.0)];
        }
        let mut points = vec![(self.low, 0.0)];
        for (i, fraction) in self.fractions.iter().enumerate() {
            let left = self.low + width * i as f64;
            points.push((left, fraction / width));
            points.push((left + width, fraction / width));
        }
        points.push((self.high, 0.0));
        points
    }

    fn draw(&self, chart: &mut super::frame::Chart) -> Drawn {
        let points = self.density();
        chart.draw_series([Polygon::new(points.clone(), self.ink.mix(0.14))])?;
        let stroke = self.ink.colour().stroke_width(px(1.5) as u32);
        chart.draw_series(LineSeries::new(points, stroke))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_zero_weights_are_a_spike() {
        let bins = |low, high, fractions: &[f64]| Bins {
            label: "layer 1".to_owned(),
            ink: Ink::Series(0),
            low,
            high,
            fractions: fractions.to_vec(),
        };
        assert_eq!(bins(0.0, 0.0, &[1.0]).density(), [(0.0, 0.0), (0.0, 1.0)]);
        let steps = bins(-1.0, 1.0, &[0.25, 0.75]).density();
        assert_eq!(steps[2], (0.0, 0.25));
        assert_eq!(steps[3], (0.0, 0.75));
        let figure = Histogram {
            id: "h".to_owned(),
            title: "zeros".to_owned(),
            heading: "zeros".to_owned(),
            measure: "weight".to_owned(),
            bins: vec![bins(0.0, 0.0, &[1.0])],
        };
        let svg = figure.draw().unwrap().standalone();
        assert!(svg.contains("<polyline") && !svg.contains("NaN"), "{svg}");
    }
}

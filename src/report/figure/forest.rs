//! A ranking: one row for each scheme, its estimate and interval.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::PlotAxis;
use super::frame::marker;
use super::{Drawing, Drawn, Ink, TEXT, fit, fit_all, heading, px, text_style, text_width};
use crate::support::error::Result;
use crate::support::text::typeset;

#[derive(Debug, Clone, PartialEq)]
pub struct ForestRow {
    pub label: String,
    /// What to draw it with.
    pub ink: Ink,
    /// The estimate; none where no replicate gave one.
    pub middle: Option<f64>,
    pub interval: Option<(f64, f64)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// Name of the exported file.
    pub id: String,
    /// Full title: the accessible name.
    pub title: String,
    pub heading: String,
    /// What the numbers are.
    pub measure: String,
    pub axis: PlotAxis,
    /// Decimals of the numbers; three significant digits where not given.
    pub decimals: Option<usize>,
    /// Best first.
    pub rows: Vec<ForestRow>,
}

const ROW: f64 = 22.0;
const PLOT: f64 = 300.0;
const RIGHT: f64 = 56.0;

impl Forest {
    /// Draws the ranking.
    ///
    /// # Errors
    /// Only if drawing itself fails.
    pub fn draw(&self) -> Result<Drawing> {
        let widths = self.rows.iter().map(|r| text_width(&r.label, TEXT));
        let left = 12.0 + widths.fold(40.0, f64::max).min(240.0);
        let head = 46.0;
        let foot = head + ROW * self.rows.len() as f64;
        let size = ((left + PLOT + RIGHT).ceil() as u32, (foot + 40.0).ceil() as u32);
        let (low, high) = self.axis.range;
        let x = |value: f64| px(left + 8.0 + (PLOT - 16.0) * (self.axis.clamp(value) - low) / (high - low));
        Drawing::draw(&self.id, &self.title, size, |area| -> Drawn {
            let room = f64::from(size.0) - 8.0;
            heading(area, &self.heading, room)?;
            let quiet = text_style(TEXT - 1.0, Ink::Quiet, HPos::Left, VPos::Top);
            area.draw_text(&fit(&self.measure, room, TEXT - 1.0), &quiet, (px(4.0), px(23.0)))?;
            for tick in &self.axis.ticks {
                let at = px(left + 8.0 + (PLOT - 16.0) * (tick - low) / (high - low));
                let grid = Ink::Grid.colour().stroke_width(px(1.0) as u32);
                area.draw(&PathElement::new(vec![(at, px(head)), (at, px(foot))], grid))?;
                let style = text_style(TEXT - 1.0, Ink::Quiet, HPos::Center, VPos::Top);
                area.draw_text(&self.axis.text(*tick), &style, (at, px(foot + 6.0)))?;
            }
            let labels: Vec<&str> = self.rows.iter().map(|row| row.label.as_str()).collect();
            let labels = fit_all(&labels, left - 12.0, TEXT);
            for (i, (row, label)) in self.rows.iter().zip(&labels).enumerate() {
                let y = px(head + ROW * (i as f64 + 0.5));
                let style = text_style(TEXT, Ink::Text, HPos::Right, VPos::Center);
                area.draw_text(label, &style, (px(left - 2.0), y))?;
                if let Some((from, to)) = row.interval {
                    let stroke = row.ink.colour().stroke_width(px(2.0) as u32);
                    area.draw(&PathElement::new(vec![(x(from), y), (x(to), y)], stroke))?;
                }
                let style = text_style(TEXT, Ink::Text, HPos::Left, VPos::Center);
                let place = (px(left + PLOT + 4.0), y);
                match row.middle {
                    Some(middle) => {
                        // Faint rows have no marker of their own.
                        let ink = if row.ink == Ink::Faint {
                            Ink::Quiet
                        } else {
                            row.ink
                        };
                        match ink {
                            Ink::Quiet => {
                                area.draw(&Circle::new((x(middle), y), px(3.0), ink.colour().filled()))?;
                            }
                            ink => marker(area, ink, (x(middle), y), 3.6)?,
                        }
                        area.draw_text(&self.text(middle), &style, place)?;
                    }
                    None => area.draw_text("none", &style, place)?,
                }
            }
            Ok(())
        })
    }

    fn text(&self, value: f64) -> String {
        match self.decimals {
            Some(decimals) => format!("{value:.decimals$}"),
            None => typeset(value, 3),
        }
    }
}

//! Heat maps: one number for each scheme and column, with the number printed in its cell.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::{Area, Drawing, Drawn, Ink, TEXT, fit, fit_all, heading, px, text_style, text_width};
use crate::support::error::Result;
use crate::support::text::typeset;

/// What stands in a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HeatCell {
    Value(f64),
    /// No replicate ended well, or their median is infinite.
    Diverged,
    Failed,
    /// Not in the grid, or not run.
    Absent,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// Name of the exported file.
    pub id: String,
    /// Full title: the accessible name.
    pub title: String,
    pub heading: String,
    /// What the numbers are.
    pub measure: String,
    pub rows: Vec<String>,
    pub columns: Vec<String>,
    /// `rows x columns`.
    pub cells: Vec<Vec<HeatCell>>,
    /// Values at the dark and at the bright end.
    pub range: (f64, f64),
    /// Shade by logarithm.
    pub log: bool,
    /// Decimals of the numbers; three significant digits where not given.
    pub decimals: Option<usize>,
}

/// Cividis at sixths (Nuñez, Anderton and Renslow 2018): even in lightness, and seen alike with
/// the common kinds of colour blindness.
const CIVIDIS: [[f64; 3]; 7] = [
    [0.0, 34.0, 78.0],
    [36.0, 62.0, 112.0],
    [86.0, 92.0, 108.0],
    [124.0, 123.0, 120.0],
    [166.0, 157.0, 117.0],
    [210.0, 193.0, 94.0],
    [254.0, 232.0, 56.0],
];

const CELL: (f64, f64) = (58.0, 24.0);
const LEFT: f64 = 176.0;

fn shade(t: f64) -> RGBColor {
    let t = if t.is_nan() { 0.0 } else { t };
    let at = t.clamp(0.0, 1.0) * (CIVIDIS.len() - 1) as f64;
    let i = (at as usize).min(CIVIDIS.len() - 2);
    let mix = |c: usize| {
        let (a, b) = (CIVIDIS[i][c], CIVIDIS[i + 1][c]);
        (a + (b - a) * (at - i as f64)).round() as u8
    };
    RGBColor(mix(0), mix(1), mix(2))
}

impl Heat {
    /// Draws the map.
    ///
    /// # Errors
    /// Only if drawing itself fails.
    pub fn draw(&self) -> Result<Drawing> {
        let label = |l: &String| text_width(l, TEXT);
        let left = 14.0 + self.rows.iter().map(label).fold(30.0, f64::max).min(LEFT);
        let widest = self.columns.iter().map(label).fold(0.0, f64::max);
        // Column names lie flat where they fit, else they stand.
        let flat = widest <= CELL.0 - 6.0;
        let head = 46.0 + if flat { 20.0 } else { 10.0 + widest.min(130.0) };
        let width = (left + CELL.0 * self.columns.len() as f64 + 12.0).max(300.0);
        let height = head + CELL.1 * self.rows.len() as f64 + 44.0;
        let size = (width.ceil() as u32, height.ceil() as u32);
        Drawing::draw(&self.id, &self.title, size, |area| {
            self.labels(area, left, head, flat)?;
            for (i, row) in self.cells.iter().enumerate() {
                for (j, cell) in row.iter().enumerate() {
                    let x = left + CELL.0 * j as f64;
                    let y = head + CELL.1 * i as f64;
                    self.cell(area, (x, y), *cell)?;
                }
            }
            self.scale(area, left, height - 32.0)
        })
    }

    fn labels(&self, area: &Area, left: f64, head: f64, flat: bool) -> Drawn {
        let room = f64::from(area.dim_in_pixel().0) / px(1.0) as f64 - 8.0;
        heading(area, &self.heading, room)?;
        let quiet = text_style(TEXT - 1.0, Ink::Quiet, HPos::Left, VPos::Top);
        area.draw_text(&fit(&self.measure, room, TEXT - 1.0), &quiet, (px(4.0), px(23.0)))?;
        let style = text_style(TEXT, Ink::Text, HPos::Right, VPos::Center);
        for (i, row) in fit_all(&self.rows, left - 14.0, TEXT).iter().enumerate() {
            let y = head + CELL.1 * (i as f64 + 0.5);
            area.draw_text(row, &style, (px(left - 6.0), px(y)))?;
        }
        for (j, column) in fit_all(&self.columns, 130.0, TEXT).iter().enumerate() {
            let x = px(left + CELL.0 * (j as f64 + 0.5));
            if flat {
                let style = text_style(TEXT, Ink::Text, HPos::Center, VPos::Bottom);
                area.draw_text(column, &style, (x, px(head - 4.0)))?;
            } else {
                let style =
                    text_style(TEXT, Ink::Text, HPos::Left, VPos::Center).transform(FontTransform::Rotate270);
                area.draw_text(column, &style, (x, px(head - 5.0)))?;
            }
        }
        Ok(())
    }

    fn text(&self, value: f64) -> String {
        match self.decimals {
            Some(decimals) => format!("{value:.decimals$}"),
            None => typeset(value, 3),
        }
    }

    fn place(&self, value: f64) -> f64 {
        let f = |v: f64| {
            if self.log { libm::log10(v.max(1e-300)) } else { v }
        };
        let (low, high) = (f(self.range.0), f(self.range.1));
        if low == high {
            return 1.0;
        }
        (f(value) - low) / (high - low)
    }

    fn cell(&self, area: &Area, (x, y): (f64, f64), cell: HeatCell) -> Drawn {
        let corners = [
            (px(x + 1.0), px(y + 1.0)),
            (px(x + CELL.0 - 1.0), px(y + CELL.1 - 1.0)),
        ];
        let centre = (px(x + CELL.0 / 2.0), px(y + CELL.1 / 2.0));
        let text = |words: &str, colour: RGBColor| {
            let style = text_style(TEXT - 1.0, Ink::Text, HPos::Center, VPos::Center);
            area.draw_text(words, &style.color(&colour), centre)
        };
        match cell {
            HeatCell::Value(value) => {
                let t = self.place(value);
                area.draw(&Rectangle::new(corners, shade(t).filled()))?;
                let (black, white) = (RGBColor(0, 0, 0), RGBColor(255, 255, 255));
                text(&self.text(value), if t > 0.5 { black } else { white })
            }
            HeatCell::Diverged | HeatCell::Failed => {
                let edge = Ink::Quiet.colour().stroke_width(px(1.0) as u32);
                area.draw(&Rectangle::new(corners, edge))?;
                let words = if cell == HeatCell::Failed {
                    "failed"
                } else {
                    "diverged"
                };
                text(words, Ink::Quiet.colour())
            }
            HeatCell::Absent => text("–", Ink::Quiet.colour()),
        }
    }

    fn scale(&self, area: &Area, left: f64, y: f64) -> Drawn {
        let width = 120.0;
        let steps = 40;
        for i in 0..steps {
            let x = left + width * f64::from(i) / f64::from(steps);
            // Each reaches to the end, under the next ones: edges that only touch would show.
            let corners = [(px(x), px(y)), (px(left + width), px(y + 8.0))];
            area.draw(&Rectangle::new(
                corners,
                shade(f64::from(i) / f64::from(steps - 1)).filled(),
            ))?;
        }
        let ends = [
            (self.range.0, left, HPos::Left),
            (self.range.1, left + width, HPos::Right),
        ];
        for (value, x, side) in ends {
            let style = text_style(TEXT - 1.0, Ink::Quiet, side, VPos::Top);
            area.draw_text(&self.text(value), &style, (px(x), px(y + 11.0)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_map_is_what_it_was() {
        let heat = Heat {
            id: "heat".to_owned(),
            title: "Test accuracy".to_owned(),
            heading: "digits · 20x64".to_owned(),
            measure: "test accuracy".to_owned(),
            rows: vec!["he_normal".to_owned(), "<script>".to_owned()],
            columns: vec!["relu".to_owned(), "leaky_relu(slope=0.3)".to_owned()],
            cells: vec![
                vec![HeatCell::Value(0.95), HeatCell::Value(0.1)],
                vec![HeatCell::Diverged, HeatCell::Absent],
            ],
            range: (0.1, 0.95),
            log: false,
            decimals: Some(3),
        };
        insta::assert_snapshot!(heat.draw().unwrap().standalone());
    }

    #[test]
    fn the_ends_of_the_scale_are_dark_and_bright() {
        assert_eq!(shade(-1.0), RGBColor(0, 34, 78));
        assert_eq!(shade(1.0), RGBColor(254, 232, 56));
        assert_eq!(shade(f64::NAN), RGBColor(0, 34, 78));
    }
}

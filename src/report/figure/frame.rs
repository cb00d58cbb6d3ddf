//! The frame of a plot with two axes: grid, ticks, labels, legend.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::PlotAxis;
use super::{Area, Drawn, Ink, TEXT, fit, fit_all, heading, px, text_style, text_width};

/// A plot's chart: both axes linear, ticks where [`PlotAxis`] has put them.
pub(crate) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Ticks, Ticks>>;

/// A linear coordinate with given ticks.
pub(crate) struct Ticks {
    inner: RangedCoordf64,
    axis: PlotAxis,
}

impl Ticks {
    fn new(axis: &PlotAxis) -> Ticks {
        Ticks {
            inner: (axis.range.0..axis.range.1).into(),
            axis: axis.clone(),
        }
    }
}

impl Ranged for Ticks {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.inner.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.axis.ticks.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.axis.range.0..self.axis.range.1
    }
}

impl ValueFormatter<f64> for Ticks {
    fn format_ext(&self, value: &f64) -> String {
        self.axis.text(*value)
    }
}

/// Room above, left of and below the plot, and what stands there.
pub(crate) struct Frame<'f> {
    pub heading: &'f str,
    pub x: &'f PlotAxis,
    pub y: &'f PlotAxis,
    /// Lines for a legend underneath, in pixels.
    pub legend: f64,
}

impl Frame<'_> {
    /// Draws the frame and returns the chart to draw in.
    pub(crate) fn build<'a, 'b>(
        &self,
        area: &'a Area<'b>,
    ) -> Result<Chart<'a, 'b>, DrawingAreaErrorKind<std::io::Error>> {
        let (width, height) = area.dim_in_pixel();
        let room = f64::from(width) / px(1.0) as f64;
        heading(area, self.heading, room - 8.0)?;

        let texts = self.y.ticks.iter().map(|t| text_width(&self.y.text(*t), TEXT));
        let left = 12.0 + texts.fold(14.0, f64::max);
        // The vertical axis is named above its ticks, where it can be read without turning.
        let quiet = text_style(TEXT - 1.0, Ink::Quiet, HPos::Left, VPos::Top);
        area.draw_text(
            &fit(&self.y.label, room - 8.0, TEXT - 1.0),
            &quiet,
            (px(4.0), px(23.0)),
        )?;
        let quiet = text_style(TEXT - 1.0, Ink::Quiet, HPos::Right, VPos::Bottom);
        let below = height as i32 - px(self.legend);
        let x_label = fit(&self.x.label, room - left, TEXT - 1.0);
        area.draw_text(&x_label, &quiet, (width as i32 - px(10.0), below - px(2.0)))?;

        let mut chart = ChartBuilder::on(area)
            .margin_top(px(44.0))
            .margin_right(px(12.0))
            .margin_bottom(px(18.0 + self.legend))
            .x_label_area_size(px(20.0))
            .y_label_area_size(px(left))
            .build_cartesian_2d(Ticks::new(self.x), Ticks::new(self.y))?;
        chart
            .configure_mesh()
            .light_line_style(Ink::Grid.mix(0.0))
            .bold_line_style(Ink::Grid.colour().stroke_width(px(1.0) as u32))
            .axis_style(Ink::Faint.colour().stroke_width(px(1.0) as u32))
            .set_all_tick_mark_size(px(3.0))
            .x_label_style(text_style(TEXT - 1.0, Ink::Quiet, HPos::Center, VPos::Top))
            .y_label_style(text_style(TEXT - 1.0, Ink::Quiet, HPos::Right, VPos::Center))
            .draw()?;
        Ok(chart)
    }
}

/// A marker of radius `r` pixels for the series with `ink`, at a drawing position: a shape of
/// its own for each series, so that colour is never the only difference.
pub(crate) fn marker(area: &Area, ink: Ink, (x, y): (i32, i32), r: f64) -> Drawn {
    let style = ink.colour().filled();
    let r = px(r);
    let polygon = |points: &[(i32, i32)]| {
        let points: Vec<_> = points.iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
        area.draw(&Polygon::new(points, style))
    };
    match ink {
        Ink::Series(0) => area.draw(&Circle::new((x, y), r, style)),
        Ink::Series(1) => polygon(&[(-r, -r), (r, -r), (r, r), (-r, r)]),
        Ink::Series(2) => polygon(&[(0, -r * 5 / 4), (r * 5 / 4, r), (-r * 5 / 4, r)]),
        Ink::Series(3) => polygon(&[(0, -r * 4 / 3), (r * 4 / 3, 0), (0, r * 4 / 3), (-r * 4 / 3, 0)]),
        Ink::Series(4) => polygon(&[(-r * 5 / 4, -r), (r * 5 / 4, -r), (0, r * 5 / 4)]),
        Ink::Series(5) => area.draw(&Circle::new((x, y), r, ink.colour().stroke_width(px(1.5) as u32))),
        Ink::Series(6) => {
            let stroke = ink.colour().stroke_width(px(1.8) as u32);
            area.draw(&PathElement::new(vec![(x - r, y - r), (x + r, y + r)], stroke))?;
            area.draw(&PathElement::new(vec![(x - r, y + r), (x + r, y - r)], stroke))
        }
        _ => Ok(()),
    }
}

/// One entry of a legend.
pub(crate) type Entry<'e> = (&'e str, Ink);

const LINE: f64 = 18.0;

/// Where each entry of a legend stands, in pixels, and the legend's height.
fn arrange(entries: &[Entry], room: f64) -> (Vec<(f64, f64, String)>, f64) {
    let (mut x, mut y) = (0.0, 0.0);
    let mut places = Vec::new();
    let labels: Vec<&str> = entries.iter().map(|entry| entry.0).collect();
    for text in fit_all(&labels, room - 30.0, TEXT) {
        let width = 24.0 + text_width(&text, TEXT) + 14.0;
        if x > 0.0 && x + width > room {
            (x, y) = (0.0, y + LINE);
        }
        places.push((x, y, text));
        x += width;
    }
    let height = if entries.is_empty() { 0.0 } else { y + LINE + 4.0 };
    (places, height)
}

/// Height of a legend in pixels.
pub(crate) fn legend_height(entries: &[Entry], width: f64) -> f64 {
    arrange(entries, width - 16.0).1
}

/// Draws a legend at the foot of `area`.
pub(crate) fn legend(area: &Area, entries: &[Entry]) -> Drawn {
    let (width, height) = area.dim_in_pixel();
    let (places, room) = arrange(entries, f64::from(width) / px(1.0) as f64 - 16.0);
    let top = height as i32 - px(room);
    let style = text_style(TEXT, Ink::Text, HPos::Left, VPos::Center);
    for ((_, ink), (x, y, text)) in entries.iter().zip(places) {
        let (x, y) = (px(8.0 + x), top + px(y + LINE / 2.0));
        let stroke = ink.colour().stroke_width(px(2.0) as u32);
        area.draw(&PathElement::new(vec![(x, y), (x + px(18.0), y)], stroke))?;
        marker(area, *ink, (x + px(9.0), y), 3.2)?;
        area.draw_text(&text, &style, (x + px(23.0), y))?;
    }
    Ok(())
}

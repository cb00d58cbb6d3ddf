//! A critical-difference diagram: average ranks on an axis, bars that join what is not distinguished
//! (Demsar 2006, JMLR 7, figure 1).

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::frame::marker;
use super::{Area, Drawing, Drawn, Ink, TEXT, fit, fit_all, heading, px, text_style, text_width};
use crate::support::error::Result;

/// Something with an average rank.
#[derive(Debug, Clone, PartialEq)]
pub struct AverageRank {
    pub label: String,
    /// What to draw it with.
    pub ink: Ink,
    /// Its average rank, at least 1.
    pub rank: f64,
}

/// A critical-difference diagram.
#[derive(Debug, Clone, PartialEq)]
pub struct RankDiagram {
    /// Name of the exported file.
    pub id: String,
    /// Full title: the accessible name.
    pub title: String,
    pub heading: String,
    /// What the ranks are over.
    pub subheading: String,
    /// In ascending order of rank; at least one.
    pub ranked: Vec<AverageRank>,
    /// First and last of those that a bar joins.
    pub groups: Vec<(usize, usize)>,
    /// How long the bar of the critical difference is.
    pub critical_difference: f64,
}

const PLOT: f64 = 320.0;
/// Room beside the axis before the labels begin.
const EDGE: f64 = 14.0;
const ROW: f64 = 20.0;
const BAR: f64 = 9.0;
/// Where the bar of the critical difference, the axis and the first bar stand, from the top.
const SCALE: f64 = 56.0;
const AXIS: f64 = 94.0;
/// Width of a rank in digits.
const DIGITS: f64 = 38.0;

impl RankDiagram {
    /// Draws the diagram.
    ///
    /// # Errors
    /// Only if drawing itself fails.
    pub fn draw(&self) -> Result<Drawing> {
        let widths = self.ranked.iter().map(|r| text_width(&r.label, TEXT));
        let side = (widths.fold(60.0, f64::max) + 8.0).min(200.0) + DIGITS + EDGE;
        let names: Vec<&str> = self.ranked.iter().map(|r| r.label.as_str()).collect();
        let names = fit_all(&names, side - DIGITS - EDGE - 8.0, TEXT);
        let levels = self.levels();
        let bars = levels.iter().map(|level| level + 1).max().unwrap_or(0) as f64;
        let rows = AXIS + 14.0 + BAR * bars + ROW / 2.0;
        let halves = self.ranked.len().div_ceil(2) as f64;
        let size = (
            (2.0 * side + PLOT).ceil() as u32,
            (rows + ROW * halves + 2.0).ceil() as u32,
        );
        Drawing::draw(&self.id, &self.title, size, |area| -> Drawn {
            let room = f64::from(size.0) - 8.0;
            heading(area, &self.heading, room)?;
            let quiet = text_style(TEXT - 1.0, Ink::Quiet, HPos::Left, VPos::Top);
            area.draw_text(
                &fit(&self.subheading, room, TEXT - 1.0),
                &quiet,
                (px(4.0), px(23.0)),
            )?;
            self.scale(area, side)?;
            for (i, (ranked, name)) in self.ranked.iter().zip(&names).enumerate() {
                let on_left = (i as f64) < halves;
                let row = if on_left { i } else { self.ranked.len() - 1 - i };
                let y = rows + ROW * (row as f64 + 0.5);
                self.stem(area, side, ranked, (on_left, y), name)?;
            }
            for ((first, last), level) in self.groups.iter().zip(&levels) {
                let y = px(AXIS + 12.0 + BAR * *level as f64);
                let ends = [(first, -3.0), (last, 3.0)].map(|(i, beyond)| {
                    let x = self.x(side, self.ranked[*i].rank) + beyond;
                    (px(x), y)
                });
                let stroke = Ink::Text.colour().stroke_width(px(4.0) as u32);
                area.draw(&PathElement::new(ends.to_vec(), stroke))?;
            }
            for ranked in &self.ranked {
                let place = (px(self.x(side, ranked.rank)), px(AXIS));
                match ranked.ink {
                    Ink::Faint => area.draw(&Circle::new(place, px(3.0), Ink::Quiet.colour().filled()))?,
                    ink => marker(area, ink, place, 3.6)?,
                }
            }
            Ok(())
        })
    }

    /// Where a rank stands.
    fn x(&self, side: f64, rank: f64) -> f64 {
        let last = (self.ranked.len() as f64).max(2.0);
        side + PLOT * (rank - 1.0) / (last - 1.0)
    }

    /// The axis with its ticks, and the critical difference as a bar above its beginning.
    fn scale(&self, area: &Area, side: f64) -> Drawn {
        let (count, y) = (self.ranked.len(), px(AXIS));
        let stroke = Ink::Quiet.colour().stroke_width(px(1.0) as u32);
        let ends = vec![(px(side), y), (px(side + PLOT), y)];
        area.draw(&PathElement::new(ends, stroke))?;
        let stride = count.div_ceil(16);
        for rank in (1..=count).step_by(stride) {
            let x = px(self.x(side, rank as f64));
            area.draw(&PathElement::new(vec![(x, px(AXIS - 5.0)), (x, y)], stroke))?;
            let style = text_style(TEXT - 1.0, Ink::Quiet, HPos::Center, VPos::Bottom);
            area.draw_text(&rank.to_string(), &style, (x, px(AXIS - 8.0)))?;
        }
        // Where it is longer than the axis nothing can be distinguished.
        let most = count as f64 - 1.0;
        let end = self.x(side, 1.0 + self.critical_difference.min(most));
        let stroke = Ink::Text.colour().stroke_width(px(1.5) as u32);
        let y = px(SCALE);
        area.draw(&PathElement::new(vec![(px(side), y), (px(end), y)], stroke))?;
        for x in [side, end] {
            let tick = vec![(px(x), px(SCALE - 4.0)), (px(x), px(SCALE + 4.0))];
            area.draw(&PathElement::new(tick, stroke))?;
        }
        let style = text_style(TEXT - 1.0, Ink::Text, HPos::Right, VPos::Center);
        let words = format!("CD {:.2}", self.critical_difference);
        area.draw_text(&words, &style, (px(side - 8.0), y))
    }

    /// The line from the axis to a label, and the label.
    fn stem(
        &self,
        area: &Area,
        side: f64,
        ranked: &AverageRank,
        (on_left, y): (bool, f64),
        name: &str,
    ) -> Drawn {
        let ink = if ranked.ink == Ink::Faint {
            Ink::Quiet
        } else {
            ranked.ink
        };
        let stroke = ink.colour().stroke_width(px(1.2) as u32);
        let x = px(self.x(side, ranked.rank));
        let (edge, out, h) = match on_left {
            true => (side - EDGE, -1.0, HPos::Right),
            false => (side + PLOT + EDGE, 1.0, HPos::Left),
        };
        let path = vec![(x, px(AXIS)), (x, px(y)), (px(edge), px(y))];
        area.draw(&PathElement::new(path, stroke))?;
        let style = text_style(TEXT - 1.0, Ink::Quiet, h, VPos::Center);
        area.draw_text(
            &format!("{:.2}", ranked.rank),
            &style,
            (px(edge + 4.0 * out), px(y)),
        )?;
        let style = text_style(TEXT, Ink::Text, h, VPos::Center);
        area.draw_text(name, &style, (px(edge + DIGITS * out), px(y)))
    }

    /// Under how many others each bar stands: bars of one level do not touch.
    fn levels(&self) -> Vec<usize> {
        let mut ends: Vec<f64> = Vec::new();
        let mut levels = Vec::new();
        for (first, last) in &self.groups {
            let from = self.x(0.0, self.ranked[*first].rank);
            let free = ends.iter().position(|end| end + 12.0 < from);
            let level = free.unwrap_or_else(|| {
                ends.push(0.0);
                ends.len() - 1
            });
            ends[level] = self.x(0.0, self.ranked[*last].rank);
            levels.push(level);
        }
        levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagram(ranks: &[f64], groups: Vec<(usize, usize)>) -> RankDiagram {
        RankDiagram {
            id: "ranks".to_owned(),
            title: "Average ranks".to_owned(),
            heading: "quick: average ranks".to_owned(),
            subheading: "over 10 settings".to_owned(),
            ranked: ranks
                .iter()
                .enumerate()
                .map(|(i, rank)| AverageRank {
                    label: format!("variance_scaling(scale={i}.5 mode=fan_out distribution=normal)"),
                    ink: Ink::of(i),
                    rank: *rank,
                })
                .collect(),
            groups,
            critical_difference: 1.483,
        }
    }

    #[test]
    fn a_diagram_is_what_it_was() {
        // Four schemes in ten settings: ranks sum to 10, and Nemenyi's difference is 2.569 sqrt(20 / 60).
        let groups = vec![(0, 1), (1, 2), (2, 3)];
        let figure = diagram(&[1.2, 2.3, 2.7, 3.8], groups).draw().unwrap();
        insta::assert_snapshot!(figure.standalone());
    }

    /// Where each text of `svg` stands: left end and height, in drawing units, with the text.
    fn texts(svg: &str) -> Vec<(f64, f64, String)> {
        let number = |tag: &str, name: &str| -> f64 {
            let start = tag.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
            tag[start..].split('"').next().unwrap().parse().unwrap()
        };
        svg.split("<text ")
            .skip(1)
            .map(|part| {
                let (tag, rest) = part.split_once('>').unwrap();
                let tag = format!(" {tag}");
                let text = rest.split("</text>").next().unwrap().to_owned();
                (number(&tag, "x"), number(&tag, "y"), text)
            })
            .collect()
    }

    #[test]
    fn labels_never_overlap_however_close_the_ranks() {
        for count in [3, 7, 14, 31] {
            let ranks: Vec<f64> = (0..count).map(|i| 2.0 + 1e-3 * f64::from(i)).collect();
            let diagram = diagram(&ranks, vec![(0, count as usize - 1)]);
            let figure = diagram.draw().unwrap();
            let labels: Vec<_> = texts(&figure.standalone())
                .into_iter()
                .filter(|(.., text)| text.starts_with("variance"))
                .collect();
            assert_eq!(labels.len(), count as usize);
            for (i, a) in labels.iter().enumerate() {
                for b in &labels[..i] {
                    let apart = (a.1 - b.1).abs() >= f64::from(px(TEXT + 2.0))
                        || (a.0 - b.0).abs() > f64::from(px(PLOT));
                    assert!(apart && a.2 != b.2, "{a:?} {b:?}");
                }
            }
            assert!(
                labels
                    .iter()
                    .all(|l| l.1 < f64::from(px(f64::from(figure.height))))
            );
        }
    }

    #[test]
    fn bars_of_one_level_do_not_touch() {
        let diagram = diagram(
            &[1.0, 1.5, 2.0, 3.5, 4.5, 5.0],
            vec![(0, 1), (1, 2), (3, 4), (4, 5)],
        );
        assert_eq!(diagram.levels(), [0, 1, 0, 1]);
    }
}

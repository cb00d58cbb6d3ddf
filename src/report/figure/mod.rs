//! Figures: plain descriptions of what to draw, drawn as SVG by plotters.
//!
//! A figure knows nothing of tables. It is drawn once, with the concrete colours of the light
//! theme, which is what [`Drawing::standalone`] returns; [`Drawing::inline`] exchanges the colours
//! for CSS variables, so that the same drawing follows the page's theme.

pub mod axis;
pub mod forest;
mod frame;
pub mod heat;
pub mod histogram;
mod ink;
pub mod lines;
pub mod ranks;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::support::error::{Error, Kind, Result};
use crate::support::text::Room;

pub use ink::Ink;

/// Drawing units in a CSS pixel: plotters has whole coordinates, and whole pixels would make
/// curves ragged.
const UNIT: f64 = 8.0;

/// Height of ordinary text in CSS pixels.
pub(crate) const TEXT: f64 = 12.0;

/// A comment near the beginning of every exported figure.
pub const MADE_BY: &str = "<!-- drawn by goodinit -->";

/// A figure as SVG.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// Name of the exported file, without extension: letters, digits, `-`.
    pub id: String,
    /// What it shows, one line; the accessible name.
    pub title: String,
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    body: String,
}

/// A drawing area in units of 1/8 pixel.
pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What plotters returns; drawing into a string can't fail but for a bug.
pub(crate) type Drawn = std::result::Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// CSS pixels to drawing units.
pub(crate) fn px(pixels: f64) -> i32 {
    (pixels * UNIT).round() as i32
}

/// Text of `size` pixels in `ink`, anchored at (`h`, `v`).
pub(crate) fn text_style<'a>(size: f64, ink: Ink, h: HPos, v: VPos) -> TextStyle<'a> {
    // plotters divides the size by 1.24 when it writes SVG.
    ("sans-serif", size * UNIT * 1.24)
        .into_font()
        .color(&ink.colour())
        .pos(Pos::new(h, v))
}

/// About how wide `text` is at `size` pixels, in pixels: for room, not for alignment.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    let em = |c: char| match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | '.' | '(' | ')' | ' ' | '|' | '/' | '-' => 0.36,
        'm' | 'w' | 'M' | 'W' | '%' => 0.9,
        c if c.is_ascii_uppercase() => 0.7,
        c if c.is_ascii() => 0.58,
        _ => 1.0,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// `text` cut to about `room` pixels at `size`.
pub(crate) fn fit(text: &str, room: f64, size: f64) -> String {
    fit_all(&[text], room, size).concat()
}

/// `texts` cut to about `room` pixels each at `size`, so that texts that differ still do.
pub(crate) fn fit_all<S: AsRef<str>>(texts: &[S], room: f64, size: f64) -> Vec<String> {
    // Control characters are not allowed in XML, not even escaped.
    let printable = |text: &S| text.as_ref().replace(char::is_control, "\u{fffd}");
    let texts: Vec<String> = texts.iter().map(printable).collect();
    let measure = |text: &str| text_width(text, size);
    Room {
        size: room,
        measure: &measure,
    }
    .distinct(&texts)
}

/// `texts` as headings of panels of `width` pixels, cut so that texts that differ still do.
pub(crate) fn headings<S: AsRef<str>>(texts: &[S], width: u32) -> Vec<String> {
    fit_all(texts, f64::from(width) - 8.0, TEXT - 1.0)
}

/// Draws a figure's heading at its upper left: smaller, where that spares it from being cut.
pub(crate) fn heading(area: &Area, text: &str, room: f64) -> Drawn {
    const SIZES: [f64; 3] = [TEXT + 1.0, TEXT, TEXT - 1.0];
    let fits = |size: &f64| text_width(text, *size) <= room;
    let size = SIZES.into_iter().find(fits).unwrap_or(TEXT - 1.0);
    let style = text_style(size, Ink::Text, HPos::Left, VPos::Top);
    area.draw_text(&fit(text, room, size), &style, (px(4.0), px(4.0)))
}

impl Drawing {
    /// Draws with `draw` on a canvas of `width` x `height` CSS pixels.
    pub(crate) fn draw(
        id: &str,
        title: &str,
        (width, height): (u32, u32),
        draw: impl FnOnce(&Area) -> Drawn,
    ) -> Result<Drawing> {
        let mut svg = String::new();
        let size = (width * UNIT as u32, height * UNIT as u32);
        let drawn = {
            let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            draw(&area).and_then(|()| area.present())
        };
        drawn.map_err(|e| Error::new(Kind::Io, format!("cannot draw the figure `{title}`: {e}")))?;
        // plotters writes its own <svg ...> line, first; ours has the size in CSS pixels.
        let body = svg.split_once(">\n").map_or("", |(_, body)| body);
        let body = body.trim_end().strip_suffix("</svg>").unwrap_or(body);
        Ok(Drawing {
            id: id.to_owned(),
            title: title.to_owned(),
            width,
            height,
            body: tighten(body),
        })
    }

    /// A line with the marker of the series with `ink`, for a legend in the page.
    pub fn mark(ink: Ink) -> Result<String> {
        let figure = Drawing::draw("mark", "", (22, 12), |area| {
            let stroke = ink.colour().stroke_width(px(2.0) as u32);
            let ends = vec![(px(0.0), px(6.0)), (px(22.0), px(6.0))];
            area.draw(&PathElement::new(ends, stroke))?;
            frame::marker(area, ink, (px(11.0), px(6.0)), 3.6)
        })?;
        let (body, w, h) = (ink::themed(&figure.body), px(22.0), px(12.0));
        Ok(format!(
            "<svg class=\"mark\" aria-hidden=\"true\" viewBox=\"0 0 {w} {h}\">{body}</svg>"
        ))
    }

    /// An SVG document of its own, light, on white.
    pub fn standalone(&self) -> String {
        let back = Ink::Back.hex();
        let open = self.open("");
        let body = &self.body;
        format!("{open}{MADE_BY}\n<rect width=\"100%\" height=\"100%\" fill=\"{back}\"/>\n{body}</svg>\n")
    }

    /// The `<svg>` element for the page: colours are the page's CSS variables.
    pub fn inline(&self) -> String {
        format!(
            "{}{}</svg>",
            self.open(" class=\"figure\""),
            ink::themed(&self.body)
        )
    }

    fn open(&self, class: &str) -> String {
        let (w, h) = (self.width, self.height);
        let (vw, vh) = (px(f64::from(w)), px(f64::from(h)));
        let title = maud::html!((self.title)).into_string();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\"{class} role=\"img\" font-family=\"sans-serif\" width=\"{w}\" height=\"{h}\" \
             viewBox=\"0 0 {vw} {vh}\"><title>{title}</title>\n"
        )
    }
}

/// Takes out the line breaks that plotters puts around the words of a text, and attributes that
/// say nothing. (Words can't look like attributes: plotters escapes their quotes.)
fn tighten(svg: &str) -> String {
    let svg = svg
        .replace(" opacity=\"1\"", "")
        .replace(" font-family=\"sans-serif\"", "");
    let mut out = String::with_capacity(svg.len());
    for line in svg.lines() {
        let end = match line.starts_with("<text ") || !line.starts_with('<') {
            true => "",
            false => "\n",
        };
        out.push_str(line);
        out.push_str(end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_labels_keep_both_ends() {
        let cut = fit("variance_scaling(distribution=normal mode=fan_out)", 120.0, 12.0);
        assert!(
            cut.starts_with("variance") && cut.ends_with("fan_out)") && cut.contains('…'),
            "{cut}"
        );
        assert!(text_width(&cut, 12.0) <= 120.0);
        assert_eq!(fit("he", 120.0, 12.0), "he");
        assert_eq!(fit("a\u{0}b", 120.0, 12.0), "a\u{fffd}b");
    }

    #[test]
    fn text_in_a_figure_stays_text() {
        let figure = Drawing::draw("x", "<b>&\"'", (100, 40), |area| {
            let style = text_style(TEXT, Ink::Text, HPos::Left, VPos::Top);
            area.draw_text("<script>alert(1)</script>", &style, (0, 0))
        })
        .unwrap();
        for svg in [figure.standalone(), figure.inline()] {
            assert!(!svg.contains("<script") && !svg.contains("<b>"), "{svg}");
            assert!(
                svg.contains("&lt;script&gt;alert(1)&lt;/script&gt;</text>"),
                "{svg}"
            );
        }
        assert!(figure.inline().contains("fill=\"var(--text)\""));
        assert!(!figure.standalone().contains("var("));
    }
}

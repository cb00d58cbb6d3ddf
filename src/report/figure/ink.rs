//! Colours: named inks, each with its place in the page's themes.

use plotters::style::{Color as _, RGBAColor, RGBColor};

/// How many colours tell series apart; further ones are drawn [`Ink::Faint`].
pub const SERIES: usize = 7;

/// What a mark is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Text and axes.
    Text,
    Quiet,
    Grid,
    /// Lines of series beyond the coloured ones.
    Faint,
    /// The page behind the figure.
    Back,
    /// A series: distinct for the common kinds of colour blindness (Okabe and Ito 2008, darkened
    /// to 3:1 contrast on white), and each also has a marker of its own.
    Series(usize),
}

/// Light colour, CSS variable. No colour stands twice and none is on the heat map's scale, so
/// that exchanging text for text is safe.
const INKS: [(&str, &str); 5 + SERIES] = [
    ("#1B1B1F", "--text"),
    ("#5F6068", "--quiet"),
    ("#E1E1E6", "--grid"),
    ("#B4B4BD", "--faint"),
    ("#FFFFFE", "--back"),
    ("#0072B1", "--s0"),
    ("#D35D00", "--s1"),
    ("#00855F", "--s2"),
    ("#B0508C", "--s3"),
    ("#A87B00", "--s4"),
    ("#2F2A85", "--s5"),
    ("#3F94C9", "--s6"),
];

impl Ink {
    fn index(self) -> usize {
        match self {
            Ink::Text => 0,
            Ink::Quiet => 1,
            Ink::Grid => 2,
            Ink::Faint => 3,
            Ink::Back => 4,
            Ink::Series(i) => 5 + i % SERIES,
        }
    }

    /// `#RRGGBB` in the light theme.
    pub fn hex(self) -> &'static str {
        INKS[self.index()].0
    }

    /// `var(--...)`: the colour in the page's theme.
    pub fn variable(self) -> String {
        format!("var({})", INKS[self.index()].1)
    }

    /// The colour in the light theme.
    pub(crate) fn colour(self) -> RGBColor {
        let value = u32::from_str_radix(&self.hex()[1..], 16).unwrap_or(0);
        RGBColor((value >> 16) as u8, (value >> 8) as u8, value as u8)
    }

    /// The colour with opacity `alpha`.
    pub(crate) fn mix(self, alpha: f64) -> RGBAColor {
        self.colour().mix(alpha)
    }

    /// The ink of the series at `position` of the ranking.
    pub fn of(position: usize) -> Ink {
        if position < SERIES {
            Ink::Series(position)
        } else {
            Ink::Faint
        }
    }
}

/// Exchanges the light colours for CSS variables.
pub(super) fn themed(svg: &str) -> String {
    INKS.iter().fold(svg.to_owned(), |svg, (hex, variable)| {
        svg.replace(&format!("\"{hex}\""), &format!("\"var({variable})\""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn luminance(hex: &str) -> f64 {
        let value = u32::from_str_radix(&hex[1..], 16).unwrap();
        let channel = |shift: u32| {
            let c = f64::from((value >> shift) & 255) / 255.0;
            if c <= 0.03928 {
                c / 12.92
            } else {
                libm::pow((c + 0.055) / 1.055, 2.4)
            }
        };
        0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn inks_are_distinct() {
        let hexes: BTreeSet<_> = INKS.iter().map(|i| i.0).collect();
        assert_eq!(hexes.len(), INKS.len());
    }

    #[test]
    fn light_and_dark_colours_have_contrast() {
        let css = include_str!("../style.css");
        let dark = css.split_once("prefers-color-scheme: dark").unwrap().1;
        let value = |css: &str, variable: &str| {
            let start = css.find(&format!("{variable}:")).unwrap() + variable.len() + 1;
            css[start..].trim_start()[..7].to_owned()
        };
        let page = value(dark, "--back");
        for (hex, variable) in INKS {
            assert_eq!(value(css, variable).to_uppercase(), hex, "{variable}");
            let least = match variable {
                "--text" => 10.0,
                "--quiet" => 4.5,
                v if v.starts_with("--s") => 3.0,
                _ => continue,
            };
            assert!(contrast(hex, "#FFFFFE") >= least, "{variable} {hex} on white");
            let on_dark = value(dark, variable);
            assert!(
                contrast(&on_dark, &page) >= least,
                "{variable} {on_dark} on {page}"
            );
        }
    }
}

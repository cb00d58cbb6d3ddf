//! The figures of a report: shown in the page as they are drawn, kept for export.

use std::collections::BTreeSet;

use maud::{Markup, PreEscaped, html};

use super::figure::Drawing;
use crate::support::error::Result;

/// Figures in the order in which they were drawn.
#[derive(Debug, Default)]
pub struct FigureList {
    figures: Vec<Drawing>,
    names: BTreeSet<String>,
}

impl FigureList {
    /// Keeps a figure that is not shown in the page.
    pub fn keep(&mut self, mut figure: Drawing) {
        let base = file_name(&figure.id);
        let numbered = (2..).map(|n| format!("{base}-{n}"));
        let mut names = std::iter::once(base.clone()).chain(numbered);
        let free = names.find(|n| !self.names.contains(n)).unwrap_or(base);
        self.names.insert(free.clone());
        figure.id = free;
        self.figures.push(figure);
    }

    /// Keeps a figure and returns it for the page.
    ///
    /// # Errors
    /// The drawing failed.
    pub fn show(&mut self, figure: Result<Drawing>) -> Result<Markup> {
        let figure = figure?;
        let inline = figure.inline();
        self.keep(figure);
        Ok(html! { (PreEscaped(inline)) })
    }

    /// All figures, each with a name of its own.
    pub fn into_vec(self) -> Vec<Drawing> {
        self.figures
    }
}

/// A name that every file system takes: lower-case letters, digits and hyphens.
fn file_name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.ends_with('-') && !name.is_empty() {
            name.push('-');
        }
        if name.len() >= 80 {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() {
        "figure".to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_safe_and_distinct() {
        let figure = |id: &str| {
            let mut figure = Drawing::draw("x", "x", (10, 10), |_| Ok(())).unwrap();
            figure.id = id.to_owned();
            figure
        };
        let mut figures = FigureList::default();
        for id in [
            "../../etc/passwd",
            "a b",
            "A/B",
            "<script>",
            "..",
            &"x".repeat(300),
        ] {
            figures.keep(figure(id));
        }
        let names: Vec<String> = figures.into_vec().into_iter().map(|f| f.id).collect();
        assert_eq!(names[..5], ["etc-passwd", "a-b", "a-b-2", "script", "figure"]);
        assert_eq!(names[5].len(), 80);
    }
}

//! What the terminal can show.

use console::Term;

/// Columns used on a terminal: fewer cannot hold a table, more are hard to read.
const COLUMNS: std::ops::RangeInclusive<u16> = 40..=120;

/// How wide a text may be, and whether with emphasis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    pub width: usize,
    /// Whether escape sequences are allowed.
    pub colour: bool,
}

impl Style {
    /// For standard output: the width of the terminal (80 columns for a file or a pipe), and
    /// emphasis on a terminal unless `NO_COLOR` is set or `TERM` is `dumb`.
    pub(crate) fn detect() -> Self {
        let out = Term::stdout();
        Style {
            width: columns(&out).unwrap_or(80),
            colour: out.is_term() && !is_dumb() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        }
    }
}

/// The width of the terminal that standard error is; `None` for a file or a pipe, which may be
/// read line by line.
pub(crate) fn width_of_errors() -> Option<usize> {
    columns(&Term::stderr())
}

/// Whether a progress bar can be drawn on standard error: a terminal that can move its cursor.
pub(crate) fn can_redraw() -> bool {
    Term::stderr().is_term() && !is_dumb()
}

fn columns(term: &Term) -> Option<usize> {
    let (_, columns) = term.size_checked()?;
    Some(columns.clamp(*COLUMNS.start(), *COLUMNS.end()).into())
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// `text` in bold, if `style` allows it.
pub(crate) fn bold(text: &str, style: Style) -> String {
    match style.colour {
        true => format!("\x1b[1m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}

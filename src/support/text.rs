//! Text for people: numbers, counts, durations, lines, short names, Markdown, and what a terminal can show.
//!
//! Everything that a person reads goes through these functions, so that one kind of figure has one
//! form wherever it is shown. What programs read (tables, JSON) has the forms of its own format.

mod lines;
mod markdown;
mod numbers;
mod short;
mod terminal;

pub(crate) use lines::{entry, wrap, wrap_quoted};
pub(crate) use markdown::{markdown_cell, markdown_text};
pub(crate) use numbers::{
    counted, counted_as, duration, four_digits, grouped, hex, megabytes, order_of, short_digest,
    three_decimals, typeset,
};
pub(crate) use short::{Room, distinct_short, excerpt, visible};
pub(crate) use terminal::{Style, bold, can_redraw, width_of_errors};

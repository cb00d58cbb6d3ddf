//! Text for a terminal: width, wrapping, emphasis.

use std::io::IsTerminal as _;

use crate::run::progress::grouped;
use crate::support::text::push_words;

/// Width of the terminal that standard output is, else 100.
pub fn width() -> usize {
    comfy_table::Table::new()
        .width()
        .map_or(100, usize::from)
        .clamp(40, 200)
}

/// Width of the terminal that standard error is; `None` if it is something else, which may be
/// read line by line.
pub fn width_of_errors() -> Option<usize> {
    let mut table = comfy_table::Table::new();
    table.use_stderr();
    table.width().map(|width| usize::from(width).clamp(40, 120))
}

/// Whether standard output takes colours: a terminal, and neither `NO_COLOR` nor `TERM=dumb`.
pub fn colours() -> bool {
    let unset = |name| std::env::var_os(name).is_none_or(|v| v.is_empty());
    std::io::stdout().is_terminal()
        && unset("NO_COLOR")
        && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// `1 cell`, `2 cells`.
pub fn counted(n: u64, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(n))
}

/// `text` in bold, if `colours`.
pub fn bold(text: &str, colours: bool) -> String {
    if colours {
        format!("\x1b[1m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

/// Appends `label`, padded to `indent`, and `text` in lines of at most `width` characters (but
/// for words that are longer), the later ones indented likewise.
pub fn entry(out: &mut String, label: &str, indent: usize, text: &str, width: usize) {
    let mut column = label.chars().count();
    out.push_str(label);
    if column >= indent && column > 0 {
        out.push(' ');
        column += 1;
    }
    while column < indent {
        out.push(' ');
        column += 1;
    }
    push_words(out, text.split_whitespace(), width, indent);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_at_words_and_indented() {
        let mut out = String::new();
        entry(&mut out, "  scheme", 10, "he_normal, xavier_uniform, zeros", 26);
        assert_eq!(
            out,
            "  scheme  he_normal,\n          xavier_uniform,\n          zeros\n"
        );
        let mut out = String::new();
        entry(&mut out, "a label too long", 4, "text", 10);
        assert_eq!(out, "a label too long text\n");
    }
}

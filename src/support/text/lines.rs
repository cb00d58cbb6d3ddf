//! Lines of a certain width.

use textwrap::core::{Word, display_width};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Lines of at most `width` columns, those after the first indented. Words are never broken, so
/// that names and commands can be copied; one that is longer than a line stands on one of its own.
fn options(width: usize, indent: &str) -> Options<'_> {
    Options::new(width)
        .subsequent_indent(indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
}

/// `text` in lines of at most `width` columns, those after the first indented by `indent`. Blanks
/// before the text are kept.
pub(crate) fn wrap(text: &str, width: usize, indent: usize) -> String {
    let (words, indent) = (text.trim_start_matches(' '), " ".repeat(indent));
    let before = &text[..text.len() - words.len()];
    textwrap::fill(words, options(width, &indent).initial_indent(before))
}

/// The same behind `label`, without breaking what stands between backticks, nor a command of this
/// program behind a colon.
pub(crate) fn wrap_quoted(label: &str, text: &str, width: usize, indent: usize) -> String {
    let indent = " ".repeat(indent);
    let separate = options(width, &indent)
        .initial_indent(label)
        .word_separator(WordSeparator::Custom(quoted_words));
    textwrap::fill(text, separate)
}

/// The words of `line` with the blanks behind them. What stands between backticks is one, and so
/// is a command behind a colon, to the end.
fn quoted_words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let command = line.find(": goodinit ").map_or(line.len(), |at| at + 2);
    let (mut words, mut start, mut quoted) = (Vec::new(), 0, false);
    for (i, c) in line[..command].char_indices() {
        quoted ^= c == '`';
        if c == ' ' && !quoted {
            words.push(Word::from(&line[start..=i]));
            start = i + 1;
        }
    }
    if start < line.len() {
        words.push(Word::from(&line[start..]));
    }
    Box::new(words.into_iter())
}

/// Appends `label`, padded to `indent`, and `text` in lines of at most `width` columns, the later
/// ones indented likewise. A label that leaves no blank before `indent` has a line of its own.
pub(crate) fn entry(out: &mut String, label: &str, indent: usize, text: &str, width: usize) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let padding = " ".repeat(indent);
    let mut first = format!("{label:indent$}");
    if !label.is_empty() && display_width(label) >= indent {
        out.push_str(label);
        out.push('\n');
        first.clone_from(&padding);
    }
    let options = options(width, &padding).initial_indent(&first);
    out.push_str(&textwrap::fill(&words.join(" "), options));
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks_only() {
        assert_eq!(wrap("one two three", 8, 2), "one two\n  three");
        assert_eq!(
            wrap("    as-it-is/without/a/break x", 9, 4),
            "    as-it-is/without/a/break\n    x"
        );
    }

    #[test]
    fn an_entry_is_indented_and_a_long_label_has_its_own_line() {
        let made = |label: &str, indent, text: &str, width| {
            let mut out = String::new();
            entry(&mut out, label, indent, text, width);
            out
        };
        assert_eq!(
            made("  scheme", 10, "he_normal, xavier_uniform, zeros", 26),
            "  scheme  he_normal,\n          xavier_uniform,\n          zeros\n"
        );
        assert_eq!(
            made("a label too long", 4, "text", 10),
            "a label too long\n    text\n"
        );
    }
}

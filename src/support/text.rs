//! Text in lines of a certain width.

/// Appends `words` to the last line of `out`, a blank between them, and a new line, indented, where
/// one would become longer than `width`. Words are never broken.
pub(crate) fn push_words<'a>(
    out: &mut String,
    words: impl IntoIterator<Item = &'a str>,
    width: usize,
    indent: usize,
) {
    let mut column = out.chars().rev().take_while(|c| *c != '\n').count();
    for (i, word) in words.into_iter().enumerate() {
        let length = word.chars().count();
        if i > 0 && column + 1 + length > width {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if i > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
}

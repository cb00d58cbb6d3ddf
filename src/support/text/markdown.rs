//! Text in Markdown.

/// Markdown that fits into a cell of a table.
pub(crate) fn markdown_cell(markdown: &str) -> String {
    markdown.replace('|', "\\|").replace('<', "&lt;")
}

/// Text that Markdown shows as it stands, in a cell of a table too.
pub(crate) fn markdown_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

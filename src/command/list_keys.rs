//! `goodinit list keys`: every key of an experiment file.

use serde_json::{Value as Json, json};

use super::list::Format;
use super::{print, print_json};
use crate::experiment::keys::{KeyDoc, SECTIONS, TableDoc};
use crate::experiment::schema;
use crate::support::catalog;
use crate::support::error::{Error, Kind, Result};
use crate::support::text::{Style, bold, entry, markdown_cell};

/// The keys of an experiment file.
pub(super) fn keys(format: Format, name: Option<&str>) -> Result<()> {
    if let (Format::Schema, Some(name)) = (format, name) {
        let message = format!("a schema is that of the whole file, not of `{name}`");
        return Err(Error::new(Kind::Usage, message).help("goodinit list keys --format schema"));
    }
    let shown: Vec<&TableDoc> = match name {
        None => SECTIONS.to_vec(),
        Some(name) => {
            let found = SECTIONS.iter().find(|s| s.name == name);
            vec![found.copied().ok_or_else(|| {
                let names = SECTIONS.iter().map(|s| s.name).filter(|n| !n.is_empty());
                let message = format!("an experiment file has no table `{name}`");
                Error::new(Kind::Usage, message).help(catalog::suggest(name, names, "tables"))
            })?]
        }
    };
    match format {
        Format::Json => print_json(&shown.iter().map(|s| keys_json(s)).collect::<Vec<_>>()),
        Format::Schema => print_json(&schema::experiment()),
        Format::Markdown => print(&keys_markdown(&shown)),
        Format::Text => print(&keys_text(&shown, Style::detect())),
    }
}

fn keys_json(section: &TableDoc) -> Json {
    let key = |k: &KeyDoc| {
        let default = (!k.default.is_empty()).then_some(k.default);
        json!({ "name": k.name, "takes": k.takes, "default": default, "doc": k.doc })
    };
    let keys: Vec<Json> = section.keys.iter().map(key).collect();
    json!({ "name": section.name, "doc": section.doc, "keys": keys })
}

/// The name of a table for a heading.
fn title(section: &TableDoc) -> String {
    match section.name {
        "" => "top of the file".to_owned(),
        _ => section.title(),
    }
}

fn keys_text(sections: &[&TableDoc], style: Style) -> String {
    let mut out = String::new();
    for (i, section) in sections.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        entry(
            &mut out,
            &format!("{}:", bold(&title(section), style)),
            0,
            section.doc,
            style.width,
        );
        for key in section.keys {
            let default = match key.default {
                "" => String::new(),
                default => format!("; default {default}"),
            };
            let text = format!("{} ({}{default})", key.doc, key.takes);
            entry(&mut out, &format!("  {}", key.name), 18, &text, style.width);
        }
    }
    out
}

fn keys_markdown(sections: &[&TableDoc]) -> String {
    let mut out = String::new();
    for section in sections {
        out.push_str(&format!(
            "### `{}`\n\n{}\n\n| Key | Takes | Default | Meaning |\n| --- | --- | --- | --- |\n",
            title(section),
            section.doc
        ));
        for key in section.keys {
            out.push_str(&format!(
                "| `{}` | {} | {} | {} |\n",
                key.name,
                markdown_cell(key.takes),
                markdown_cell(key.default),
                markdown_cell(key.doc)
            ));
        }
        out.push('\n');
    }
    out
}

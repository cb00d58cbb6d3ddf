//! `goodinit list keys`: every key of an experiment file.

use serde::Serialize;

use super::list::Format;
use super::{print, print_json};
use crate::experiment::keys::{Key, SECTIONS, Section};
use crate::support::catalog;
use crate::support::error::{Error, Kind, Result};
use crate::support::text::{Style, bold, entry};

/// The keys of an experiment file.
pub(super) fn keys(format: Format, name: Option<&str>) -> Result<()> {
    let shown: Vec<&Section> = match name {
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
        Format::Json => print_json(&shown.iter().map(|s| SectionItem::new(s)).collect::<Vec<_>>()),
        Format::Markdown => print(&keys_markdown(&shown)),
        Format::Text => print(&keys_text(&shown, Style::detect())),
    }
}

#[derive(Debug, Serialize)]
struct SectionItem {
    name: &'static str,
    doc: &'static str,
    keys: Vec<KeyItem>,
}

#[derive(Debug, Serialize)]
struct KeyItem {
    name: &'static str,
    takes: &'static str,
    default: Option<&'static str>,
    doc: &'static str,
}

impl SectionItem {
    fn new(section: &Section) -> Self {
        let key = |k: &Key| KeyItem {
            name: k.name,
            takes: k.takes,
            default: (!k.default.is_empty()).then_some(k.default),
            doc: k.doc,
        };
        SectionItem {
            name: section.name,
            doc: section.doc,
            keys: section.keys.iter().map(key).collect(),
        }
    }
}

fn keys_text(sections: &[&Section], style: Style) -> String {
    let mut out = String::new();
    for (i, section) in sections.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let title = if section.name.is_empty() {
            "top of the file".to_owned()
        } else {
            section.title()
        };
        entry(
            &mut out,
            &format!("{}:", bold(&title, style)),
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

fn keys_markdown(sections: &[&Section]) -> String {
    let mut out = String::new();
    for section in sections {
        let title = if section.name.is_empty() {
            "top of the file".to_owned()
        } else {
            section.title()
        };
        out.push_str(&format!(
            "### `{title}`\n\n{}\n\n| Key | Takes | Default | Meaning |\n| --- | --- | --- | --- |\n",
            section.doc
        ));
        let cell = |text: &str| text.replace('|', "\\|").replace('<', "&lt;");
        for key in section.keys {
            out.push_str(&format!(
                "| `{}` | {} | {} | {} |\n",
                key.name,
                cell(key.takes),
                cell(key.default),
                cell(key.doc)
            ));
        }
        out.push('\n');
    }
    out
}

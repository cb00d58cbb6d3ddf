//! Labels of classes: whole numbers or words, never rounded.

use std::collections::BTreeMap;
use std::path::Path;

use super::lines::{Dialect, shown, text};
use crate::support::error::{Error, Kind, Result};

/// A class by its label. Numbers come first, in ascending order, then words in byte order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
    Number(i64),
    Word(Vec<u8>),
}

/// Whole numbers beyond this have lost digits where they were a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Label {
    /// `10`, `010`, `+10` and `10.0` are one number; what no `i64` holds exactly is a word.
    fn of(cell: &[u8], dialect: &Dialect) -> Label {
        let number = dialect.decimal_text(cell).and_then(|text| {
            let whole = match text.split_once('.') {
                Some((whole, zeros)) if zeros.bytes().all(|b| b == b'0') => whole,
                Some(_) => "",
                None => &text,
            };
            whole.parse::<i64>().ok().or_else(|| {
                let x = text.parse::<f64>().ok()?;
                let float = text.contains(['e', 'E']) && x.fract() == 0.0 && x.abs() < EXACT;
                float.then_some(x as i64)
            })
        });
        match number {
            Some(number) => Label::Number(number),
            // Text that is not UTF-8 stays as it is.
            None => match std::str::from_utf8(cell) {
                Ok(_) => Label::Word(text(cell).into_bytes()),
                Err(_) => Label::Word(cell.to_vec()),
            },
        }
    }

    fn name(&self) -> String {
        match self {
            Label::Number(n) => n.to_string(),
            Label::Word(bytes) => text(bytes),
        }
    }
}

/// The labels of a table as it grows.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// Each spelling, and its class.
    spellings: BTreeMap<Vec<u8>, u32>,
    classes: BTreeMap<Label, u32>,
    /// Each row's class, numbered in order of appearance.
    rows: Vec<u32>,
}

impl Labels {
    pub(super) fn classes(&self) -> usize {
        self.classes.len()
    }

    /// The class of the last row, by order of appearance.
    pub(super) fn last(&self) -> Option<u32> {
        self.rows.last().copied()
    }

    pub(super) fn push(&mut self, cell: &[u8], dialect: &Dialect) {
        let class = match self.spellings.get(cell) {
            Some(&class) => class,
            None => {
                let next = self.classes.len() as u32;
                let class = *self.classes.entry(Label::of(cell, dialect)).or_insert(next);
                self.spellings.insert(cell.to_vec(), class);
                class
            }
        };
        self.rows.push(class);
    }

    /// Class numbers of the rows, names of the classes, and what a person should know of them.
    pub(super) fn finish(
        self,
        path: &Path,
        dialect: &Dialect,
    ) -> Result<(Vec<u16>, Vec<String>, Vec<String>)> {
        let fraction = |label: &&Label| match label {
            Label::Number(_) => false,
            Label::Word(word) => dialect.number(word).is_some(),
        };
        let words = self
            .classes
            .keys()
            .filter(|l| matches!(l, Label::Word(_)))
            .count();
        if words > 0
            && self.classes.keys().filter(fraction).count() == words
            && let Some(Label::Word(word)) = self
                .classes
                .keys()
                .find(|l| matches!(l, Label::Word(w) if w.iter().any(|b| !b"+-0123456789".contains(b))))
        {
            let message = format!(
                "{}: the label {} is no class, which is a whole number or a word",
                path.display(),
                shown(word)
            );
            let help = "for a real-valued target set task = \"regression\"; numbers such as 1e20 have lost digits: write them out";
            return Err(Error::new(Kind::Data, message).help(help));
        }
        let mut notes = Vec::new();
        if words > 0 && words < self.classes.len() {
            let (numbers, all) = (self.classes.len() - words, self.classes.len());
            notes.push(format!(
                "{numbers} of {all} labels are numbers and the others words: numbers come first, in ascending order"
            ));
        }
        let mut order = vec![0; self.classes.len()];
        for (class, &i) in self.classes.values().enumerate() {
            order[i as usize] = class as u16;
        }
        let labels = self.rows.iter().map(|&l| order[l as usize]).collect();
        let names: Vec<String> = self.classes.keys().map(Label::name).collect();
        let foreign = |label: &&Label| matches!(label, Label::Word(w) if std::str::from_utf8(w).is_err());
        if let Some(label) = self.classes.keys().find(foreign) {
            notes.push(format!(
                "the label `{}` is not UTF-8: is the file in Latin-1? iconv -f LATIN1 -t UTF-8 OLD > NEW",
                label.name()
            ));
        }
        let mut alike: BTreeMap<String, &String> = BTreeMap::new();
        for name in &names {
            if let Some(other) = alike.insert(likeness(name), name) {
                notes.push(format!(
                    "the classes `{other}` and `{name}` are spelt almost alike: are they one?"
                ));
            }
        }
        let mut spellings: Vec<Vec<&[u8]>> = vec![Vec::new(); names.len()];
        for (spelling, &i) in &self.spellings {
            spellings[usize::from(order[i as usize])].push(spelling);
        }
        // `01` and `1` may be codes, not numbers.
        let padded = |s: &&&[u8]| s.len() > 1 && s[0] == b'0' && s[1].is_ascii_digit();
        if let Some(class) = spellings
            .iter()
            .find(|s| s.len() > 1 && s.iter().any(|s| padded(&s)))
        {
            let both: Vec<String> = class.iter().take(3).map(|s| format!("`{}`", shown(s))).collect();
            notes.push(format!(
                "the labels {} are one number, so one class",
                both.join(" and ")
            ));
        }
        Ok((labels, names, notes))
    }
}

/// What two spellings of one name have in common: letters and digits, in lower case.
fn likeness(name: &str) -> String {
    let letters: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let sign = name
        .chars()
        .filter(|c| !c.is_alphanumeric() && !c.is_whitespace() && *c != '.');
    letters.to_lowercase() + &sign.collect::<String>()
}

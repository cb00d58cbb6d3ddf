//! What the columns of a table are for. Decided once, from the keys of the experiment and the first
//! rows of the file; reading follows it and [`Schema::describe`] says it.

use std::path::{Path, PathBuf};

use super::lines::{Dialect, Record, composed, place, shown};
use crate::support::catalog::{self, Spec, Value};
use crate::support::error::{Error, Kind, Result};

/// So many rows are looked at before it is decided what the first line is.
pub(super) const SAMPLE: usize = 1000;

/// What each column is for.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) path: PathBuf,
    /// Names of the columns, where the first line has them.
    pub(super) names: Option<Vec<String>>,
    pub(super) width: usize,
    pub(super) labels: Vec<usize>,
    /// Whether a column is neither label nor ignored.
    pub(super) feature: Vec<bool>,
    pub(super) regression: bool,
    /// Whether no key says which column is the label.
    label_by_default: bool,
    /// Why the first line is, or is not, a header.
    header: String,
}

impl Schema {
    /// Decides what the columns of the file at `path` are for: `first` is its first line, `sample`
    /// the rows that follow it.
    pub(super) fn decide(
        path: &Path,
        first: &Record,
        sample: &[Record],
        dialect: &Dialect,
        spec: &Spec,
    ) -> Result<Schema> {
        let (header, why) = header(path, first, sample, dialect, spec)?;
        let mut schema = Schema {
            path: path.to_owned(),
            // `numpy.savetxt` writes names as a comment.
            names: header.then(|| {
                let mut names = first.texts();
                if let Some(name) = names.first_mut() {
                    *name = name.trim_start_matches(['#', ' ']).to_owned();
                }
                names
            }),
            width: first.len(),
            labels: Vec::new(),
            feature: vec![true; first.len()],
            regression: spec.text("task") == "regression",
            label_by_default: spec.value("label").is_none(),
            header: why,
        };
        schema.labels = match spec.value("label") {
            None => vec![schema.width.saturating_sub(1)],
            Some(Value::List(columns)) => schema.columns("label", &columns)?,
            Some(column) => schema.columns("label", &[column])?,
        };
        if schema.labels.is_empty() || (schema.labels.len() > 1 && !schema.regression) {
            let message = format!("`label` names {} columns", schema.labels.len());
            let help = "one column for classification, one or more for task = \"regression\"";
            return Err(Error::new(Kind::Experiment, message).help(help));
        }
        let ignored = match spec.value("ignore") {
            Some(Value::List(columns)) => schema.columns("ignore", &columns)?,
            _ => Vec::new(),
        };
        for &column in schema.labels.iter().chain(&ignored) {
            schema.feature[column] = false;
        }
        if !schema.feature.contains(&true) {
            let message = format!("{} has no columns left for features", path.display());
            let help = match separator(first) {
                Some(name) if schema.width == 1 => format!("are cells separated by delimiter = \"{name}\"?"),
                _ => "is `delimiter` right?".to_owned(),
            };
            return Err(Error::new(Kind::Data, message).help(help));
        }
        Ok(schema)
    }

    /// Positions of columns given by name or by number from 1.
    fn columns(&self, key: &str, columns: &[Value]) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        let wrong = |what: String| Error::new(Kind::Data, format!("{}: `{key}` {what}", self.path.display()));
        for column in columns {
            let position = match (column, &self.names) {
                (Value::Integer(n), _) => usize::try_from(*n)
                    .ok()
                    .filter(|n| (1..=self.width).contains(n))
                    .map(|n| n - 1),
                (Value::Text(name), Some(names)) => {
                    let name = &composed(name);
                    if names.iter().filter(|n| *n == name).count() > 1 {
                        let error = wrong(format!("names several columns: `{name}`"));
                        return Err(error.help("say which by its number, from 1"));
                    }
                    names.iter().position(|n| n == name)
                }
                _ => None,
            };
            let Some(position) = position else {
                let error = wrong(format!("names a column that is not there: `{column}`"));
                return Err(match (&self.names, column) {
                    (Some(names), Value::Text(name)) => {
                        let known = names.iter().map(String::as_str);
                        error.help(catalog::suggest(name, known, "columns"))
                    }
                    (None, Value::Text(_)) => {
                        error.help("the file has no header: use column numbers from 1, or header = true")
                    }
                    _ => error.help(format!("columns are numbered from 1 to {}", self.width)),
                });
            };
            if found.contains(&position) {
                return Err(wrong(format!("names the column `{column}` twice")));
            }
            found.push(position);
        }
        Ok(found)
    }

    /// A complaint about one cell.
    pub(super) fn complain(&self, path: &Path, record: &Record, column: usize, what: &str) -> Error {
        let name = self.names.as_ref().and_then(|n| n.get(column));
        Error::new(
            Kind::Data,
            format!("{}: {what}", place(path, record.line, column, name)),
        )
    }

    /// A column as a person calls it: `column 3 (petal)`.
    pub(super) fn column(&self, column: usize) -> String {
        match self.name(column) {
            Some("") => format!("column {} (without a name)", column + 1),
            Some(name) => format!("column {} (`{}`)", column + 1, shown(name.as_bytes())),
            None => format!("column {}", column + 1),
        }
    }

    /// The name of a column, where the first line has names.
    pub(super) fn name(&self, column: usize) -> Option<&str> {
        let names = self.names.as_ref()?;
        names.get(column).map(String::as_str)
    }

    /// Whether a row is the line of names again, as where files with headers were put together.
    pub(super) fn is_header_again(&self, record: &Record) -> bool {
        let names = self.names.iter().flatten();
        self.names.is_some()
            && record
                .cells()
                .zip(names)
                .all(|(cell, name)| cell == name.as_bytes())
    }

    /// Whether all names are numbers, so that a sample may look like them.
    pub(super) fn names_are_numbers(&self, dialect: &Dialect) -> bool {
        let mut names = self.names.iter().flatten();
        names.all(|name| dialect.number(name.as_bytes()).is_some())
    }

    /// How the file is read, a line each.
    pub(super) fn describe(&self, dialect: &Dialect) -> Vec<String> {
        let list = |columns: &[usize]| {
            let columns: Vec<String> = columns.iter().map(|&c| self.column(c)).collect();
            columns.join(", ")
        };
        let ignored: Vec<usize> = (0..self.width)
            .filter(|c| !self.feature[*c] && !self.labels.contains(c))
            .collect();
        let mut lines = vec![
            format!("{} columns, separated by {}", self.width, dialect.delimiter()),
            self.header.clone(),
            format!(
                "{}: {}{}",
                if self.regression { "targets" } else { "label" },
                list(&self.labels),
                if self.label_by_default {
                    ", the last, since `label` is not given"
                } else {
                    ""
                }
            ),
        ];
        if !ignored.is_empty() {
            lines.push(format!("ignored: {}", list(&ignored)));
        }
        lines
    }

    /// What a person may not have meant; `counting` are the columns that count the rows.
    pub(super) fn doubts(&self, counting: &[usize]) -> Vec<String> {
        let mut doubts = Vec::new();
        if self.label_by_default {
            let what = if self.regression { "target" } else { "label" };
            doubts.push(format!(
                "{} is the {what}, since it is the last and `label` is not given",
                self.column(self.labels[0])
            ));
        }
        for column in (0..self.width).filter(|c| self.feature[*c]) {
            let lower = self.name(column).map(str::to_lowercase);
            let called = lower.is_some_and(|name| {
                name.starts_with("unnamed:")
                    || [
                        "", "index", "id", "idx", "row", "rowid", "row_id", "rownames", "x.1",
                    ]
                    .contains(&name.as_str())
            });
            let does = match (counting.contains(&column), called) {
                (true, _) => "counts the rows",
                (false, true) => "is a feature",
                (false, false) => continue,
            };
            doubts.push(format!(
                "{} {does}: an index? ignore = [{}]",
                self.column(column),
                column + 1
            ));
        }
        if let Some(names) = &self.names {
            let again = |i: &usize| !names[*i].is_empty() && names[..*i].contains(&names[*i]);
            if let Some(i) = (0..names.len()).find(again) {
                doubts.push(format!(
                    "two columns have the name `{}`",
                    shown(names[i].as_bytes())
                ));
            }
        }
        doubts
    }
}

/// The separator of a line that `delimiter` left in one piece.
fn separator(first: &Record) -> Option<&'static str> {
    let cell = first.get(0);
    let found = [
        (b';', ";"),
        (b'\t', "tab"),
        (b'|', "|"),
        (b',', ","),
        (b' ', "whitespace"),
    ];
    found
        .iter()
        .find(|(byte, _)| cell.contains(byte))
        .map(|(_, name)| *name)
}

/// A number on the first line, and the values below it.
struct Below {
    x: f64,
    least: f64,
    greatest: f64,
    whole: bool,
}

impl Below {
    fn holds(&self) -> bool {
        (self.least..=self.greatest).contains(&self.x)
    }

    /// Whether the number is no value of its column by more than twice the column's range.
    fn is_far(&self) -> bool {
        let reach = 2.0 * (self.greatest - self.least);
        self.x > self.greatest + reach || self.x < self.least - reach
    }
}

/// Whether the first line names the columns, and how that is known.
///
/// A word over a column of numbers is a name. Numbers are names where they count (0, 1, 2, ..) over
/// columns of other numbers, or climb far from the values below them (years, wavelengths).
///
/// # Errors
/// It cannot be told.
pub(super) fn header(
    path: &Path,
    first: &Record,
    sample: &[Record],
    dialect: &Dialect,
    spec: &Spec,
) -> Result<(bool, String)> {
    if let Some(Value::Flag(flag)) = spec.value("header") {
        return Ok((
            flag,
            format!(
                "line {} {} names, since header = {flag}",
                first.line,
                if flag { "has" } else { "has no" }
            ),
        ));
    }
    let yes = |why: String| Ok((true, format!("line {} has names: {why}", first.line)));
    let no = |why: &str| Ok((false, format!("line {} is a sample: {why}", first.line)));
    let unclear = |why: String| {
        let message = format!(
            "{}, line {}: are these names of columns or a sample? {why}",
            path.display(),
            first.line
        );
        Err(Error::new(Kind::Data, message).help("header = true for names, header = false for a sample"))
    };
    if sample.is_empty() {
        return match first.cells().any(|cell| dialect.number(cell).is_some()) {
            true => no("it has numbers"),
            false => yes("it has no numbers".to_owned()),
        };
    }
    let (mut words, mut below, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    let (mut over_words, mut new_word) = (None, None);
    for column in 0..first.len() {
        let cell = first.get(column);
        let known = || {
            sample
                .iter()
                .map(|r| r.get(column))
                .filter(|c| !dialect.is_missing(c))
        };
        let values: Option<Vec<f64>> = known().map(|c| dialect.number(c)).collect();
        let x = dialect.number(cell);
        numbers.extend(x);
        match (values, x) {
            (Some(values), None) if !values.is_empty() && !dialect.is_missing(cell) => words.push(column),
            (Some(values), Some(x)) if !values.is_empty() => below.push(Below {
                x,
                least: values.iter().copied().fold(f64::INFINITY, f64::min),
                greatest: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                whole: values.iter().all(|v| v.fract() == 0.0),
            }),
            (None, Some(_)) if known().all(|c| dialect.number(c).is_none()) => over_words = Some(column),
            (None, None) if !known().any(|c| c == cell) => {
                let mut different: Vec<&[u8]> = known().collect();
                different.sort_unstable();
                different.dedup();
                if sample.len() >= 5 && different.len() * 2 <= sample.len() {
                    new_word = Some(column);
                }
            }
            _ => {}
        }
    }
    let quoted = |column: usize| format!("`{}` in column {}", shown(first.get(column)), column + 1);
    let steady = |x: &[f64]| x.len() >= 3 && x.windows(3).all(|w| w[1] != w[0] && w[2] - w[1] == w[1] - w[0]);
    let climbs = numbers.len() >= 3 && numbers.windows(2).all(|w| w[0] < w[1]);
    let inside = below.iter().filter(|b| b.holds()).count();
    let all_far = !below.is_empty() && below.iter().all(Below::is_far);
    if let Some(&word) = words.first() {
        return if below.len() > words.len() && 2 * inside > below.len() && !steady(&numbers) {
            unclear(format!(
                "{} is no number, but most others are like the values below them",
                quoted(word)
            ))
        } else {
            yes(format!("{} stands over numbers", quoted(word)))
        };
    }
    if steady(&numbers) {
        let second: Vec<f64> = sample[0].cells().filter_map(|c| dialect.number(c)).collect();
        let counts = numbers[1] - numbers[0] == 1.0 && (numbers[0] == 0.0 || numbers[0] == 1.0);
        let fractions = below.iter().any(|b| !b.whole);
        return if steady(&second) && second.len() == numbers.len() {
            no("the next line goes on like it")
        } else if (counts && fractions) || all_far || over_words.is_some() {
            yes(format!(
                "its numbers count from {} in steps of {}",
                numbers[0],
                numbers[1] - numbers[0]
            ))
        } else {
            unclear(format!(
                "its numbers count from {} in steps of {}",
                numbers[0],
                numbers[1] - numbers[0]
            ))
        };
    }
    if climbs && all_far && sample.len() >= 3 {
        return yes("its numbers climb far from the values below them".to_owned());
    }
    if below.len() >= 3 && all_far && sample.len() >= 5 {
        return unclear("its numbers are far from all values below them".to_owned());
    }
    if let Some(column) = over_words.filter(|_| sample.len() >= 3) {
        return unclear(format!("{} is a number over words", quoted(column)));
    }
    if let Some(column) = new_word.filter(|_| below.len() < 3) {
        return unclear(format!(
            "{} is a word that no other line has there",
            quoted(column)
        ));
    }
    if numbers.is_empty() {
        return yes("it has no numbers".to_owned());
    }
    no("its numbers are like the values below them")
}

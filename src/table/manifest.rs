//! `manifest.toml`: which experiment, data and arithmetic a results directory comes from.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use sha2::{Digest as _, Sha256};

use crate::support::error::{Error, Kind, Result};

use crate::support::text::hex;
use crate::table::format;
use crate::table::source::Source;

/// Defines the tables of a manifest: each field is a key, and its doc is what [`KEYS`] says of it.
macro_rules! manifest {
    ($(
        $prefix:literal
        $(#[doc = $about:literal])*
        pub struct $Table:ident {
            $($(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])? pub $field:ident: $kind:ty,)*
        }
    )*) => {
        $(
            $(#[doc = $about])*
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $Table {
                $($(#[doc = $doc])* $(#[serde($($serde)*)])? pub $field: $kind,)*
            }
        )*

        /// The keys of a manifest and what they hold.
        pub(crate) const KEYS: &[(&str, &str)] = &[
            $($((concat!($prefix, stringify!($field)), concat!($($doc),*).trim_ascii()),)*)*
        ];
    };
}

manifest! {
    ""
    /// The manifest of a results directory. Deterministic but for `commit`.
    pub struct Manifest {
        /// Version of the tables' layout: columns, their order, their meaning.
        pub format_version: u32,
        /// Version of the arithmetic. Equal versions, experiments and data give equal bytes of what is
        /// trained.
        pub numerics_version: u32,
        /// Version of what is made of trials: `summary.csv`, rankings, verdicts; 1 where it is missing.
        #[serde(default = "first_version")]
        pub statistics_version: u32,
        /// Name of the experiment.
        pub name: String,
        /// SHA-256 of what decides the tables (`Experiment::digest`), in hexadecimal.
        pub experiment_digest: String,
        /// The program's commit, where it is known; the one key that may differ between equal results.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub commit: Option<String>,
        /// Rows of `trials.csv`.
        pub trials: u64,
        /// The experiment file as it was run, with every `--set` applied and with its claims: the
        /// directory is enough to check it or to run it again.
        pub experiment: String,
        /// The datasets, sorted by name.
        #[serde(default)]
        pub dataset: Vec<DatasetEntry>,
        /// The files that schemes read weights from, sorted by path.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub source: Vec<SourceEntry>,
        /// By file name, SHA-256 of each table of training as it was written; line ends count as `\n`.
        /// Results of earlier programs have none.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub tables: BTreeMap<String, String>,
    }

    "dataset."
    /// A dataset that the trials were trained on.
    pub struct DatasetEntry {
        /// Its text in the column `dataset`.
        pub name: String,
        /// SHA-256 of its samples and labels, in hexadecimal.
        pub digest: String,
        /// Samples in all.
        pub samples: u64,
        /// Numbers per sample.
        pub inputs: u32,
        /// Classes; missing for regression.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub classes: Option<u32>,
        /// How a file that the user brought was read, a line each: separator, header, label; missing
        /// for other datasets.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub reading: Vec<String>,
    }

    "source."
    /// A file that a scheme read weights from.
    pub struct SourceEntry {
        /// Its path in the experiment.
        pub path: String,
        /// SHA-256 of its content, in hexadecimal; part of `experiment_digest` too.
        pub digest: String,
    }
}

/// SHA-256 of a text, taken in parts. Line ends count as `\n`, so that what git or an editor makes of
/// them changes nothing.
#[derive(Debug, Clone, Default)]
pub struct TextDigest {
    hash: Sha256,
    /// Whether the last byte was a `\r`, which may begin a line end.
    after_return: bool,
}

impl TextDigest {
    /// Takes the next part.
    pub fn update(&mut self, mut part: &[u8]) {
        while let Some(&first) = part.first() {
            if std::mem::take(&mut self.after_return) && first != b'\n' {
                self.hash.update(b"\r");
            }
            let end = part.iter().position(|b| *b == b'\r').unwrap_or(part.len());
            self.hash.update(&part[..end]);
            self.after_return = end < part.len();
            part = part.get(end + 1..).unwrap_or_default();
        }
    }

    /// The digest of all parts, in hexadecimal.
    pub fn finish(mut self) -> String {
        if self.after_return {
            self.hash.update(b"\r");
        }
        hex(&self.hash.finalize())
    }
}

fn first_version() -> u32 {
    1
}

impl Manifest {
    /// The text of `manifest.toml`.
    ///
    /// # Errors
    /// Never for a manifest with a name and experiment that are text.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string_pretty(self)
            .map_err(|e| Error::new(Kind::Store, format!("cannot write {}: {e}", format::MANIFEST)))
    }

    /// Reads the text of a manifest; `path` is where it comes from.
    ///
    /// # Errors
    /// It is not a manifest, or of a later format than this program knows.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        // Git or an editor may have changed the line ends; the experiment's text keeps its own.
        let text = &text.replace("\r\n", "\n");
        let wrong = |e: toml::de::Error| {
            let span = e.span().unwrap_or(0..0);
            Error::new(Kind::Store, "not a manifest of results").at(path, text, span, e.message())
        };
        let version = toml::from_str::<Version>(text).map_err(wrong)?.format_version;
        if version != format::FORMAT_VERSION {
            let message = format!(
                "{} has format_version {version}; this program reads {}",
                path.display(),
                format::FORMAT_VERSION
            );
            let help = if version > format::FORMAT_VERSION {
                "a later goodinit wrote it: use that one, or run the experiment again"
            } else {
                "an earlier goodinit wrote it: run the experiment again"
            };
            return Err(Error::new(Kind::Store, message).help(help));
        }
        toml::from_str(text).map_err(wrong)
    }

    /// Reads `manifest.toml` in `source`; `None` if there is none, as beside a single table.
    ///
    /// # Errors
    /// It cannot be read, is not a manifest, or the tables beside it are being replaced.
    pub fn read(source: &Source) -> Result<Option<Self>> {
        if !source.is_directory() {
            return Ok(None);
        }
        let path = source.name_of(format::MANIFEST);
        let text = source.text(format::MANIFEST)?;
        text.map(|text| Manifest::parse(path.as_ref(), &text)).transpose()
    }

    /// As [`Manifest::read`], where there must be one.
    ///
    /// # Errors
    /// As for [`Manifest::read`], or there is none.
    pub fn require(source: &Source) -> Result<Self> {
        Manifest::read(source)?.ok_or_else(|| Manifest::missing(source))
    }

    /// As [`Manifest::require`], of the directory `dir`.
    ///
    /// # Errors
    /// As for [`Manifest::require`].
    pub fn load(dir: &Path) -> Result<Self> {
        Manifest::require(&Source::Directory(dir.to_owned()))
    }

    /// The error where `source` has no manifest.
    pub(crate) fn missing(source: &Source) -> Error {
        let message = match source {
            Source::Directory(dir) if !dir.is_dir() => format!("there is no directory {source}"),
            _ => format!("{source} holds no {}", format::MANIFEST),
        };
        let error = Error::new(Kind::Store, message);
        error.help("a results directory is needed: `goodinit grid EXPERIMENT` makes one")
    }

    /// Whether tables of the one may stand beside tables of the other: experiment, data and
    /// arithmetic are equal.
    pub fn is_of_the_same(&self, other: &Manifest) -> bool {
        let key = |m: &Manifest| (m.experiment_digest.clone(), m.numerics_version, m.dataset.clone());
        key(self) == key(other)
    }

    /// The first of `tables` in `source`, beside this manifest, that is there and is not as it was
    /// written, by its full name. A table without a digest counts as it is.
    ///
    /// # Errors
    /// A table cannot be read.
    pub fn edited(&self, source: &Source, tables: &[&str]) -> Result<Option<String>> {
        for (table, written) in self
            .tables
            .iter()
            .filter(|(name, _)| tables.contains(&name.as_str()))
        {
            let Some(mut bytes) = source.open(table)? else {
                continue;
            };
            let (mut digest, mut buffer) = (TextDigest::default(), vec![0; 1 << 16]);
            loop {
                match bytes.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(n) => digest.update(&buffer[..n]),
                    Err(e) => {
                        let message = format!("cannot read {}: {e}", source.name_of(table));
                        return Err(Error::new(Kind::Io, message));
                    }
                }
            }
            if digest.finish() != *written {
                return Ok(Some(source.name_of(table)));
            }
        }
        Ok(None)
    }

    /// Checks that the table of trials beside this manifest, `name`, has as many rows as it lists.
    ///
    /// # Errors
    /// It has not.
    pub(crate) fn check_rows(&self, rows: u64, name: &str) -> Result<()> {
        if rows == self.trials {
            return Ok(());
        }
        let message = format!(
            "{name} has {rows} rows, but its {} lists {}",
            format::MANIFEST,
            self.trials
        );
        Err(Error::new(Kind::Store, message))
    }

    /// Name and digest of each dataset.
    pub fn digests(&self) -> Vec<(String, String)> {
        let entries = self.dataset.iter();
        entries.map(|d| (d.name.clone(), d.digest.clone())).collect()
    }

    /// Accuracy of guessing on `dataset`: one over its classes. `None` for regression, and for a
    /// dataset that is not listed.
    pub fn chance(&self, dataset: &str) -> Option<f64> {
        let entry = self.dataset.iter().find(|d| d.name == dataset)?;
        Some(1.0 / f64::from(entry.classes?.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            format_version: format::FORMAT_VERSION,
            numerics_version: 1,
            statistics_version: 2,
            name: "quick".into(),
            experiment_digest: "ab".repeat(32),
            commit: None,
            tables: Default::default(),
            trials: 60,
            experiment: "name = \"quick\"\n[grid]\nscheme = [\"zeros\"]\n".into(),
            dataset: vec![DatasetEntry {
                name: "digits".into(),
                digest: "cd".repeat(32),
                samples: 1797,
                inputs: 64,
                classes: Some(10),
                reading: Vec::new(),
            }],
            source: Vec::new(),
        }
    }

    #[test]
    fn it_reads_back_and_shows_the_experiment_as_lines() {
        let text = manifest().to_toml().unwrap();
        assert!(text.contains("\n[grid]\n"), "{text}");
        let back = Manifest::parse(Path::new("manifest.toml"), &text).unwrap();
        assert_eq!(back, manifest());
        assert_eq!(back.chance("digits"), Some(0.1));
        assert_eq!(back.chance("mnist"), None);
        let windows = text.replace('\n', "\r\n");
        assert_eq!(Manifest::parse(Path::new("m"), &windows).unwrap(), back);
    }

    #[test]
    fn its_keys_are_those_that_are_listed() {
        let full = Manifest {
            commit: Some("0".repeat(40)),
            dataset: vec![DatasetEntry {
                reading: vec!["separated by `,`".into()],
                ..manifest().dataset[0].clone()
            }],
            source: vec![SourceEntry {
                path: "w.safetensors".into(),
                digest: String::new(),
            }],
            tables: BTreeMap::from([("trials.csv".into(), String::new())]),
            ..manifest()
        };
        let table: toml::Table = full.to_toml().unwrap().parse().unwrap();
        let mut keys: Vec<String> = table.keys().cloned().collect();
        for (key, value) in &table {
            if let toml::Value::Array(entries) = value {
                let entry = entries[0].as_table().unwrap();
                keys.extend(entry.keys().map(|inner| format!("{key}.{inner}")));
            }
        }
        keys.sort();
        let mut listed: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
        listed.sort_unstable();
        assert_eq!(keys, listed);
    }

    #[test]
    fn a_digest_sees_text_and_not_line_ends_nor_parts() {
        let digest = |parts: &[&str]| {
            let mut digest = TextDigest::default();
            parts.iter().for_each(|part| digest.update(part.as_bytes()));
            digest.finish()
        };
        let plain = digest(&["a,b\n1,2\n"]);
        assert_eq!(plain, digest(&["a,b\r", "\n1,", "2\r\n"]));
        for other in [
            "a,b\n1,2",
            "a,b\n1,3\n",
            "a,b\r1,2\n",
            "a,b\r\r\n1,2\n",
            "a,b\n1,2\n\r",
        ] {
            assert_ne!(plain, digest(&[other]), "{other:?}");
        }
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(&[]), empty);
    }

    #[test]
    fn an_experiment_text_with_any_quotes_survives() {
        let mut m = manifest();
        m.experiment = "a = '''x'''\nb = \"\"\"y\"\"\"\\n\u{7f}\r\nend".into();
        let back = Manifest::parse(Path::new("m"), &m.to_toml().unwrap()).unwrap();
        assert_eq!(back.experiment, m.experiment);
    }

    #[test]
    fn other_versions_and_files_are_refused_with_the_reason() {
        let later = manifest()
            .to_toml()
            .unwrap()
            .replace("format_version = 1", "format_version = 9\nnew = 1");
        let error = Manifest::parse(Path::new("r/manifest.toml"), &later)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("format_version 9") && error.contains("later goodinit"),
            "{error}"
        );
        let error =
            Manifest::parse(Path::new("r/manifest.toml"), "format_version = 1\nnmae = 2\n").unwrap_err();
        assert!(error.to_string().contains("r/manifest.toml:"), "{error}");
    }
}

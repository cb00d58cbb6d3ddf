//! How much memory a dataset takes, known before it is read, and how much there is.

use std::path::{Path, PathBuf};

use super::csv;
use super::file::DataFile;
use super::{DataSpec, Environment, idx};
use crate::support::catalog::Value;
use crate::support::error::Result;
use crate::support::memory;

/// About how many bytes of memory the samples of `spec` take once they are read; nothing if the
/// files cannot be looked at.
pub fn estimated_bytes(spec: &DataSpec, _: &Environment) -> Option<u64> {
    let source = &spec.source;
    let item = spec.item();
    if !item.files.is_empty() {
        return Some(item.files.iter().map(|f| f.unpacked_bytes).sum());
    }
    match source.name() {
        "csv" => {
            let paths = ["path", "test_path"].map(|key| source.value(key));
            let open = |value| match value {
                // A pipe gives its bytes once.
                Some(Value::Text(path)) if Path::new(&path).is_file() => {
                    DataFile::open(&PathBuf::from(path)).ok()
                }
                _ => None,
            };
            let parts = paths.into_iter().filter_map(open);
            parts
                .map(|part| csv::estimated_values(part, source))
                .sum::<Option<u64>>()
                .map(|n| n.saturating_mul(8))
        }
        "idx" => idx::estimated_bytes(source),
        generated => {
            let size = |key| source.integer(key).max(1) as u64;
            let (features, bytes) = match generated {
                "spirals" => (2, 8),
                "abs" => (1, 4),
                // Bytes; and the 19 % that are not zero once more, in rows without zeros.
                "mnist-like" => (784, 784 + 784 * 6 * 19 / 100),
                _ => {
                    let features = size("features");
                    (features, 4 * features)
                }
            };
            let targets = match generated {
                "abs" => Some(1),
                "teacher" if source.text("task") == "regression" => Some(source.integer("outputs") as u64),
                _ => None,
            };
            // What the generator draws first: centres of classes, the teacher's weights.
            let drawn = match generated {
                "gaussian-mixture" => features.saturating_mul(size("class_count")),
                "teacher" => size("width").saturating_mul(features + size("outputs")),
                _ => 0,
            };
            // Targets as they were made and as they are trained on, and a number for the division.
            let besides = targets.map_or(2 * 2, |outputs| 2 * 8 * outputs) + 4;
            let rows = size("rows");
            // The generator itself refuses more values than it can number.
            (rows.saturating_mul(features) <= 1 << 31)
                .then(|| rows * (bytes + besides) + drawn.saturating_mul(8))
        }
    }
}

/// Checks that `bytes` of samples fit into the memory that this process may still take.
///
/// # Errors
/// They do not; the message has both figures.
pub(crate) fn check(bytes: u64) -> Result<()> {
    let help = "use fewer rows or features, or a machine with more memory";
    memory::check(bytes, memory::available(), "the data", help)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn bytes(keys: &[(&str, Value)]) -> Option<u64> {
        let table: BTreeMap<String, Value> = keys.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        estimated_bytes(
            &DataSpec::parse(&Value::Table(table)).unwrap(),
            &Environment::default(),
        )
    }

    #[test]
    fn sizes_are_known_before_anything_is_read() {
        let text = |t: &str| Value::Text(t.to_owned());
        assert_eq!(bytes(&[("kind", text("mnist"))]), Some(54_950_048));
        let rows = ("rows", Value::Integer(1000));
        assert_eq!(
            bytes(&[
                ("kind", text("gaussian-mixture")),
                rows.clone(),
                ("features", Value::Integer(8))
            ]),
            // Four classes' centres in f64.
            Some(1000 * (8 * 4 + 8) + 4 * 8 * 8)
        );
        let teacher =
            [("features", 1), ("width", 100_000), ("outputs", 65_535)].map(|(k, n)| (k, Value::Integer(n)));
        let kind = ("kind", text("teacher"));
        let about = bytes(&[&[kind, rows.clone()], &teacher[..]].concat()).unwrap();
        assert!((52_000_000_000..53_000_000_000).contains(&about), "{about}");
        assert_eq!(
            bytes(&[("kind", text("mnist-like")), rows.clone()]),
            Some(1000 * (784 + 893 + 8))
        );
        assert_eq!(bytes(&[("kind", text("abs")), rows]), Some(1000 * (4 + 20)));
        assert_eq!(
            bytes(&[("kind", text("csv")), ("path", text("nowhere.csv"))]),
            Some(0)
        );
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        std::fs::write(&path, "1.25,2.5,0\n".repeat(5000)).unwrap();
        let about = bytes(&[("kind", text("csv")), ("path", text(path.to_str().unwrap()))]).unwrap();
        assert!((110_000..=130_000).contains(&about), "{about}");
        let write = |name: &str, header: &[u8], n: usize| {
            std::fs::write(dir.path().join(name), [header, &vec![0; n]].concat()).unwrap();
        };
        write(
            "train-images-idx3-ubyte",
            &[0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 3],
            30,
        );
        write("train-labels-idx1-ubyte", &[0, 0, 8, 1, 0, 0, 0, 5], 5);
        let path = dir.path().to_str().unwrap();
        assert_eq!(bytes(&[("kind", text("idx")), ("path", text(path))]), Some(35));
    }
}

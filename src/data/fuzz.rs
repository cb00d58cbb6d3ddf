//! Readers of data files on bytes, for [`crate::fuzz`].

use std::collections::BTreeMap;
use std::path::Path;

use super::file::DataFile;
use super::idx::{Pair, join};
use super::{Dataset, csv};
use crate::support::catalog::Value;
use crate::support::error::Result;

fn source(bytes: &[u8]) -> Result<DataFile> {
    DataFile::from_bytes(Path::new("a-file"), bytes.to_vec())
}

/// A CSV file, its columns told by the reader.
pub(crate) fn csv(bytes: &[u8]) -> Result<Dataset> {
    let given = BTreeMap::from([("path".to_owned(), Value::Text("a-file".into()))]);
    csv::read(source(bytes)?, None, &csv::ITEM.entry.resolve(given)?)
}

/// The two files of an IDX dataset.
pub(crate) fn idx(images: &[u8], labels: &[u8]) -> Result<Dataset> {
    join("idx", Pair::open(source(images)?, source(labels)?)?, None, false)
}

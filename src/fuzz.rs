//! What the fuzz targets in `fuzz/` run: everything that reads a file, on bytes. Compiled only with
//! `--cfg fuzzing`, which cargo-fuzz sets.
//!
//! Whatever the bytes are, reading ends in a value or in an error with a message; a panic, a hang or
//! memory that the bytes do not account for is a finding.

use std::path::Path;

use crate::data;
use crate::experiment::Experiment;
use crate::init::{Registry, checkpoint};
use crate::run::journal::Journal;
use crate::support::error::Result;

/// The value, or `None` for an error that has a message.
fn value<T>(result: Result<T>) -> Option<T> {
    result
        .inspect_err(|error| assert!(!error.message().is_empty()))
        .ok()
}

/// An experiment file. What the program writes down of it (the manifest quotes that) means the same.
pub fn toml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let parse = |text: &str| {
        let none: [&str; 0] = [];
        Experiment::parse(Path::new("x.toml"), text, &none, &Registry::standard())
    };
    if let Some(experiment) = value(parse(text)) {
        let again = parse(experiment.resolved()).expect("what was resolved is a valid file");
        assert_eq!(again.digest(), experiment.digest());
    }
}

/// A CSV file, plain or gzipped.
pub fn csv(bytes: &[u8]) {
    value(data::fuzz::csv(bytes));
}

/// Two IDX files, plain or gzipped: two bytes (big-endian) that say how long the file of images is,
/// that file, the file of labels.
pub fn idx(bytes: &[u8]) {
    let Some((length, bytes)) = bytes.split_first_chunk() else {
        return;
    };
    let length = usize::from(u16::from_be_bytes(*length));
    if let Some((images, labels)) = bytes.split_at_checked(length) {
        value(data::fuzz::idx(images, labels));
    }
}

/// A journal: every record that a scan finds can be read.
pub fn journal(bytes: &[u8]) {
    let path = std::env::temp_dir().join(format!("goodinit-fuzz-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("the directory for temporary files takes files");
    if let Some(mut journal) = value(Journal::open(&path, false)) {
        let mut found = Vec::new();
        value(journal.scan(|_, location| found.push(location)));
        for location in found {
            value(journal.read(location));
        }
    }
}

/// A safetensors file of weights, all layers or the named ones.
pub fn safetensors(bytes: &[u8]) {
    value(checkpoint::decode(bytes, &[]));
    value(checkpoint::decode(bytes, &["fc1".to_owned(), "fc2".to_owned()]));
}

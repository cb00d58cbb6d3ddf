//! Mutated files: whatever the bytes are, reading ends in a dataset or in an error that names the
//! file, never in a panic or in memory that the file does not account for.
//!
//! `cargo test --release --lib mutation -- --ignored` runs 10,000 mutations of each format.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::data::file::DataFile;
use crate::data::idx::tests::{file, gzip};
use crate::data::idx::{Pair, join};
use crate::data::{Dataset, csv};
use crate::support::catalog::Value;
use crate::support::error::Result;

/// One change of a file.
#[derive(Debug, Clone)]
enum Mutation {
    Truncate(prop::sample::Index),
    Replace(prop::sample::Index, u8),
    Flip(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    /// Overwrites four bytes of the first sixteen, where headers live, with an extreme number.
    Header(usize, u32),
    Double,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    use prop::sample::Index;
    prop_oneof![
        any::<Index>().prop_map(Mutation::Truncate),
        (any::<Index>(), any::<u8>()).prop_map(|(i, b)| Mutation::Replace(i, b)),
        (any::<Index>(), 0u8..8).prop_map(|(i, b)| Mutation::Flip(i, b)),
        (any::<Index>(), prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(i, v)| Mutation::Insert(i, v)),
        (any::<Index>(), 1usize..40).prop_map(|(i, n)| Mutation::Remove(i, n)),
        (
            0usize..13,
            prop_oneof![Just(u32::MAX), Just(0x7fff_ffff), Just(0), any::<u32>()]
        )
            .prop_map(|(i, x)| Mutation::Header(i, x)),
        Just(Mutation::Double),
    ]
}

fn mutate(mut bytes: Vec<u8>, mutations: &[Mutation]) -> Vec<u8> {
    for mutation in mutations {
        let n = bytes.len();
        match mutation {
            _ if n == 0 => break,
            Mutation::Truncate(i) => bytes.truncate(i.index(n)),
            Mutation::Replace(i, b) => bytes[i.index(n)] = *b,
            Mutation::Flip(i, bit) => bytes[i.index(n)] ^= 1 << bit,
            Mutation::Insert(i, more) => {
                let at = i.index(n);
                bytes.splice(at..at, more.iter().copied());
            }
            Mutation::Remove(i, count) => {
                let at = i.index(n);
                bytes.drain(at..(at + count).min(n));
            }
            Mutation::Header(at, x) => {
                let x = x.to_be_bytes();
                bytes.iter_mut().skip(*at).zip(x).for_each(|(b, x)| *b = x);
            }
            Mutation::Double => bytes.extend_from_within(..),
        }
    }
    bytes
}

fn check(result: Result<Dataset>, name: &str) -> std::result::Result<(), TestCaseError> {
    match result {
        Ok(data) => {
            prop_assert_eq!(data.features.len(), data.rows * data.cols);
            prop_assert!(data.features.len() < 1 << 20);
        }
        Err(error) => {
            let text = error.to_string();
            prop_assert!(text.contains(name), "no file named: {text}");
        }
    }
    Ok(())
}

fn run(cases: u32, read: impl Fn(&[Mutation]) -> Result<Dataset>, name: &str) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    // A fixed seed: a test that passes passes again.
    let mut runner = TestRunner::new_with_rng(
        config,
        prop::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    let strategy = prop::collection::vec(mutation(), 1..4);
    runner
        .run(&strategy, |mutations| check(read(&mutations), name))
        .unwrap();
}

fn source(name: &str, bytes: Vec<u8>) -> Result<DataFile> {
    DataFile::from_bytes(Path::new(name), bytes)
}

fn mutate_idx(cases: u32, zip: bool) {
    let pixels: Vec<u8> = (0..20u32 * 6 * 5).map(|i| (i * i % 251) as u8).collect();
    let (mut images, mut labels) = (file(&[20, 6, 5], &pixels), file(&[20], &[3; 20]));
    if zip {
        (images, labels) = (gzip(&images), gzip(&labels));
    }
    let read = |images: Vec<u8>, labels: Vec<u8>| -> Result<Dataset> {
        join(
            "idx",
            Pair::open(source("a-file", images)?, source("a-file", labels)?)?,
            None,
            false,
        )
    };
    run(
        cases,
        |m| read(mutate(images.clone(), m), labels.clone()),
        "a-file",
    );
    run(
        cases,
        |m| read(images.clone(), mutate(labels.clone(), m)),
        "a-file",
    );
}

fn mutate_csv(cases: u32, zip: bool) {
    let mut text = String::from("a,\"b \"\"b\"\"\",c\n");
    for i in 0..40 {
        text.push_str(&format!("{},{}e-{},class {}\n", i * 37 % 300, i, i % 9, i % 3));
    }
    let bytes = if zip {
        gzip(text.as_bytes())
    } else {
        text.into_bytes()
    };
    let given = BTreeMap::from([("path".to_owned(), Value::Text("a-file".into()))]);
    let spec = csv::ITEM.entry.resolve(given).unwrap();
    run(
        cases,
        |m| csv::read(source("a-file", mutate(bytes.clone(), m))?, None, &spec),
        "a-file",
    );
}

#[test]
fn a_few_mutated_files_never_panic() {
    for zip in [false, true] {
        mutate_idx(150, zip);
        mutate_csv(150, zip);
    }
}

#[test]
#[ignore = "60,000 files; see the head of this module"]
fn ten_thousand_mutated_files_of_each_format_never_panic() {
    for zip in [false, true] {
        mutate_idx(10_000, zip);
        mutate_csv(10_000, zip);
    }
}

use std::fs;

use super::*;
use crate::run::frame::encode;
use crate::table::example;
use crate::table::record::Coordinates;

/// Trial `i` of a made-up experiment; journals hold records of different lengths.
pub(crate) fn record(i: u32) -> TrialRecord {
    let coordinates = Coordinates {
        replicate: i,
        weight_seed: i,
        order_seed: i,
        ..example::coordinates()
    };
    let mut record = example::record(coordinates, f64::from(i) / 1000.0);
    record.trial.trial_id = format!("{i:016x}");
    let rows = record.epochs.iter().cycle().take(i as usize % 4);
    record.epochs = rows.cloned().collect();
    record
}

fn a_header() -> Header {
    Header {
        experiment: "e".repeat(64),
        numerics_version: 1,
        build: "0.1.0+0".into(),
        shard: 1,
        shards: 1,
        trials: 1000,
        manifest: "name = \"x\"\n".repeat(20),
        data: vec![("digits".into(), "d1".into())],
        shapes: vec![[64, 10, 1000, 500]],
        command: vec!["grid".into(), "x.toml".into()],
    }
}

fn frame(i: u32) -> Vec<u8> {
    let record = record(i);
    encode(&Key::of(u64::from(i), &record), &record).unwrap()
}

/// A journal with `n` records, and where each of them lies.
fn journal(path: &Path, n: u32) -> Vec<Place> {
    create(path, &a_header()).unwrap();
    let mut writer = Writer::open(path, fs::metadata(path).unwrap().len()).unwrap();
    (0..n)
        .map(|i| {
            let bytes = frame(i);
            let offset = writer.append(&bytes).unwrap();
            Place {
                offset,
                length: bytes.len() as u32,
            }
        })
        .collect()
}

fn found(path: &Path) -> Result<(Scan, Vec<(Key, Place)>)> {
    let mut keys = Vec::new();
    scan(path, |key, place| keys.push((key, place))).map(|s| (s, keys))
}

fn indices(keys: &[(Key, Place)]) -> Vec<u64> {
    keys.iter().map(|(k, _)| k.index).collect()
}

#[test]
fn what_goes_in_comes_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j");
    let places = journal(&path, 9);
    let (scan, keys) = found(&path).unwrap();
    assert_eq!((scan.header, scan.torn, scan.damaged), (a_header(), 0, vec![]));
    assert_eq!(scan.end, fs::metadata(&path).unwrap().len());
    assert_eq!(keys.iter().map(|(_, p)| *p).collect::<Vec<_>>(), places);
    let mut reader = Reader::open(&path).unwrap();
    for i in [8, 0, 3] {
        assert_eq!(reader.read(places[i as usize]).unwrap(), record(i));
    }
}

#[test]
fn a_torn_tail_is_dropped_wherever_it_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j");
    let places = journal(&path, 4);
    let whole = fs::read(&path).unwrap();
    let last = places[3].offset as usize;
    for cut in last..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let (scan, keys) = found(&path).unwrap();
        assert_eq!((scan.end, scan.torn), (last as u64, (cut - last) as u64));
        assert_eq!(indices(&keys), [0, 1, 2]);
        assert!(scan.damaged.is_empty());
    }
    // Going on after a torn tail leaves no trace of it.
    let mut writer = Writer::open(&path, last as u64).unwrap();
    writer.append(&frame(3)).unwrap();
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn every_flipped_bit_in_the_middle_is_found_and_costs_one_trial() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j");
    let places = journal(&path, 4);
    let whole = fs::read(&path).unwrap();
    let hurt = places[1];
    for byte in hurt.offset..hurt.offset + u64::from(hurt.length) {
        let mut bytes = whole.clone();
        bytes[byte as usize] ^= 1 << (byte % 8);
        fs::write(&path, &bytes).unwrap();
        let (scan, keys) = found(&path).unwrap();
        assert_eq!(indices(&keys), [0, 2, 3], "byte {byte}");
        assert_eq!(scan.damaged.len(), 1, "byte {byte}");
        assert_eq!(scan.damaged[0], hurt.offset..places[2].offset, "byte {byte}");
    }
}

#[test]
fn bytes_that_are_missing_or_inserted_cost_only_what_they_hit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j");
    let places = journal(&path, 5);
    let whole = fs::read(&path).unwrap();
    let middle = places[2].offset as usize;
    for change in [-40i64, -1, 1, 5000] {
        let mut bytes = whole[..middle + 20].to_vec();
        if change < 0 {
            bytes.extend(&whole[middle + 20 + (-change) as usize..]);
        } else {
            bytes.extend(std::iter::repeat_n(b'g', change as usize));
            bytes.extend(&whole[middle + 20..]);
        }
        fs::write(&path, &bytes).unwrap();
        let (scan, keys) = found(&path).unwrap();
        assert_eq!(indices(&keys), [0, 1, 3, 4], "{change}");
        assert_eq!(scan.damaged.len(), 1);
    }
}

#[test]
fn a_journal_that_cannot_be_told_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j");
    journal(&path, 2);
    let whole = fs::read(&path).unwrap();
    let mut other = whole.clone();
    other[MAGIC.len() - 2] = b'9';
    let mut damaged = whole.clone();
    damaged[60] ^= 4;
    for (bytes, message) in [
        (&other, "another version of goodinit"),
        (&damaged, "damaged at its beginning"),
        (&whole[..30].to_vec(), "damaged at its beginning"),
        (&Vec::new(), "damaged at its beginning"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = found(&path).unwrap_err().to_string();
        assert!(error.contains(message) && error.contains("--fresh"), "{error}");
    }
}

#[test]
fn a_full_disk_is_an_error_and_the_rest_stays_good() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let mut writer = Writer {
        file: File::options().write(true).open("/dev/full").unwrap(),
        path: "/dev/full".into(),
        end: 0,
    };
    let error = writer.append(&frame(1)).unwrap_err().to_string();
    assert!(
        error.contains("No space left") && error.contains("kept"),
        "{error}"
    );
    assert_eq!(writer.end, 0);
}

/// Wherever a write failed, and whether or not its half frame could be cut off again.
#[test]
fn a_journal_goes_on_behind_a_write_that_failed() {
    let dir = tempfile::tempdir().unwrap();
    let (path, plain) = (dir.path().join("j"), dir.path().join("plain"));
    let places = journal(&plain, 4);
    for half in [1, HEAD, frame(2).len() - 1] {
        for cut_off in [true, false] {
            journal(&path, 2);
            let mut writer = Writer::open(&path, places[2].offset).unwrap();
            // What a full disk leaves behind.
            writer.file.seek(SeekFrom::Start(writer.end)).unwrap();
            writer.file.write_all(&frame(2)[..half]).unwrap();
            if cut_off {
                writer.file.set_len(writer.end).unwrap();
            }
            for place in &places[2..] {
                let i = if place == &places[2] { 2 } else { 3 };
                assert_eq!(writer.append(&frame(i)).unwrap(), place.offset);
            }
            assert!(
                fs::read(&path).unwrap() == fs::read(&plain).unwrap(),
                "{half} {cut_off}"
            );
        }
    }
}

/// Any mutation of a journal is an error or a shorter journal, and never yields a record that was
/// not written.
fn mutated(cases: u32) {
    use proptest::prelude::*;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j");
    let places = journal(&path, 6);
    let whole = fs::read(&path).unwrap();
    let body = places[0].offset as usize;
    let mutation = prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, to)| (0u8, at, to as usize)),
        (any::<usize>(), 0usize..600).prop_map(|(at, n)| (1, at, n)),
        (any::<usize>(), 0usize..600).prop_map(|(at, n)| (2, at, n)),
        (any::<usize>(), any::<usize>()).prop_map(|(at, from)| (3, at, from)),
        any::<usize>().prop_map(|at| (4, at, 0)),
    ];
    let mutations = proptest::collection::vec(mutation, 1..6);
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(mutations in mutations, spare_header in any::<bool>())| {
        let mut bytes = whole.clone();
        for (kind, at, n) in mutations {
            let from = if spare_header { body.min(bytes.len()) } else { 0 };
            let at = from + at % (bytes.len() - from).max(1);
            let rest = bytes.len().saturating_sub(at);
            match kind {
                0 if rest > 0 => bytes[at] = n as u8,
                1 => { bytes.drain(at..at + n.min(rest)); }
                2 => { bytes.splice(at..at, std::iter::repeat_n(b'g', n)); }
                3 if rest > 0 => {
                    let from = n % bytes.len();
                    let piece = bytes[from..(from + 300).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
                _ => bytes.truncate(at),
            }
        }
        fs::write(&path, &bytes).unwrap();
        if let Ok((scan, keys)) = found(&path) {
            prop_assert_eq!(&scan.header, &a_header());
            prop_assert!(scan.end + scan.torn == bytes.len() as u64);
            let mut reader = Reader::open(&path).unwrap();
            for (key, place) in keys {
                let read = reader.read(place).unwrap();
                prop_assert_eq!(&read, &record(key.index as u32));
                prop_assert_eq!(Key::of(key.index, &read), key);
            }
        }
    });
}

#[test]
fn mutated_journals_never_lie() {
    mutated(300);
}

#[test]
#[ignore = "the long form: cargo test --release -- --ignored mutated_journals"]
fn mutated_journals_never_lie_long() {
    mutated(10_000);
}

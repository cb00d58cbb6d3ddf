use std::fs;

use super::*;
use crate::run::shard::Shard;
use crate::table::example;
use crate::table::manifest::Manifest;
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

/// The header of shard `shard` of a made-up experiment with `trials` trials.
pub(crate) fn header(trials: u64, index: u32, count: u32) -> Header {
    Header {
        build: "b".into(),
        shard: Shard { index, count },
        manifest: Manifest {
            format_version: 1,
            numerics_version: 1,
            statistics_version: 2,
            name: "x".into(),
            experiment_digest: "e".into(),
            commit: None,
            tables: Default::default(),
            trials,
            experiment: "name = \"x\"\n".repeat(20),
            dataset: Vec::new(),
            source: Vec::new(),
        },
        shapes: Vec::new(),
        command: "goodinit grid x.toml --set 'a=[1, 2]'".into(),
    }
}

fn a_header() -> Header {
    header(1000, 1, 1)
}

fn a_frame(i: u32) -> Vec<u8> {
    let record = record(i);
    encode(&TrialKey::of(i, &record), &record).unwrap()
}

/// A journal with `n` records, and where each of them is.
fn journal(path: &Path, n: u32) -> (Journal, Vec<Location>) {
    Journal::create(path, &a_header()).unwrap();
    let mut journal = Journal::open(path, true).unwrap();
    let places = (0..n)
        .map(|i| {
            let bytes = a_frame(i);
            let offset = journal.append(&bytes).unwrap();
            Location {
                offset,
                length: bytes.len() as u32,
            }
        })
        .collect();
    (journal, places)
}

struct Scan {
    journal: Journal,
    damage: Damage,
    keys: Vec<(TrialKey, Location)>,
}

fn scan(path: &Path) -> Result<Scan> {
    let mut keys = Vec::new();
    let mut journal = Journal::open(path, true)?;
    let damage = journal.scan(|key, place| keys.push((key, place)))?;
    Ok(Scan {
        journal,
        damage,
        keys,
    })
}

fn indices(keys: &[(TrialKey, Location)]) -> Vec<u32> {
    keys.iter().map(|(k, _)| k.index).collect()
}

#[test]
fn what_goes_in_comes_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j");
    let (_, places) = journal(&path, 9);
    let mut found = scan(&path).unwrap();
    assert_eq!(
        (&found.journal.header, found.damage),
        (&a_header(), Damage::default())
    );
    assert_eq!(found.journal.end, fs::metadata(&path).unwrap().len());
    assert_eq!(found.keys.iter().map(|(_, p)| *p).collect::<Vec<_>>(), places);
    for i in [8, 0, 3] {
        assert_eq!(found.journal.read(places[i as usize]).unwrap(), record(i));
    }
}

#[test]
fn a_torn_tail_is_dropped_wherever_it_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j");
    let (_, places) = journal(&path, 4);
    let whole = fs::read(&path).unwrap();
    let last = places[3].offset as usize;
    for cut in last..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let found = scan(&path).unwrap();
        let damage = Damage {
            torn: (cut - last) as u64,
            ranges: Vec::new(),
        };
        assert_eq!((found.journal.end, found.damage), (last as u64, damage));
        assert_eq!(indices(&found.keys), [0, 1, 2]);
    }
    // Resuming after a torn tail leaves no trace of it, also where the system had reserved blocks
    // that were never written.
    for tail in [vec![0; 5000], whole[last..whole.len() - 1].to_vec()] {
        fs::write(&path, [&whole[..last], &tail].concat()).unwrap();
        let mut found = scan(&path).unwrap();
        assert_eq!(
            (found.damage.torn, indices(&found.keys)),
            (tail.len() as u64, vec![0, 1, 2])
        );
        found.journal.truncate().unwrap();
        found.journal.append(&a_frame(3)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn every_flipped_bit_in_the_middle_is_found_and_costs_one_trial() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j");
    let (_, places) = journal(&path, 4);
    let whole = fs::read(&path).unwrap();
    let hurt = places[1];
    let end = places[2].offset - 1;
    for byte in hurt.offset..=end {
        let mut bytes = whole.clone();
        bytes[byte as usize] ^= 1 << (byte % 8);
        fs::write(&path, &bytes).unwrap();
        let found = scan(&path).unwrap();
        // Without the zero between them, two frames are one that is damaged.
        let (left, to) = match byte == end {
            true => (vec![0, 3], places[3].offset),
            false => (vec![0, 2, 3], places[2].offset),
        };
        assert_eq!(indices(&found.keys), left, "byte {byte}");
        assert_eq!(found.damage.ranges, vec![hurt.offset..to], "byte {byte}");
        assert_eq!(found.damage.torn, 0);
    }
}

#[test]
fn bytes_that_are_missing_or_inserted_cost_only_what_they_hit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j");
    let (_, places) = journal(&path, 5);
    let whole = fs::read(&path).unwrap();
    let middle = places[2].offset as usize + 20;
    for change in [-40i64, -1, 1, 5000] {
        for byte in [b'g', 0] {
            let mut bytes = whole[..middle].to_vec();
            if change < 0 {
                bytes.extend(&whole[middle + (-change) as usize..]);
            } else {
                bytes.extend(std::iter::repeat_n(byte, change as usize));
                bytes.extend(&whole[middle..]);
            }
            fs::write(&path, &bytes).unwrap();
            let found = scan(&path).unwrap();
            assert_eq!(indices(&found.keys), [0, 1, 3, 4], "{change}");
            assert_eq!(found.damage.ranges.len(), 1);
        }
    }
}

#[test]
fn a_journal_that_cannot_be_told_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j");
    journal(&path, 2);
    let whole = fs::read(&path).unwrap();
    let mut other = whole.clone();
    other[MAGIC.len() - 2] = b'1';
    let mut damaged = whole.clone();
    damaged[60] ^= 4;
    for (bytes, message) in [
        (&other, "another version of goodinit"),
        (&damaged, "damaged at its beginning"),
        (&whole[..30].to_vec(), "damaged at its beginning"),
        (&Vec::new(), "damaged at its beginning"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = scan(&path).err().unwrap().to_string();
        assert!(error.contains(message) && error.contains("--fresh"), "{error}");
    }
}

#[test]
fn a_full_disk_is_an_error_and_the_rest_stays_good() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let mut journal = Journal {
        file: File::options().write(true).open("/dev/full").unwrap(),
        path: "/dev/full".into(),
        header: a_header(),
        end: 0,
    };
    let error = journal.append(&a_frame(1)).unwrap_err().to_string();
    assert!(
        error.contains("No space left") && error.contains("kept"),
        "{error}"
    );
    assert_eq!(journal.end, 0);
}

/// Wherever a write failed, and whether or not its half frame could be cut off again.
#[test]
fn a_journal_goes_on_behind_a_write_that_failed() {
    let dir = tempfile::tempdir().unwrap();
    let (path, plain) = (dir.path().join("j"), dir.path().join("plain"));
    let (_, places) = journal(&plain, 4);
    for half in [1, 16, a_frame(2).len() - 1] {
        for cut_off in [true, false] {
            let (mut journal, _) = journal(&path, 2);
            assert_eq!(journal.end, places[2].offset);
            // What a full disk leaves behind.
            journal.file.seek(SeekFrom::Start(journal.end)).unwrap();
            journal.file.write_all(&a_frame(2)[..half]).unwrap();
            if cut_off {
                journal.truncate().unwrap();
            }
            for i in [2, 3] {
                assert_eq!(journal.append(&a_frame(i)).unwrap(), places[i as usize].offset);
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
    let (_, places) = journal(&path, 6);
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
        if let Ok(mut found) = scan(&path) {
            prop_assert_eq!(&found.journal.header, &a_header());
            prop_assert!(found.journal.end + found.damage.torn == bytes.len() as u64);
            for (key, place) in found.keys {
                let read = found.journal.read(place).unwrap();
                prop_assert_eq!(&read, &record(key.index));
                prop_assert_eq!(TrialKey::of(key.index, &read), key);
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

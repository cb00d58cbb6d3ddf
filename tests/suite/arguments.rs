//! Arguments, shards and manifests, damaged at random: an error or something valid, never a panic.

use std::path::Path;

use clap::Parser as _;
use goodinit::internal::{Arguments, Manifest, Shard};
use proptest::prelude::*;

/// Words that mean something to the program, and some that should not.
const WORDS: &[&str] = &[
    "goodinit",
    "grid",
    "merge",
    "verify",
    "list",
    "fetch",
    "diff",
    "check",
    "probe",
    "report",
    "man",
    "completions",
    "x.toml",
    "results/x",
    "--out",
    "--threads",
    "--shard",
    "--set",
    "--dry-run",
    "--fresh",
    "--fail-fast",
    "--trace",
    "--no-journal",
    "--sample",
    "--seed",
    "--format",
    "json",
    "--data-dir",
    "--",
    "-",
    "",
    "0",
    "1",
    "-1",
    "1/4",
    "4/1",
    "auto",
    "auto/4",
    "2%",
    "200%",
    "nan%",
    "99999999999999999999",
    "grid.learning_rate=[0.1]",
    "=",
    "a=",
    "é\u{301}",
    "\u{0}",
    "--help",
    "--version",
    "-h",
    "--out=",
    "--threads=0",
    "--threads=1025",
];

fn arguments(cases: u32) {
    let word = prop_oneof![
        8 => proptest::sample::select(WORDS).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => (proptest::sample::select(WORDS), any::<prop::sample::Index>(), any::<char>()).prop_map(|(w, at, c)| {
            let mut chars: Vec<char> = w.chars().collect();
            chars.insert(at.index(chars.len() + 1), c);
            chars.into_iter().collect()
        }),
    ];
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(words in proptest::collection::vec(word, 0..8))| {
        // Parsing only: running what is valid is for the other batteries.
        let line = std::iter::once("goodinit".to_owned()).chain(words.iter().cloned());
        if let Err(error) = Arguments::try_parse_from(line) {
            let questions = ["--help", "--version", "-h", "-V", "help"];
            let short = |w: &String| w.starts_with('-') && !w.starts_with("--") && w.contains(['h', 'V']);
            let is_asked = |word: &String| short(word) || questions.iter().any(|q| word.starts_with(q));
            let asked = words.iter().any(is_asked);
            let text = error.to_string();
            match error.exit_code() {
                0 => prop_assert!(asked, "{:?} is no question: {}", words, text),
                2 => prop_assert!(text.contains("Usage: goodinit") || text.starts_with("error: "), "{}", text),
                code => prop_assert!(false, "{:?} ends with {}", words, code),
            }
        }
    });
}

fn shards(cases: u32) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let number = prop_oneof![
        any::<u64>().prop_map(|n| n.to_string()),
        "[0-9]{0,3}",
        "\\PC{0,4}"
    ];
    let text = prop_oneof![
        (number.clone(), number.clone()).prop_map(|(i, n)| format!("{i}/{n}")),
        number.clone().prop_map(|n| format!("auto/{n}")),
        Just("auto".to_owned()),
        "\\PC{0,10}",
    ];
    let variables = proptest::collection::vec(proptest::option::weighted(0.5, number), 8);
    proptest!(config, |(text in text, values in variables)| {
        let names = [
            "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX",
            "SLURM_ARRAY_TASK_STEP", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE",
        ];
        let look = |name: &str| names.iter().position(|n| *n == name).and_then(|i| values[i].clone());
        if let Ok(shard) = Shard::parse(&text, look) {
            prop_assert!(shard.index >= 1 && shard.index <= shard.count);
            let again = Shard::parse(&shard.to_string(), |_| None).unwrap();
            prop_assert_eq!(again, shard);
        }
    });
}

const MANIFEST: &str = r#"format_version = 1
numerics_version = 1
name = "x"
experiment_digest = "abababababababababababababababababababababababababababababababab"
trials = 60
experiment = """
name = "x"
[grid]
scheme = ["zeros"]
"""

[[dataset]]
name = "digits"
digest = "cdcd"
samples = 1797
inputs = 64
classes = 10
"#;

fn manifests(cases: u32) {
    assert!(Manifest::parse(Path::new("m"), MANIFEST).is_ok());
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let edit = (
        any::<prop::sample::Index>(),
        0usize..20,
        "\\PC{0,4}|[-0-9.e\"\\[\\]=]{0,4}",
    );
    proptest!(config, |(edits in proptest::collection::vec(edit, 1..5))| {
        let mut chars: Vec<char> = MANIFEST.chars().collect();
        for (at, cut, put) in edits {
            let at = at.index(chars.len() + 1);
            let end = (at + cut).min(chars.len());
            chars.splice(at..end, put.chars());
        }
        let text: String = chars.into_iter().collect();
        if let Err(error) = Manifest::parse(Path::new("m.toml"), &text) {
            prop_assert!(error.to_string().contains("m.toml"), "{}", error);
        }
    });
}

#[test]
fn damaged_arguments_shards_and_manifests() {
    arguments(200);
    shards(500);
    manifests(300);
}

#[test]
#[ignore = "the long form: cargo test --release --test suite -- --ignored damaged_arguments"]
fn damaged_arguments_shards_and_manifests_long() {
    arguments(5_000);
    shards(20_000);
    manifests(10_000);
}

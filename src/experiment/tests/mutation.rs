//! Damaged experiment files are errors or experiments, never panics, and cost little memory.

use proptest::prelude::*;

use super::*;

/// Words that turn a valid file into one that is wrong in an interesting way.
const WORDS: &[&str] = &[
    "",
    "0",
    "-1",
    "1e308",
    "-0.0",
    "inf",
    "nan",
    "999999999",
    "9223372036854775807",
    "99999999999999999999",
    "\"\"",
    "\"zeros\"",
    "\"he_normal\"",
    "\"20x64\"",
    "\"normal(std=0.5)\"",
    "\"a(b=(\"",
    "\"\u{1F600}\"",
    "[]",
    "[[]]",
    "[[[]]]",
    "[[8], [8, 4]]",
    "{}",
    "{ kind = \"normal\" }",
    "{ kind = 3 }",
    "{ kind = \"per_layer\", layers = [] }",
    "{ depth = 10000, width = 16384 }",
    "{ kind = \"residual\", blocks = 3, width = 4 }",
    "{ crossed = 10000 }",
    "true",
    "2026-01-01",
    "\"last\"",
    "\"left - right >= 1\"",
    "\"left in [0, 1]\"",
    "#",
    "=",
    "\n",
    "\n[grid]\n",
    "\n[[grid]]\n",
    "\n[[claim]]\n",
    "\n[seeds]\nweights = 3\n",
    "replicates = 1000000\n",
    "\0",
    "\r",
    "'",
    "\"\"\"",
];

/// A damage: at a place, take some characters away and put a word in.
fn damage() -> impl Strategy<Value = (prop::sample::Index, usize, prop::sample::Index)> {
    (
        any::<prop::sample::Index>(),
        prop_oneof![Just(0usize), 1..4usize, 4..40usize],
        any::<prop::sample::Index>(),
    )
}

fn damaged(damages: &[(prop::sample::Index, usize, prop::sample::Index)]) -> String {
    let mut text: Vec<char> = QUICK.chars().collect();
    for (place, remove, word) in damages {
        let at = place.index(text.len() + 1);
        let end = (at + remove).min(text.len());
        text.splice(at..end, word.get(WORDS).chars());
    }
    text.into_iter().collect()
}

/// Replaces the value of one `key = value` line.
fn with_value(line: prop::sample::Index, word: &str) -> String {
    let lines: Vec<&str> = QUICK.lines().collect();
    let keys: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].contains(" = ")).collect();
    let chosen = keys[line.index(keys.len())];
    let changed = |i: usize| match lines[i].split_once(" = ") {
        Some((key, _)) if i == chosen => format!("{key} = {word}\n"),
        _ => format!("{}\n", lines[i]),
    };
    (0..lines.len()).map(changed).collect()
}

fn survives(text: &str) {
    match parse(text) {
        Ok(experiment) => {
            let plan = experiment.plan();
            assert!(!plan.is_empty());
            for i in [0, plan.len() / 2, plan.len() - 1] {
                assert_eq!(plan.trial_id(i).len(), 16);
                plan.cost(i);
            }
            let again = parse(experiment.resolved()).unwrap_or_else(|e| panic!("{text}\n{e}"));
            assert_eq!(again.digest(), experiment.digest());
            assert_eq!(again.claims, experiment.claims);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn damaged_files_do_not_panic(damages in prop::collection::vec(damage(), 1..5)) {
        survives(&damaged(&damages));
    }

    #[test]
    fn strange_values_do_not_panic(line in any::<prop::sample::Index>(), word in prop::sample::select(WORDS)) {
        survives(&with_value(line, word));
    }

    #[test]
    fn strange_overrides_do_not_panic(
        key in "(name|seed|replicates|grid|train|data|claim|record|seeds)(\\.[a-z_0-9]{0,6}){0,3}",
        word in prop::sample::select(WORDS),
    ) {
        let _ = parse_with(QUICK, &[&format!("{key}={word}")]);
    }
}

proptest! {
    #![proptest_config(config(100_000))]

    #[test]
    #[ignore = "long; run with --ignored when the reader of experiment files changes"]
    fn many_damaged_files_do_not_panic(damages in prop::collection::vec(damage(), 1..8)) {
        survives(&damaged(&damages));
    }
}

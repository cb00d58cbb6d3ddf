//! Identities of trials, digests of experiments, overrides.

use std::collections::BTreeSet;

use super::*;

#[test]
fn overrides_are_as_good_as_the_file() {
    let text = file("", "", GRID, "");
    let e = parse_with(
        &text,
        &["grid.learning_rate=[0.5]", "replicates=1", "grid.scheme=lsuv"],
    )
    .unwrap();
    assert_eq!((e.plan().cells(), e.plan().len()), (2, 2));
    assert_eq!(e.plan().coordinates(0).learning_rate, 0.5);
    let again = parse(e.resolved()).unwrap();
    assert_eq!(again.digest(), e.digest());
    for (set, phrases) in [
        ("grid.learning_rate=[fast]", ["not a TOML value", "--set:1:"]),
        ("grid.learning_rate=fast", ["learning rate must be", "--set:1:20"]),
        (
            "grid.scheme=xaveir",
            ["did you mean `xavier_uniform`?", "--set:1:13"],
        ),
        ("grid.sheme=zeros", ["did you mean `scheme`?", "--set:1:6"]),
        ("train.steps=3", ["both given", "--set:1:7"]),
        (
            &format!("{}a=1", "a.".repeat(60_000)),
            ["at most 16 parts", "--set:1:1"],
        ),
    ] {
        let error = parse_with(&text, &[set]).unwrap_err().to_string();
        assert!(phrases.iter().all(|p| error.contains(p)), "{set}: {error}");
    }
}

/// The identities of all trials with their coordinates.
fn identities(experiment: &Experiment) -> BTreeSet<(String, String)> {
    let plan = experiment.plan();
    (0..plan.len())
        .map(|i| (format!("{:?}", plan.coordinates(i)), plan.trial_id(i)))
        .collect()
}

#[test]
fn growing_a_grid_leaves_old_trials_as_they_were() {
    let base = file("replicates = 2", "", GRID, "");
    let old = identities(&good(&base));
    assert_eq!(old.len(), 16);
    let more_schemes = base.replace("\"zeros\",", "\"zeros\", \"adaptive\",");
    let more_depth = base.replace("[8, 4]", "[8, 4], [2], { depth = 5, width = 3 }");
    let more_replicates = base.replace("replicates = 2", "replicates = 3");
    let reordered = base.replace("[\"zeros\", \"he_normal\"]", "[\"kaiming_normal\", \"zeros\"]");
    let recorded = format!("# a comment\n{base}\n[record]\nlayers = true\nepochs = false\n");
    let described = base.replace("name = \"t\"", "name = \"another\"\ndescription = \"d\"");
    for (text, grows) in [
        (more_schemes, true),
        (more_depth, true),
        (more_replicates, true),
        (reordered, false),
        (recorded, false),
        (described, false),
    ] {
        let new = identities(&good(&text));
        assert!(old.is_subset(&new), "{text}");
        assert_eq!(new.len() > old.len(), grows, "{text}");
    }
}

#[test]
fn every_setting_that_reaches_the_bits_is_part_of_the_identity() {
    let text = |top: &str, train: &str, rest: &str| {
        file(
            top,
            train,
            "scheme = \"zeros\"\narchitecture = [8]\nlearning_rate = 0.1",
            rest,
        )
    };
    let ids: Vec<String> = [
        text("", "epochs = 2", ""),
        text("seed = 1", "epochs = 2", ""),
        text("", "epochs = 3", ""),
        text("", "steps = 2", ""),
        text("", "epochs = 2\nloss = \"mse\"", ""),
        text("", "epochs = 2\nshuffle = false", ""),
        text("", "epochs = 2\nevaluate_every = 2", ""),
        text("", "epochs = 2\nevaluate_train = \"full\"", ""),
        text("", "epochs = 2\nbatch_size = 16", ""),
        text("", "epochs = 2", "[data]\nkind = \"digits\"\ntrain_rows = 100"),
        text(
            "",
            "epochs = 2",
            "[data]\nkind = \"digits\"\ntrain_rows = 100\nname = \"digits\"",
        ),
        text("", "epochs = 2", "[data]\nkind = \"digits\"\nlabel_noise = 0.5"),
        text("", "epochs = 2", "[seeds]\ndata = 1"),
        text("", "epochs = 2", "[seeds]\norder = 1"),
    ]
    .iter()
    .map(|t| good(t).plan().trial_id(0))
    .collect();
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
    assert!(
        ids.iter()
            .all(|id| id.len() == 16 && id.chars().all(|c| c.is_ascii_hexdigit()))
    );
}

#[test]
fn the_identity_of_a_trial_never_moves() {
    let plan = good(&file("seed = 2026", "epochs = 20", GRID, "")).plan();
    assert_eq!(plan.trial_id(0), "70ec82be5fb44b23");
    assert_eq!(plan.trial_id(plan.len() - 1), "f35fab2aa308e5e6");
}

#[test]
fn the_digest_is_that_of_the_meaning() {
    let base = file("", "", GRID, "");
    let digest = good(&base).digest();
    for same in [
        format!("# comment\n\n{base}"),
        base.replace("[0.1, 0.01]", "[ 1e-2, 0.10 ]"),
        base.replace(
            "[\"zeros\", \"he_normal\"]",
            "[{ kind = \"kaiming_normal\", slope = 0 }, \"zeros\"]",
        ),
        base.replace("[[8], [8, 4]]", "[[8, 4], { depth = 1, width = 8 }]"),
        base.replace("name = \"t\"", "name = \"u\"\nreplicates = 5"),
        format!("{base}\n[record]\nepochs = true\n"),
        format!("{base}\n[record]\nlayer_rows = \"all\"\n"),
    ] {
        assert_eq!(good(&same).digest(), digest, "{same}");
    }
    for other in [
        base.replace("0.01", "0.02"),
        base.replace("epochs = 2", "epochs = 3"),
        base.replace("name = \"t\"", "name = \"t\"\nreplicates = 4"),
        format!("{base}\n[record]\nepochs = false\n"),
        format!("{base}\n[record]\nlayer_rows = \"output\"\n"),
        format!("{base}\n[record]\nepoch_rows = [1]\n"),
        base.replace(
            "learning_rate",
            "exclude = { scheme = \"zeros\", architecture = [8] }\nlearning_rate",
        ),
    ] {
        assert_ne!(good(&other).digest(), digest, "{other}");
    }
}

/// Results that are there already are known by it.
#[test]
fn the_digest_of_what_is_recorded_never_moves() {
    let record = |lines: &str| {
        let e = good(&file("", "", GRID, &format!("[record]\n{lines}")));
        e.record.identity()
    };
    assert_eq!(
        record("layers = true\nprobe_samples = 7"),
        "Record { epochs: true, layers: [After(0), Last], probe_samples: 7, weights: None }"
    );
    assert_eq!(
        record("epochs = false\nlayer_rows = [2, 1]\nweights = \"both\""),
        "Record { epochs: false, layers: [], probe_samples: 500, weights: Both, layer_rows: [1, 2] }"
    );
    assert_eq!(
        record("epoch_rows = [2, 0]"),
        "Record { epochs: true, layers: [], probe_samples: 500, weights: None, epoch_rows: [0, 2] }"
    );
    // The committed quick run's.
    assert_eq!(
        good(QUICK).digest(),
        "f34a54eab143a595faaa179d3dd5a010e9e5c1785ef44aed4db1daa1b624ef3e"
    );
}

#[test]
fn line_ends_of_the_file_do_not_matter() {
    let text = file(
        "description = \"\"\"\nin\ntwo lines\"\"\"",
        "",
        GRID,
        "# a comment\n[record]\nepochs = false",
    );
    let (unix, windows) = (good(&text), good(&text.replace('\n', "\r\n")));
    assert_eq!(unix.resolved(), windows.resolved());
    assert_eq!(unix.digest(), windows.digest());
    assert_eq!(windows.description.as_deref(), Some("in\ntwo lines"));
}

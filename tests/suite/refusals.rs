//! What a hostile or hasty user gives the program: one clear message each, exit code 2, nothing
//! begun and nothing lost.

use std::fs;

use super::program::{Bench, SMALL};

#[test]
fn files_that_make_no_sense_are_refused_before_anything_is_trained() {
    let schemes = r#"["he_normal", { kind = "normal", std = 0.01 }]"#;
    let networks = &format!("scheme = {schemes}\narchitecture = [[6], [5, 4]]");
    let data = "kind = \"gaussian-mixture\"\nrows = 120\nfeatures = 6\nsplit = { train = 60, validation = 30, test = 30 }";
    for (from, to, says) in [
        (schemes, r#"["xaveir"]"#, "did you mean `xavier_uniform`?"),
        (schemes, r#"["fixup"]"#, "`fixup` is for residual networks"),
        (schemes, "[]", "there would be no cells"),
        (
            networks,
            "scheme = [\"zeros\"]\narchitecture = [{ hidden = [6], weight_norm = true }]",
            "layer 1: units start with all weights 0",
        ),
        (
            networks,
            "scheme = [\"identity\"]\narchitecture = [{ hidden = [7], weight_norm = true }]",
            "scheme `identity`: layer 1: units start with all weights 0",
        ),
        ("epochs = 3", "epoch = 3", "did you mean `epochs`?"),
        (
            "epochs = 3",
            "epochs = 3\nloss = \"hinge\"",
            "losses: cross_entropy",
        ),
        ("[[6], [5, 4]]", "[[1000000]]", "from 1 to 16384"),
        ("batch_size = 20", "batch_size = 0", "from 1 to 1000000"),
        (data, "kind = \"csv\"\npath = \"gone.csv\"", "gone.csv"),
        (
            data,
            "kind = \"csv\"\npath = \"ragged.csv\"",
            "ragged.csv, line 3: 1 cell,",
        ),
        (
            data,
            "kind = \"csv\"\npath = \"one.csv\"",
            "all samples are of one class",
        ),
        (
            data,
            "kind = \"csv\"\npath = \"real.csv\"\ntask = \"regression\"",
            "needs class labels",
        ),
        (
            data,
            "kind = \"idx\"\npath = \"ragged.csv\"",
            "not a directory of IDX files",
        ),
    ] {
        let text = SMALL.replace(from, to);
        assert_ne!(text, SMALL, "{from}");
        let bench = Bench::new(&text);
        fs::write(bench.path("ragged.csv"), "a,y\n1,0\n2\n").unwrap();
        fs::write(bench.path("one.csv"), "a,y\n1,0\n2,0\n3,0\n4,0\n5,0\n").unwrap();
        fs::write(bench.path("real.csv"), "a,y\n1,0.5\n2,0.25\n3,1\n4,2\n5,3\n").unwrap();
        let ran = bench.grid("out", &[]).expect(2);
        assert!(
            ran.err.starts_with("error: ") && ran.err.contains(says),
            "{says}: {}",
            ran.err
        );
        assert_eq!(ran.err.matches("error: ").count(), 1, "{}", ran.err);
        assert!(ran.out.is_empty(), "{}", ran.out);
        assert!(bench.tables("out").is_empty(), "{says}");
        // What a run refuses, its plan refuses in the same words.
        let planned = bench.grid("out", &["--dry-run"]).expect(2);
        assert_eq!((planned.err, planned.out), (ran.err, String::new()));
    }
}

#[test]
fn a_relative_path_that_leads_nowhere_is_said_with_where_it_counts_from() {
    let data = "kind = \"gaussian-mixture\"\nrows = 120\nfeatures = 6\nsplit = { train = 60, validation = 30, test = 30 }";
    for keys in [
        "kind = \"csv\"\npath = \"gone\"",
        "kind = \"idx\"\npath = \"gone\"",
    ] {
        let bench = Bench::new(&SMALL.replace(data, keys));
        let ran = bench.grid("out", &[]).expect(2);
        let err = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            err.contains("the path counts from the working directory, /"),
            "{err}"
        );
    }
}

#[test]
fn data_that_are_not_downloaded_yet_are_a_note_on_the_plan() {
    let data = "kind = \"gaussian-mixture\"\nrows = 120\nfeatures = 6\nsplit = { train = 60, validation = 30, test = 30 }";
    let bench = Bench::new(&SMALL.replace(data, "kind = \"mnist\""));
    let ran = bench
        .grid("out", &["--dry-run", "--data-dir", "nowhere"])
        .expect(0);
    let says = "mnist: not downloaded yet, so sizes below are guesses (mnist is not on this machine";
    let out = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(out.contains(says), "{out}");
    // One damaged file among those that were downloaded is an error.
    let directory = bench.path("here/mnist");
    fs::create_dir_all(&directory).unwrap();
    for part in ["train", "t10k"] {
        for kind in ["images-idx3", "labels-idx1"] {
            fs::write(directory.join(format!("{part}-{kind}-ubyte")), "damaged").unwrap();
        }
    }
    let ran = bench.grid("out", &["--dry-run", "--data-dir", "here"]).expect(2);
    assert!(ran.err.contains("train-images-idx3-ubyte"), "{}", ran.err);
    assert!(ran.out.is_empty(), "{}", ran.out);
}

#[test]
fn a_claim_on_layers_without_rows_is_refused_before_anything_is_done() {
    let claim = "[[claim]]\nsentence = \"s\"\nmetric = \"TABLE.weight_std\"\nlayers = \"hidden\"\nleft = { scheme = \"he_normal\", activation = \"relu\", architecture = [6], learning_rate = 0.1 }\nrelation = \"left <= 1\"";
    let text = SMALL.replace("probe_samples", "layer_rows = \"output\"\nprobe_samples");
    for (command, table) in [("grid", "layers"), ("probe", "probe")] {
        let text = format!("{text}\n{}\n", claim.replace("TABLE", table));
        let line = |part: &str| 1 + text.lines().position(|l| l.starts_with(part)).unwrap();
        let bench = Bench::new(&text);
        let ran = bench.run(&[command, "x.toml", "--out", "out"]).expect(2);
        for says in [
            "it asks for \"hidden\"".to_owned(),
            format!("x.toml:{}:", line("layers = \"hidden\"")),
            format!(
                "layer_rows = \"output\" in [record], line {} of x.toml",
                line("layer_rows")
            ),
        ] {
            assert!(ran.err.contains(&says), "{says}: {}", ran.err);
        }
        assert!(ran.out.is_empty() && bench.tables("out").is_empty());
    }
}

#[test]
fn a_message_cannot_command_the_terminal() {
    let bench = Bench::new(SMALL);
    fs::write(bench.path("x.csv"), b"a\x1b[2J,b\n1,2\n").unwrap();
    let ran = bench
        .grid(
            "out",
            &[
                "--set",
                "data={ kind = \"csv\", path = \"x.csv\", label = \"zzzzzz\" }",
            ],
        )
        .expect(2);
    assert!(
        !ran.err.contains('\x1b') && ran.err.contains("u{1b}"),
        "{}",
        ran.err
    );
}

#[test]
fn a_probe_does_not_stand_in_the_way_of_a_grid() {
    let bench = Bench::new(SMALL);
    bench.run(&["probe", "x.toml", "--out", "out"]).expect(0);
    bench.grid("out", &[]).expect(0);
    bench.run(&["probe", "x.toml", "--out", "out"]).expect(0);
    bench.grid("fresh", &[]).expect(0);
    let (with, without) = (bench.tables("out"), bench.tables("fresh"));
    assert!(without.iter().all(|(name, table)| with[name] == *table));
}

#[test]
fn a_run_tells_programs_what_it_has_come_to() {
    let bench = Bench::new(SMALL);
    let told = |more: &[&str]| -> serde_json::Value {
        let ran = bench
            .grid("out", &[&["--format", "json"], more].concat())
            .expect(0);
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:#?}"))
    };
    let shard = told(&["--shard", "1/2"]);
    assert_eq!(
        (&shard["state"], &shard["ok"]),
        (&"shard".into(), &serde_json::Value::Null)
    );
    bench.grid("out", &["--shard", "2/2"]).expect(0);
    bench.run(&["merge", "out"]).expect(0);
    let complete = told(&[]);
    assert_eq!(complete["state"], "complete");
    assert_eq!(complete["trials_run"], 0);
    let sum = |key: &str| complete[key].as_u64().unwrap();
    assert_eq!(sum("ok") + sum("diverged") + sum("failed"), sum("trials"));
    assert!(sum("diverged") > 0);
}

#[test]
fn a_run_goes_on_when_nobody_listens_any_more() {
    let bench = Bench::new(SMALL);
    let mut child = bench
        .command(&["grid", "x.toml", "--out", "out"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(bench.tables("out").contains_key("trials.csv"));
}

#[test]
fn the_keys_have_a_schema_and_nothing_else_has() {
    let bench = Bench::new(SMALL);
    let ran = bench.run(&["list", "keys", "--format", "schema"]).expect(0);
    let schema: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let scheme = &schema["definitions"]["scheme"]["anyOf"][0]["enum"];
    assert!(scheme.as_array().unwrap().contains(&"he_normal".into()));
    for arguments in [&["keys", "train"][..], &["schemes"], &[]] {
        let ran = bench.run(&[&["list"], arguments, &["--format", "schema"]].concat());
        let ran = ran.expect(2);
        assert!(
            ran.err.contains("goodinit list keys --format schema"),
            "{}",
            ran.err
        );
    }
}

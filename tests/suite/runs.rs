//! Whole runs of the program: same bytes whatever the circumstances, nothing lost, clear words.

use std::fs;

use super::program::{Bench, SMALL, TRIALS};

#[test]
fn threads_and_instruction_sets_change_no_byte() {
    let bench = Bench::new(SMALL);
    bench.grid("one", &["--threads", "1"]).expect(0);
    let reference = bench.tables("one");
    assert_eq!(
        reference.keys().collect::<Vec<_>>(),
        [
            "epochs.csv",
            "layers.csv",
            "manifest.toml",
            "summary.csv",
            "trials.csv"
        ]
    );
    assert_eq!(reference["trials.csv"].lines().count(), 1 + TRIALS);
    assert!(
        reference["trials.csv"].contains(",diverged,"),
        "the battery has diverging trials"
    );
    for threads in ["2", "8"] {
        bench.grid(threads, &["--threads", threads]).expect(0);
        assert_eq!(bench.tables(threads), reference, "{threads} threads");
    }
    for isa in ["portable", "avx2", "avx512", "neon"] {
        let ran = bench
            .command(&["grid", "x.toml", "--out", isa])
            .env("GOODINIT_ISA", isa)
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&ran.stderr);
        if ran.status.code() == Some(2) && err.contains("this machine has no") {
            eprintln!("skipped: {err}");
            continue;
        }
        assert_eq!(ran.status.code(), Some(0), "{err}");
        assert_eq!(bench.tables(isa), reference, "{isa}");
        let about = fs::read_to_string(bench.path(isa).join("run.json")).unwrap();
        assert!(
            about.contains(&format!("\"isa\": \"{isa}\"")),
            "the forced one is the one that ran: {about}"
        );
    }
    bench.grid("memory", &["--no-journal"]).expect(0);
    assert_eq!(bench.tables("memory"), reference);
}

#[test]
fn growing_a_grid_leaves_every_old_row_as_it_was() {
    let bench = Bench::new(SMALL);
    bench.grid("old", &[]).expect(0);
    let grown = SMALL
        .replace("replicates = 2", "replicates = 3")
        .replace("[[6], [5, 4]]", "[[10], [6], [5, 4]]")
        .replace("\"he_normal\",", "\"lecun_uniform\", \"he_normal\", \"zeros\",")
        .replace("\"tanh\"]", "\"gelu\", \"tanh\"]");
    fs::write(bench.path("x.toml"), grown).unwrap();
    bench.grid("new", &[]).expect(0);
    let (old, new) = (bench.tables("old"), bench.tables("new"));
    for table in ["trials.csv", "epochs.csv", "layers.csv"] {
        let rows: std::collections::BTreeSet<&str> = new[table].lines().collect();
        assert!(new[table].len() > old[table].len());
        for row in old[table].lines() {
            assert!(rows.contains(row), "{table} lost {row}");
        }
    }
}

#[test]
fn complete_results_are_left_alone_until_asked() {
    let bench = Bench::new(SMALL);
    bench.grid("r", &["--trace", "trace"]).expect(0);
    let before = bench.tables("r");
    let again = bench.grid("r", &["--trace", "trace"]).expect(0);
    assert!(
        again.err.contains("complete") && again.err.contains("--fresh"),
        "{again:#?}"
    );
    assert_eq!(bench.begun("trace"), TRIALS);
    // A claim is no part of what was trained: the manifest follows, no trial runs.
    let claimed = format!("{SMALL}\n# a comment changes nothing\n");
    fs::write(bench.path("x.toml"), claimed).unwrap();
    bench.grid("r", &["--trace", "trace"]).expect(0);
    assert_eq!(bench.begun("trace"), TRIALS);
    // Another experiment is refused, and overwrites nothing.
    let refused = bench.grid("r", &["--set", "seed=6"]).expect(2);
    assert!(
        refused.err.contains("another experiment") && refused.err.contains("--fresh"),
        "{refused:#?}"
    );
    assert_eq!(bench.tables("r"), before);
    // The same again: identical, so nothing is set aside.
    bench.grid("r", &["--fresh", "--trace", "trace"]).expect(0);
    assert_eq!(bench.begun("trace"), 2 * TRIALS);
    assert_eq!(bench.tables("r"), before);
    assert!(!bench.path("r/previous-1").exists());
    // Another one on request: the old tables are moved, not lost.
    let replaced = bench.grid("r", &["--fresh", "--set", "seed=6"]).expect(0);
    assert!(replaced.err.contains("previous-1"), "{replaced:#?}");
    assert_eq!(bench.tables("r/previous-1"), before);
    assert_ne!(bench.tables("r")["trials.csv"], before["trials.csv"]);
}

#[test]
fn tables_that_are_not_ours_are_not_overwritten() {
    let bench = Bench::new(SMALL);
    fs::create_dir(bench.path("r")).unwrap();
    fs::write(bench.path("r/trials.csv"), "precious\n").unwrap();
    let refused = bench.grid("r", &[]).expect(2);
    assert!(refused.err.contains("cannot be told"), "{refused:#?}");
    assert_eq!(
        fs::read_to_string(bench.path("r/trials.csv")).unwrap(),
        "precious\n"
    );
    fs::write(bench.path("r/manifest.toml"), "garbage").unwrap();
    bench.grid("r", &[]).expect(2);
    assert_eq!(
        fs::read_to_string(bench.path("r/manifest.toml")).unwrap(),
        "garbage"
    );
}

#[test]
fn verify_finds_what_differs_first() {
    let bench = Bench::new(SMALL);
    bench.grid("r", &[]).expect(0);
    let ran = bench
        .run(&["verify", "r", "--sample", "10%", "--seed", "3"])
        .expect(0);
    assert!(
        ran.out
            .contains("recomputed 4 of 32 trials (seed 3) and the summary of all: every bit is the same"),
        "{ran:#?}"
    );
    let tables = bench.tables("r");
    // One digit of one loss, in the middle of training.
    let epochs = &tables["epochs.csv"];
    let header: Vec<&str> = epochs.lines().next().unwrap().split(',').collect();
    let at = |name: &str| header.iter().position(|h| *h == name).unwrap();
    let line = epochs
        .lines()
        .find(|l| l.split(',').nth(at("epoch")) == Some("1"))
        .unwrap();
    let cells: Vec<&str> = line.split(',').collect();
    let changed = format!("{}9", cells[at("test_loss")]);
    let hurt: Vec<&str> = cells
        .iter()
        .enumerate()
        .map(|(i, c)| if i == at("test_loss") { changed.as_str() } else { c })
        .collect();
    fs::write(
        bench.path("r/epochs.csv"),
        epochs.replacen(line, &hurt.join(","), 1),
    )
    .unwrap();
    let ran = bench.run(&["verify", "r", "--sample", "100%"]).expect(1);
    assert!(
        ran.out.contains("epochs.csv: 1 of ") && ran.out.contains("  ~ line 3: "),
        "{ran:#?}"
    );
    let cell = format!("test_loss {changed} -> {}", cells[at("test_loss")]);
    assert!(ran.out.contains(&cell), "{ran:#?}");
    assert!(
        ran.out.contains("1 trial: measurement: the weights are equal"),
        "{ran:#?}"
    );
    assert!(ran.out.ends_with(": 1 row of epochs.csv differs\n"), "{ran:#?}");
    // Initial weights come before any epoch.
    let row = tables["trials.csv"].lines().nth(1).unwrap();
    let hash = row.rsplit(',').nth(1).unwrap();
    fs::write(
        bench.path("r/trials.csv"),
        tables["trials.csv"].replacen(hash, "0000000000000000", 1),
    )
    .unwrap();
    let ran = bench.run(&["verify", "r", "--sample", "100%"]).expect(1);
    assert!(
        ran.out.contains("  ~ line 2: ") && ran.out.contains("1 trial: the initial weights (initial_hash)"),
        "{ran:#?}"
    );
    // Without the large tables there is still something to compare.
    fs::remove_file(bench.path("r/epochs.csv")).unwrap();
    fs::remove_file(bench.path("r/layers.csv")).unwrap();
    fs::write(bench.path("r/trials.csv"), &tables["trials.csv"]).unwrap();
    bench.run(&["verify", "r"]).expect(0);
    fs::write(
        bench.path("r/trials.csv"),
        tables["trials.csv"]
            .lines()
            .take(20)
            .map(|l| format!("{l}\n"))
            .collect::<String>(),
    )
    .unwrap();
    let ran = bench.run(&["verify", "r"]).expect(2);
    assert!(
        ran.err.contains("has 19 rows, but the experiment has 32 trials"),
        "{ran:#?}"
    );
}

/// The manifest says which data its tables are of.
#[test]
fn tables_of_other_data_are_found_out() {
    let bench = Bench::new(&SMALL.replace(
        "kind = \"gaussian-mixture\"\nrows = 120\nfeatures = 6",
        "kind = \"csv\"\npath = \"data.csv\"",
    ));
    let write = |first: &str| {
        let rows = (1..120).map(|i| format!("{},{},{}\n", i % 7, i * i % 11, i % 2));
        fs::write(
            bench.path("data.csv"),
            format!("{first},5,0\n{}", rows.collect::<String>()),
        )
        .unwrap();
    };
    write("3");
    bench.grid("r", &[]).expect(0);
    write("4");
    let before = bench.tables("r");
    let ran = bench.run(&["verify", "r"]).expect(1);
    assert!(
        ran.out.contains("are not those that these tables were made with"),
        "{ran:#?}"
    );
    assert!(ran.out.contains("recomputed 0 of 32"), "{ran:#?}");
    for command in [&["check", "r"][..], &["report", "r"], &["diff", "r", "r"]] {
        let ran = bench.run(command).expect(0);
        assert!(
            ran.err.contains("are not those that these tables were made with"),
            "{ran:#?}"
        );
    }
    fs::remove_file(bench.path("r/report.html")).unwrap();
    let ran = bench.run(&["probe", "x.toml", "--out", "r"]).expect(2);
    assert!(
        ran.err
            .contains("r holds results of this experiment on other data"),
        "{ran:#?}"
    );
    assert!(bench.tables("r") == before, "and nothing was touched");
    let ran = bench.run(&["probe", "x.toml", "--out", "r", "--fresh"]).expect(0);
    assert!(ran.out.contains("previous-1"), "{ran:#?}");
    let left: Vec<String> = bench.tables("r").into_keys().collect();
    assert_eq!(left, ["histograms.csv", "manifest.toml", "probe.csv"]);
    assert!(
        !bench.path("r/run.json").exists(),
        "it tells of the run that was moved"
    );
    let aside = bench.tables("r/previous-1");
    assert!(aside["trials.csv"] == before["trials.csv"] && aside["manifest.toml"] == before["manifest.toml"]);
}

#[test]
fn verify_names_the_row_and_column_of_a_cell_edited_by_hand() {
    let bench = Bench::new(SMALL);
    bench.grid("r", &[]).expect(0);
    let tables = bench.tables("r");
    let table = &tables["trials.csv"];
    let header: Vec<&str> = table.lines().next().unwrap().split(',').collect();
    // The ninth trial; its cells before the last column hold no commas that are quoted.
    let row = table.lines().nth(9).unwrap();
    assert!(!row.contains('"'), "{row}");
    let cells: Vec<&str> = row.split(',').collect();
    let at = |name: &str| header.iter().position(|h| *h == name).unwrap();
    for (column, said, also) in [
        (
            "test_accuracy",
            "  ~ line 10: ",
            ": 2 rows of summary.csv differ, 1 row of trials.csv differs\n",
        ),
        (
            "learning_rate",
            "  - line 10: ",
            "summary.csv: cannot be recomputed: ",
        ),
        (
            "trial_id",
            "      trial_id 0.123 -> ",
            "1 trial: the settings (trial_id)",
        ),
    ] {
        let mut edited = cells.clone();
        edited[at(column)] = "0.123";
        let text = table.replacen(row, &edited.join(","), 1);
        fs::write(bench.path("r/trials.csv"), text).unwrap();
        let ran = bench.run(&["verify", "r", "--sample", "100%"]).expect(1);
        assert!(ran.out.contains(said) && ran.out.contains("0.123"), "{ran:#?}");
        assert!(ran.out.contains(also), "{ran:#?}");
    }
    fs::create_dir(bench.path("empty")).unwrap();
    for (directory, said) in [
        ("empty", "empty holds no manifest.toml"),
        ("nowhere", "there is no directory nowhere"),
    ] {
        let ran = bench.run(&["verify", directory]).expect(2);
        let help = "`goodinit grid EXPERIMENT` makes one";
        assert!(ran.err.contains(said) && ran.err.contains(help), "{ran:#?}");
    }
}

#[test]
fn verify_recomputes_probes() {
    let bench = Bench::new(SMALL);
    bench.run(&["probe", "x.toml", "--out", "p"]).expect(0);
    let ran = bench.run(&["verify", "p", "--sample", "50%"]).expect(0);
    assert!(
        ran.out
            .contains("probed networks (seed 0): every bit is the same"),
        "{ran:#?}"
    );
    for file in ["probe.csv", "histograms.csv"] {
        let table = bench.tables("p").remove(file).unwrap();
        let last = table.lines().last().unwrap();
        let cut = last.rfind(',').unwrap();
        let edited = table.replace(last, &format!("{},7", &last[..cut]));
        fs::write(bench.path("p").join(file), edited).unwrap();
        let ran = bench.run(&["verify", "p", "--sample", "100%"]).expect(1);
        let end = format!(": 1 row of {file} differs\n");
        assert!(ran.out.ends_with(&end), "{ran:#?}");
        fs::write(bench.path("p").join(file), &table).unwrap();
    }
    bench.grid("p", &[]).expect(0);
    let ran = bench.run(&["verify", "p", "--sample", "1"]).expect(0);
    assert!(
        ran.out.contains("recomputed 1 of 32 trials and 1 of ") && ran.out.contains("every bit is the same"),
        "{ran:#?}"
    );
}

#[test]
fn verify_recomputes_the_summary() {
    let bench = Bench::new(SMALL);
    bench.grid("r", &[]).expect(0);
    let summary = bench.tables("r").remove("summary.csv").unwrap();
    let lines: Vec<&str> = summary.lines().collect();
    let at = |name: &str| lines[0].split(',').position(|h| h == name).unwrap();
    // One trial is recomputed, whose rows are as they were: the summary is of all of them.
    let verify = |text: String, code: i32| {
        fs::write(bench.path("r/summary.csv"), text).unwrap();
        bench.run(&["verify", "r", "--sample", "1"]).expect(code)
    };
    let with = |line: usize, row: &str| {
        let mut lines = lines.clone();
        lines[line - 1] = row;
        lines.join("\n") + "\n"
    };
    let edited = |columns: &[&str]| {
        let mut cells: Vec<&str> = lines[2].split(',').collect();
        columns.iter().for_each(|c| cells[at(c)] = "0.5");
        with(3, &cells.join(","))
    };
    let ran = verify(edited(&["test_loss_median_low"]), 1);
    assert!(
        ran.out.contains("  ~ line 3: ") && ran.out.contains("test_loss_median_low 0.5 -> "),
        "{ran:#?}"
    );
    assert!(ran.out.ends_with(": 1 row of summary.csv differs\n"), "{ran:#?}");
    let ran = verify(edited(&["reached_target", "test_accuracy_max", "rank"]), 1);
    for column in ["test_accuracy_max", "reached_target", "rank"] {
        let cell = format!("      {column} 0.5 -> ");
        assert!(ran.out.contains(&cell), "{ran:#?}");
    }
    let ran = verify(with(3, lines[1]), 2);
    assert!(
        ran.err.contains("r/summary.csv: two rows are ") && ran.err.contains("(lines 2 and 3)"),
        "{ran:#?}"
    );
    let ran = verify(lines[..lines.len() - 1].join("\n") + "\n", 1);
    assert!(ran.out.contains(", 1 added, 0 removed"), "{ran:#?}");
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    let ran = verify(swapped.join("\n") + "\n", 1);
    assert!(ran.out.contains("not in the order of the cells"), "{ran:#?}");
    let ran = verify(with(1, "a,b"), 2);
    assert!(ran.err.contains("r/summary.csv"), "{ran:#?}");
    // When the target was reached only epochs.csv can tell.
    fs::remove_file(bench.path("r/epochs.csv")).unwrap();
    verify(edited(&["reached_target"]), 0);
    verify(edited(&["test_accuracy_median"]), 1);
    fs::remove_file(bench.path("r/summary.csv")).unwrap();
    let ran = bench.run(&["verify", "r", "--sample", "1"]).expect(1);
    assert!(
        ran.out.contains("summary.csv: only on the new side")
            && ran.out.ends_with(": summary.csv is missing\n"),
        "{ran:#?}"
    );
}

#[test]
fn a_trace_that_cannot_be_written_begins_nothing() {
    let bench = Bench::new(SMALL);
    let ran = bench.grid("r", &["--trace", "nowhere/trace"]).expect(2);
    assert!(ran.err.contains("cannot write to nowhere/trace"), "{ran:#?}");
    let left = fs::read_dir(bench.path("r")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"], "which is nobody's any more");
    bench.grid("r", &["--trace", "r/trace"]).expect(0);
    assert_eq!(bench.begun("r/trace"), TRIALS);
}

/// A network of 6-6-4 whose first weight is not a number, as a .safetensors file.
fn broken_network() -> Vec<u8> {
    let tensors = [
        ("0.weight", "6,6", 36),
        ("0.bias", "6", 6),
        ("1.weight", "4,6", 24),
        ("1.bias", "4", 4),
    ];
    let (mut header, mut values) = (Vec::new(), vec![f32::NAN]);
    let mut start = 0;
    for (name, shape, length) in tensors {
        let end = start + 4 * length;
        header.push(format!(
            r#""{name}":{{"dtype":"F32","shape":[{shape}],"data_offsets":[{start},{end}]}}"#
        ));
        start = end;
    }
    values.resize(start / 4, 0.1);
    let header = format!("{{{}}}", header.join(","));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    bytes
}

#[test]
fn trials_that_fail_are_told_by_the_exit_code() {
    let with_transfer = SMALL.replace(
        r#"scheme = ["he_normal", "#,
        r#"scheme = ["he_normal", { kind = "transfer", source = "n.safetensors", mismatched = "slice" }, "#,
    );
    let bench = Bench::new(&with_transfer);
    fs::write(bench.path("n.safetensors"), broken_network()).unwrap();
    let ran = bench.grid("out", &[]).expect(1);
    assert!(ran.err.contains("failed: 16 of 48 trials"), "{ran:#?}");
    assert!(ran.out.contains("16 FAILED"), "{ran:#?}");
    let table = &bench.tables("out")["trials.csv"];
    assert_eq!(table.matches(",failed,").count(), 16);
    // Those, and no others, are tried again; the same for programs, and through shards.
    let again = bench.grid("out", &["--format", "json"]).expect(1);
    let told: serde_json::Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((&told["failed"], &told["trials_run"]), (&16.into(), &16.into()));
    let said = "32 of 48 trials are in out already, 3 of them recomputed here and equal; 16 to train, 16 of them since they failed";
    assert!(again.err.contains(said), "{again:#?}");
    assert_eq!(bench.tables("out")["trials.csv"], *table);
    let told: usize = ["1/2", "2/2"]
        .iter()
        .map(|shard| {
            let ran = bench.grid("cut", &["--shard", shard]).expect(0);
            let line = ran
                .err
                .lines()
                .find(|l| l.contains("trials of this shard failed"));
            let count = line.and_then(|l| l.split(' ').next()).unwrap_or("0");
            count.parse::<usize>().unwrap()
        })
        .sum();
    assert_eq!(told, 16);
    let merged = bench.run(&["merge", "cut"]).expect(1);
    assert!(merged.err.contains("failed: 16 of 48 trials"), "{merged:#?}");
    assert_eq!(bench.tables("cut"), bench.tables("out"));
}

#[test]
fn what_the_machine_refuses_is_no_row_of_a_table() {
    let bench = Bench::new(SMALL);
    fs::create_dir(bench.path("out")).unwrap();
    fs::write(bench.path("out/weights"), "in the way").unwrap();
    let ran = bench.grid("out", &["--save-weights"]).expect(2);
    assert!(
        ran.err.contains("weights") && ran.err.contains("run the same command again"),
        "{ran:#?}"
    );
    assert!(!bench.path("out/trials.csv").exists());
    fs::remove_file(bench.path("out/weights")).unwrap();
    bench.grid("out", &["--save-weights"]).expect(0);
    bench.grid("straight", &["--save-weights"]).expect(0);
    assert_eq!(bench.tables("out"), bench.tables("straight"));
}

#[test]
fn tables_that_lack_rows_are_not_taken_for_complete() {
    let bench = Bench::new(SMALL);
    bench.grid("out", &[]).expect(0);
    let whole = bench.tables("out");
    let table = &whole["trials.csv"];
    let short: Vec<&str> = table.split_inclusive('\n').take(4).collect();
    fs::write(bench.path("out/trials.csv"), short.concat()).unwrap();
    let ran = bench.grid("out", &[]).expect(2);
    let said = "out/trials.csv is not as it was written: edited since, or cut short";
    assert!(ran.err.contains(said) && ran.err.contains("--fresh"), "{ran:#?}");
    bench.grid("out", &["--fresh"]).expect(0);
    assert_eq!(bench.tables("out"), whole);
    assert_eq!(bench.tables("out/previous-1")["trials.csv"], short.concat());
}

/// Fewer rows change no trial; a run in steps counts in steps.
#[test]
fn rows_of_some_evaluations_are_lines_of_the_whole_table() {
    for (train, rows, kept) in [
        ("epochs = 6", "2", ["0", "2", "6"]),
        ("steps = 7\nevaluate_every = 2", "4", ["0", "4", "7"]),
    ] {
        let bench = Bench::new(&SMALL.replace("epochs = 3", train));
        bench.grid("all", &[]).expect(0);
        let set = format!("record.epoch_rows=[{rows}]");
        bench.grid("some", &["--set", &set]).expect(0);
        let (all, some) = (bench.tables("all"), bench.tables("some"));
        for table in ["trials.csv", "layers.csv"] {
            assert_eq!(some[table], all[table], "{table}");
        }
        let counted = if train.contains("steps") { "step" } else { "epoch" };
        let mut lines = all["epochs.csv"].lines();
        let head: Vec<&str> = lines.next().unwrap().split(',').collect();
        let place = |name: &str| head.iter().position(|c| *c == name).unwrap();
        let (at, trial) = (place(counted), place("trial_id"));
        let cells: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
        let is_last = |i: usize| cells.get(i + 1).is_none_or(|next| next[trial] != cells[i][trial]);
        let expected: Vec<String> = (0..cells.len())
            .filter(|&i| kept.contains(&cells[i][at]) || is_last(i))
            .map(|i| cells[i].join(","))
            .collect();
        assert!(expected.len() + TRIALS / 2 < cells.len());
        assert_eq!(
            some["epochs.csv"].lines().skip(1).collect::<Vec<_>>(),
            expected,
            "{train}"
        );
        // What is there does not do where other rows are wanted, and does where the same are.
        let wider = bench
            .run(&["grid", "x.toml", "--out", "wider", "--reuse", "some"])
            .expect(0);
        assert!(
            wider.err.contains("were not recorded as they are to be now"),
            "{wider:#?}"
        );
        assert_eq!(bench.tables("wider"), all);
        for there in ["some", "all"] {
            let same = format!("same-as-{there}");
            let ran = bench
                .run(&["grid", "x.toml", "--out", &same, "--reuse", there, "--set", &set])
                .expect(0);
            assert!(!ran.err.contains("were not recorded"), "{ran:#?}");
            assert!(ran.err.contains("32 of 32 trials"), "{ran:#?}");
            assert_eq!(bench.tables(&same), some);
        }
    }
}

#[test]
fn rows_of_some_layers_are_lines_of_the_whole_tables() {
    let bench = Bench::new(SMALL);
    for rows in ["all", "output"] {
        let set = format!("record.layer_rows={rows}");
        bench.grid(rows, &["--set", &set]).expect(0);
        let probed = format!("{rows}-probe");
        bench
            .run(&["probe", "x.toml", "--out", &probed, "--set", &set])
            .expect(0);
    }
    // Where `layer` stands, and the number of the output layer by architecture.
    let of_outputs = |table: &str| -> Vec<String> {
        let head: Vec<&str> = table.lines().next().unwrap().split(',').collect();
        let place = |name: &str| head.iter().position(|c| *c == name).unwrap();
        let (layer, architecture) = (place("layer"), place("architecture"));
        let wanted = |line: &&str| {
            let cells: Vec<&str> = line.split(',').collect();
            cells[layer] == "layer" || cells[layer] == if cells[architecture] == "6" { "2" } else { "3" }
        };
        table.lines().filter(wanted).map(str::to_owned).collect()
    };
    let (all, some) = (bench.tables("all"), bench.tables("output"));
    let expected = of_outputs(&all["layers.csv"]);
    assert!(expected.len() > TRIALS && expected.len() < all["layers.csv"].lines().count());
    assert_eq!(some["layers.csv"].lines().collect::<Vec<_>>(), expected);
    for table in ["trials.csv", "epochs.csv", "summary.csv"] {
        assert_eq!(some[table], all[table], "{table}");
    }
    let (all, some) = (bench.tables("all-probe"), bench.tables("output-probe"));
    assert_eq!(
        some["probe.csv"].lines().collect::<Vec<_>>(),
        of_outputs(&all["probe.csv"])
    );
    assert_eq!(some["histograms.csv"], all["histograms.csv"]);
}

#[test]
fn an_experiment_comes_by_standard_input() {
    use std::io::Write as _;
    let bench = Bench::new(SMALL);
    bench.grid("file", &[]).expect(0);
    let arguments = ["grid", "-", "--out", "r"];
    let mut child = bench
        .command(&arguments)
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(SMALL.as_bytes()).unwrap();
    super::program::Ran::new(child.wait_with_output().unwrap()).expect(0);
    assert_eq!(bench.tables("r"), bench.tables("file"));
    let about = fs::read_to_string(bench.path("r/run.json")).unwrap();
    assert!(about.contains("grid - --out r < EXPERIMENT.toml"), "{about}");
}

/// What bash reads back is what was given, byte for byte.
#[cfg(target_os = "linux")]
#[test]
fn the_command_that_goes_on_can_be_pasted_whatever_the_path() {
    use std::os::unix::ffi::OsStrExt as _;
    let bench = Bench::new(SMALL);
    let name = std::ffi::OsStr::from_bytes(b"it's \xe9t\xe9\n$HOME.toml");
    fs::rename(bench.path("x.toml"), bench.path("").join(name)).unwrap();
    let ran = bench.command(&["grid", "--out", "r"]).arg(name).output().unwrap();
    super::program::Ran::new(ran).expect(0);
    let about: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(bench.path("r/run.json")).unwrap()).unwrap();
    let script = about["command"]
        .as_str()
        .unwrap()
        .replacen("goodinit", r"printf '%s\0'", 1);
    let Ok(shell) = std::process::Command::new("bash").args(["-c", &script]).output() else {
        return;
    };
    let words: Vec<&[u8]> = shell.stdout.split(|b| *b == 0).collect();
    assert_eq!(words, [b"grid", name.as_bytes(), b"--out", b"r", b""]);
}

#[test]
fn tables_of_a_file_that_changed_since_are_not_complete() {
    let bench = Bench::new(
        "name = \"x\"\nreplicates = 2\n[data]\nkind = \"csv\"\npath = \"d.csv\"\nlabel = \"y\"\n\
         [train]\nepochs = 1\n[record]\nweights = \"final\"\n[grid]\nscheme = [\"he_normal\"]\n\
         architecture = [[4]]\nlearning_rate = [0.1]\n",
    );
    let rows = |last: &str| (0..40).map(|i| format!("{i},{}\n", i % 2)).collect::<String>() + last;
    fs::write(bench.path("d.csv"), format!("a,y\n{}", rows("40,0\n"))).unwrap();
    bench.grid("r", &[]).expect(0);
    let before = bench.tables("r");
    bench.grid("r", &[]).expect(0);
    fs::write(bench.path("d.csv"), format!("a,y\n{}", rows("41,0\n"))).unwrap();
    let ran = bench.grid("r", &[]).expect(2);
    assert!(
        ran.err.contains("these tables were made with") && ran.err.contains("d.csv"),
        "{ran:#?}"
    );
    assert!(ran.err.contains("--fresh"), "{ran:#?}");
    assert_eq!(bench.tables("r"), before);
    // Without the file, the tables are still there to be looked at.
    fs::remove_file(bench.path("d.csv")).unwrap();
    bench.grid("r", &[]).expect(0);

    // The same for the weights that `transfer` reads.
    let weights = |i: usize| {
        let mut files: Vec<_> = fs::read_dir(bench.path("r/weights"))
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        files.sort();
        fs::copy(&files[i], bench.path("w.safetensors")).unwrap();
    };
    weights(0);
    fs::copy(bench.path("w.safetensors"), bench.path("v.safetensors")).unwrap();
    fs::write(bench.path("d.csv"), format!("a,y\n{}", rows("40,0\n"))).unwrap();
    let transfer = |file: &str| format!("{{ kind = \"transfer\", source = \"{file}.safetensors\" }}");
    let scheme = &format!("grid.scheme=[{}, {}]", transfer("v"), transfer("w"));
    bench.grid("t", &["--set", scheme]).expect(0);
    bench.grid("t", &["--set", scheme]).expect(0);
    // Its digest is part of what a trial is: other weights are other trials, and the old are kept aside.
    weights(1);
    let ran = bench.grid("t", &["--set", scheme]).expect(0);
    for wanted in [
        "2 of 4 trials are in t already",
        "2 to train",
        "are now in t/previous-1",
    ] {
        assert!(ran.err.contains(wanted), "{ran:#?}");
    }
}

/// A column of times in seconds since 1970 teaches what the same column less a constant teaches.
#[test]
fn times_in_seconds_are_learned_like_any_other_column() {
    let bench = Bench::new(
        "name = \"x\"\n[data]\nkind = \"csv\"\npath = \"d.csv\"\nlabel = \"y\"\n\
         split = { train = 64, test = 36 }\n[train]\nepochs = 30\nbatch_size = 8\n\
         [grid]\nscheme = [\"he_normal\"]\narchitecture = [[16]]\nactivation = \"tanh\"\nlearning_rate = [0.3]\n",
    );
    let mut accuracies = Vec::new();
    for shift in [0u64, 1_764_000_000] {
        // The second half of two minutes.
        let row = |i: u64| format!("{},{}\n", shift + i * 37 % 120, u64::from(i * 37 % 120 >= 60));
        let rows: String = (0..100).map(row).collect();
        fs::write(bench.path("d.csv"), format!("time,y\n{rows}")).unwrap();
        let directory = shift.to_string();
        bench.grid(&directory, &[]).expect(0);
        let trials = &bench.tables(&directory)["trials.csv"];
        let mut lines = trials.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let (header, cells) = (lines.next().unwrap(), lines.next().unwrap());
        let column = header.iter().position(|name| *name == "test_accuracy").unwrap();
        accuracies.push(cells[column].parse::<f64>().unwrap());
    }
    assert_eq!(accuracies[0], accuracies[1]);
    assert!(accuracies[0] > 0.9, "{accuracies:?}");
}

#[test]
fn data_too_large_are_refused_before_they_are_made() {
    let bench = Bench::new(SMALL);
    // 4 TB of data.
    let sets = ["--set", "data.rows=1000000", "--set", "data.features=1000000"];
    let ran = bench.grid("r", &sets).expect(2);
    assert!(
        ran.err
            .contains("1000000 rows of 1000000 features are more than 2^31 values"),
        "{ran:#?}"
    );
    let sets = [
        "--set",
        "data.rows=1000",
        "--set",
        "data.features=1000",
        "--dry-run",
    ];
    let plan = bench.grid("r", &sets).expect(0);
    assert!(plan.out.contains("4.0 MB for the data"), "{plan:#?}");
}

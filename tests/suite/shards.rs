//! Shards and their merge.

use std::fs;

use super::program::{Bench, SMALL};

#[test]
fn merged_shards_are_the_unsharded_run_byte_for_byte() {
    let bench = Bench::new(SMALL);
    bench.grid("whole", &[]).expect(0);
    for i in ["2/3", "1/3"] {
        let ran = bench.grid("r", &["--shard", i, "--threads", "2"]).expect(0);
        assert!(
            ran.err.contains("goodinit merge r"),
            "it says how to go on: {ran:#?}"
        );
    }
    let missing = bench.run(&["merge", "r"]).expect(2);
    assert!(
        missing.err.contains("shard 3/3: ") && missing.err.contains("(not begun)"),
        "{missing:#?}"
    );
    assert!(
        missing.err.contains("goodinit grid x.toml --out r --shard 3/3"),
        "{missing:#?}"
    );
    assert!(bench.tables("r").is_empty());
    // The third comes from a scheduler, on a machine of its own.
    let ran = bench
        .command(&["grid", "x.toml", "--out", "elsewhere", "--shard", "auto/3"])
        .env("JOB_COMPLETION_INDEX", "2")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    bench.run(&["merge", "r", "elsewhere"]).expect(0);
    assert_eq!(bench.tables("r"), bench.tables("whole"));
    assert!(!bench.path("r/journal").exists() && bench.path("elsewhere/journal").exists());
    let again = bench.run(&["merge", "r"]).expect(2);
    assert!(again.err.contains("there are no shards"), "{again:#?}");
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let bench = Bench::new(SMALL);
    bench.grid("r", &["--shard", "1/2"]).expect(0);
    let cut = bench.grid("r", &["--shard", "2/4"]).expect(2);
    assert!(
        cut.err
            .contains("is of shard 1/2, which does not go together with 2/4"),
        "{cut:#?}"
    );
    bench
        .grid("other", &["--shard", "2/2", "--set", "seed=6"])
        .expect(0);
    let mixed = bench.run(&["merge", "r", "other"]).expect(2);
    assert!(mixed.err.contains("of another experiment"), "{mixed:#?}");
    for (bad, word) in [
        ("0/2", "no shard 0 of 2"),
        ("3/2", "no shard 3 of 2"),
        ("x", "is not a shard"),
        ("auto", "no array job"),
    ] {
        let ran = bench.grid("r", &["--shard", bad]).expect(2);
        assert!(ran.err.contains(word), "{ran:#?}");
    }
}

#[test]
fn a_damaged_shard_is_named_and_mended_by_running_it_again() {
    let bench = Bench::new(SMALL);
    bench.grid("whole", &[]).expect(0);
    for i in ["1/2", "2/2"] {
        bench.grid("r", &["--shard", i]).expect(0);
    }
    let path = bench.path("r/journal/2-of-2");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&path, bytes).unwrap();
    let ran = bench.run(&["merge", "r"]).expect(2);
    assert!(
        ran.err.contains("1 of 32 trials are missing") && ran.err.contains("shard 2/2: 1 of "),
        "{ran:#?}"
    );
    let ran = bench.grid("r", &["--shard", "2/2", "--trace", "trace"]).expect(0);
    assert!(
        ran.err
            .contains("are damaged; the trials that were there are trained again"),
        "{ran:#?}"
    );
    assert!(ran.err.contains("resuming: "), "{ran:#?}");
    assert_eq!(bench.begun("trace"), 1);
    bench.run(&["merge", "r"]).expect(0);
    assert_eq!(bench.tables("r"), bench.tables("whole"));
}

#[test]
fn a_fresh_shard_sets_journals_of_another_cut_aside_and_leaves_its_own_cut() {
    let bench = Bench::new(SMALL);
    bench.grid("whole", &[]).expect(0);
    bench.grid("r", &["--shard", "1/2"]).expect(0);
    let before = fs::read(bench.path("r/journal/1-of-2")).unwrap();
    // Not from under a shard that is at work.
    let at_work = fs::File::open(bench.path("r/journal/1-of-2.lock")).unwrap();
    at_work.lock().unwrap();
    let refused = bench.grid("r", &["--fresh", "--shard", "1/3"]).expect(2);
    assert!(
        refused.err.contains("shard 1/2 of r is in use by"),
        "{refused:#?}"
    );
    assert_eq!(fs::read(bench.path("r/journal/1-of-2")).unwrap(), before);
    drop(at_work);
    let ran = bench.grid("r", &["--fresh", "--shard", "1/3"]).expect(0);
    assert!(ran.err.contains("previous-1"), "{ran:#?}");
    assert_eq!(fs::read(bench.path("r/previous-1/1-of-2")).unwrap(), before);
    bench.grid("r", &["--fresh", "--shard", "2/3"]).expect(0);
    bench.grid("r", &["--shard", "3/3"]).expect(0);
    bench.run(&["merge", "r"]).expect(0);
    assert_eq!(bench.tables("r"), bench.tables("whole"));
}

#[test]
fn a_whole_run_finishes_what_shards_have_begun() {
    let bench = Bench::new(SMALL);
    bench.grid("whole", &[]).expect(0);
    for shard in ["1/3", "2/3"] {
        bench.grid("r", &["--shard", shard]).expect(0);
    }
    let ran = bench.grid("r", &["--trace", "trace"]).expect(0);
    let (said, begun) = (" trials are in r/journal/1-of-3 already, ", bench.begun("trace"));
    assert!(
        ran.err.contains(said) && ran.err.contains(&format!("; {begun} to train")),
        "{ran:#?}"
    );
    assert!(begun > 0 && begun < 16, "{begun}");
    assert_eq!(bench.tables("r"), bench.tables("whole"));
    assert!(!bench.path("r/journal").exists());
}

#[test]
fn a_whole_run_keeps_the_rows_of_shards_that_it_has_no_use_for() {
    let bench = Bench::new(SMALL);
    // An unfinished whole run: the machine refuses its weights.
    fs::create_dir(bench.path("r")).unwrap();
    fs::write(bench.path("r/weights"), "in the way").unwrap();
    bench.grid("r", &["--save-weights"]).expect(2);
    fs::remove_file(bench.path("r/weights")).unwrap();
    let ran = bench.grid("r", &["--shard", "1/3"]).expect(2);
    assert!(
        ran.err.contains("run it whole again") && ran.err.contains("--fresh"),
        "{ran:#?}"
    );
    bench.grid("r", &["--fresh", "--shard", "1/3"]).expect(0);
    let shard = fs::read(bench.path("r/journal/1-of-3")).unwrap();
    assert!(bench.path("r/previous-1/1-of-1").exists() && !bench.path("r/journal/1-of-1").exists());
    // Not even where the experiment has become another.
    let narrower = ["--set", "grid.activation=[\"relu\"]"];
    let ran = bench.grid("r", &narrower).expect(0);
    assert!(
        ran.err.contains("with rows that the experiment no longer has: "),
        "{ran:#?}"
    );
    assert_eq!(fs::read(bench.path("r/previous-2/1-of-3")).unwrap(), shard);
    bench.grid("straight", &narrower).expect(0);
    assert_eq!(bench.tables("r"), bench.tables("straight"));
}

#[test]
fn shards_of_two_cuts_make_a_whole_that_is_merged() {
    let bench = Bench::new(SMALL);
    bench.grid("whole", &[]).expect(0);
    for (out, shard) in [("r", "1/2"), ("a", "1/3"), ("b", "2/3"), ("b", "3/3")] {
        bench.grid(out, &["--shard", shard]).expect(0);
    }
    let ran = bench.run(&["merge", "r", "b"]).expect(2);
    assert!(
        ran.err.contains("help: goodinit grid x.toml --out r\n"),
        "{ran:#?}"
    );
    bench.run(&["merge", "r", "a", "b"]).expect(0);
    assert_eq!(bench.tables("r"), bench.tables("whole"));
}

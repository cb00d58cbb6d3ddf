//! The crash battery in its small form; the long one is tests/scripts/crash.sh.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use super::program::{Bench, Ran, SMALL, TRIALS};

/// Starts a run, stops it with `stop` after `pause`, and returns what it said.
fn stopped(bench: &Bench, threads: &str, pause: u64, stop: impl Fn(&mut std::process::Child)) -> Ran {
    let arguments = [
        "grid",
        "x.toml",
        "--out",
        "r",
        "--trace",
        "trace",
        "--threads",
        threads,
    ];
    let mut child = bench
        .command(&arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(pause));
    stop(&mut child);
    Ran::new(child.wait_with_output().unwrap())
}

/// An experiment long enough to be stopped some times, in a debug build, too; under a schedule, so
/// that the rate of a step must come out the same after a resume.
fn longer() -> String {
    let longer = SMALL.replace("epochs = 3", "epochs = 2000\nevaluate_every = 500");
    longer.replace("[grid]", "[grid]\nschedule = \"cosine\"")
}

/// Trials that ended more than once.
fn ended_twice(bench: &Bench) -> usize {
    let trace = fs::read_to_string(bench.path("trace")).unwrap();
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for id in trace.lines().filter_map(|l| l.split_once("\tend\t")) {
        *ends.entry(id.1).or_default() += 1;
    }
    assert_eq!(ends.len(), TRIALS, "every trial ended");
    ends.values().filter(|n| **n > 1).count()
}

#[test]
fn killed_at_any_moment_it_goes_on_and_the_bytes_are_the_same() {
    let bench = Bench::new(&longer());
    bench.grid("whole", &[]).expect(0);
    let mut killed = 0;
    for i in 0..8u64 {
        let threads = ["1", "3", "2", "8"][i as usize % 4];
        let ran = stopped(&bench, threads, 20 + 97 * i % 250, |child| child.kill().unwrap());
        assert!(!ran.err.contains("panicked"), "{ran:#?}");
        killed += usize::from(ran.code.is_none());
    }
    bench.grid("r", &["--trace", "trace"]).expect(0);
    assert_eq!(bench.tables("r"), bench.tables("whole"));
    assert!(!bench.path("r/journal").exists());
    // Only a trial that ended in the instant before a kill may have been trained again.
    assert!(ended_twice(&bench) <= killed, "killed {killed} times");
}

#[cfg(unix)]
#[test]
fn asked_to_stop_it_keeps_everything_and_says_how_to_go_on() {
    let bench = Bench::new(&longer());
    bench.grid("whole", &[]).expect(0);
    let mut interrupted = 0;
    for (i, signal) in ["-TERM", "-INT", "-HUP", "-USR1", "-USR2", "-XCPU"]
        .iter()
        .enumerate()
    {
        let ran = stopped(&bench, "2", 150 + 30 * i as u64, |child| {
            let id = child.id().to_string();
            assert!(
                std::process::Command::new("kill")
                    .args([*signal, &id])
                    .status()
                    .unwrap()
                    .success()
            );
        });
        if ran.code == Some(75) {
            interrupted += 1;
            assert!(ran.err.contains("32 trials are kept"), "{ran:#?}");
            // Said before a second signal could cut the program short.
            let early = "either way, go on with: goodinit grid x.toml --out r";
            assert_eq!(ran.err.contains("stopping:"), ran.err.contains(early), "{ran:#?}");
            assert!(
                ran.err.contains("go on with: goodinit grid x.toml --out r"),
                "{ran:#?}"
            );
        } else {
            assert_eq!(ran.code, Some(0), "{ran:#?}");
        }
    }
    assert!(interrupted > 0, "no run was slow enough to be stopped");
    bench.grid("r", &["--trace", "trace"]).expect(0);
    assert_eq!(bench.tables("r"), bench.tables("whole"));
    assert_eq!(ended_twice(&bench), 0);
}

#[cfg(unix)]
#[test]
fn a_limit_on_the_size_of_files_is_an_error_that_keeps_what_was_written() {
    let bench = Bench::new(&longer());
    bench.grid("whole", &[]).expect(0);
    // Blocks of 512 or 1024 bytes, by the shell.
    let script = r#"ulimit -f 8; "$0" grid x.toml --out r"#;
    let ran = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_goodinit")])
        .current_dir(bench.path(""))
        .output()
        .unwrap();
    let ran = Ran::new(ran).expect(2);
    let says = "every trial that was written before is kept";
    assert!(
        ran.err.contains("File too large") && ran.err.contains(says),
        "{ran:#?}"
    );
    bench.grid("r", &[]).expect(0);
    assert_eq!(bench.tables("r"), bench.tables("whole"));
}

/// `nohup` ignores SIGHUP, so that the run outlives its terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_run_under_nohup_outlives_its_terminal() {
    let bench = Bench::new(&longer());
    let script = r#"trap "" HUP; "$0" grid x.toml --out r & sleep .2; kill -HUP $!; wait $!"#;
    let ran = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_goodinit")])
        .current_dir(bench.path(""))
        .output()
        .unwrap();
    Ran::new(ran).expect(0);
    assert!(bench.path("r/trials.csv").exists());
}

#[test]
fn a_second_run_in_the_same_directory_is_told() {
    let bench = Bench::new(&longer());
    stopped(&bench, "1", 200, |child| {
        assert!(child.try_wait().unwrap().is_none(), "the first is still at work");
        let ran = bench.grid("r", &["--trace", "trace-2"]).expect(2);
        assert!(ran.err.contains("r is in use by"), "{ran:#?}");
        assert!(!bench.path("trace-2").exists(), "nothing was touched");
        for other in [&["merge", "r"][..], &["probe", "x.toml", "--out", "r"]] {
            let ran = bench.run(other).expect(2);
            assert!(ran.err.contains("r is in use by"), "{ran:#?}");
        }
        child.kill().unwrap();
    });
    bench.grid("r", &[]).expect(0);
}

#[test]
fn a_journal_of_another_build_or_experiment_is_kept() {
    let bench = Bench::new(&longer());
    stopped(&bench, "1", 50, |child| {
        let ended = || fs::read_to_string(bench.path("trace")).is_ok_and(|text| text.contains("\tend\t"));
        while !ended() {
            std::thread::sleep(Duration::from_millis(10));
        }
        // The record is written after the trace.
        std::thread::sleep(Duration::from_millis(100));
        child.kill().unwrap();
    });
    let path = bench.path("r/journal/1-of-1");
    let before = fs::read(&path).unwrap();
    let other = bench.grid("r", &["--set", "seed=6"]).expect(2);
    assert!(
        other.err.contains("another experiment") && other.err.contains("--fresh"),
        "{other:#?}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
    let fresh = bench.grid("r", &["--set", "seed=6", "--fresh"]).expect(0);
    assert!(fresh.err.contains("previous-1"), "{fresh:#?}");
    assert_eq!(
        fs::read(bench.path("r/previous-1/1-of-1")).unwrap(),
        before,
        "kept, not lost"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_that_cannot_be_written_is_a_clear_error() {
    let bench = Bench::new(SMALL);
    let ran = bench.grid("/proc/no/such", &[]).expect(2);
    assert!(ran.err.contains("cannot create /proc/no"), "{ran:#?}");
    fs::write(bench.path("file"), "mine").unwrap();
    let ran = bench.grid("file", &[]).expect(2);
    assert!(ran.err.contains("cannot create file"), "{ran:#?}");
    assert_eq!(fs::read_to_string(bench.path("file")).unwrap(), "mine");
}

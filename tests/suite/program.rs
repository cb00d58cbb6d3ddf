//! The built program, run in directories of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A directory with an experiment file, gone when dropped.
pub struct Bench {
    directory: tempfile::TempDir,
}

/// What a run left on the standard streams, and its exit code (`None`: killed).
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn new(output: Output) -> Self {
        Ran {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails unless the exit code is `code`; a panic is never right.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert!(!self.err.contains("panicked"), "{self:#?}");
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

impl Bench {
    pub fn new(experiment: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("x.toml"), experiment).unwrap();
        Bench { directory }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The program with `arguments`, in this directory.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_goodinit"));
        command.args(arguments).current_dir(self.directory.path());
        for scheduler in [
            "SLURM_ARRAY_TASK_ID",
            "JOB_COMPLETION_INDEX",
            "AWS_BATCH_JOB_ARRAY_INDEX",
        ] {
            command.env_remove(scheduler);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::new(self.command(arguments).output().unwrap())
    }

    /// `goodinit grid x.toml --out OUT` with more arguments.
    pub fn grid(&self, out: &str, more: &[&str]) -> Ran {
        self.run(&[&["grid", "x.toml", "--out", out], more].concat())
    }

    /// The results in `directory`: every table and the manifest, by name.
    pub fn tables(&self, directory: &str) -> BTreeMap<String, String> {
        tables(&self.path(directory))
    }

    /// How many trials began according to a trace.
    pub fn begun(&self, trace: &str) -> usize {
        let text = fs::read_to_string(self.path(trace)).unwrap_or_default();
        text.lines().filter(|l| l.contains("\tstart\t")).count()
    }
}

fn tables(directory: &Path) -> BTreeMap<String, String> {
    let mut tables = BTreeMap::new();
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "csv" || e == "toml") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            tables.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    tables
}

/// 24 trials of a millisecond or so each (in a release build); some diverge.
pub const SMALL: &str = r#"
name = "x"
seed = 5
replicates = 2
[data]
kind = "gaussian-mixture"
rows = 120
features = 6
split = { train = 60, validation = 30, test = 30 }
[train]
epochs = 3
batch_size = 20
[record]
layers = [0, "last"]
probe_samples = 10
[grid]
scheme = ["he_normal", { kind = "normal", std = 0.01 }]
architecture = [[6], [5, 4]]
activation = ["relu", "tanh"]
learning_rate = [0.1, 1000000.0]
"#;

/// Trials in [`SMALL`].
pub const TRIALS: usize = 32;

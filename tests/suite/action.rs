//! The script of `action.yml`, run as GitHub runs it: a pull request in a shallow clone, files for the
//! summary and the outputs, and `gh` replaced by a program that writes down what it was told.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::Ran;

const EXPERIMENT: &str = r#"name = "x"
seed = 5
replicates = 6
[data]
kind = "digits"
split = { train = 300, validation = 0, test = 300 }
[train]
epochs = 5
batch_size = 10
[grid]
scheme = ["he_normal", { kind = "normal", std = 0.01 }]
architecture = [[16, 16]]
learning_rate = 0.1
[[claim]]
name = "he-learns"
sentence = "From He's start a network of two hidden layers reads most digits after five epochs."
metric = "test_accuracy"
left = { scheme = "he_normal" }
relation = "left >= 0.6"
"#;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A repository with tables on `main`, and a shallow clone of its branch `change`.
struct Repository {
    directory: tempfile::TempDir,
}

impl Repository {
    /// `None` where git or bash is not there.
    fn new() -> Option<Self> {
        let works = |program: &str| {
            Command::new(program)
                .arg("--version")
                .output()
                .is_ok_and(|o| o.status.success())
        };
        if cfg!(windows) || !works("git") || !works("bash") {
            println!("skipped: the action's script needs git and bash, on a system that is not Windows");
            return None;
        }
        let new = Repository {
            directory: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(new.path("origin/experiments")).unwrap();
        fs::write(new.path("origin/experiments/x.toml"), EXPERIMENT).unwrap();
        new.goodinit(&["grid", "experiments/x.toml"]);
        new.git("origin", &["init", "--quiet", "--initial-branch=main"]);
        new.commit();
        new.git("origin", &["switch", "--quiet", "--create", "change"]);
        Some(new)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn git(&self, at: &str, arguments: &[&str]) {
        let output = Command::new("git")
            .current_dir(self.path(at))
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    fn commit(&self) {
        fs::write(
            self.path("origin/.gitignore"),
            "run.json\njournal\nlock\nprevious-*\n",
        )
        .unwrap();
        self.git("origin", &["add", "."]);
        self.git("origin", &["commit", "--quiet", "--allow-empty", "--message=t"]);
    }

    fn goodinit(&self, arguments: &[&str]) {
        let mut program = Command::new(env!("CARGO_BIN_EXE_goodinit"));
        let output = program.args(arguments).current_dir(self.path("origin")).output();
        Ran::new(output.unwrap()).expect(0);
    }

    /// Commits what `origin` holds as `change` and runs the script in a new clone of it.
    fn run(&self, variables: &[(&str, &str)]) -> Action {
        self.commit();
        for old in ["clone", "temp", "summary", "outputs", "gh.log"] {
            let old = self.path(old);
            let _ = if old.is_dir() {
                fs::remove_dir_all(old)
            } else {
                fs::remove_file(old)
            };
        }
        let origin = format!("file://{}", self.path("origin").display());
        self.git(
            ".",
            &[
                "clone",
                "--quiet",
                "--depth=1",
                "--branch=change",
                &origin,
                "clone",
            ],
        );
        fs::create_dir_all(self.path("temp")).unwrap();
        let path = format!(
            "{}:{}",
            self.path("bin").display(),
            std::env::var("PATH").unwrap_or_default()
        );
        let output = Command::new(here(".github/action/run.sh"))
            .current_dir(self.path("clone"))
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.directory.path())
            .env("GITHUB_STEP_SUMMARY", self.path("summary"))
            .env("GITHUB_OUTPUT", self.path("outputs"))
            .env("GITHUB_BASE_REF", "main")
            .env("GITHUB_REPOSITORY", "someone/something")
            .env("GITHUB_SERVER_URL", "https://example.org")
            .env("GITHUB_RUN_ID", "7")
            .env("RUNNER_TEMP", self.path("temp"))
            .env("GOODINIT", env!("CARGO_BIN_EXE_goodinit"))
            .env("EXPERIMENT", "experiments/x.toml")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let text = |name: &str| fs::read_to_string(self.path(name)).unwrap_or_default();
        let pairs = text("outputs");
        let pairs = pairs.lines().filter_map(|line| line.split_once('='));
        Action {
            ran: Ran::new(output),
            summary: text("summary"),
            outputs: pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
            gh: text("gh.log"),
        }
    }

    /// What `gh` is: it writes down its arguments, prints `says` and ends with `code`.
    fn replace_gh(&self, says: &str, code: i32) {
        let gh = self.path("bin/gh");
        fs::create_dir_all(gh.parent().unwrap()).unwrap();
        let log = self.path("gh.log");
        let text = format!(
            "#!/bin/sh\necho \"$*\" >> '{}'\nprintf '{says}'\nexit {code}\n",
            log.display()
        );
        fs::write(&gh, text).unwrap();
        let made = Command::new("chmod").arg("+x").arg(&gh).status();
        assert!(made.unwrap().success());
    }
}

#[derive(Debug)]
struct Action {
    ran: Ran,
    summary: String,
    outputs: BTreeMap<String, String>,
    gh: String,
}

impl Action {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.ran.code, Some(code), "{self:#?}");
        self
    }

    fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }
}

#[test]
fn a_pull_request_that_moves_no_number() {
    let Some(repository) = Repository::new() else {
        return;
    };
    let action = repository
        .run(&[("FAIL_ON", "difference conclusion stale")])
        .expect(0);
    let row = "| `x` | same | same | as computed |";
    assert!(
        action.summary.contains(row) && action.summary.contains("against `main`"),
        "{action:#?}"
    );
    assert!(!action.summary.contains("###"), "{action:#?}");
    let said = ["same", "concludes-the-same", "stale"].map(|name| action.output(name));
    assert_eq!(said, ["true", "true", "false"]);
    let tables = Path::new(action.output("tables")).join("x");
    for table in ["trials.csv", "epochs.csv", "summary.csv", "manifest.toml"] {
        let read = |directory: &Path| fs::read(directory.join(table)).unwrap();
        assert_eq!(
            read(&tables),
            read(&repository.path("origin/results/x")),
            "{table}"
        );
    }
}

#[test]
fn a_pull_request_that_moves_a_conclusion() {
    let Some(repository) = Repository::new() else {
        return;
    };
    let changed = EXPERIMENT.replace("epochs = 5", "epochs = 1");
    fs::write(repository.path("origin/experiments/x.toml"), changed).unwrap();

    let action = repository.run(&[]).expect(1);
    println!("{}", action.summary);
    let row = "| `x` | **differ** | **change** | **stale**: `goodinit grid experiments/x.toml` and commit |";
    assert!(action.summary.contains(row), "{action:#?}");
    assert!(
        action.summary.contains("claim he-learns: pass -&gt; fail"),
        "{action:#?}"
    );
    assert_eq!(
        fs::read_to_string(action.output("report")).unwrap(),
        action.summary
    );
    let said = ["same", "concludes-the-same", "stale"].map(|name| action.output(name));
    assert_eq!(said, ["false", "false", "true"]);
    for (words, code) in [("never", 0), ("difference", 1), ("conclusion", 1), ("stale", 1)] {
        repository.run(&[("FAIL_ON", words)]).expect(code);
    }

    // With its tables committed the branch is whole, and still differs from its base.
    repository.goodinit(&["grid", "experiments/x.toml", "--fresh"]);
    let action = repository.run(&[("FAIL_ON", "stale")]).expect(0);
    assert!(
        action
            .summary
            .contains("| **differ** | **change** | as computed |"),
        "{action:#?}"
    );
}

#[test]
fn an_experiment_that_the_base_lacks_is_new() {
    let Some(repository) = Repository::new() else {
        return;
    };
    let new = EXPERIMENT.replace("name = \"x\"", "name = \"y\"");
    fs::write(repository.path("origin/experiments/y.toml"), new).unwrap();
    let files = [
        ("EXPERIMENT", "experiments/x.toml\n  experiments/y.toml\n"),
        ("FAIL_ON", "difference"),
    ];
    let action = repository.run(&files).expect(0);
    assert!(
        action.summary.contains("| `x` | same | same | as computed |"),
        "{action:#?}"
    );
    assert!(
        action.summary.contains("| `y` | no results there |  | none |"),
        "{action:#?}"
    );
    // A branch that is new has nothing before it: GitHub writes zeros.
    let action = repository
        .run(&[("BASE", "0000000000000000000000000000000000000000")])
        .expect(0);
    assert!(
        action.summary.contains("| no results there |  | as computed |"),
        "{action:#?}"
    );
}

#[test]
fn errors_are_in_the_summary() {
    let Some(repository) = Repository::new() else {
        return;
    };
    for (variable, value, said) in [
        ("FAIL_ON", "differences", "`fail-on` cannot be `differences`"),
        ("FAIL_ON", "never stale", "never stands alone"),
        (
            "EXPERIMENT",
            "experiments/z.toml",
            "there is no experiment file `experiments/z.toml`",
        ),
        ("EXPERIMENT", "\n", "`experiment` names no file"),
        (
            "EXPERIMENT",
            "experiments/x.toml\nexperiments/x.toml",
            "two experiment files are of `x`",
        ),
        ("BASE", "nowhere", "there is no `nowhere` to compare with"),
    ] {
        let action = repository.run(&[(variable, value)]).expect(2);
        assert!(action.summary.contains(said), "{action:#?}");
        assert!(action.ran.out.contains("::error title=goodinit::"), "{action:#?}");
    }
    let broken = EXPERIMENT.replace("he_normal", "he_norml");
    fs::write(repository.path("origin/experiments/x.toml"), broken).unwrap();
    let action = repository.run(&[]).expect(2);
    assert!(action.summary.contains("ended with code 2: error"), "{action:#?}");
    assert!(
        action.ran.out.contains("did you mean `he_normal`?"),
        "{action:#?}"
    );
}

#[test]
fn the_comment_is_written_once_and_then_edited() {
    let Some(repository) = Repository::new() else {
        return;
    };
    let asked = [("COMMENT", "true"), ("PULL_REQUEST", "12"), ("FAIL_ON", "never")];
    repository.replace_gh("", 0);
    let action = repository.run(&asked).expect(0);
    assert!(
        action
            .gh
            .contains("--method POST repos/someone/something/issues/12/comments"),
        "{action:#?}"
    );
    repository.replace_gh("345\\n", 0);
    let action = repository.run(&asked).expect(0);
    assert!(
        action
            .gh
            .contains("--method PATCH repos/someone/something/issues/comments/345"),
        "{action:#?}"
    );
    let body = fs::read_to_string(repository.path("temp/goodinit/comment.md")).unwrap();
    assert_eq!(body, format!("<!-- goodinit -->\n{}", action.summary));
    // A fork's token may not.
    repository.replace_gh("", 1);
    let action = repository.run(&asked).expect(0);
    assert!(
        action
            .ran
            .out
            .contains("::notice title=goodinit::no comment was written"),
        "{action:#?}"
    );
    // Without the input, or outside of a pull request, nothing is asked of GitHub.
    for variables in [&asked[1..], &asked[..1]] {
        assert_eq!(repository.run(variables).expect(0).gh, "");
    }
}

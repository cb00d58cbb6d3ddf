//! `goodinit diff` from the outside: exit codes, git revisions, formats.

use std::path::Path;
use std::process::{Command, Output};

const OLD: &str = "dataset,scheme,learning_rate,replicate,test_loss\n\
                   digits,he_normal,0.01,0,0.25\ndigits,he_normal,0.01,1,0.5\n\
                   digits,he_normal,0.1,0,0.125\n";

fn goodinit(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output: Output = Command::new(assert_cmd::cargo::cargo_bin!("goodinit"))
        .current_dir(directory)
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn exit_codes_and_formats() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    write(&at.join("a.csv"), OLD);
    write(&at.join("b.csv"), &OLD.replace("0.5\n", "0.5000000000000001\n"));
    write(
        &at.join("twice.csv"),
        &(OLD.to_owned() + "digits,he_normal,0.1,0,9\n"),
    );

    let (code, out, _) = goodinit(at, &["diff", "a.csv", "a.csv"]);
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "a.csv -> a.csv\nSame: 1 table, 3 rows.\n")
    );

    let (code, out, _) = goodinit(at, &["diff", "a.csv", "b.csv"]);
    assert_eq!(code, Some(1));
    assert!(
        out.contains("test_loss 0.5 -> 0.5000000000000001  (2.22e-16 relative, 1 ulp)"),
        "{out}"
    );

    let (code, _, _) = goodinit(at, &["diff", "a.csv", "b.csv", "--tolerance", "test_loss=1ulp"]);
    assert_eq!(code, Some(0));

    let (code, out, _) = goodinit(at, &["diff", "a.csv", "b.csv", "--format", "csv"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        out,
        "table,change,row,column,old,new,absolute,relative,ulp\n\
         b.csv,changed,digits he_normal 0.01 1,test_loss,0.5,0.5000000000000001,\
         1.1102230246251565e-16,2.2204460492503126e-16,1\n"
    );

    let (code, out, _) = goodinit(at, &["diff", "a.csv", "b.csv", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &json[0]["same"]),
        (Some(1), &serde_json::Value::Bool(false))
    );

    let (code, _, complaint) = goodinit(at, &["diff", "a.csv", "twice.csv"]);
    assert_eq!(code, Some(2));
    assert!(
        complaint.contains("two rows are digits,he_normal,0.1,0 (lines 4 and 5)"),
        "{complaint}"
    );
    let (code, _, complaint) = goodinit(at, &["diff", "a.csv", "c.csv"]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("no file or directory `c.csv`"), "{complaint}");
    let (code, _, complaint) = goodinit(at, &["diff", "a.csv"]);
    assert_eq!(code, Some(2));
    assert!(
        complaint.contains("missing second operand: compare `a.csv` with what?"),
        "{complaint}"
    );
}

#[test]
fn a_commit_is_compared_with_the_work_tree() {
    let repository = tempfile::tempdir().unwrap();
    let at = repository.path();
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .current_dir(at)
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"])
            .args(arguments)
            .output();
        output.is_ok_and(|o| o.status.success())
    };
    if !git(&["init", "-q"]) {
        println!("skipped: git is not there");
        return;
    }
    let table = at.join("results/t/numbers.csv");
    write(&table, OLD);
    assert!(git(&["add", "."]) && git(&["commit", "-q", "-m", "one"]));
    let same = goodinit(at, &["diff", "HEAD", "--", "results/t"]);
    assert_eq!(same.0, Some(0), "{same:?}");

    write(&table, &OLD.replace("0.125", "0.25"));
    for arguments in [
        &["diff", "HEAD", "--", "results/t"][..],
        &["diff", "HEAD", "--", "results"][..],
        &["diff", "HEAD:results/t", "results/t"][..],
        &["diff", "HEAD:results/t/numbers.csv", "results/t/numbers.csv"][..],
    ] {
        let (code, out, complaint) = goodinit(at, arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {out}{complaint}");
        assert!(out.contains("test_loss 0.125 -> 0.25"), "{out}");
    }
    // From a directory below, the path is read from there.
    let (code, out, _) = goodinit(&at.join("results"), &["diff", "HEAD", "--", "t"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(git(&["commit", "-q", "-a", "-m", "two"]));
    let (code, out, _) = goodinit(at, &["diff", "HEAD~1", "HEAD", "--", "results/t"]);
    assert_eq!(code, Some(1), "{out}");

    let (code, _, complaint) = goodinit(at, &["diff", "nowhere", "--", "results/t"]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("git says"), "{complaint}");
    let (code, _, complaint) = goodinit(at, &["diff", "--", "results/t"]);
    assert_eq!(code, Some(2), "{complaint}");

    // What git advises is passed on: here, for a repository of another user, as in a container.
    let owned_by_another = Command::new(assert_cmd::cargo::cargo_bin!("goodinit"))
        .current_dir(at)
        .args(["diff", "HEAD", "--", "results/t"])
        .env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        .env("COLUMNS", "500")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&owned_by_another.stderr);
    // Before version 2.35.2 git did not mind.
    if owned_by_another.status.code() != Some(0) {
        assert!(complaint.contains("safe.directory"), "{complaint}");
    }
}

/// Linux allows any bytes in a name.
#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_not_utf8_is_compared() {
    use std::os::unix::ffi::OsStrExt as _;
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &[u8]| dir.path().join(std::ffi::OsStr::from_bytes(name));
    write(&at(b"old\xe9.csv"), OLD);
    write(&at(b"new\xff.csv"), &OLD.replace("0.125", "0.25"));
    let diff = |old: &[u8], new: &[u8], more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_goodinit"));
        command.arg("diff").args([at(old), at(new)]).args(more);
        command.output().unwrap().status.code()
    };
    assert_eq!(diff(b"old\xe9.csv", b"old\xe9.csv", &[]), Some(0));
    assert_eq!(diff(b"old\xe9.csv", b"new\xff.csv", &[]), Some(1));
    assert_eq!(diff(b"old\xe9.csv", b"gone\xff.csv", &[]), Some(2));
    assert_eq!(diff(b"HEAD", b"HEAD", &["--", "x"]), Some(2));
}

//! Small inputs that the program once misread, in `../shared/cases/NAME/` beside the checkout: each
//! has a README whose line `command:` is run there, and an expectation here.

use std::fs;
use std::path::Path;
use std::process::Command;

/// What a case's command is to come to.
struct Wanted {
    name: &'static str,
    exit: i32,
    /// Texts that its output has; none of those that begin with `!`.
    says: &'static [&'static str],
}

const fn wanted(name: &'static str, exit: i32, says: &'static [&'static str]) -> Wanted {
    Wanted { name, exit, says }
}

static CASES: &[Wanted] = &[
    wanted("crlf_manifest", 0, &["Same"]),
    wanted("escape_in_check", 0, &["!^[", "u{1b}[2J"]),
    wanted("extend_replicates", 0, &["!another experiment", "; 1 to train"]),
    wanted("failed_shown_as_diverged", 1, &["2 FAILED", " 2f ", "!0.100 2d"]),
    wanted("gzip_zero_padding", 0, &["!damaged"]),
    wanted("huge_int_labels", 0, &["grid: 3 classes"]),
    wanted(
        "index_column",
        0,
        &["column 1 (without a name) counts the rows: an index? ignore = [1]"],
    ),
    wanted(
        "label_first",
        0,
        &["88 classes in 90 samples: almost every sample has a class of its own"],
    ),
    wanted("long_activation_summary", 0, &["!\ntanh\n", "he_normal"]),
    wanted("rate_as_text", 2, &["not the text \"1e-3\""]),
    wanted("report_out_pipe", 0, &["!\n0\n"]),
    wanted(
        "transfer_source_changed",
        2,
        &[
            "w.safetensors is not the file that these tables were made with",
            "!another experiment",
            "!by hand",
        ],
    ),
    wanted(
        "unclosed_quote",
        2,
        &["d.csv, line 32: the quote that opens a cell here is never closed"],
    ),
    wanted("undefined_claim", 1, &["!infinite"]),
];

#[test]
#[cfg(unix)]
fn each_case_comes_to_what_is_wanted() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases");
    let Ok(entries) = fs::read_dir(&cases) else {
        println!("skipped: there is no {}", cases.display());
        return;
    };
    let program = Path::new(env!("CARGO_BIN_EXE_goodinit")).parent().unwrap();
    let path = format!(
        "{}:{}",
        program.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let mut wrong = Vec::new();
    for entry in entries {
        let directory = entry.unwrap().path();
        let name = directory.file_name().unwrap().to_string_lossy().into_owned();
        let Some(wanted) = CASES.iter().find(|wanted| wanted.name == name) else {
            wrong.push(format!("{name}: there is no expectation for it"));
            continue;
        };
        let place = tempfile::tempdir().unwrap();
        for file in fs::read_dir(&directory).unwrap() {
            let file = file.unwrap();
            fs::write(
                place.path().join(file.file_name()),
                fs::read(file.path()).unwrap(),
            )
            .unwrap();
        }
        let readme = fs::read_to_string(directory.join("README")).unwrap();
        let command = readme
            .lines()
            .find_map(|line| line.strip_prefix("command: "))
            .unwrap();
        // The manifest knows how many classes there are.
        let command = format!(
            "( {command} ) 2>&1; code=$?; sed -n 's/^classes = /grid: /; s/^grid: .*/& classes/p' OUT/manifest.toml \
             2>/dev/null; exit $code"
        );
        let mut shell = Command::new("bash");
        let ran = shell
            .args(["-c", &command])
            .current_dir(place.path())
            .env("PATH", &path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        let holds = |text: &&str| match text.strip_prefix('!') {
            Some(text) => !said.contains(text),
            None => said.contains(*text),
        };
        let met = ran.status.code() == Some(wanted.exit) && wanted.says.iter().all(holds);
        if !met {
            wrong.push(format!("{name}: {:?}\n{said}", ran.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

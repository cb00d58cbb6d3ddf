//! Each version of docs/tutorial.md is run as it stands there, and they make the same networks.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::program::{Bench, Ran};

#[allow(dead_code)]
#[path = "../../examples/tutorial.rs"]
mod example;

const FORMULA: &str = "{ kind = \"formula\", std = \"sqrt(2 / fan_in)\" }";

fn document() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tutorial.md")).unwrap()
}

/// The blocks of code in `language`.
fn blocks(language: &str) -> Vec<String> {
    let start = format!("```{language}\n");
    let text = document();
    let rest = text.split(&start).skip(1);
    rest.map(|rest| rest[..rest.find("```").unwrap()].to_owned())
        .collect()
}

/// The experiment, once it has been run by the formula.
fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let bench = Bench::new("");
        fs::write(bench.path("mine.toml"), &blocks("toml")[0]).unwrap();
        bench.run(&["grid", "mine.toml"]).expect(0);
        bench
    })
}

/// A directory with the experiment of the versions that are programs.
fn of_programs() -> Bench {
    let bench = Bench::new("");
    let text = blocks("toml")[0].replace(FORMULA, "\"mine\"");
    assert_eq!(
        text.matches("\"mine\"").count(),
        4,
        "the name, the scheme and two claims"
    );
    fs::write(bench.path("mine.toml"), text).unwrap();
    bench
}

/// Which networks were trained and what became of them, whatever the schemes are called.
fn networks(bench: &Bench) -> Vec<(String, String, String)> {
    let mut table = csv::Reader::from_path(bench.path("results/mine/trials.csv")).unwrap();
    let header = table.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    let columns = [place("initial_hash"), place("final_hash"), place("test_loss")];
    let rows = table.records().map(|row| {
        let row = row.unwrap();
        let [initial, last, loss] = columns.map(|at| row[at].to_owned());
        (initial, last, loss)
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

#[test]
fn the_formula_says_what_the_tutorial_shows() {
    let bench = bench();
    let mut commands = 0;
    for block in blocks("console") {
        let mut said = String::new();
        for line in block.lines() {
            if let Some(command) = line.strip_prefix("$ goodinit ") {
                let ran = bench.run(&command.split(' ').collect::<Vec<_>>()).expect(0);
                said = ran.out + &ran.err;
                commands += 1;
            } else {
                // The run of `bench` is what the tutorial's first `grid` is.
                assert!(
                    said.contains(line) || line.contains("0 diverged"),
                    "{line}\n{said}"
                );
            }
        }
    }
    assert_eq!(commands, 4);
    let shown = document();
    for word in shown.split('`').filter(|word| word.starts_with("figures/")) {
        assert!(bench.path(word).exists(), "{word}");
    }
}

#[test]
fn the_program_in_rust_makes_the_networks_of_the_formula() {
    let source = include_str!("../../examples/tutorial.rs");
    assert!(
        blocks("rust") == [source],
        "docs/tutorial.md does not show examples/tutorial.rs"
    );
    let bench_of_rust = of_programs();
    let tables = bench_of_rust.path("results/mine");
    let passes = example::run(&bench_of_rust.path("mine.toml"), &tables).unwrap();
    assert!(passes, "both claims");
    assert_eq!(networks(&bench_of_rust), networks(bench()));
    let page = tables.join("report.html");
    let written = fs::read_to_string(&page).unwrap();
    for shown in ["2 of 2 claims hold", "Signal and gradient by layer"] {
        assert!(written.contains(shown), "the report does not show: {shown}");
    }
    // The program reads the tables of a scheme that it does not know, and says the same.
    bench_of_rust.run(&["check", "results/mine"]).expect(0);
    bench_of_rust.run(&["report", "results/mine"]).expect(0);
    assert_eq!(fs::read_to_string(&page).unwrap(), written);
}

/// `GOODINIT_PYTHON` names an interpreter that has the wheel [default: python3].
#[test]
fn the_program_in_python_makes_the_networks_of_the_formula() {
    let python = std::env::var("GOODINIT_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let finds = Command::new(&python)
        .args(["-c", "import goodinit, pandas"])
        .output();
    if !finds.is_ok_and(|found| found.status.success()) {
        println!("skipped: {python} has no goodinit and pandas (GOODINIT_PYTHON names another)");
        return;
    }
    let bench_of_python = of_programs();
    fs::write(bench_of_python.path("mine.py"), &blocks("python")[0]).unwrap();
    let mut program = Command::new(&python);
    let output = program
        .arg("mine.py")
        .current_dir(bench_of_python.path("."))
        .output();
    let ran = Ran::new(output.unwrap()).expect(0);
    assert!(ran.out.contains("2 pass"), "{ran:#?}");
    assert_eq!(networks(&bench_of_python), networks(bench()));
}

#[test]
fn r_reads_the_tables() {
    if !Command::new("Rscript")
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success())
    {
        println!("skipped: there is no Rscript");
        return;
    }
    let bench = bench();
    fs::write(bench.path("tables.R"), &blocks("r")[0]).unwrap();
    let mut program = Command::new("Rscript");
    let output = program.arg("tables.R").current_dir(bench.path(".")).output();
    let ran = Ran::new(output.unwrap()).expect(0);
    let median = |scheme: &str| {
        let line = ran
            .out
            .lines()
            .find(|line| line.contains(scheme) && line.contains("0."))
            .unwrap();
        line.split_whitespace().last().unwrap().parse::<f64>().unwrap()
    };
    assert_eq!(
        (median("formula(std=sqrt(2/fan_in))"), median("xavier_normal")),
        (0.321, 0.1)
    );
    assert!(
        fs::read(bench.path("gradients.pdf"))
            .unwrap()
            .starts_with(b"%PDF")
    );
}

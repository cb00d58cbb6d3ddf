//! What the README shows is what the program says.

use std::path::Path;

use crate::program::Bench;
use goodinit::internal::markdown;
use goodinit::{Experiment, Registry};

fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The experiment that README.md shows.
fn example() -> String {
    let text = document("README.md");
    let start = text.find("```toml\n").unwrap() + 8;
    text[start..start + text[start..].find("```").unwrap()].to_owned()
}

/// The text between `<!-- name` (to the end of that line) and `<!-- /name -->`.
fn section<'a>(text: &'a str, name: &str) -> &'a str {
    let start = text.find(&format!("<!-- {name}")).unwrap();
    let start = start + text[start..].find("-->\n").unwrap() + 4;
    let end = text.find(&format!("<!-- /{name} -->")).unwrap();
    &text[start..end]
}

#[test]
fn the_table_of_schemes_is_the_catalogue() {
    let entries: Vec<_> = Registry::standard().entries().collect();
    let shown = section(&document("docs/schemes.md"), "schemes").trim().to_owned();
    assert!(
        shown == markdown(&entries).trim(),
        "put the output of `goodinit list schemes --format markdown` into docs/schemes.md"
    );
}

/// With `GOODINIT_BLESS=1` the section is written anew.
#[test]
fn the_tables_of_columns_are_the_catalogue() {
    let bench = Bench::new(&example());
    let listed = bench
        .run(&["list", "columns", "--format", "markdown"])
        .expect(0)
        .out;
    let text = document("docs/tables.md");
    let shown = section(&text, "tables");
    if std::env::var_os("GOODINIT_BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tables.md");
        let start = shown.as_ptr() as usize - text.as_ptr() as usize;
        let (before, after) = (&text[..start], &text[start + shown.len()..]);
        std::fs::write(path, format!("{before}\n{}\n\n{after}", listed.trim())).unwrap();
        return;
    }
    assert!(
        shown.trim() == listed.trim(),
        "docs/tables.md is not what `goodinit list columns` says: \
         GOODINIT_BLESS=1 cargo test --test suite the_tables_of_columns writes it anew"
    );
}

#[test]
fn every_linked_file_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for name in [
        "README.md",
        "CONTRIBUTING.md",
        "DESIGN.md",
        "docs/schemes.md",
        "docs/seeds.md",
        "docs/speed.md",
        "docs/deck.md",
        "docs/coordinate-check.md",
        "docs/weights.md",
        "docs/tables.md",
        "docs/statistics.md",
        "docs/tutorial.md",
    ] {
        let folder = root.join(name).parent().unwrap().to_owned();
        let text = document(name);
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .filter(|link| !link.starts_with("http") && !link.starts_with('#'));
        for link in links {
            count += 1;
            assert!(folder.join(link).exists(), "{name} links to {link}");
        }
    }
    assert!(count > 15, "{count} links found");
}

#[test]
fn the_readme_is_short() {
    let lines = document("README.md").lines().count();
    assert!(lines <= 150, "README.md has {lines} lines");
}

/// A new user copies the example; it must run and its claim must hold.
#[test]
fn the_claim_of_the_example_passes() {
    let bench = Bench::new(&example());
    bench.grid("out", &[]).expect(0);
    let check = bench.run(&["check", "out"]).expect(0);
    assert!(check.out.contains("1 claim: 1 pass"), "{check:#?}");
}

/// The shares of variance are those of the committed summary.
#[test]
fn the_shares_of_seeds_are_those_of_the_results() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/seeds/summary.csv");
    let mut table = csv::Reader::from_path(path).unwrap();
    let header = table.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    for row in &rows {
        let cell = |name: &str| &row[header.iter().position(|column| column == name).unwrap()];
        let shares = ["weights_share", "order_share", "data_share", "rest_share"]
            .map(|name| format!("{:.0}%", 100.0 * cell(name).parse::<f64>().unwrap()));
        let line = format!("| {} | {} |", cell("architecture"), shares.join(" | "));
        assert!(
            document("docs/seeds.md").contains(&line),
            "docs/seeds.md lacks {line}"
        );
    }
}

/// Every scheme that `docs/names.md` sets beside a call of another library is one here.
#[test]
fn names_of_other_libraries_lead_to_schemes() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/names.md")).unwrap();
    let values: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1))
        .filter_map(|cell| cell.strip_prefix('`')?.strip_suffix('`'))
        .collect();
    assert!(values.len() > 40, "{values:?}");
    for value in values {
        let grid = format!("[grid]\nscheme = {value}\narchitecture = [[8]]\nlearning_rate = 1\n");
        let text = format!("name = \"names\"\n[train]\nepochs = 1\n{grid}");
        let registry = Registry::standard();
        let path = Path::new("names.md");
        let experiment = Experiment::parse(path, &text, &[] as &[&str], &registry);
        assert!(experiment.is_ok(), "{value}: {}", experiment.unwrap_err());
    }
}

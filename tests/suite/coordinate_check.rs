//! `probe --steps`: the coordinate check.

use std::fs;

use crate::program::{Bench, SMALL};

const FILE: &str = r#"
name = "x"
seed = 5
replicates = 6
[data]
kind = "digits"
split = { train = 300, validation = 0, test = 0 }
[train]
steps = 8
batch_size = 32
[record]
epochs = false
probe_samples = 50
steps = [4, 1]
[grid]
scheme = ["mup", "he_normal"]
architecture = [[32, 32], [128, 128], [512, 512]]
optimizer = "adam"
learning_rate = 0.002
[[claim]]
name = "mup-stays"
sentence = "s"
metric = "steps.preactivation_change"
step = 4
layers = "output"
left = { scheme = "mup", architecture = [512, 512] }
right = { scheme = "mup", architecture = [32, 32] }
aggregate = "mean"
relation = "left / right in [0.25, 2]"
[[claim]]
name = "standard-grows"
sentence = "s"
metric = "steps.preactivation_change"
layers = "output"
left = { scheme = "he_normal", architecture = [512, 512] }
right = { scheme = "he_normal", architecture = [32, 32] }
aggregate = "mean"
relation = "left / right >= 2.5"
[[claim]]
name = "mup-does-not-grow"
sentence = "s"
metric = "steps.relative_change"
layers = [2]
left = { scheme = "mup", architecture = [512, 512] }
right = { scheme = "mup", architecture = [32, 32] }
aggregate = "mean"
relation = "left / right >= 4"
"#;

/// muP keeps its updates over width, the standard parametrization does not; the sentences, the claims and the page
/// say so, for any number of threads, and `verify` takes the same steps again.
#[test]
fn the_standard_parametrization_breaks_the_rule_and_mup_keeps_it() {
    let bench = Bench::new(FILE);
    let ran = bench
        .run(&["probe", "x.toml", "--out", "p", "--threads", "1"])
        .expect(0);
    let said = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("mup: keeps the rule over width 32 to 512: through 4 steps"),
        "{ran:#?}"
    );
    assert!(
        said.contains("he_normal: breaks the rule over width 32 to 512 after 1 step"),
        "{ran:#?}"
    );
    assert!(
        said.contains("the change of the output grows as width^"),
        "{ran:#?}"
    );
    assert!(said.contains("Claims: 3 claims: 2 pass, 1 fail"), "{ran:#?}");
    bench.run(&["check", "p"]).expect(1);

    // 36 trials, 3 layers, after 0, 1 and 4 steps, and the header.
    let table = bench.tables("p").remove("steps.csv").unwrap();
    assert_eq!(table.lines().count(), 36 * 3 * 3 + 1);
    bench
        .run(&["probe", "x.toml", "--out", "q", "--threads", "2"])
        .expect(0);
    assert_eq!(bench.tables("q")["steps.csv"], table);

    bench.run(&["report", "p"]).expect(0);
    let page = fs::read_to_string(bench.path("p/report.html")).unwrap();
    assert!(page.contains("keeps the rule over width 32 to 512"));

    bench.run(&["verify", "p", "--sample", "20%"]).expect(0);
    let last = table.lines().last().unwrap();
    let edited = table.replace(last, &format!("{},7", &last[..last.rfind(',').unwrap()]));
    fs::write(bench.path("p/steps.csv"), edited).unwrap();
    let ran = bench.run(&["verify", "p", "--sample", "100%"]).expect(1);
    assert!(ran.out.ends_with(": 1 row of steps.csv differs\n"), "{ran:#?}");
}

/// The steps are no part of what tables of trials depend on: a check can be made beside them at any time.
#[test]
fn a_check_goes_beside_the_tables_of_a_grid() {
    let bench = Bench::new(SMALL);
    bench.grid("r", &[]).expect(0);
    let before = bench.tables("r");
    let ran = bench
        .run(&["probe", "x.toml", "--out", "r", "--steps", "1,2"])
        .expect(0);
    // One of the two architectures has one hidden layer, the other two of other widths.
    assert!(
        ran.out.contains("No two networks differ in width or depth alone"),
        "{ran:#?}"
    );
    let after = bench.tables("r");
    assert!(after.contains_key("steps.csv") && after["trials.csv"] == before["trials.csv"]);
    bench.grid("r", &[]).expect(0);
    assert_eq!(bench.tables("r")["steps.csv"], after["steps.csv"]);
}

#[test]
fn what_cannot_be_checked_is_refused() {
    let bench = Bench::new(SMALL);
    let ran = bench
        .run(&["probe", "x.toml", "--out", "p", "--over", "width"])
        .expect(2);
    assert!(ran.err.contains("--steps 0,1,2,4,8"), "{ran:#?}");
    let ran = bench
        .run(&["probe", "x.toml", "--out", "p", "--steps", "0"])
        .expect(2);
    assert!(ran.err.contains("names no step after the start"), "{ran:#?}");
    let ran = bench
        .run(&["probe", "x.toml", "--out", "p", "--steps", "1,5000"])
        .expect(2);
    assert!(ran.err.contains("a whole number from 0 to 1000"), "{ran:#?}");
    let bench = Bench::new(&FILE.replace("step = 4", "step = 3"));
    let ran = bench.run(&["probe", "x.toml", "--out", "p"]).expect(2);
    assert!(
        ran.err.contains("not measured after that many steps")
            && ran.err.contains("steps = [0, 3] in [record]"),
        "{ran:#?}"
    );
}

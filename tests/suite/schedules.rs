//! The axis `schedule`: an optional one. Its column and its value show only off the default.

use super::program::{Bench, SMALL};

/// [`SMALL`] under these schedules.
fn under(schedules: &str) -> String {
    let cell = "scheme = \"he_normal\", architecture = \"6\", activation = \"tanh\", learning_rate = 0.1";
    let claim = format!(
        "[[claim]]\nname = \"slower\"\nsentence = \"Warm-up of half the steps ends at a higher loss.\"\nmetric = \"train_loss\"\nrelation = \"left - right >= 0\"\n\
         left = {{ schedule = \"warmup(steps=4)\", {cell} }}\nright = {{ schedule = \"constant\", {cell} }}\n"
    );
    let claim = if schedules.contains("warmup") {
        claim.as_str()
    } else {
        ""
    };
    let small = SMALL.replace("[grid]", &format!("[grid]\nschedule = {schedules}"));
    format!("{small}\n{claim}")
}

/// The rows of a table without its column `schedule`, by that column; everything under `""` if it
/// has none.
fn rows_at<'t>(table: &'t str, schedule: &str) -> Vec<Vec<&'t str>> {
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    let column = rows[0].iter().position(|name| *name == "schedule");
    let Some(column) = column else {
        return rows[1..].to_vec();
    };
    let ours = rows[1..].iter().filter(|row| row[column] == schedule).cloned();
    ours.map(|mut row| {
        row.remove(column);
        row
    })
    .collect()
}

#[test]
fn at_its_default_it_leaves_no_trace_in_the_tables() {
    let bench = Bench::new(SMALL);
    bench.grid("without", &[]).expect(0);
    let constant = bench
        .grid("constant", &["--set", "grid.schedule=\"constant\""])
        .expect(0);
    let (tables, constant_tables) = (bench.tables("without"), bench.tables("constant"));
    for table in ["trials.csv", "epochs.csv", "layers.csv", "summary.csv"] {
        assert!(tables[table] == constant_tables[table], "{table}");
        assert!(!tables[table].contains("schedule"), "{table}");
    }
    let digest = |manifest: &str| {
        manifest
            .lines()
            .find(|l| l.starts_with("experiment_digest"))
            .map(str::to_owned)
    };
    let manifests = [&tables, &constant_tables].map(|t| digest(&t["manifest.toml"]).unwrap());
    assert_eq!(manifests[0], manifests[1]);
    assert!(!constant.out.contains("schedule") && !constant.err.contains("schedule"));
    let plan = bench.run(&["grid", "x.toml", "--dry-run"]).expect(0);
    assert!(!plan.out.contains("schedule"), "{plan:#?}");
}

/// Rows at the default keep their ids, figures and intervals when other schedules join them.
#[test]
fn off_its_default_it_is_a_column_and_old_rows_stay_as_they_were() {
    let bench = Bench::new(SMALL);
    bench.grid("old", &[]).expect(0);
    std::fs::write(
        bench.path("x.toml"),
        under("[\"constant\", { kind = \"warmup\", steps = 4 }, \"cosine\"]"),
    )
    .unwrap();
    let plan = bench.run(&["grid", "x.toml", "--dry-run"]).expect(0);
    assert!(
        plan.out.contains("3: constant, cosine, warmup(steps=4)"),
        "{plan:#?}"
    );
    bench.grid("new", &[]).expect(0);
    let (old, new) = (bench.tables("old"), bench.tables("new"));
    for table in ["trials.csv", "epochs.csv", "layers.csv", "summary.csv"] {
        assert!(
            new[table]
                .lines()
                .next()
                .unwrap()
                .contains(",learning_rate,schedule,batch_size,")
        );
        assert_eq!(
            rows_at(&new[table], "constant"),
            rows_at(&old[table], ""),
            "{table}"
        );
        let warm = rows_at(&new[table], "warmup(steps=4)");
        assert!(warm != rows_at(&old[table], ""), "{table}");
    }

    let diff = bench.run(&["diff", "old", "new"]).expect(1);
    for said in [
        "trials.csv: 0 of 96 rows changed, 64 added, 0 removed",
        "summary.csv: 0 of 48 rows changed, 32 added, 0 removed",
    ] {
        assert!(diff.out.contains(said), "{said}: {}", diff.out);
    }
    let check = bench.run(&["check", "new"]).expect(0);
    assert!(check.out.contains("PASS  slower"), "{}", check.out);
    bench.run(&["verify", "new"]).expect(0);
    bench.run(&["report", "new", "--out", "page.html"]).expect(0);
    let page = std::fs::read_to_string(bench.path("page.html")).unwrap();
    assert!(page.contains("schedule cosine"));
}

#[test]
fn lists_schemas_and_messages_know_it() {
    let bench = Bench::new(&under("\"cosin\""));
    let ran = bench.grid("r", &[]).expect(2);
    for phrase in [
        "x.toml:17:12",
        "unknown schedule `cosin`",
        "did you mean `cosine`?",
    ] {
        assert!(ran.err.contains(phrase), "{phrase}: {}", ran.err);
    }
    let list = bench.run(&["list", "schedules"]).expect(0);
    for name in ["constant", "warmup", "linear", "cosine", "step", "1706.02677"] {
        assert!(list.out.contains(name), "{name}: {}", list.out);
    }
    let schema = bench.run(&["list", "keys", "--format", "schema"]).expect(0);
    let schema: serde_json::Value = serde_json::from_str(&schema.out).unwrap();
    let names = &schema["definitions"]["schedule"]["anyOf"][0]["enum"];
    assert_eq!(names[0], "constant");
    assert_eq!(names[4], "step");
}

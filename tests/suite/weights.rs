//! Weights from files of the user's own, and labels of schemes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use goodinit::{Definition, Entry, Experiment, Grid, LayerInfo, Registry, Result, Scheme, Stream, row_major};
use ndarray::ArrayViewMut2;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use crate::program::Bench;

/// He's normal weights of two networks, as the program's own scheme, and as a formula.
const HE: &str = r#"
name = "x"
seed = 5
replicates = 2
[data]
kind = "gaussian-mixture"
rows = 120
features = 6
split = { train = 60, validation = 30, test = 30 }
[train]
epochs = 2
batch_size = 20
[grid]
scheme = ["he_normal", { kind = "formula", std = "sqrt(2 / fan_in)", label = "mine" }]
architecture = [[6], [5, 4]]
learning_rate = 0.1
"#;

/// By scheme, the hashes of a column in the order of the other coordinates.
fn hashes(table: &str, column: &str) -> BTreeMap<String, Vec<String>> {
    let mut rows = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = rows.next().unwrap();
    let place = |name: &str| header.iter().position(|h| *h == name).unwrap();
    let (scheme, column) = (place("scheme"), place(column));
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        found
            .entry(row[scheme].to_owned())
            .or_default()
            .push(row[column].to_owned());
    }
    found
}

/// He's normal weights, as somebody outside writes them.
#[derive(Debug)]
struct Outside;

static OUTSIDE: Entry = Entry {
    name: "outside",
    aliases: &[],
    summary: "He's normal weights",
    formula: "N(0, 2 / fan_in)",
    citation: "this test",
    parameters: &[],
};

impl Scheme for Outside {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let std = (2.0 / layer.fan_in as f64).sqrt();
        stream.fill_normal(row_major(&mut weights), std as f32);
        Ok(())
    }
}

/// One scheme as the program's own, as a formula, as files and in Rust: one network, bit for bit.
#[test]
fn a_scheme_written_four_ways_is_one_network() {
    let bench = Bench::new(HE);
    let written = bench
        .run(&["weights", "x.toml", "--write", "inits"])
        .expect(0)
        .out;
    let path = "inits/he_normal/{architecture}/{weight_seed}.safetensors";
    assert!(
        written.contains("8 files in inits")
            && written.contains(&format!("path = \"{path}\" }}  # he_normal")),
        "{written}"
    );
    assert!(bench.path("inits/mine/5-4/1.safetensors").exists(), "{written}");
    // Another program's file: flax's layout, in f64, behind a prefix, without biases, with more beside.
    let file = bench.path("inits/he_normal/5-4/0.safetensors");
    fs::create_dir_all(bench.path("theirs/5-4")).unwrap();
    as_another_program_writes_it(&file, &bench.path("theirs/5-4/0.safetensors"));
    for file in ["6/0", "6/1", "5-4/1"] {
        let to = bench.path(&format!("theirs/{file}.safetensors"));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(bench.path(&format!("inits/he_normal/{file}.safetensors")), to).unwrap();
    }
    let all = format!(
        "grid.scheme=[\"he_normal\", {{ kind = \"formula\", std = \"sqrt(2 / fan_in)\" }}, \
         {{ kind = \"weights\", path = \"{path}\" }}, {{ kind = \"weights\", path = \"{}\" }}]",
        "theirs/{architecture}/{weight_seed}.safetensors"
    );
    let ran = bench.grid("r", &["--set", &all]).expect(0);
    let trials = &bench.tables("r")["trials.csv"];
    for column in ["initial_hash", "final_hash"] {
        let by_scheme = hashes(trials, column);
        assert_eq!(by_scheme.len(), 4, "{by_scheme:#?}");
        let distinct: BTreeSet<&Vec<String>> = by_scheme.values().collect();
        assert_eq!(distinct.len(), 1, "{by_scheme:#?}");
        let networks: BTreeSet<&String> = by_scheme.values().flatten().collect();
        assert_eq!(networks.len(), 4, "{by_scheme:#?}");
    }
    // The one file without biases, with another tensor: both are said.
    assert!(
        ran.out.contains("Notes on 1 of 16 trials: 1 by weights"),
        "{ran:#?}"
    );
    assert!(
        trials.contains("weights: not used: embed.kernel; weights: the file has no biases: they are 0"),
        "{trials}"
    );

    let registry = Registry::standard().with(Definition {
        entry: &OUTSIDE,
        build: |_, _| Ok(Arc::new(Outside)),
    });
    let text = HE.replace("\"he_normal\"", "\"outside\"");
    let experiment = Experiment::parse::<&str>(Path::new("x.toml"), &text, &[], &registry.unwrap()).unwrap();
    Grid::new(experiment).directory(bench.path("rust")).run().unwrap();
    let outside = &hashes(&bench.tables("rust")["trials.csv"], "initial_hash")["outside"];
    assert_eq!(outside, &hashes(trials, "initial_hash")["he_normal"]);
}

/// Writes the weights of `from` as a JAX program in double precision might.
fn as_another_program_writes_it(from: &Path, to: &Path) {
    let bytes = fs::read(from).unwrap();
    let ours = SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors = Vec::new();
    for i in 0..3 {
        let view = ours.tensor(&format!("layers.{i}.weight")).unwrap();
        let (outputs, inputs) = (view.shape()[0], view.shape()[1]);
        let value = |input: usize, output: usize| {
            let at = 4 * (output * inputs + input);
            f64::from(f32::from_le_bytes(view.data()[at..at + 4].try_into().unwrap()))
        };
        let values = (0..inputs).flat_map(|k| (0..outputs).map(move |j| (k, j)));
        let data: Vec<u8> = values.flat_map(|(k, j)| value(k, j).to_le_bytes()).collect();
        tensors.push((format!("model.layers.{i}.kernel"), vec![inputs, outputs], data));
    }
    tensors.push((
        "embed.kernel".to_owned(),
        vec![1, 1],
        1.0f64.to_le_bytes().to_vec(),
    ));
    let views = tensors
        .iter()
        .map(|(name, shape, data)| (name, TensorView::new(Dtype::F64, shape.clone(), data).unwrap()));
    fs::write(to, serialize(views, None).unwrap()).unwrap();
}

/// The experiment of [`HE`] with files alone.
fn from_files() -> String {
    let scheme = r#"{ kind = "weights", path = "inits/{architecture}/{weight_seed}.safetensors" }"#;
    let start = HE.find("scheme =").unwrap();
    let end = start + HE[start..].find('\n').unwrap();
    format!("{}scheme = {scheme}{}", &HE[..start], &HE[end..])
}

#[test]
fn files_that_are_missing_or_changed_are_named() {
    let bench = Bench::new(&from_files());
    let ran = bench.grid("r", &[]).expect(2);
    for wanted in [
        "4 of 4 files of weights are missing: inits/5-4/0.safetensors, inits/5-4/1.safetensors",
        "and 1 more",
        "goodinit weights EXPERIMENT",
    ] {
        assert!(ran.err.contains(wanted), "{ran:#?}");
    }
    let ran = bench.grid("r", &["--dry-run"]).expect(0);
    assert!(
        ran.out.contains("4 of 4 files of weights are missing"),
        "{ran:#?}"
    );

    let list = bench.run(&["weights", "x.toml"]).expect(0).out;
    for wanted in [
        "4 files in safetensors, 4 missing",
        "inits/5-4/0.safetensors: missing",
        "layers.0.weight [5, 6]",
        "layers.0.kernel [6, 5]",
        "layers.2.bias",
    ] {
        assert!(list.contains(wanted), "{wanted}: {list}");
    }
    let json = bench
        .run(&["weights", "x.toml", "--format", "json"])
        .expect(0)
        .out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let file = &json["files"][3];
    assert_eq!(
        (&file["path"], &file["state"]),
        (&"inits/6/1.safetensors".into(), &"missing".into())
    );
    assert_eq!(file["tensors"][1]["jax"]["name"], "layers.1.kernel");
    assert_eq!(file["tensors"][0]["torch"]["shape"], serde_json::json!([6, 6]));

    // The files of another experiment's schemes.
    fs::write(bench.path("he.toml"), HE).unwrap();
    bench.run(&["weights", "he.toml", "--write", "w"]).expect(0);
    // What is there is not overwritten by something else.
    fs::write(bench.path("w/mine/6/0.safetensors"), "x").unwrap();
    let ran = bench.run(&["weights", "he.toml", "--write", "w"]).expect(2);
    assert!(
        ran.err.contains("is there already and holds something else"),
        "{ran:#?}"
    );
    fs::rename(bench.path("w/he_normal"), bench.path("inits")).unwrap();
    bench.grid("r", &[]).expect(0);
    bench.run(&["verify", "r", "--sample", "100%"]).expect(0);
    let list = bench.run(&["weights", "x.toml"]).expect(0).out;
    assert!(
        list.contains("0 missing") && list.contains("inits/6/1.safetensors: there, fits"),
        "{list}"
    );

    // Another file in one place: the trial that reads it is another, the rest stay.
    fs::copy(
        bench.path("inits/6/1.safetensors"),
        bench.path("inits/6/0.safetensors"),
    )
    .unwrap();
    let ran = bench.run(&["verify", "r"]).expect(2);
    assert!(
        ran.err
            .contains("inits/6/0.safetensors is not the file that these tables were made with"),
        "{ran:#?}"
    );
    let ran = bench.grid("r", &[]).expect(0);
    assert!(
        ran.err.contains("3 of 4 trials are in r already") && ran.err.contains("1 to train"),
        "{ran:#?}"
    );
    let ran = bench.run(&["diff", "r/previous-1", "r"]).expect(1);
    assert!(ran.out.contains("inits/6/0.safetensors"), "{ran:#?}");

    // Without a file the tables can be looked at, but not recomputed.
    fs::remove_file(bench.path("inits/6/0.safetensors")).unwrap();
    bench.run(&["check", "r"]).expect(0);
    let ran = bench.run(&["verify", "r"]).expect(2);
    assert!(
        ran.err
            .contains("1 of 4 files of weights is missing: inits/6/0.safetensors"),
        "{ran:#?}"
    );

    // A file of another shape is refused before anything is trained.
    fs::copy(
        bench.path("inits/5-4/0.safetensors"),
        bench.path("inits/6/0.safetensors"),
    )
    .unwrap();
    let ran = bench.grid("s", &[]).expect(2);
    assert!(
        ran.err
            .contains("inits/6/0.safetensors: `layers.0.weight` is [5, 6], but layer 1"),
        "{ran:#?}"
    );
    let ran = bench
        .grid(
            "s",
            &[
                "--set",
                "grid.scheme={ kind = \"weights\", path = \"{weight_sed}.safetensors\" }",
            ],
        )
        .expect(2);
    assert!(ran.err.contains("did you mean `weight_seed`?"), "{ran:#?}");
    let ran = bench.run(&["weights", "he.toml"]).expect(2);
    assert!(
        ran.err.contains("no scheme of he.toml reads weights from files"),
        "{ran:#?}"
    );
}

/// Labels are for people: on the terminal, in the report and in claims, not in tables.
#[test]
fn labels_are_for_people() {
    let claim = "[[claim]]\nname = \"same\"\nsentence = \"s\"\nmetric = \"test_accuracy\"\nleft = { scheme = \"mine\" }\n\
                 right = { scheme = \"he_normal\" }\nfor_each = [\"architecture\"]\nrelation = \"abs(left - right) <= 0\"\n";
    let bench = Bench::new(&format!("{HE}{claim}"));
    let ran = bench.grid("r", &[]).expect(0);
    assert!(
        ran.out.contains("\nmine ") && ran.out.contains("formula(std=sqrt(2/fan_in))"),
        "{ran:#?}"
    );
    bench.run(&["check", "r"]).expect(0);
    let tables = bench.tables("r");
    assert!(!tables["trials.csv"].contains("mine") && !tables["summary.csv"].contains("mine"));
    bench.run(&["report", "r", "--out", "p.html"]).expect(0);
    let page = fs::read_to_string(bench.path("p.html")).unwrap();
    assert!(page.contains("mine is <code>formula(std=sqrt(2/fan_in))</code>"));
    // Another label is no other experiment.
    let ran = bench.grid("r", &["--set", "grid.scheme=[\"he_normal\", { kind = \"formula\", std = \"sqrt(2 / fan_in)\", label = \"ours\" }]", "--set", "claim=[]"]);
    let ran = ran.expect(0);
    assert!(ran.err.contains("nothing to train"), "{ran:#?}");
    for (schemes, message) in [
        (
            r#"[{ kind = "normal", std = 1, label = "a" }, { kind = "normal", std = 2, label = "a" }]"#,
            "two schemes have the label `a`",
        ),
        (
            r#"{ kind = "zeros", label = "he_normal" }"#,
            "`he_normal` is the name of a scheme",
        ),
        (
            r#"{ kind = "zeros", label = 3 }"#,
            "`label` of a scheme must be text",
        ),
        (r#"{ kind = "zeros", label = " a" }"#, "without space at its ends"),
    ] {
        let set = format!("grid.scheme={schemes}");
        let ran = bench.grid("s", &["--set", &set, "--set", "claim=[]"]).expect(2);
        assert!(ran.err.contains(message), "{ran:#?}");
    }
}

use std::path::PathBuf;

use super::*;
use crate::table::example;
use crate::table::io::{Table, Writer};
use crate::table::manifest::DatasetEntry;
use crate::table::record::{Status, TrialRecord};

/// A directory of tables with these claims, on a grid of two schemes, two depths and two rates.
struct Fixture {
    dir: tempfile::TempDir,
}

fn experiment(claims: &str) -> String {
    format!(
        r#"name = "t"
seed = 1
replicates = 5
[data]
kind = "digits"
[train]
epochs = 10
batch_size = 32
[record]
epochs = true
layers = [0]
[grid]
scheme = ["he_normal", "xavier_uniform"]
architecture = [[5], [10], [20]]
activation = ["relu"]
learning_rate = [0.01, 0.1]
{claims}"#
    )
}

/// A text that no other trial has.
fn id_of(c: &crate::experiment::Coordinates) -> String {
    let texts = Axis::ALL.iter().map(|axis| c.text(*axis).into_owned());
    texts.collect::<Vec<String>>().join("-")
}

const SCHEMES: [&str; 2] = ["he_normal", "xavier_uniform"];

fn score(scheme: &str, architecture: &str, rate: f64, replicate: u32) -> f64 {
    let depth = match architecture {
        "5" => 0.0,
        "10" => 0.1,
        _ => 0.2,
    };
    let noise = f64::from(replicate) * 0.01;
    match (scheme, rate) {
        ("he_normal", 0.1) => 0.9 - noise,
        ("he_normal", _) => 0.8 - noise,
        (_, 0.1) => 0.6 - depth - noise,
        _ => 0.7 - 2.0 * depth - noise,
    }
}

impl Fixture {
    fn new(claims: &str, change: impl Fn(&mut TrialRecord)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut records = Vec::new();
        // In the order of the tables: 10 before 20 before 5, as text.
        for architecture in ["10", "20", "5"] {
            for scheme in SCHEMES {
                for rate in [0.01, 0.1] {
                    for replicate in 0..5 {
                        let mut c = example::coordinates();
                        (c.architecture, c.scheme) = (architecture.into(), scheme.into());
                        (c.learning_rate, c.replicate) = (rate, replicate);
                        (c.weight_seed, c.order_seed) = (replicate, replicate);
                        let mut record =
                            example::record(c.clone(), score(scheme, architecture, rate, replicate));
                        record.trial.trial_id = id_of(&c);
                        record.layers[0].weight_std = Some(if scheme == "he_normal" { 0.2 } else { 0.1 });
                        change(&mut record);
                        records.push(record);
                    }
                }
            }
        }
        for table in Table::ALL {
            let file = std::fs::File::create(dir.path().join(table.file())).unwrap();
            let mut writer = Writer::new(table, file).unwrap();
            records.iter().for_each(|r| writer.push(r).unwrap());
            writer.finish().unwrap();
        }
        let manifest = Manifest {
            format_version: format::FORMAT_VERSION,
            numerics_version: 1,
            statistics_version: 2,
            name: "t".into(),
            experiment_digest: String::new(),
            commit: None,
            tables: Default::default(),
            trials: records.len() as u64,
            experiment: experiment(claims),
            dataset: vec![DatasetEntry {
                name: "digits".into(),
                digest: String::new(),
                samples: 1797,
                inputs: 64,
                classes: Some(10),
                reading: Vec::new(),
            }],
            source: Vec::new(),
        };
        let path = dir.path().join(format::MANIFEST);
        std::fs::write(path, manifest.to_toml().unwrap()).unwrap();
        Fixture { dir }
    }

    fn verdicts(&self) -> Vec<Judgement> {
        evaluate(self.dir.path()).unwrap_or_else(|e| panic!("{e}"))
    }
}

/// The verdict on one claim with these lines.
fn judged(lines: &str) -> Judgement {
    judged_with(lines, |_| {})
}

fn judged_with(lines: &str, change: impl Fn(&mut TrialRecord)) -> Judgement {
    let claims = format!("[[claim]]\nsentence = \"s\"\n{lines}");
    Fixture::new(&claims, change).verdicts().remove(0)
}

const HE: &str = r#"left = { scheme = "he_normal", architecture = [[20]], learning_rate = 0.1 }"#;
const XAVIER: &str = r#"right = { scheme = "xavier_uniform", architecture = [[20]], learning_rate = 0.1 }"#;

#[test]
fn a_difference_is_paired_and_its_interval_decides() {
    let with = |relation: &str| {
        judged(&format!(
            "metric = \"test_accuracy\"\n{HE}\n{XAVIER}\nrelation = \"{relation}\""
        ))
    };
    // 0.9 - 0.4 in every replicate: the noise cancels, the interval is a point.
    let pass = with("left - right >= 0.49");
    assert_eq!(pass.verdict, Verdict::Pass, "{pass:?}");
    let case = &pass.cases[0];
    assert!((case.figure - 0.5).abs() < 1e-12, "{case:?}");
    let interval = case.interval.unwrap();
    assert!(interval.high - interval.low < 1e-12, "{case:?}");
    assert!((case.parts[0].figure - 0.88).abs() < 1e-12);
    assert_eq!((case.parts[1].trials, case.parts[1].diverged), (5, 0));

    assert_eq!(with("left - right >= 0.51").verdict, Verdict::Fail);
    assert_eq!(with("abs(left - right) <= 0.03").verdict, Verdict::Fail);
    assert_eq!(with("abs(left - right) <= 0.6").verdict, Verdict::Pass);
    // 0.88 / 0.38, between 0.86 / 0.36 and 0.9 / 0.4 by replicate.
    assert_eq!(with("left / right in [2.2, 2.4]").verdict, Verdict::Pass);
    assert_eq!(with("left / right >= 2.3").verdict, Verdict::Inconclusive);
}

#[test]
fn diverged_trials_count_as_chance() {
    let lost = |r: &mut TrialRecord| {
        if r.coordinates.scheme == "xavier_uniform" {
            let id = r.trial.trial_id.clone();
            *r = example::diverged(r.coordinates.clone(), 1);
            r.trial.trial_id = id;
        }
    };
    let line = format!("metric = \"test_accuracy\"\n{HE}\n{XAVIER}\nrelation = \"left - right >= 0.7\"");
    let v = judged_with(&line, lost);
    // 0.88 - 0.1, from 0.86 to 0.9.
    assert_eq!(v.verdict, Verdict::Pass);
    assert!((v.cases[0].figure - 0.78).abs() < 1e-12);
    assert_eq!(v.cases[0].parts[1].diverged, 5);
    let line = format!(
        "metric = \"test_loss\"\n{XAVIER}\nleft = {}\nrelation = \"left <= 2\"",
        &XAVIER[8..]
    );
    let line = line.replacen(&format!("{XAVIER}\n"), "", 1);
    let v = judged_with(&line, lost);
    assert_eq!((v.verdict, v.cases[0].figure), (Verdict::Fail, f64::INFINITY));
    // A count of the diverged is about them.
    let line = line
        .replace("test_loss", "diverged")
        .replace("left <= 2", "left == 5")
        + "\naggregate = \"sum\"";
    assert_eq!(judged_with(&line, lost).cases[0].figure, 5.0);
}

#[test]
fn a_failed_trial_is_no_evidence() {
    let line = format!("metric = \"test_accuracy\"\n{HE}\nrelation = \"left <= 1\"");
    let v = judged_with(&line, |r| {
        if r.coordinates.replicate == 2 {
            r.trial.status = Status::Failed;
        }
    });
    assert_eq!(v.verdict, Verdict::Inconclusive);
    assert_eq!(v.cases[0].notes.last().unwrap(), "1 trials failed");
}

#[test]
fn rates_are_tuned_on_validation_data_or_on_other_replicates() {
    let lines = r#"metric = "test_accuracy"
rate = "tuned"
left = { scheme = "he_normal", architecture = [[20]] }
right = { scheme = "xavier_uniform", architecture = [[20]] }
relation = "left - right >= 0.4""#;
    // Each at 0.1: 0.9 against 0.4.
    let v = judged(lines);
    assert_eq!(v.verdict, Verdict::Pass, "{v:?}");
    assert_eq!(
        (
            v.cases[0].parts[0].rates[0].rate,
            v.cases[0].parts[1].rates[0].rate
        ),
        (0.1, 0.1)
    );
    let v = judged(
        &lines
            .replace("\"tuned\"", "{ replicates = 2 }")
            .replace("[[20]]", "[[5]]"),
    );
    // Depth 5: Xavier prefers 0.01 (0.7 against 0.6); replicates 2, 3, 4 are scored.
    assert_eq!(v.cases[0].parts[1].rates[0].rate, 0.01);
    assert_eq!(v.cases[0].parts[1].trials, 3);
    assert!((v.cases[0].parts[1].figure - 0.67).abs() < 1e-12, "{v:?}");
}

/// He's rate and Xavier's are the highest tried; Xavier loses.
#[test]
fn a_losing_side_at_the_edge_of_its_rates_is_flagged() {
    let lines = r#"metric = "test_accuracy"
rate = "tuned"
left = { scheme = "he_normal", architecture = [[20]] }
right = { scheme = "xavier_uniform", architecture = [[20]] }
relation = "left - right >= 0.4""#;
    let j = judged(lines);
    let parts = &j.cases[0].parts;
    assert_eq!((parts[0].losing, parts[1].losing), (false, true));
    let (_, edge) = parts[1].edges().next().unwrap();
    assert_eq!(
        (edge.lowest, edge.next, edge.trials, edge.diverged),
        (false, 0.01, 5, 0)
    );
    let text = print::finding(&j, &j.cases[0]);
    assert!(
        text.contains("a losing side (right) is at the edge of the rates tried"),
        "{text}"
    );
    let count = print::count(std::slice::from_ref(&j));
    assert_eq!(
        count,
        "1 claim: 1 pass; 1 with a losing side at the edge of the rates tried"
    );
    // With all trials at 0.1 diverged, the lowest rate is chosen.
    let j = judged_with(lines, |r| {
        if r.coordinates.scheme == "xavier_uniform" && r.coordinates.learning_rate == 0.1 {
            let id = r.trial.trial_id.clone();
            *r = example::diverged(r.coordinates.clone(), 1);
            r.trial.trial_id = id;
        }
    });
    let text = print::parts(&j.cases[0]);
    assert!(
        text.ends_with("rate 0.01, the lowest tried; at the next, 0.1, 5 of 5 trials diverged)"),
        "{text}"
    );
    let json = print::json("t", &[j]);
    let part = &json["claims"][0]["cases"][0]["parts"][1];
    assert_eq!(
        (part["losing"].as_bool(), part["rates"][0].as_f64()),
        (Some(true), Some(0.01))
    );
    let edge = &part["at_edge"][0];
    assert_eq!(
        (edge["edge"].as_str(), edge["next_diverged"].as_u64()),
        (Some("lowest"), Some(5))
    );
}

#[test]
fn identities_are_counted_apart_from_evidence() {
    let claim = |name: &str, kind: &str| {
        format!(
            "[[claim]]\nname = \"{name}\"\nsentence = \"s\"\n{kind}metric = \"test_accuracy\"\n{HE}\nrelation = \"left >= 0.5\"\n"
        )
    };
    let claims = claim("theorem", "kind = \"identity\"\n") + &claim("finding", "");
    let judgements = Fixture::new(&claims, |_| {}).verdicts();
    assert_eq!(
        print::count(&judgements),
        "2 claims: 1 evidence (1 pass), 1 identity (1 pass)"
    );
    let style = crate::support::text::Style {
        width: 80,
        colour: false,
    };
    let text = print::text("t", &judgements, style);
    let (evidence, identity) = (text.find("PASS  finding"), text.find("PASS  theorem  (identity"));
    assert!(evidence.is_some() && evidence < identity, "{text}");
    let markdown = print::markdown("t", &judgements);
    assert!(markdown.contains("**theorem** (identity: "), "{markdown}");
    assert_eq!(print::json("t", &judgements)["claims"][0]["kind"], "identity");
}

#[test]
fn an_undefined_figure_says_why() {
    let note = |lines: &str| judged(lines).cases[0].notes.join("; ");
    let zeros = "metric = \"diverged\"\naggregate = \"sum\"\nrelation = \"left / right <= 2\"";
    assert_eq!(
        note(&format!("{zeros}\n{HE}\n{XAVIER}")),
        "both sides are 0: their ratio is undefined"
    );
    let lost = |r: &mut TrialRecord| {
        let id = r.trial.trial_id.clone();
        *r = example::diverged(r.coordinates.clone(), 1);
        r.trial.trial_id = id;
    };
    let of = |relation: &str, aggregate: &str| {
        let lines = format!(
            "metric = \"test_loss\"\naggregate = \"{aggregate}\"\n{HE}\n{XAVIER}\nrelation = \"{relation}\""
        );
        let j = judged_with(&lines, lost);
        assert_eq!(j.verdict, Verdict::Inconclusive);
        j.cases[0].notes.join("; ")
    };
    assert_eq!(
        of("left - right <= 2", "median"),
        "two figures are infinite: their difference is undefined"
    );
    assert_eq!(
        of("left / right <= 2", "median"),
        "both sides are infinite: their ratio is undefined"
    );
    assert_eq!(
        of("left - right <= 2", "std"),
        "the standard deviation of 5 trials (`left`), some of them infinite, is undefined"
    );
}

#[test]
fn every_value_of_an_axis_has_its_case() {
    let lines = r#"metric = "test_accuracy"
for_each = ["architecture"]
left = { scheme = "he_normal", learning_rate = 0.1 }
right = { scheme = "xavier_uniform", learning_rate = 0.1 }
relation = "left - right >= 0.45""#;
    let v = judged(lines);
    let cases: Vec<(&str, Verdict)> = v
        .cases
        .iter()
        .map(|c| (c.group[0].1.as_str(), c.verdict))
        .collect();
    // 0.3 at depth 5, 0.4 at 10, 0.5 at 20.
    assert_eq!(
        cases,
        [("10", Verdict::Fail), ("20", Verdict::Pass), ("5", Verdict::Fail)]
    );
    assert_eq!(v.verdict, Verdict::Fail);
}

#[test]
fn relations_along_an_axis() {
    let left = "metric = \"test_accuracy\"\nleft = { scheme = \"xavier_uniform\", learning_rate = 0.1, architecture = [[5], [10], [20]] }\n";
    let of = |relation: &str| judged(&format!("{left}relation = \"{relation}\""));
    let v = of("left decreasing over architecture");
    assert_eq!(v.verdict, Verdict::Pass, "{v:?}");
    let names: Vec<&str> = v.cases[0].parts.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["5", "10", "20"]);
    assert!((v.cases[0].figure - 0.1).abs() < 1e-12);
    assert_eq!(of("left increasing over architecture").verdict, Verdict::Fail);
    let v = of("spread of left over architecture <= 0.1");
    assert_eq!(v.verdict, Verdict::Fail);
    assert!((v.cases[0].figure - 0.2).abs() < 1e-12);
    let v = judged(&format!(
        "metric = \"test_accuracy\"\n{HE}\nrelation = \"left ranks 1 over scheme\""
    ));
    assert_eq!((v.verdict, v.cases[0].figure), (Verdict::Pass, 1.0));
    let v = judged(&format!(
        "metric = \"test_loss\"\nleft = {}\nrelation = \"left ranks 1 over scheme\"",
        &XAVIER[8..]
    ));
    assert_eq!((v.verdict, v.cases[0].figure), (Verdict::Fail, 2.0));
}

#[test]
fn times_to_a_target_are_censored() {
    let of = |target: f64, relation: &str| {
        judged(&format!(
            "metric = {{ steps_to = {target}, of = \"train_accuracy\" }}\n{HE}\n{XAVIER}\nrelation = \"{relation}\""
        ))
    };
    // He reaches 0.8 at its one evaluation after the start, step 41; Xavier never does, so that
    // at step 41 all that is known is that it takes longer.
    let v = of(0.8, "left / right <= 1");
    assert_eq!((v.verdict, v.cases[0].figure), (Verdict::Pass, 0.0), "{v:?}");
    let v = of(0.8, "left / right <= 0.3");
    assert_eq!(v.verdict, Verdict::Inconclusive);
    assert!(
        v.cases[0].notes.iter().any(|n| n.contains("before they reached")),
        "{v:?}"
    );
    // Both reach 0.1 before the first step.
    let v = of(0.1, "left - right == 0");
    assert_eq!((v.verdict, v.cases[0].figure), (Verdict::Pass, 0.0));
}

#[test]
fn layers_and_best_rates() {
    let v = judged(&format!(
        "metric = \"layers.weight_std\"\nepoch = 0\n{HE}\n{XAVIER}\nrelation = \"left / right in [1.9, 2.1]\""
    ));
    assert_eq!((v.verdict, v.cases[0].figure), (Verdict::Pass, 2.0));
    let v = judged(
        "metric = \"best_rate\"\nleft = { scheme = \"he_normal\", architecture = [[5]] }\nright = { scheme = \"xavier_uniform\", architecture = [[5]] }\nrelation = \"left - right >= 3\"",
    );
    // Best at 0.1 and at 0.01: log2(10) apart in every resample.
    assert_eq!(v.verdict, Verdict::Pass, "{v:?}");
    assert!((v.cases[0].figure - libm::log2(10.0)).abs() < 1e-12);
}

#[test]
fn missing_evidence_is_never_a_pass() {
    let lines = format!("metric = \"epochs.test_accuracy\"\n{HE}\nrelation = \"left >= 0\"");
    let fixture = Fixture::new(&format!("[[claim]]\nsentence = \"s\"\n{lines}"), |_| {});
    std::fs::remove_file(fixture.dir.path().join("epochs.csv")).unwrap();
    let v = fixture.verdicts().remove(0);
    assert_eq!(v.verdict, Verdict::Inconclusive);
    assert!(v.note.unwrap().contains("no epochs.csv"));
    let v = judged_with(
        &format!("metric = \"test_accuracy\"\n{HE}\nrelation = \"left >= 0\""),
        |r| {
            r.trial.test_accuracy = None;
        },
    );
    assert_eq!(v.verdict, Verdict::Inconclusive);
    assert_eq!(v.cases[0].notes, ["5 of 5 trials of `left` have no value"]);
    assert_eq!(exit_code([&v]), 1);
    std::fs::remove_file(fixture.dir.path().join("trials.csv")).unwrap();
    let error = evaluate(fixture.dir.path()).unwrap_err().to_string();
    assert!(error.contains("holds no trials.csv"), "{error}");
    std::fs::remove_file(fixture.dir.path().join("manifest.toml")).unwrap();
    let error = evaluate(fixture.dir.path()).unwrap_err().to_string();
    assert!(error.contains("holds no manifest.toml"), "{error}");
    let error = evaluate(&PathBuf::from("/nowhere")).unwrap_err().to_string();
    assert!(error.contains("there is no directory /nowhere"), "{error}");
}

#[test]
fn verdicts_in_print() {
    let claims = format!(
        "[[claim]]\nname = \"he-first\"\nsource = \"He 2015\"\nsentence = \"He | wins\"\nmetric = \"test_accuracy\"\n{HE}\n{XAVIER}\nrelation = \"left - right >= 0.4\""
    );
    let fixture = Fixture::new(&claims, |_| {});
    let verdicts = fixture.verdicts();
    let style = crate::support::text::Style {
        width: 80,
        colour: false,
    };
    insta::assert_snapshot!(print::text("results/t", &verdicts, style), @r"
    results/t: 1 claim: 1 pass

    PASS  he-first
          He | wins
          (He 2015)
          left - right = 0.5 [0.5, 0.5], claimed >= 0.4; 5 values give a median an
          interval of at most 93.75%, not 95%
          left 0.88 (5 trials); right 0.38 (5 trials)
    ");
    insta::assert_snapshot!(print::markdown("results/t", &verdicts), @r"
    ### results/t: 1 claim: 1 pass

    | verdict | claim | found | figures |
    |---|---|---|---|
    | pass | **he-first** He \| wins | left - right = 0.5 \[0.5, 0.5\], claimed &gt;= 0.4; 5 values give a median an interval of at most 93.75%, not 95% | left 0.88 (5 trials); right 0.38 (5 trials) |
    ");
    let json = print::json("results/t", &verdicts);
    assert_eq!(json["claims"][0]["relation"], "left - right >= 0.4");
    assert_eq!(json["claims"][0]["cases"][0]["parts"][1]["name"], "right");
}

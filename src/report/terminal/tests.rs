use super::*;
use crate::table::example;
use crate::table::manifest::{DatasetEntry, Manifest};
use crate::table::order;
use crate::table::record::TrialRecord;
use crate::table::trials::Builder;

/// The trials of a cell, one for each score; a negative one stands for a trial that diverged.
fn cell(architecture: &str, activation: &str, scheme: &str, rate: f64, scores: &[f64]) -> Vec<TrialRecord> {
    let trials = (0..).zip(scores).map(|(i, score)| {
        let mut c = example::coordinates();
        (c.architecture, c.activation, c.scheme) = (architecture.into(), activation.into(), scheme.into());
        c.learning_rate = rate;
        (c.replicate, c.weight_seed, c.order_seed) = (i, i, i);
        match *score < 0.0 {
            true => example::diverged(c, 1),
            false => example::record(c, *score),
        }
    });
    trials.collect()
}

/// The summary of trials, in any order.
fn summary(mut records: Vec<TrialRecord>, dir: &str, style: Style) -> String {
    records.sort_by(|a, b| order::compare(&a.coordinates, &b.coordinates));
    let mut frame = Builder::new(false);
    records
        .iter()
        .for_each(|r| frame.push(&r.coordinates, &r.trial, None));
    let manifest = Manifest {
        format_version: format::FORMAT_VERSION,
        numerics_version: crate::numerics::NUMERICS_VERSION,
        statistics_version: 2,
        name: "x".into(),
        experiment_digest: String::new(),
        commit: None,
        tables: Default::default(),
        trials: records.len() as u64,
        experiment: String::new(),
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
    render(
        &frame.finish(Some(&manifest)),
        &Labels::default(),
        Path::new(dir),
        style,
    )
}

fn plain(width: usize) -> Style {
    Style { width, colour: false }
}

fn small() -> Vec<TrialRecord> {
    let mut cells = Vec::new();
    for (activation, bonus) in [("relu", 0.0), ("tanh", 0.01)] {
        let near = |x: f64| [x, x + 0.01, x + 0.02, x + 0.03, x + 0.04].map(|v| v + bonus);
        cells.extend(cell("64", activation, "he_normal", 0.1, &near(0.9)));
        cells.extend(cell("64", activation, "xavier_uniform", 0.1, &near(0.8)));
        cells.extend(cell(
            "64",
            activation,
            "normal(std=100)",
            0.1,
            &[-1.0, -1.0, 0.3, 0.2, -1.0],
        ));
    }
    cells
}

#[test]
fn what_chose_the_rates_is_said_of_each_dataset() {
    let on = |dataset: &str, validated: bool| -> Vec<TrialRecord> {
        let at = |rate: f64| {
            let mut trials = cell("64", "relu", "he_normal", rate, &[0.8, 0.9, 0.7 + rate]);
            for record in &mut trials {
                record.coordinates.dataset = dataset.into();
                if !validated {
                    let t = &mut record.trial;
                    (t.validation_loss, t.validation_accuracy) = (None, None);
                }
            }
            trials
        };
        [at(0.01), at(0.1)].concat()
    };
    let said = |trials: Vec<TrialRecord>| {
        let text = summary(trials, "r", plain(200));
        let caption = text.split("\n\n").next().unwrap().replace('\n', " ");
        let rest = caption.split_once("interval.").unwrap().1.to_owned();
        rest.split(" A diverged").next().unwrap().trim().to_owned()
    };
    let own = "Of 2 learning rates each scheme has its own, chosen on validation data of other replicates";
    assert_eq!(said(on("a", true)), format!("{own}."));
    assert_eq!(
        said(on("a", false)),
        "Pooled over 2 learning rates: no validation data to choose by."
    );
    assert_eq!(
        said([on("a", true), on("b", false)].concat()),
        format!(
            "Averaged over 2 datasets. {own}; pooled over them on datasets that have no validation data."
        )
    );
    assert_eq!(said(on("a", true).drain(..3).collect()), "");
}

#[test]
fn a_small_run() {
    insta::assert_snapshot!(summary(small(), "results/quick", plain(80)), @r"
    Interquartile mean of the test accuracy over trials, with its 95% interval. A
    diverged trial (d) counts as chance. All trials use one split of the data:
    intervals are conditional on it. The 100 test samples by themselves spread an
    accuracy of 0.925 by 0.026.

    scheme                            relu                   tanh
    he_normal           0.920 0.885..0.955     0.930 0.895..0.965
    xavier_uniform      0.820 0.785..0.855     0.830 0.795..0.865
    normal(std=100)  0.133 3d 0.000..0.326  0.133 3d 0.000..0.326

    relu  he_normal 0.920
    tanh  he_normal 0.930

    Not distinguishable: equal schemes would differ as much by chance in more than
    5% of experiments, in some pair of them. Differences are those of trials like
    these: 5 replicates do not show a failure that happens in up to 45% of trials.

    30 trials in 6 cells: 6 diverged
    Tables: results/quick
    ");
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let mut cells = Vec::new();
    for architecture in ["64", "30x64"] {
        for activation in [
            "relu",
            "tanh",
            "gelu",
            "sigmoid",
            "leaky_relu",
            "selu",
            "softplus",
        ] {
            for scheme in [
                "he_normal",
                "xavier_uniform",
                "variance_scaling(scale=2 mode=fan_avg)",
            ] {
                for rate in [0.01, 0.1] {
                    let scores = [0.3, 0.4 + rate, 0.5, 0.6, -1.0];
                    cells.extend(cell(architecture, activation, scheme, rate, &scores));
                }
            }
        }
    }
    for width in [60, 80, 120] {
        let text = summary(cells.clone(), "results/x", plain(width));
        let widest = text.lines().map(|l| l.chars().count()).max().unwrap();
        assert!(widest <= width, "{widest} columns in {width}:\n{text}");
        assert!(
            text.contains("architectures.") && text.contains("(2/2)"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
    }
    let bold = Style {
        colour: true,
        ..plain(80)
    };
    assert!(summary(cells, "r", bold).contains("\u{1b}[1m"));
}

#[test]
fn failed_trials_have_a_mark_of_their_own() {
    let mut trials = small();
    let failed = trials.iter_mut().filter(|r| r.trial.status == Status::Diverged);
    failed.take(1).for_each(|r| r.trial.status = Status::Failed);
    let text = summary(trials, "r", plain(80));
    assert!(text.contains("0.133 2d 1f"), "{text}");
    assert!(
        text.replace('\n', " ")
            .contains("A trial that diverged (d) or failed (f) counts as chance."),
        "{text}"
    );
    assert!(text.contains("5 diverged, 1 FAILED"), "{text}");
}

#[test]
fn long_names_stay_distinct_and_have_lines_of_their_own() {
    let long = |last: &str| format!("{}/{last}", ["tanh"; 30].join("/"));
    let mut trials = Vec::new();
    for activation in ["relu".to_owned(), long("relu"), long("gelu")] {
        for scheme in ["normal(std=0.011)", "normal(std=0.012)", "normal(std=0.013)"] {
            trials.extend(cell("64", &activation, scheme, 0.1, &[0.8, 0.9]));
        }
    }
    let text = summary(trials, "r", plain(40));
    assert!(text.lines().all(|l| l.chars().count() <= 40), "{text}");
    let (winners, _) = text.split_once("\n\nNot distinguishable").unwrap();
    let (_, winners) = winners.rsplit_once("\n\n").unwrap();
    assert_eq!(winners.lines().count(), 14, "{text}");
    assert!(winners.lines().all(|l| !l.starts_with("       ")), "{text}");
    for name in [
        "normal…0.011)",
        "normal…0.012)",
        "h/relu",
        "h/gelu",
        "tanh/tanh/relu",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
    assert!(text.contains("\nrelu  normal(std=0.011) 0.850; not\n"), "{text}");
}

#[test]
fn names_in_a_table_command_no_terminal() {
    let text = summary(cell("64", "relu", "a\u{1b}[2J", 0.1, &[0.8]), "r\u{7}", plain(80));
    assert!(text.contains("a\\u{1b}[2J") && text.contains("r\\u{7}"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{7}']), "{text}");
}

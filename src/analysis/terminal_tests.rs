use super::*;
use crate::analysis::cell::{CellCoordinates, Outcome};
use crate::analysis::ranking;
use crate::table::example;
use crate::table::record::Status;

fn cell(architecture: &str, activation: &str, scheme: &str, rate: f64, scores: &[f64]) -> Cell {
    let mut c = example::coordinates();
    (c.architecture, c.activation, c.scheme) = (architecture.into(), activation.into(), scheme.into());
    c.learning_rate = rate;
    let outcomes = scores.iter().enumerate().map(|(i, score)| Outcome {
        replicate: i as u32,
        weight_seed: i as u32,
        order_seed: i as u32,
        data_seed: 0,
        status: if *score < 0.0 {
            Status::Diverged
        } else {
            Status::Ok
        },
        figures: if *score < 0.0 {
            [None; 7]
        } else {
            [Some(*score); 7]
        },
        epochs_to_target: None,
    });
    Cell {
        coordinates: CellCoordinates::from(&c),
        outcomes: outcomes.collect(),
        chance: Some(0.1),
        measured: [true; 7],
    }
}

fn plain(width: usize) -> Style {
    Style { width, colour: false }
}

fn small() -> Vec<Cell> {
    let mut cells = Vec::new();
    for (activation, bonus) in [("relu", 0.0), ("tanh", 0.01)] {
        let near = |x: f64| [x, x + 0.01, x + 0.02, x + 0.03, x + 0.04].map(|v| v + bonus);
        cells.push(cell("64", activation, "he_normal", 0.1, &near(0.9)));
        cells.push(cell("64", activation, "xavier_uniform", 0.1, &near(0.8)));
        cells.push(cell(
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
    use crate::analysis::cell::Figure;
    let on = |dataset: &str, validated: bool| {
        let at = |rate: f64| {
            let mut cell = cell("64", "relu", "he_normal", rate, &[0.8, 0.9, 0.7 + rate]);
            cell.coordinates.dataset = dataset.into();
            for figure in [Figure::ValidationLoss, Figure::ValidationAccuracy] {
                cell.measured[figure as usize] = validated;
                let figures = cell.outcomes.iter_mut().map(|o| &mut o.figures[figure as usize]);
                figures.filter(|_| !validated).for_each(|f| *f = None);
            }
            cell
        };
        vec![at(0.01), at(0.1)]
    };
    let said = |cells: Vec<Cell>| {
        let text = render(&cells, Path::new("r"), plain(200));
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
    assert_eq!(said(vec![on("a", true).remove(0)]), "");
}

#[test]
fn a_small_run() {
    insta::assert_snapshot!(render(&small(), Path::new("results/quick"), plain(80)), @r"
    Interquartile mean of the test accuracy over trials, with its 95% bootstrap
    interval. A diverged trial (d) counts as chance.

    scheme                            relu                   tanh
    he_normal           0.920 0.903..0.937     0.930 0.913..0.947
    xavier_uniform      0.820 0.803..0.837     0.830 0.813..0.847
    normal(std=100)  0.133 3d 0.100..0.233  0.133 3d 0.100..0.267

    relu  he_normal 0.920
    tanh  he_normal 0.930

    Not distinguishable: the interval of the difference of the two scores, paired by
    replicate and at a level of 95% for all comparisons together, contains 0.

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
                    cells.push(cell(architecture, activation, scheme, rate, &scores));
                }
            }
        }
    }
    for width in [60, 80, 120] {
        let text = render(&cells, Path::new("results/x"), plain(width));
        let widest = text.lines().map(|l| l.chars().count()).max().unwrap();
        assert!(widest <= width, "{widest} columns in {width}:\n{text}");
        assert!(
            text.contains("architectures.") && text.contains("(2/2)"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
    }
    assert!(
        render(
            &cells,
            Path::new("r"),
            Style {
                width: 80,
                colour: true
            }
        )
        .contains("\u{1b}[1m")
    );
}

#[test]
fn the_leader_and_those_not_told_apart_from_it() {
    let cells: Vec<Cell> = (0..3)
        .flat_map(|a| {
            let architecture = format!("{}", 64 << a);
            [
                cell(&architecture, "relu", "a", 0.1, &[0.90, 0.91, 0.92, 0.93]),
                cell(&architecture, "relu", "b", 0.1, &[0.91, 0.90, 0.93, 0.92]),
                cell(&architecture, "relu", "c", 0.1, &[0.50, 0.51, 0.52, 0.53]),
            ]
        })
        .collect();
    let kept: Vec<&Cell> = cells.iter().collect();
    let s = ranking::standings(&kept, Rates::Tuned, "relu");
    let order: Vec<&str> = s.iter().map(|s| s.scheme.as_str()).collect();
    assert_eq!(order, ["a", "b", "c"]);
    assert!(s[0].leads() && s[1].leads() && !s[2].leads());
    let against = s[2].against_leader.as_ref().unwrap();
    assert_eq!((against.pairs, against.groups), (12, 3));
    assert_eq!(against.probability, 0.0);
    // The difference is that of the scores shown, to the last bit.
    assert_eq!(against.difference, s[2].score.value - s[0].score.value);
    assert!((against.difference + 0.4).abs() < 1e-12, "{against:?}");
    assert_eq!(s[1].against_leader.as_ref().unwrap().probability, 0.5);
}

use super::*;
use crate::analysis::cell::CellCoordinates;
use crate::table::example;

const RATES: [f64; 5] = [0.01, 0.03, 0.1, 0.3, 1.0];

/// A cell whose replicate `r` scores `score(r)` on test data, and nothing on others.
fn cell(scheme: &str, rate: f64, score: impl Fn(u32) -> f64) -> Cell {
    let mut c = example::coordinates();
    (c.scheme, c.learning_rate) = (scheme.into(), rate);
    let outcome = |replicate| {
        let mut figures = [None; Figure::ALL.len()];
        figures[Figure::TestAccuracy as usize] = Some(score(replicate));
        Outcome {
            replicate,
            weight_seed: replicate,
            order_seed: replicate,
            data_seed: 0,
            status: Status::Ok,
            figures,
            epochs_to_target: None,
        }
    };
    let mut measured = [false; Figure::ALL.len()];
    measured[Figure::TestAccuracy as usize] = true;
    Cell {
        coordinates: CellCoordinates::from(&c),
        outcomes: (0..8).map(outcome).collect(),
        chance: Some(0.1),
        measured,
    }
}

/// What replicate `r` adds to every score.
fn luck(r: u32) -> f64 {
    f64::from(r * r % 7) * 0.01
}

/// The second scheme is better at the highest rate and worse at all others.
fn without_validation() -> Vec<Cell> {
    let mut cells = Vec::new();
    for (i, rate) in RATES.into_iter().enumerate() {
        let fall = 0.05 * i as f64;
        cells.push(cell("first", rate, |r| 0.9 - 2.0 * fall + luck(r)));
        let second = if i == 4 { 0.7 } else { 0.6 - fall };
        cells.push(cell("second", rate, |r| second + luck(r) / 2.0));
    }
    cells
}

#[test]
fn pooled_rates_pair_at_the_same_rate() {
    let cells = without_validation();
    let cells: Vec<&Cell> = cells.iter().collect();
    let standings = standings(&cells, Rates::Tuned, "all");
    let [first, second] = &standings[..] else {
        panic!("{standings:?}");
    };
    assert_eq!(
        (first.scheme.as_str(), first.trials, first.at_edge),
        ("first", 40, 0)
    );
    let against = second.against_leader.as_ref().unwrap();
    assert_eq!(against.pairs, 40);
    let difference = second.score.value - first.score.value;
    assert!(
        difference < -0.1 && (against.difference - difference).abs() < 1e-12,
        "{against:?} {difference}"
    );
    let interval = against.interval.unwrap();
    assert!(interval.contains(difference) && !second.leads(), "{interval:?}");
}

#[test]
fn pooled_rates_are_compared_at_the_same_rate() {
    // The higher the rate, the better both, by more than the schemes differ: at each rate all
    // trials of the leader win, however many trials at lower rates they would lose to.
    let mut cells = Vec::new();
    for (i, rate) in RATES.into_iter().enumerate() {
        cells.push(cell("first", rate, |_| 0.1 * i as f64 + 0.05));
        cells.push(cell("second", rate, |_| 0.1 * i as f64));
    }
    let probability = |cells: &[Cell]| {
        let cells: Vec<&Cell> = cells.iter().collect();
        let against = standings(&cells, Rates::Tuned, "all").remove(1).against_leader;
        against.unwrap().probability
    };
    assert_eq!(probability(&cells), 0.0);
    // Ahead at two rates of the five; a rate that the leader lacks counts for nothing.
    for i in [1, 3] {
        cells[2 * i + 1] = cell("second", RATES[i], |_| 0.1 * i as f64 + 0.06);
    }
    assert_eq!(probability(&cells), 0.4);
    cells.push(cell("second", 3.0, |_| 0.0));
    assert_eq!(probability(&cells), 0.4);
}

#[test]
fn pooled_rates_are_no_replicates() {
    // Every replicate has the same trials: nothing to be unsure about, however the rates differ.
    let cells: Vec<Cell> = RATES
        .into_iter()
        .map(|rate| cell("only", rate, |_| 1.0 - 0.5 * rate))
        .collect();
    let cells: Vec<&Cell> = cells.iter().collect();
    let standing = standings(&cells, Rates::Tuned, "all").remove(0);
    let (score, interval) = (standing.score.value, standing.score.interval.unwrap());
    assert!(
        (interval.low - score).abs() < 1e-12 && (interval.high - score).abs() < 1e-12,
        "{score} {interval:?}"
    );
}

#[test]
fn schemes_at_their_own_rates_pair_by_seeds_alone() {
    let mut cells = without_validation();
    for cell in &mut cells {
        let c = &cell.coordinates;
        let best = if c.scheme == "first" { 0.01 } else { 1.0 };
        let quality = if c.learning_rate == best { 0.8 } else { 0.3 };
        for outcome in &mut cell.outcomes {
            outcome.figures[Figure::ValidationAccuracy as usize] = Some(quality);
        }
    }
    let cells: Vec<&Cell> = cells.iter().collect();
    let standings = standings(&cells, Rates::Tuned, "all");
    assert_eq!((standings[1].trials, standings[1].at_edge), (4, 1));
    assert_eq!(standings[1].against_leader.as_ref().unwrap().pairs, 4);
}

//! Order, cost and size of plans.

use super::*;

#[test]
fn trials_come_in_the_order_of_the_tables() {
    let text = file(
        "replicates = 3",
        "",
        "scheme = [\"zeros\", \"he_normal\", \"lsuv\"]\narchitecture = [[100], [20], [3, 3], { depth = 10, width = 3 }]\nlearning_rate = [1, 0.5, 10, 1e-7]\nbatch_size = [8, 16, 100]",
        "",
    );
    let plan = good(&text).plan();
    let place = |i: usize| {
        let c = plan.coordinates(i);
        (
            c.architecture,
            c.scheme,
            c.learning_rate,
            c.batch_size,
            c.replicate,
        )
    };
    assert!((1..plan.len()).all(|i| place(i - 1) < place(i)));
    let trial = plan.trial(7);
    assert_eq!(trial.coordinates, plan.coordinates(7));
    assert_eq!(trial.id, plan.trial_id(7));
    assert_eq!(
        trial.values.scheme.scheme.layerwise(),
        plan.trial(7).values.scheme.scheme.layerwise()
    );
}

#[test]
fn costs_follow_the_work() {
    let text = |train: &str, architecture: &str| {
        file(
            "",
            train,
            &format!("scheme = \"zeros\"\narchitecture = {architecture}\nlearning_rate = 0.1"),
            "",
        )
    };
    let cost = |train: &str, architecture: &str| good(&text(train, architecture)).plan().cost(0);
    let base = cost("epochs = 10", "[64]");
    assert!(cost("epochs = 20", "[64]") > base * 3 / 2);
    assert!(cost("epochs = 10", "[64, 64]") > base * 3 / 2);
    assert!(cost("steps = 10000000", "{ depth = 1000, width = 400 }") > base);
    // 3 passes over 1000 samples and 10 epochs, 11 evaluations of 500 held out, one of 1000.
    assert_eq!(base, (64 * 64 + 64 * 10) * (3 * 10_000 + 11 * 500 + 1000));
    let plan = good(&text("epochs = 1", "[64]")).plan();
    assert_eq!(plan.parameters(0), 64 * 64 + 64 + 64 * 10 + 10);
    assert!(plan.memory(0) > 16 * plan.parameters(0));
}

#[test]
fn a_hundred_thousand_trials_are_planned_at_once() {
    let rates: Vec<String> = (1..=1000).map(|i| format!("{}", f64::from(i) / 1000.0)).collect();
    let text = file(
        "replicates = 10",
        "",
        &format!(
            "scheme = [\"zeros\", \"he_normal\", \"lsuv\", \"adaptive\", \"orthogonal\"]\narchitecture = [[8], [9]]\nlearning_rate = [{}]",
            rates.join(", ")
        ),
        "",
    );
    let plan = good(&text).plan();
    assert_eq!(plan.len(), 100_000);
    // Cells are numbers, not texts.
    assert_eq!(size_of_val(&*plan.cells), 10_000 * 2 * Axis::CELL.len());
    assert!((0..plan.len()).all(|i| plan.cost(i) > 0));
}

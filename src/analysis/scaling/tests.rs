use super::*;
use crate::table::example;
use crate::table::record::StepRow;

/// Networks of these architectures, widths and depths; `of` gives size and change of a layer after a step.
fn lines(
    networks: &[(&str, u32, u32)],
    of: &dyn Fn(u32, u32, u32, u32) -> (Option<f64>, Option<f64>),
) -> Vec<StepLine> {
    let mut lines = Vec::new();
    for (architecture, width, depth) in networks {
        for (replicate, factor) in [(0, 0.9), (1, 1.1)] {
            for step in [0, 1, 8] {
                for layer in 1..=*depth {
                    let (size, change) = of(step, layer, *width, *depth);
                    let coordinates = Coordinates {
                        architecture: (*architecture).to_owned(),
                        replicate,
                        ..example::coordinates()
                    };
                    lines.push(StepLine {
                        coordinates,
                        trial_id: format!("{architecture}{replicate}"),
                        row: StepRow {
                            steps_taken: step,
                            layer,
                            depth: *depth,
                            width: *width,
                            preactivation_size: size.map(|x| factor * x),
                            preactivation_change: change.map(|x| factor * x).filter(|_| step > 0),
                            relative_change: None,
                        },
                    });
                }
            }
        }
    }
    lines
}

const WIDTHS: [(&str, u32, u32); 3] = [("2x16", 16, 3), ("2x64", 64, 3), ("2x256", 256, 3)];

#[test]
fn exponents_are_those_of_the_powers_put_in() {
    let of = |_: u32, layer: u32, width: u32, _: u32| {
        let n = f64::from(width);
        let power = if layer == 3 { 1.0 } else { 0.1 };
        let size = if layer == 3 { n.sqrt().recip() } else { 1.0 };
        (Some(size), Some(0.01 * libm::pow(n, power)))
    };
    let found = scaling(&lines(&WIDTHS, &of), Over::Width);
    assert_eq!((found.len(), found[0].range), (1, (16, 256)));
    let curve = |step, layer: &str, quantity| {
        let curves = found[0].curves.iter();
        let mut ours = curves.filter(|c| (c.step, c.layer.as_str(), c.quantity) == (step, layer, quantity));
        ours.next().unwrap()
    };
    let near = |c: &Curve, power: f64| assert!((c.exponent.unwrap() - power).abs() < 1e-9, "{c:?}");
    near(curve(1, "output", Quantity::Change), 1.0);
    near(curve(8, "layer 2", Quantity::Change), 0.1);
    near(curve(0, "output", Quantity::Size), -0.5);
    // The mean over replicates.
    assert!((curve(8, "layer 1", Quantity::Size).points[0].1 - 1.0).abs() < 1e-12);
    // The size of outputs may fall; a tenth of a power is within the tolerance.
    let broken: Vec<(u32, &str)> = found[0]
        .first_broken()
        .iter()
        .map(|c| (c.step, c.layer.as_str()))
        .collect();
    assert_eq!(broken, [(1, "output")]);
    assert_eq!(
        found[0].verdict(),
        "breaks the rule over width 16 to 256 after 1 step: the change of the output grows as width^1.00"
    );
    assert!(
        scaling(&lines(&WIDTHS, &of), Over::Depth).is_empty(),
        "all are of one depth"
    );
}

#[test]
fn what_stays_keeps_the_rule() {
    let of = |_: u32, _: u32, _: u32, _: u32| (Some(1.0), Some(0.2));
    let found = scaling(&lines(&WIDTHS, &of), Over::Width);
    assert_eq!(
        found[0].verdict(),
        "keeps the rule over width 16 to 256: through 8 steps no layer's size or change breaks it (exponents of changes within ±0.00)"
    );
}

#[test]
fn a_network_that_diverges_breaks_the_rule_and_one_without_signal_does_not() {
    let of = |_: u32, layer: u32, width: u32, _: u32| {
        let size = (layer < 3 || width < 256).then_some(1.0);
        (size, Some(0.0))
    };
    let found = scaling(&lines(&WIDTHS, &of), Over::Width);
    assert_eq!(
        found[0].verdict(),
        "breaks the rule over width 16 to 256 at the start: the size of the output is not finite everywhere"
    );
}

/// Over depth the layers that all networks have are compared, and only networks of one form and width.
#[test]
fn depth_compares_first_middle_last_and_output() {
    let networks = [
        ("4x32", 32, 5),
        ("16x32", 32, 17),
        ("16x32(norm=layer)", 32, 17),
        ("8x64", 64, 9),
    ];
    let of = |_: u32, layer: u32, _: u32, depth: u32| {
        let vanishing = if layer + 1 == depth {
            1.0 / f64::from(depth - 1)
        } else {
            1.0
        };
        (Some(1.0), Some(vanishing))
    };
    let found = scaling(&lines(&networks, &of), Over::Depth);
    assert_eq!((found.len(), found[0].range), (1, (4, 16)));
    let names: Vec<&str> = found[0]
        .curves
        .iter()
        .filter(|c| c.step == 0)
        .map(|c| c.layer.as_str())
        .collect();
    assert_eq!(
        names,
        ["first layer", "middle layer", "last hidden layer", "output"]
    );
    assert_eq!(
        found[0].verdict(),
        "breaks the rule over depth 4 to 16 after 1 step: the change of the last hidden layer falls as depth^-1.00"
    );
}

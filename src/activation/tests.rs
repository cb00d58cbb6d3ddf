//! Every function of the catalogue: derivative against differences, f32 against f64, bits.

use std::collections::BTreeMap;

use super::*;
use crate::support::catalog::Value;

/// Every function with its defaults, and those whose parameters change the code's path.
fn all() -> Vec<Activation> {
    let with = |kind: &str, key: &str, value: Value| {
        let table = BTreeMap::from([
            ("kind".to_owned(), Value::Text(kind.to_owned())),
            (key.to_owned(), value),
        ]);
        Activation::parse(&Value::Table(table)).unwrap()
    };
    let mut all: Vec<_> = ENTRIES
        .iter()
        .map(|e| Activation::named(e.name).unwrap())
        .collect();
    all.push(with("leaky_relu", "slope", Value::Number(0.3)));
    all.push(with("elu", "alpha", Value::Number(0.5)));
    all.push(with("gelu", "approximate", Value::Text("tanh".to_owned())));
    all
}

/// Points on both sides of 0 (not at 0, where some have a kink), out to where all are flat.
fn points() -> Vec<f64> {
    let positive = (0..400).map(|i| 1e-4 * libm::pow(1.0295, f64::from(i)));
    let mut points: Vec<f64> = positive.flat_map(|z| [z, -z]).collect();
    points.retain(|z| z.abs() < 12.0);
    points
}

#[test]
fn derivatives_are_the_limits_of_differences() {
    for f in all() {
        for z in points() {
            let h = 1e-5 * z.abs().max(1e-3);
            let difference = (f.value64(z + h) - f.value64(z - h)) / (2.0 * h);
            let derivative = f.derivative64(z);
            let error = (difference - derivative).abs();
            assert!(error < 1e-7, "{f} at {z}: {difference} is not {derivative}");
        }
    }
}

#[test]
fn single_precision_agrees_with_double() {
    let points: Vec<f32> = points().iter().map(|&z| z as f32).collect();
    for f in all() {
        let mut a = vec![0.0; points.len()];
        f.apply_slice(&points, &mut a);
        let mut delta = vec![1.0; points.len()];
        f.backprop_slice(&points, &a, &mut delta);
        for ((&z, &a), &d) in points.iter().zip(&a).zip(&delta) {
            let (value, derivative) = (f.value64(f64::from(z)), f.derivative64(f64::from(z)));
            let error = (f64::from(a) - value).abs();
            assert!(
                error < 3e-7 * value.abs().max(z.abs().into()),
                "{f} at {z}: {a} is not {value}"
            );
            let error = (f64::from(d) - derivative).abs();
            assert!(
                error < 4e-7 * f64::from(z.abs()).max(1.0),
                "{f}' at {z}: {d} is not {derivative}"
            );
        }
    }
}

#[test]
fn far_out_nothing_is_nan_and_zero_is_exact() {
    let points = [0.0, -0.0, 1e-40, 90.0, -90.0, 1e4, -1e4];
    for f in all() {
        let mut a = [0.0; 7];
        f.apply_slice(&points, &mut a);
        let mut delta = [1.0; 7];
        f.backprop_slice(&points, &a, &mut delta);
        for (z, (a, d)) in points.iter().zip(a.iter().zip(delta)) {
            assert!(a.is_finite() && d.is_finite(), "{f} at {z}: {a} {d}");
            let tolerance = 4e-7 * z.abs().max(1.0);
            assert!(
                (a - f.value64(f64::from(*z)) as f32).abs() <= tolerance,
                "{f} at {z}: {a}"
            );
        }
        assert_eq!(f64::from(a[0]), f64::from(f.value64(0.0) as f32), "{f} at 0");
    }
    let relu = Activation::named("relu").unwrap();
    let mut a = [1.0; 2];
    relu.apply_slice(&[-0.0, -3.0], &mut a);
    assert_eq!(a.map(f32::to_bits), [0, 0], "+0, not -0");
}

#[test]
fn batches_and_slices_agree_and_padding_stays_zero() {
    for f in all() {
        let values: Vec<f32> = (0..3 * 21).map(|i| i as f32 * 0.17 - 5.0).collect();
        let z = Batch::from_row_major(3, 21, &values);
        let mut a = Batch::default();
        f.apply(&z, &mut a);
        let mut slice = vec![0.0; 21];
        f.apply_slice(z.row(2), &mut slice);
        assert_eq!(a.row(2), slice);
        assert!(a.storage()[21..32].iter().all(|x| x.to_bits() == 0), "{f}");
    }
}

#[test]
fn gains_are_the_literatures() {
    for (name, gain) in [
        ("relu", std::f64::consts::SQRT_2),
        ("tanh", 5.0 / 3.0),
        ("sigmoid", 1.0),
        ("identity", 1.0),
        ("selu", 1.0),
        ("leaky_relu", (2.0 / 1.0001_f64).sqrt()),
    ] {
        assert_eq!(Activation::named(name).unwrap().gain(), gain, "{name}");
    }
}

#[test]
fn variance_gains_keep_the_second_moment() {
    // E[f^2]: relu 1/2, identity and abs 1, leaky (1 + a^2) / 2; SELU's fixed point by design;
    // tanh, sigmoid and GELU by an independent quadrature (mpmath, 30 digits).
    for (name, moment) in [
        ("relu", 0.5),
        ("identity", 1.0),
        ("abs", 1.0),
        ("leaky_relu", 0.50005),
        ("selu", 1.0),
        ("tanh", 0.3942944903978412),
        ("sigmoid", 0.293379035858093),
        ("gelu", 0.4252214825702987),
    ] {
        let gain = Activation::named(name).unwrap().variance_gain();
        assert!((gain - 1.0 / f64::sqrt(moment)).abs() < 1e-10, "{name}: {gain}");
    }
}

#[test]
fn aliases_and_parameters_have_one_text() {
    assert_eq!(Activation::named("linear").unwrap().to_string(), "identity");
    assert_eq!(all().last().unwrap().to_string(), "gelu(approximate=tanh)");
    let error = Activation::named("rleu").unwrap_err().to_string();
    assert!(
        error.contains("unknown activation `rleu`") && error.contains("`relu`?"),
        "{error}"
    );
}

/// Bits of the value and of the derivative at a few points; they move only with
/// `NUMERICS_VERSION`.
#[test]
fn the_bits_are_these() {
    let points = [-3.0, -0.7, 0.2, 1.5];
    let mut got = String::new();
    for f in all() {
        let mut a = [0.0; 4];
        f.apply_slice(&points, &mut a);
        let mut delta = [1.0; 4];
        f.backprop_slice(&points, &a, &mut delta);
        got += &format!(
            "{f} {:08x?} {:08x?}\n",
            a.map(f32::to_bits),
            delta.map(f32::to_bits)
        );
    }
    insta::assert_snapshot!(got);
}

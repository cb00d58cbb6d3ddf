use super::*;
use crate::data::{DataSpec, Dataset, catalog, load};
use crate::support::catalog::Value;
use std::sync::Arc;

fn generate(kind: &str, keys: &[(&str, i64)], seed: u64) -> Arc<Dataset> {
    let mut table = std::collections::BTreeMap::from([("kind".to_owned(), Value::Text(kind.into()))]);
    table.extend(keys.iter().map(|(k, v)| ((*k).to_owned(), Value::Integer(*v))));
    load(
        &DataSpec::parse(&Value::Table(table)).unwrap(),
        seed,
        &Environment::default(),
    )
    .unwrap()
}

fn floats(dataset: &Dataset) -> &[f32] {
    match &dataset.features {
        Features::F32(v) => v,
        _ => panic!("not f32"),
    }
}

fn labels(dataset: &Dataset) -> &[u16] {
    match &dataset.targets {
        Targets::Classes { labels, .. } => labels,
        Targets::Values { .. } => panic!("values"),
    }
}

#[test]
fn value_stability() {
    let mut got = String::new();
    for item in catalog().iter().filter(|item| item.source == "generated") {
        let name = item.entry.name;
        got += &format!("{name} {}\n", &generate(name, &[("rows", 200)], 7).digest[..16]);
    }
    insta::assert_snapshot!(got);
}

#[test]
fn seeds_and_draws_differ_and_more_rows_keep_the_first() {
    for item in catalog().iter().filter(|item| item.source == "generated") {
        let name = item.entry.name;
        let base = generate(name, &[("rows", 50)], 7);
        assert_ne!(base.digest, generate(name, &[("rows", 50)], 8).digest, "{name}");
        assert_ne!(
            base.digest,
            generate(name, &[("rows", 50), ("draw", 1)], 7).digest,
            "{name}"
        );
        let longer = generate(name, &[("rows", 80)], 7);
        let same = match (&base.features, &longer.features) {
            (Features::U8(a), Features::U8(b)) => b.starts_with(a),
            (Features::F32(a), Features::F32(b)) => b.starts_with(a),
            _ => false,
        };
        assert!(same, "{name}");
    }
}

#[test]
fn white_noise_is_standard_normal() {
    let data = generate("white-noise", &[("rows", 1000)], 1);
    let v = floats(&data);
    let n = v.len() as f64;
    let moment = |k: i32| {
        v.iter()
            .map(|&x| (0..k).fold(1.0, |a, _| a * f64::from(x)))
            .sum::<f64>()
            / n
    };
    // Standard errors of the mean, the second and the fourth moment of a normal.
    assert!(moment(1).abs() < 4.0 / n.sqrt());
    assert!((moment(2) - 1.0).abs() < 4.0 * (2.0 / n).sqrt());
    assert!((moment(4) - 3.0).abs() < 4.0 * (96.0 / n).sqrt());
}

#[test]
fn centres_of_a_mixture_are_as_far_apart_as_said() {
    let (k, d) = (16, 64);
    let data = generate(
        "gaussian-mixture",
        &[("rows", 16 * 400), ("features", 64), ("class_count", 16)],
        3,
    );
    let mut means = vec![vec![0.0; d]; k];
    for (i, row) in floats(&data).chunks_exact(d).enumerate() {
        for (m, &x) in means[i % k].iter_mut().zip(row) {
            *m += f64::from(x) / 400.0;
        }
    }
    let mut squares = Vec::new();
    for a in 0..k {
        for b in 0..a {
            squares.push(
                means[a]
                    .iter()
                    .zip(&means[b])
                    .map(|(x, y)| (x - y) * (x - y))
                    .sum::<f64>(),
            );
        }
    }
    let mean = squares.iter().sum::<f64>() / squares.len() as f64;
    // 16, plus the noise of the means 2 d / 400; the cosines average out to about 1/d each.
    let expected = 16.0 + 2.0 * 64.0 / 400.0;
    assert!((mean / expected - 1.0).abs() < 0.08, "{mean}");
}

#[test]
fn a_linear_boundary_does_not_separate_spirals_but_the_arms_do() {
    let data = generate("spirals", &[("rows", 400)], 3);
    for (row, &label) in floats(&data).chunks_exact(2).zip(labels(&data)) {
        let (x, y) = (f64::from(row[0]), f64::from(row[1]));
        let r = (x * x + y * y).sqrt();
        if r < 0.15 {
            continue;
        }
        let arm = (libm::atan2(y, x) / std::f64::consts::TAU - 1.5 * r).rem_euclid(1.0);
        let nearest = (arm * 2.0).round() as u16 % 2;
        assert_eq!(nearest, label, "({x}, {y})");
    }
}

#[test]
fn the_teacher_uses_all_its_classes_and_abs_is_the_absolute_value() {
    let data = generate("teacher", &[("rows", 1000)], 3);
    for class in 0..4 {
        assert!(labels(&data).iter().filter(|&&l| l == class).count() > 50);
    }
    let data = generate("abs", &[], 3);
    let Targets::Values { values, outputs: 1 } = &data.targets else {
        panic!()
    };
    assert!(
        floats(&data)
            .iter()
            .zip(values)
            .all(|(x, y)| f64::from(x.abs()) == *y && *y < 1.7321)
    );
    assert!(floats(&data).iter().any(|x| *x < -1.6) && floats(&data).iter().any(|x| *x > 1.6));
}

#[test]
fn mnist_like_images_are_as_dense_as_mnist() {
    let data = generate("mnist-like", &[("rows", 300)], 3);
    let Features::U8(pixels) = &data.features else {
        panic!()
    };
    assert_eq!((data.rows, data.cols, data.unit), (300, 784, Some(255.0)));
    let density = pixels.iter().filter(|&&p| p > 0).count() as f64 / pixels.len() as f64;
    assert!((density - 0.19).abs() < 0.005, "{density}");
}

#[test]
fn absurd_sizes_are_refused_before_anything_is_allocated() {
    let table = [("rows", 100_000_000), ("features", 1_000_000)];
    let mut map = std::collections::BTreeMap::from([("kind".to_owned(), Value::Text("white-noise".into()))]);
    map.extend(table.iter().map(|(k, v)| ((*k).to_owned(), Value::Integer(*v))));
    let spec = DataSpec::parse(&Value::Table(map)).unwrap();
    let error = load(&spec, 0, &Environment::default()).unwrap_err().to_string();
    assert!(error.contains("more than 2^31 values"), "{error}");
}

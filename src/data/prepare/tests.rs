use super::*;
use crate::data::{Environment, load};
use crate::support::catalog::Value;

mod formats;

fn text(word: &str) -> Value {
    Value::Text(word.to_owned())
}

fn table(pairs: &[(&str, Value)]) -> Value {
    Value::Table(pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
}

fn prepared(pairs: &[(&str, Value)], noise: f64, data_seed: u64) -> Result<Prepared> {
    let mut pairs = pairs.to_vec();
    if !pairs.iter().any(|(k, _)| *k == "kind") {
        pairs.push(("kind", text("digits")));
    }
    let spec = DataSpec::parse(&table(&pairs))?;
    prepare(
        &load(&spec, 5, &Environment::default())?,
        &spec,
        noise,
        5,
        data_seed,
    )
}

fn labels(p: &Prepared) -> &[u16] {
    match &*p.targets {
        Targets::Classes { labels, .. } => labels,
        Targets::Values { .. } => panic!("values"),
    }
}

fn probe() -> Vec<(&'static str, Value)> {
    vec![
        ("scale", Value::Integer(16)),
        ("center", text("feature")),
        ("standardize", text("global")),
        (
            "split",
            table(&[("train", Value::Integer(1297)), ("test", Value::Integer(500))]),
        ),
    ]
}

/// The protocol of the papers' experiments: X/16, minus the mean of each feature over the
/// training part, divided by one standard deviation; computed here in f64 from the raw bytes.
#[test]
fn the_probe_protocol_agrees_with_its_definition() {
    let p = prepared(&probe(), 0.0, 0).unwrap();
    let Features::U8(raw) = &p.dataset.features else {
        panic!()
    };
    let x = |row: u32, j: usize| f64::from(raw[row as usize * 64 + j]) / 16.0;
    let n = p.split.train.len() as f64;
    let means: Vec<f64> = (0..64)
        .map(|j| p.split.train.iter().map(|&r| x(r, j)).sum::<f64>() / n)
        .collect();
    let squares: f64 = p
        .split
        .train
        .iter()
        .flat_map(|&r| (0..64).map(move |j| (r, j)))
        .map(|(r, j)| (x(r, j) - means[j]) * (x(r, j) - means[j]))
        .sum();
    let std = (squares / (n * 64.0)).sqrt();
    let mut batch = Batch::default();
    p.gather(&p.split.test, &mut batch);
    for (i, &row) in p.split.test.iter().enumerate() {
        for (j, &have) in batch.row(i).iter().enumerate() {
            let expected = (x(row, j) - means[j]) / std;
            // Sums in another order may round to a neighbour.
            assert!(
                (f64::from(have) - expected).abs() < 1e-7 * expected.abs().max(1e-6),
                "row {row}, feature {j}"
            );
        }
    }
    assert_eq!(p.split.train.len(), 1297);
    assert!(!p.keeps_zeros());
    assert_eq!(p.density(), 1.0);
}

#[test]
fn value_stability() {
    let p = prepared(&probe(), 0.0, 0).unwrap();
    let mut batch = Batch::default();
    p.gather(&[0], &mut batch);
    let bits: Vec<u32> = batch.row(0)[..5].iter().map(|x| x.to_bits()).collect();
    assert_eq!(bits, [0, 3180373243, 3173202394, 1049302677, 3207240348]);
    let hashes = [
        p.hash,
        prepared(&[], 0.0, 0).unwrap().hash,
        prepared(&[], 0.5, 0).unwrap().hash,
    ];
    assert_eq!(
        hashes,
        ["d2dfd0276a25e44b", "6ac286d3d3a26aa5", "fe97275b57c2b565"]
    );
}

/// Row by row from bytes, row by row from floats, and all at once: the same bits.
#[test]
fn every_way_of_gathering_gives_the_same_bits() {
    for standardize in ["none", "global", "feature"] {
        let mut pairs = probe();
        pairs[2].1 = text(standardize);
        let once = prepared(&pairs, 0.0, 0).unwrap();
        let mut bytes = once.clone();
        bytes.forms = Arc::default();
        let mut floats = bytes.clone();
        let Features::U8(raw) = &once.dataset.features else {
            panic!()
        };
        let wide = Features::F32(raw.iter().map(|&x| f32::from(x)).collect());
        floats.dataset = Arc::new(Dataset {
            features: wide,
            ..(*once.dataset).clone()
        });
        let rows: Vec<u32> = (0..200).rev().collect();
        let gathered = [&once, &bytes, &floats].map(|p| {
            let mut batch = Batch::default();
            p.gather(&rows, &mut batch);
            (0..rows.len())
                .flat_map(|i| batch.row(i).to_vec())
                .map(f32::to_bits)
                .collect::<Vec<u32>>()
        });
        assert_eq!(gathered[0], gathered[1]);
        assert_eq!(gathered[0], gathered[2]);
    }
}

#[test]
fn images_are_scaled_to_one_and_keep_their_zeros() {
    let p = prepared(&[], 0.0, 0).unwrap();
    let mut batch = Batch::default();
    p.gather(&p.split.train, &mut batch);
    let all: Vec<f32> = (0..batch.rows()).flat_map(|i| batch.row(i).to_vec()).collect();
    assert!(all.iter().all(|x| (0.0..=1.0).contains(x)) && all.contains(&1.0));
    let nonzero = all.iter().filter(|x| **x != 0.0).count() as f64 / all.len() as f64;
    assert!(p.keeps_zeros());
    assert_eq!(p.density(), nonzero);
}

#[test]
fn tables_are_standardized_feature_by_feature_on_the_training_part() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.csv");
    let rows: String = (0..100)
        .map(|i| format!("{},{},7,{}\n", i * 3, 1000.5 - f64::from(i * i), i % 2))
        .collect();
    std::fs::write(&path, rows).unwrap();
    let p = prepared(
        &[("kind", text("csv")), ("path", text(path.to_str().unwrap()))],
        0.0,
        0,
    )
    .unwrap();
    let mut batch = Batch::default();
    p.gather(&p.split.train, &mut batch);
    let n = batch.rows() as f64;
    for j in 0..3 {
        let column: Vec<f64> = (0..batch.rows()).map(|i| f64::from(batch.row(i)[j])).collect();
        let mean = column.iter().sum::<f64>() / n;
        let var = column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        // The constant feature becomes 0; a deviation of zero must not divide.
        let expected = if j == 2 { 0.0 } else { 1.0 };
        assert!(
            mean.abs() < 1e-7 && (var - expected).abs() < 1e-7,
            "feature {j}: {mean} {var}"
        );
    }
}

/// Times in seconds since 1970, serial numbers and absolute coordinates differ by less than an f32 of
/// their size can tell. They are the same data as the columns less a constant; so are targets.
#[test]
fn columns_far_from_zero_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let table = |shift: i64| {
        let path = dir.path().join("t.csv");
        let rows: String = (0..200)
            .map(|i: i64| {
                let (time, place) = (
                    shift + i * 37 % 101,
                    shift as f64 / 1024.0 + (i % 13) as f64 / 64.0,
                );
                format!("{time},{place},{},{}\n", shift + 12_345, shift + i * i % 50)
            })
            .collect();
        std::fs::write(&path, rows).unwrap();
        let keys = [
            ("kind", text("csv")),
            ("path", text(path.to_str().unwrap())),
            ("task", text("regression")),
            ("standardize_targets", Value::Flag(true)),
        ];
        let p = prepared(&keys, 0.0, 0).unwrap();
        let rows: Vec<u32> = (0..200).collect();
        let mut batch = Batch::default();
        p.gather(&rows, &mut batch);
        let Targets::Values { values, .. } = &*p.targets else {
            panic!()
        };
        let features: Vec<f64> = batch.iter().flatten().map(|&x| f64::from(x)).collect();
        [features, values.clone()].concat()
    };
    let (near, far) = (table(0), table(1_700_000_000));
    // Times are exact to 1e-8 of their deviation, places to 4e-9, and the result to f32.
    for (i, (near, far)) in near.iter().zip(&far).enumerate() {
        assert!((near - far).abs() < 4e-7, "value {i}: {near} {far}");
    }
    assert!(
        near[..600]
            .iter()
            .skip(2)
            .step_by(3)
            .all(|&constant| constant == 0.0)
    );
    assert!(
        far[..600]
            .iter()
            .skip(2)
            .step_by(3)
            .all(|&constant| constant == 0.0)
    );
}

#[test]
fn label_noise_changes_its_fraction_of_training_labels_and_nothing_else() {
    let clean = prepared(&[], 0.0, 0).unwrap();
    let n = clean.split.train.len();
    let changed = |p: &Prepared| -> Vec<u32> {
        (0..1797)
            .filter(|&r| labels(p)[r as usize] != labels(&clean)[r as usize])
            .collect()
    };
    let half = prepared(&[], 0.5, 0).unwrap();
    let all = prepared(&[], 1.0, 0).unwrap();
    assert_eq!(half.split, clean.split);
    let (some, most) = (changed(&half), changed(&all));
    assert!(most.iter().all(|r| clean.split.train.binary_search(r).is_ok()));
    assert!(
        some.iter().all(|r| most.contains(r)),
        "a smaller fraction's rows are among a larger one's"
    );
    // A redrawn label is its own with probability 1/10.
    for (count, of) in [(some.len(), n / 2), (most.len(), n)] {
        let (mean, std) = (0.9 * of as f64, (0.09 * of as f64).sqrt());
        assert!((count as f64 - mean).abs() < 4.0 * std, "{count} of {of}");
    }
    let permuted = prepared(&[("random_labels", text("permute"))], 1.0, 0).unwrap();
    let counts = |p: &Prepared| -> Vec<usize> {
        (0..10)
            .map(|c| {
                p.split
                    .train
                    .iter()
                    .filter(|&&r| labels(p)[r as usize] == c)
                    .count()
            })
            .collect()
    };
    assert_eq!(counts(&permuted), counts(&clean));
    assert!(changed(&permuted).len() > n * 8 / 10);
    assert_ne!(labels(&prepared(&[], 1.0, 1).unwrap()), labels(&all));
}

/// Transfer: ten classes first, then thirty labels of "digit >= 5", on the same test rows.
#[test]
fn a_grouped_task_with_few_labels_keeps_the_test_rows() {
    let split = table(&[("validation", Value::Integer(100)), ("test", Value::Integer(500))]);
    let ten = prepared(&[("split", split.clone())], 0.0, 0).unwrap();
    let keys = [
        ("split", split),
        ("binary_threshold", Value::Integer(5)),
        ("train_rows", Value::Integer(30)),
    ];
    let two = prepared(&keys, 0.0, 0).unwrap();
    assert_eq!(
        (&ten.split.test, &ten.split.validation),
        (&two.split.test, &two.split.validation)
    );
    assert_eq!((two.outputs(), two.split.train.len()), (2, 30));
    assert!(
        two.split
            .train
            .iter()
            .all(|r| ten.split.train.binary_search(r).is_ok())
    );
    for row in 0..1797 {
        assert_eq!(labels(&two)[row], u16::from(labels(&ten)[row] >= 5));
    }
    let fives = two
        .split
        .train
        .iter()
        .filter(|&&r| labels(&two)[r as usize] == 1)
        .count();
    assert!((13..=17).contains(&fives), "{fives} of 30");
    let odd = Value::List([9, 1].map(Value::Integer).to_vec());
    let pair = prepared(&[("classes", odd)], 0.0, 0).unwrap();
    assert_eq!(pair.outputs(), 2);
    let rows = [&pair.split.train[..], &pair.split.validation, &pair.split.test].concat();
    assert_eq!(rows.len(), 182 + 180);
    assert!(
        rows.iter()
            .all(|&r| labels(&ten)[r as usize] == [9, 1][labels(&pair)[r as usize] as usize])
    );
}

#[test]
fn targets_of_a_regression_can_be_standardized() {
    let keys = [
        ("kind", text("abs")),
        ("rows", Value::Integer(500)),
        ("standardize_targets", Value::Flag(true)),
    ];
    let p = prepared(&keys, 0.0, 0).unwrap();
    let Targets::Values { values, outputs: 1 } = &*p.targets else {
        panic!()
    };
    let n = p.split.train.len() as f64;
    let of = |k: u32| {
        p.split
            .train
            .iter()
            .map(|&r| values[r as usize])
            .map(|y| if k == 1 { y } else { y * y })
            .sum::<f64>()
            / n
    };
    assert!(of(1).abs() < 1e-6 && (of(2) - 1.0).abs() < 1e-6);
}

#[test]
fn the_hash_sees_everything_that_training_sees() {
    let base = prepared(&[], 0.0, 0).unwrap().hash;
    assert_eq!(base, prepared(&[("name", text("other"))], 0.0, 0).unwrap().hash);
    for (pairs, noise, seed) in [
        (vec![], 0.1, 0),
        (vec![], 0.0, 1),
        (vec![("scale", text("none"))], 0.0, 0),
        (vec![("center", text("global"))], 0.0, 0),
        (vec![("standardize", text("global"))], 0.0, 0),
        (vec![("stratified", Value::Flag(false))], 0.0, 0),
        (vec![("train_rows", Value::Integer(500))], 0.0, 0),
        (vec![("binary_threshold", Value::Integer(5))], 0.0, 0),
    ] {
        assert_ne!(
            base,
            prepared(&pairs, noise, seed).unwrap().hash,
            "{pairs:?} {noise} {seed}"
        );
    }
}

#[test]
fn what_does_not_fit_the_data_is_named() {
    let list = |v: &[i64]| Value::List(v.iter().map(|&n| Value::Integer(n)).collect());
    for (pairs, noise, says) in [
        (
            vec![("classes", list(&[0, 10]))],
            0.0,
            "dataset `digits(classes=0+10)`: there is no class 10: the classes are 0 to 9",
        ),
        (
            vec![("binary_threshold", Value::Integer(10))],
            0.0,
            "leaves class 1 empty",
        ),
        (
            vec![("standardize_targets", Value::Flag(true))],
            0.0,
            "needs real-valued targets",
        ),
        (vec![], 1.5, "label noise must be from 0 to 1, not 1.5"),
        (vec![("kind", text("abs"))], 0.1, "label noise needs class labels"),
        (
            vec![("kind", text("abs")), ("classes", list(&[0]))],
            0.0,
            "need class labels",
        ),
    ] {
        let error = prepared(&pairs, noise, 0).unwrap_err().to_string();
        assert!(error.contains(says), "{error}\nshould say: {says}");
    }
}

#[test]
fn rows_without_their_zeros_are_kept_where_that_is_worth_it() {
    let keys = [("kind", text("mnist-like")), ("rows", Value::Integer(300))];
    let p = prepared(&keys, 0.0, 0).unwrap();
    let sparse = p.sparse().unwrap();
    assert_eq!((sparse.rows(), sparse.cols()), (300, 784));
    assert!((p.density() - 0.19).abs() < 0.01);
    let mut batch = Batch::default();
    let rows: Vec<u32> = (0..300).collect();
    p.gather(&rows, &mut batch);
    let dense = SparseRows::from_rows(784, (0..300).map(|i| batch.row(i)));
    assert_eq!(dense.as_ref(), Some(sparse));
    let centred = prepared(&[&keys[..], &[("center", text("global"))]].concat(), 0.0, 0).unwrap();
    assert!(centred.sparse().is_none());
    assert!(
        prepared(&[], 0.0, 0).unwrap().sparse().is_none(),
        "half of the digits' pixels are set"
    );
}

#[test]
fn a_small_part_of_many_generated_samples_is_noted() {
    let mut keys = vec![
        ("kind", text("mnist-like")),
        ("rows", Value::Integer(13_000)),
        (
            "split",
            table(&[("train", Value::Integer(100)), ("test", Value::Integer(10))]),
        ),
    ];
    let notes = prepared(&keys, 0.0, 0).unwrap().notes();
    assert!(
        notes[0].starts_with("110 of its 13,000 samples are used"),
        "{notes:?}"
    );
    keys.pop();
    assert!(prepared(&keys, 0.0, 0).unwrap().notes().is_empty());
}

use super::*;
use crate::random::{Key, Purpose};
use std::collections::BTreeMap;

fn rule(pairs: &[(&str, Value)]) -> Result<SplitRule> {
    let table: BTreeMap<String, Value> = pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
    SplitRule::parse(&Value::Table(table))
}

fn stream() -> Stream {
    Key::new(1, 0, Purpose::Split).stream(0)
}

/// Ten classes of unequal size, 1797 rows like the digits.
fn strata() -> Vec<Vec<u32>> {
    let sizes = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];
    let mut next = 0..1797u32;
    sizes.iter().map(|&n| next.by_ref().take(n).collect()).collect()
}

#[test]
fn parts_are_disjoint_ascending_and_stratified() {
    let split = SplitRule::WHOLE.divide(strata(), None, &mut stream()).unwrap();
    assert_eq!(
        (split.train.len(), split.validation.len(), split.test.len()),
        (1079, 359, 359)
    );
    let mut all = [&split.train[..], &split.validation, &split.test].concat();
    for part in [&split.train, &split.validation, &split.test] {
        assert!(part.windows(2).all(|w| w[0] < w[1]));
        for class in strata() {
            let have = part.iter().filter(|r| class.contains(r)).count() as f64;
            let fair = class.len() as f64 * part.len() as f64 / 1797.0;
            assert!((have - fair).abs() <= 1.5, "{have} instead of {fair}");
        }
    }
    all.sort_unstable();
    assert_eq!(all, (0..1797).collect::<Vec<u32>>());
}

#[test]
fn value_stability() {
    let split = SplitRule::WHOLE.divide(strata(), None, &mut stream()).unwrap();
    let starts = [&split.train[..6], &split.validation[..6], &split.test[..6]];
    assert_eq!(
        starts,
        [[0, 1, 3, 5, 7, 9], [2, 10, 11, 15, 17, 18], [4, 6, 8, 14, 21, 26]]
    );
}

#[test]
fn the_size_of_one_part_leaves_the_parts_before_it_as_they_were() {
    let of = |train: i64, validation: i64| {
        let pairs = [
            ("train", Value::Integer(train)),
            ("validation", Value::Integer(validation)),
            ("test", Value::Integer(500)),
        ];
        rule(&pairs)
            .unwrap()
            .divide(strata(), None, &mut stream())
            .unwrap()
    };
    let (a, b, c) = (of(1000, 200), of(30, 200), of(30, 0));
    assert_eq!((&a.test, &a.validation), (&b.test, &b.validation));
    assert_eq!(b.test, c.test);
    assert_eq!((b.train.len(), c.validation.len()), (30, 0));
}

#[test]
fn the_official_test_part_is_kept_whole() {
    let official: Vec<u32> = (100..400).collect();
    let split = SplitRule::OFFICIAL
        .divide(strata(), Some(official.clone()), &mut stream())
        .unwrap();
    assert_eq!(split.test, official);
    assert_eq!((split.validation.len(), split.train.len()), (150, 1347));
    assert!(
        split
            .train
            .iter()
            .chain(&split.validation)
            .all(|r| !official.contains(r))
    );
}

#[test]
fn amounts_read_and_print() {
    let given = rule(&[
        ("train", Value::Number(0.6)),
        ("validation", Value::Number(0.2)),
        ("test", Value::Number(0.2)),
    ]);
    assert_eq!(given.unwrap(), SplitRule::WHOLE);
    let given = rule(&[("validation", Value::Number(0.1))]).unwrap();
    assert_eq!(given, SplitRule::OFFICIAL);
    assert_eq!(given.to_string(), "rest:0.1:official");
    let given = rule(&[("train", Value::Integer(1)), ("test", Value::Integer(500))]).unwrap();
    assert_eq!(given.to_string(), "1:0:500");
    assert_eq!(Amount::Fraction(1.0).to_string(), "1.0");
}

#[test]
fn what_does_not_divide_is_refused() {
    for (pairs, says) in [
        (
            vec![("train", Value::Number(0.9)), ("test", Value::Number(0.2))],
            "add up to 1.1",
        ),
        (
            vec![("train", Value::Number(1.5))],
            "`split.train` must be a fraction from 0 to 1",
        ),
        (vec![("train", Value::Integer(-1))], "`split.train` must be"),
        (
            vec![("validation", Value::Text("official".into()))],
            "`split.validation` must be",
        ),
        (vec![("tset", Value::Number(0.1))], "`split` has no part `tset`"),
    ] {
        let error = rule(&pairs).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    assert!(
        SplitRule::parse(&Value::Number(0.5))
            .unwrap_err()
            .to_string()
            .contains("must be a table")
    );
    for (pairs, says) in [
        (
            vec![("train", Value::Integer(2000))],
            "the training part wants 2000 rows, but only 1797 of 1797",
        ),
        (vec![("test", Value::Integer(2000))], "the test part wants 2000"),
        (
            vec![("validation", Value::Number(1.0))],
            "no rows are left to train on",
        ),
        (vec![("train", Value::Integer(0))], "no rows are left to train on"),
    ] {
        let error = rule(&pairs)
            .unwrap()
            .divide(strata(), None, &mut stream())
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{error}");
    }
}

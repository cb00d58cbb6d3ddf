use std::collections::BTreeMap;

use super::*;
use crate::data::idx::tests::gzip;

fn spec(keys: &[(&str, Value)]) -> Spec {
    let mut map = BTreeMap::from([("path".to_owned(), Value::Text("t.csv".into()))]);
    map.extend(keys.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
    ITEM.entry.resolve(map).unwrap()
}

fn text(word: &str) -> Value {
    Value::Text(word.to_owned())
}

fn parse(content: &str, keys: &[(&str, Value)]) -> Result<Dataset> {
    let source = Source::from_bytes(Path::new("t.csv"), content.as_bytes().to_vec())?;
    read(source, None, &spec(keys))
}

const IRIS: &str = "sepal,petal,species\n5.1,1.4,setosa\n7.0,4.7,versicolor\n4.9,1.4,setosa\n";

#[test]
fn categorical_labels_get_numbers_in_byte_order() {
    let data = parse(IRIS, &[]).unwrap();
    assert_eq!((data.rows, data.cols), (3, 2));
    assert_eq!(data.features, Features::F32(vec![5.1, 1.4, 7.0, 4.7, 4.9, 1.4]));
    assert_eq!(
        data.targets,
        Targets::Classes {
            labels: vec![0, 1, 0],
            classes: 2
        }
    );
    assert_eq!(data.class_names, ["setosa", "versicolor"]);
    let by_name = parse(IRIS, &[("label", text("species"))]).unwrap();
    let by_number = parse(IRIS, &[("label", Value::Integer(3))]).unwrap();
    assert_eq!((&data.digest, &data.digest), (&by_name.digest, &by_number.digest));
    let zipped = Source::from_bytes(Path::new("t.csv.gz"), gzip(IRIS.as_bytes())).unwrap();
    assert_eq!(data.digest, read(zipped, None, &spec(&[])).unwrap().digest);
    let tabs = IRIS.replace(',', "\t");
    assert_eq!(
        data.digest,
        parse(&tabs, &[("delimiter", text("tab"))]).unwrap().digest
    );
    let spaced = IRIS.replace(',', " , ").replace('\n', "\r\n");
    assert_eq!(data.digest, parse(&spaced, &[]).unwrap().digest);
    let marked = format!("\u{feff}{IRIS}");
    assert_eq!(
        data.digest,
        parse(&marked, &[("label", text("species"))]).unwrap().digest
    );
}

#[test]
fn numeric_labels_keep_their_order_whatever_their_spelling() {
    let data = parse("1,10\n2,9\n3,-1\n4,10.0\n", &[]).unwrap();
    assert_eq!(
        data.targets,
        Targets::Classes {
            labels: vec![2, 1, 0, 2],
            classes: 3
        }
    );
    assert_eq!(data.class_names, ["-1", "9", "10"]);
    assert_eq!(data.features, Features::U8(vec![1, 2, 3, 4]));
}

#[test]
fn regression_takes_one_or_more_targets() {
    let rows = "x,y,z,id\n1,0.5,2,a\n2,1.5,4,b\n";
    let keys = [
        ("task", text("regression")),
        ("label", Value::List(vec![text("z"), text("y")])),
        ("ignore", Value::List(vec![text("id")])),
    ];
    let data = parse(rows, &keys).unwrap();
    assert_eq!(
        data.targets,
        Targets::Values {
            values: vec![2.0, 0.5, 4.0, 1.5],
            outputs: 2
        }
    );
    assert_eq!((data.cols, data.features), (1, Features::U8(vec![1, 2])));
}

#[test]
fn a_second_file_is_the_official_test_part() {
    let open =
        |content: &str| Source::from_bytes(Path::new("test.csv"), content.as_bytes().to_vec()).unwrap();
    let data = read(
        open(IRIS),
        Some(open("sepal,petal,species\n6,5,virginica\n")),
        &spec(&[]),
    )
    .unwrap();
    assert_eq!((data.rows, data.official_test.clone()), (4, Some(3..4)));
    assert_eq!(
        data.targets,
        Targets::Classes {
            labels: vec![0, 1, 0, 2],
            classes: 3
        }
    );
    for (content, says) in [
        ("sepal,petal\n1,2\n", "test.csv has 2 columns, but test.csv has 3"),
        (
            "petal,sepal,species\n1,2,setosa\n",
            "name their columns differently",
        ),
        ("sepal,petal,species\n", "test.csv has no rows"),
        ("", "test.csv has no rows"),
    ] {
        let error = read(open(IRIS), Some(open(content)), &spec(&[]))
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn each_fault_is_named_with_line_and_column() {
    let regression = ("task", text("regression"));
    type Case<'a> = (&'a str, Vec<(&'a str, Value)>, &'a str);
    let cases: Vec<Case<'_>> = vec![
        ("", vec![], "t.csv is empty"),
        ("a,b,c\n", vec![], "t.csv has no rows"),
        (
            "1,2,0\n1,0\n",
            vec![],
            "t.csv, line 2: 2 cells, but the first line has 3",
        ),
        (
            "a,b,c\n1,,0\n",
            vec![],
            "t.csv, line 2, column 2 (`b`): the value is missing",
        ),
        (
            "1,NA,0\n",
            vec![],
            "t.csv, line 1, column 2: the value is missing",
        ),
        ("1,NaN,0\n", vec![], "column 2: the value is missing"),
        (
            "1,inf,0\n",
            vec![],
            "column 2: `inf` is not a finite 32-bit number",
        ),
        (
            "1,1e39,0\n",
            vec![],
            "column 2: `1e39` is not a finite 32-bit number",
        ),
        ("1,x2,0\n", vec![], "column 2: `x2` is not a number"),
        (
            "a,b\n1,\n",
            vec![],
            "line 2, column 2 (`b`): the label is missing",
        ),
        ("1,0.5\n2,1.5\n", vec![], "the label 0.5 is no class"),
        ("1\n2\n", vec![], "no columns left for features"),
        (
            "a,b\n1,2\n",
            vec![("label", text("bb"))],
            "`label` names a column that is not there: `bb`",
        ),
        ("1,2\n", vec![("label", text("b"))], "the file has no header"),
        (
            "1,2\n",
            vec![("label", Value::Integer(3))],
            "numbered from 1 to 2",
        ),
        (
            "1,2\n",
            vec![("label", Value::Integer(0))],
            "numbered from 1 to 2",
        ),
        (
            "1,2\n",
            vec![("label", Value::List(vec![]))],
            "`label` names 0 columns",
        ),
        (
            "1,2\n",
            vec![("delimiter", text("::"))],
            "`delimiter` must be one ASCII character",
        ),
        (
            "a,b\n1,high\n",
            vec![regression.clone()],
            "line 2, column 2 (`b`): `high` is not a number",
        ),
        ("\"1\n2,3\n", vec![], "no columns left for features"),
    ];
    for (content, keys, says) in cases {
        let error = parse(content, &keys).unwrap_err().to_string();
        assert!(error.contains(says), "{error}\nshould say: {says}");
    }
    let mut zipped = gzip(IRIS.as_bytes());
    zipped.truncate(zipped.len() - 9);
    let source = Source::from_bytes(Path::new("t.csv.gz"), zipped).unwrap();
    let error = read(source, None, &spec(&[])).unwrap_err().to_string();
    assert!(
        error.contains("t.csv.gz: truncated or damaged gzip data"),
        "{error}"
    );
}

/// A device or a file of zeros has no end of line.
#[test]
fn a_line_without_end_is_refused_before_it_fills_the_memory() {
    let endless = "0".repeat((64 << 20) + (1 << 20));
    let error = parse(&endless, &[]).unwrap_err().to_string();
    assert!(
        error.contains("t.csv has a line of more than 67108864 bytes"),
        "{error}"
    );
    // Lines are measured one by one.
    let rows = "1.5,0\n2.5,1\n".repeat(1000);
    assert_eq!(parse(&rows, &[]).unwrap().rows, 2000);
}

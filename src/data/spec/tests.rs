use super::*;

fn table(pairs: &[(&str, Value)]) -> Value {
    Value::Table(pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
}

fn text(word: &str) -> Value {
    Value::Text(word.to_owned())
}

#[test]
fn canonical_text_leaves_out_defaults_and_has_no_commas() {
    let parse = |pairs: &[(&str, Value)]| DataSpec::parse(&table(pairs)).unwrap().to_string();
    assert_eq!(DataSpec::parse(&text("digits")).unwrap().to_string(), "digits");
    let whole = [
        ("train", Value::Number(0.6)),
        ("validation", Value::Number(0.2)),
        ("test", Value::Number(0.2)),
    ];
    assert_eq!(
        parse(&[("kind", text("digits")), ("split", table(&whole))]),
        "digits"
    );
    let probe = [
        ("kind", text("digits")),
        ("scale", Value::Integer(16)),
        ("center", text("feature")),
        ("standardize", text("global")),
        (
            "split",
            table(&[("train", Value::Integer(1297)), ("test", Value::Integer(500))]),
        ),
    ];
    assert_eq!(
        parse(&probe),
        "digits(split=1297:0:500 scale=16 center=feature standardize=global)"
    );
    let few = [
        ("kind", text("digits")),
        ("classes", Value::List(vec![Value::Integer(0), Value::Integer(7)])),
        ("train_rows", Value::Integer(30)),
        ("random_labels", text("permute")),
        ("stratified", Value::Flag(false)),
    ];
    assert_eq!(
        parse(&few),
        "digits(stratified=false train_rows=30 classes=0+7 random_labels=permute)"
    );
    assert_eq!(
        parse(&[("kind", text("digits")), ("name", text("small"))]),
        "small"
    );
}

#[test]
fn a_file_is_known_by_its_name_not_by_its_directory() {
    let spec = |path: &str| DataSpec::parse(&table(&[("kind", text("idx")), ("path", text(path))])).unwrap();
    let (here, there) = (spec("../shared/mnist-10k/"), spec("C:\\data\\mnist-10k"));
    assert_eq!(here.to_string(), "idx(path=mnist-10k)");
    assert_eq!(here.to_string(), there.to_string());
    assert_ne!(here, there);
    let odd = DataSpec::parse(&table(&[
        ("kind", text("csv")),
        ("path", text("a,b.csv")),
        ("label", Value::Integer(2)),
    ]));
    assert_eq!(odd.unwrap().to_string(), "csv(path=a_b.csv label=2)");
}

#[test]
fn what_is_wrong_is_named_with_what_would_be_right() {
    let digits = |key: &str, value: Value| table(&[("kind", text("digits")), (key, value)]);
    for (value, says) in [
        (Value::Integer(3), "a dataset is a name or a table"),
        (
            table(&[("scale", Value::Integer(16))]),
            "the dataset has no `kind`",
        ),
        (
            table(&[("kind", Value::Integer(3))]),
            "`kind` must be the name of a dataset",
        ),
        (text("digist"), "did you mean `digits`?"),
        (text("synthetic"), "gaussian-mixture, teacher, spirals"),
        (
            digits("scael", Value::Integer(16)),
            "dataset `digits` has no key `scael`\n  help: did you mean `scale`?",
        ),
        (digits("path", text("x")), "dataset `digits` has no key `path`"),
        (
            digits("scale", Value::Number(-1.0)),
            "`scale` must be a positive number",
        ),
        (
            digits("scale", text("units")),
            "`scale` must be a positive number, \"unit\" or \"none\", not the text \"units\"",
        ),
        (
            digits("center", text("row")),
            "`center` of `data` must be one of none, feature, global",
        ),
        (
            digits("classes", Value::List(vec![])),
            "`classes` must be a list of different class numbers",
        ),
        (
            digits("classes", Value::List(vec![Value::Integer(1), Value::Integer(1)])),
            "different class numbers",
        ),
        (digits("train_rows", Value::Integer(0)), "`train_rows`"),
        (digits("name", text("a,b")), "without commas"),
        (
            table(&[("kind", text("idx"))]),
            "`idx` needs the parameter `path`",
        ),
    ] {
        let error = DataSpec::parse(&value).unwrap_err().to_string();
        assert!(error.contains(says), "{error}\nshould say: {says}");
    }
}

#[test]
fn every_item_is_listed_once_with_a_summary() {
    let mut names = std::collections::BTreeSet::new();
    for item in catalog() {
        let all = std::iter::once(&item.entry.name).chain(item.entry.aliases);
        for name in all {
            assert!(names.insert(*name), "{name} twice");
        }
        assert!(!item.entry.summary.is_empty() && !item.shape.is_empty() && !item.licence.is_empty());
        let clash = item
            .entry
            .parameters
            .iter()
            .find(|p| COMMON.parameters.iter().any(|c| c.name == p.name));
        assert_eq!(clash, None, "{}", item.entry.name);
        for file in item.files {
            assert!(file.sha256.len() == 64 && file.bytes > 0 && file.unpacked_bytes > file.bytes);
        }
    }
}

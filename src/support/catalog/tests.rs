use super::*;

static NORMAL: Entry = Entry {
    name: "normal",
    aliases: &["gaussian"],
    summary: "",
    formula: "",
    citation: "",
    parameters: &[
        Parameter::number("mean", 0.0, -10.0, 10.0, "the mean"),
        Parameter::required("std", 0.0, 100.0, "standard deviation"),
    ],
};

fn given(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect()
}

#[test]
fn defaults_are_left_out_of_the_text() {
    let spec = NORMAL.resolve(given(&[
        ("std", Value::Number(0.01)),
        ("mean", Value::Integer(0)),
    ]));
    assert_eq!(spec.unwrap().to_string(), "normal(std=0.01)");
}

#[test]
fn wrong_parameters_are_named() {
    let error = NORMAL
        .resolve(given(&[("sdt", Value::Number(0.1))]))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no parameter `sdt`") && error.contains("`std`?"),
        "{error}"
    );
    let error = NORMAL.resolve(given(&[])).unwrap_err().to_string();
    assert!(error.contains("needs the parameter `std`"), "{error}");
    let error = NORMAL
        .resolve(given(&[("std", Value::Number(-1.0))]))
        .unwrap_err()
        .to_string();
    assert!(error.contains("from 0 to 100"), "{error}");
    let error = NORMAL
        .resolve(given(&[("std", Value::Number(f64::NAN))]))
        .unwrap_err();
    assert!(error.to_string().contains("from 0 to 100"));
}

#[test]
fn a_catalogue_value_is_a_name_or_a_table_with_kind() {
    static PLAIN: Entry = Entry {
        name: "zeros",
        aliases: &[],
        parameters: &[],
        ..NORMAL
    };
    let entries = [&NORMAL, &PLAIN];
    let name = Value::Text("zeros".to_owned());
    assert_eq!(choose("scheme", &name, &entries).unwrap().to_string(), "zeros");
    let mut table = given(&[("std", Value::Number(0.5))]);
    let error = choose("scheme", &Value::Table(table.clone()), &entries).unwrap_err();
    assert!(error.to_string().contains("has no `kind`"), "{error}");
    table.insert("kind".to_owned(), Value::Text("gaussian".to_owned()));
    let spec = choose("scheme", &Value::Table(table), &entries).unwrap();
    assert_eq!(spec.to_string(), "normal(std=0.5)");
    let error = choose("scheme", &Value::Integer(3), &entries).unwrap_err();
    assert!(error.to_string().contains("`3` is not a scheme"), "{error}");
}

#[test]
fn misspellings_find_their_way() {
    let names = ["zeros", "xavier_uniform", "xavier_normal", "he_normal"];
    assert_eq!(
        suggest("xaveir", names, "schemes"),
        "did you mean `xavier_uniform`?"
    );
    assert_eq!(
        suggest("he_nromal", names, "schemes"),
        "did you mean `he_normal`?"
    );
    assert!(suggest("quux", names, "schemes").starts_with("schemes: zeros, "));
    assert_eq!(nearest("He", names), Some("he_normal"));
    assert_eq!(
        nearest("z", ["a", "b"]),
        None,
        "nothing of the word would be left"
    );
    assert_eq!(nearest("z", names), Some("zeros"));
    assert_eq!(nearest("", names), None);
}

#[test]
fn numbers_are_shortest_round_trip() {
    for (x, text) in [
        (0.1, "0.1"),
        (1.0, "1"),
        (1e-7, "1e-7"),
        (-0.0, "-0"),
        (2.5e20, "2.5e20"),
    ] {
        assert_eq!(number(x), text);
        assert_eq!(text.parse::<f64>().unwrap().to_bits(), x.to_bits());
    }
}

use super::*;

fn list(widths: &[i64]) -> Value {
    Value::List(widths.iter().map(|w| Value::Integer(*w)).collect())
}

fn table(pairs: &[(&str, Value)]) -> Value {
    Value::Table(pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
}

fn text(value: &Value) -> String {
    Architecture::parse(value).unwrap().to_string()
}

#[test]
fn one_network_has_one_text() {
    assert_eq!(text(&list(&[])), "linear");
    assert_eq!(text(&list(&[256, 128])), "256-128");
    assert_eq!(text(&list(&[64, 64])), "64-64");
    let depth = |d| table(&[("depth", Value::Integer(d)), ("width", Value::Integer(64))]);
    assert_eq!(text(&depth(2)), "64-64");
    assert_eq!(text(&depth(20)), "20x64");
    assert_eq!(text(&list(&[64, 64, 64])), text(&depth(3)));
    let norm = table(&[("hidden", list(&[32])), ("norm", Value::Text("batch".to_owned()))]);
    assert_eq!(text(&norm), "32(norm=batch)");
    let weight_norm = |more: &[(&str, Value)]| {
        let mut pairs = vec![("hidden", list(&[32])), ("weight_norm", Value::Flag(true))];
        pairs.extend_from_slice(more);
        text(&table(&pairs))
    };
    assert_eq!(weight_norm(&[]), "32(weight_norm=true)");
    let layer = ("norm", Value::Text("layer".to_owned()));
    assert_eq!(weight_norm(&[layer]), "32(norm=layer weight_norm=true)");
}

#[test]
fn residual_options_show_only_when_set() {
    let with = |more: &[(&str, Value)]| {
        let mut pairs = vec![
            ("kind", Value::Text("residual".to_owned())),
            ("width", Value::Integer(64)),
            ("blocks", Value::Integer(16)),
        ];
        pairs.extend_from_slice(more);
        table(&pairs)
    };
    assert_eq!(text(&with(&[])), "residual(blocks=16 width=64)");
    let rezero = with(&[("alpha", Value::Integer(0)), ("learn_alpha", Value::Flag(true))]);
    assert_eq!(
        text(&rezero),
        "residual(blocks=16 width=64 alpha=0 learn_alpha=true)"
    );
    let scaled = with(&[("alpha", Value::Text(RSQRT_BLOCKS.to_owned()))]);
    assert_eq!(text(&scaled), "residual(blocks=16 width=64 alpha=1/sqrt(blocks))");
    let Shape::Residual(r) = Architecture::parse(&scaled).unwrap().shape else {
        panic!("not residual")
    };
    assert_eq!(r.alpha, 0.25);
    let fixup = with(&[("fixup", Value::Flag(true)), ("branch", Value::Integer(3))]);
    assert_eq!(text(&fixup), "residual(blocks=16 width=64 branch=3 fixup=true)");
    let weight_norm = with(&[("weight_norm", Value::Flag(true))]);
    assert_eq!(
        text(&weight_norm),
        "residual(blocks=16 width=64 weight_norm=true)"
    );
}

#[test]
fn absurd_sizes_and_unknown_keys_are_errors() {
    for (value, expected) in [
        (list(&[0]), "from 1 to 16384, not `0`"),
        (list(&[99_999]), "from 1 to 16384, not `99999`"),
        (table(&[("depth", Value::Integer(5))]), "`depth` and `width`"),
        (
            table(&[("depth", Value::Integer(20_000)), ("width", Value::Integer(8))]),
            "whole number from 1 to 10000",
        ),
        (table(&[("detph", Value::Integer(5))]), "did you mean `depth`?"),
        (
            table(&[("kind", Value::Text("residul".to_owned()))]),
            "did you mean `residual`?",
        ),
        (Value::Integer(64), "`64` is not an architecture"),
        (
            table(&[
                ("kind", Value::Text("residual".to_owned())),
                ("width", Value::Integer(64)),
                ("blocks", Value::Integer(9_999)),
            ]),
            "more than 10000 layers",
        ),
    ] {
        let error = Architecture::parse(&value).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

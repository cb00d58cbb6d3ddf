//! Claims.

use super::*;

#[test]
fn claims_are_checked_against_the_grid() {
    let claim = |lines: &str| {
        file(
            "replicates = 4",
            "",
            GRID,
            &format!("[record]\nlayers = [0]\n[[claim]]\nsentence = \"s\"\n{lines}"),
        )
    };
    let one = "learning_rate = 0.1, architecture = [8]";
    let left = format!("left = {{ scheme = \"zeros\", {one} }}");
    let right = format!("right = {{ scheme = \"he_normal\", {one} }}");
    let on = |metric: &str, relation: &str| {
        claim(&format!("metric = {metric}\n{left}\nrelation = \"{relation}\""))
    };
    for lines in [
        format!("metric = \"test_accuracy\"\n{left}\n{right}\nrelation = \"left - right <= -0.5\""),
        format!("metric = \"test_accuracy\"\n{left}\n{right}\nrelation = \"left - right <=\"\nthreshold = -0.5"),
        format!("metric = \"layers.zero_fraction\"\nepoch = 0\nlayers = \"hidden\"\nacross = \"max\"\n{left}\nrelation = \"left == 1\"\ntolerance = 0.1\naggregate = \"fraction >= 1\""),
        format!("metric = {{ steps_to = 0.9, of = \"train_accuracy\" }}\n{left}\nrelation = \"left >= 10\""),
        "metric = \"best_rate\"\nof = \"validation_loss\"\nleft = { scheme = \"zeros\", architecture = [8] }\nrelation = \"left <= 0\"".to_owned(),
        "metric = \"test_accuracy\"\nrate = { replicates = 2 }\nleft = { scheme = \"zeros\", architecture = [8] }\nrelation = \"left <= 0\"".to_owned(),
        "metric = \"test_accuracy\"\nrate = \"tuned\"\nleft = { scheme = \"zeros\" }\nrelation = \"left decreasing over architecture\"".to_owned(),
        "metric = \"diverged\"\naggregate = \"sum\"\npool = [\"architecture\", \"learning_rate\"]\nleft = { scheme = \"zeros\" }\nrelation = \"left == 0\"".to_owned(),
        "metric = \"test_accuracy\"\nfor_each = [\"architecture\", \"learning_rate\"]\nleft = { scheme = \"zeros\" }\nright = { scheme = \"he_normal\" }\nrelation = \"left - right <= 0\"".to_owned(),
    ] {
        assert_eq!(good(&claim(&lines)).claims.len(), 1, "{lines}");
    }
    let acc = "\"test_accuracy\"";
    bad(&[
        (
            on("\"test_acuracy\"", "left <= 1"),
            &[
                "`test_acuracy` is not a numeric column",
                "did you mean `test_accuracy`?",
            ],
        ),
        (
            on("\"epoch.test_loss\"", "left <= 1"),
            &["no table `epoch`", "did you mean `epochs`?"],
        ),
        (on("3", "left <= 1"), &["`metric` must be"]),
        (
            on(acc, "left is big"),
            &["is not a relation", "left - right >= 0.5"],
        ),
        (on(acc, "left - right <= 1"), &["`right` is missing in [[claim]]"]),
        (on(acc, "left <="), &["no right-hand side"]),
        (
            on("\"layers.column_spread\"", "left <= 1"),
            &["layers are not measured at that epoch", "\"last\""],
        ),
        (on("{ steps_to = 0.9 }", "left <= 1"), &["`metric` must be like"]),
        (
            claim(&format!(
                "metric = {acc}\n{left}\n{right}\nrelation = \"left <= 1\""
            )),
            &["does not speak of `right`"],
        ),
        (
            claim(&format!(
                "metric = {acc}\n{left}\nrelation = \"left <= 1\"\nthreshold = 2"
            )),
            &["right-hand side already"],
        ),
        (
            claim(&format!(
                "metric = {acc}\n{left}\nrelation = \"left <= 1\"\ntolerance = 2"
            )),
            &["takes no tolerance"],
        ),
        (
            claim(&format!(
                "metric = {acc}\nepoch = 1\n{left}\nrelation = \"left <= 1\""
            )),
            &["`epoch` says nothing about this metric"],
        ),
        (
            claim(&format!(
                "metric = {acc}\n{left}\nrelation = \"left <= 1\"\naggregate = \"average\""
            )),
            &["`aggregate` cannot be `average`"],
        ),
        (
            claim(&format!(
                "metric = {acc}\n{left}\nrelation = \"left <= 1\"\nconfidence = 95"
            )),
            &["`confidence` must be a number between 0 and 1"],
        ),
        (
            claim(&format!(
                "metric = {acc}\nleft = {{ scheme = \"zeros\" }}\nrelation = \"left <= 1\""
            )),
            &["cells that differ in architecture (8, 8-4)", "for_each"],
        ),
        (
            claim(&format!(
                "metric = {acc}\nleft = {{ scheme = \"lsuv\" }}\nrelation = \"left <= 1\""
            )),
            &["no cell of the grid has scheme `lsuv`"],
        ),
        (
            claim(&format!(
                "metric = {acc}\nleft = {{ scheme = \"zeros\", replicate = 9 }}\nrelation = \"left <= 1\""
            )),
            &["no trial has replicate 9"],
        ),
        (
            claim(&format!(
                "metric = {acc}\nleft = {{ scheem = \"zeros\" }}\nrelation = \"left <= 1\""
            )),
            &["did you mean `scheme`?"],
        ),
        (
            claim(&format!(
                "metric = {acc}\nleft = \"zeros\"\nrelation = \"left <= 1\""
            )),
            &["must be a table of coordinates"],
        ),
        (
            claim(&format!(
                "metric = {acc}\n{left}\nrelation = \"left increasing over architecture\""
            )),
            &["compares values of architecture, but `left` has only one"],
        ),
        (
            claim(
                "metric = \"validation_accuracy\"\nrate = \"tuned\"\nleft = { scheme = \"zeros\", architecture = [8] }\nrelation = \"left <= 1\"",
            ),
            &["chosen on what is reported"],
        ),
        (
            claim(
                "metric = \"test_loss\"\nrate = { by = \"metric\" }\nleft = { scheme = \"zeros\", architecture = [8] }\nrelation = \"left <= 1\"",
            ),
            &["chosen on what is reported"],
        ),
        (
            claim(
                "metric = \"test_loss\"\nrate = { replicates = 4 }\nleft = { scheme = \"zeros\", architecture = [8] }\nrelation = \"left <= 1\"",
            ),
            &["`replicates` must be a whole number from 1 to 3"],
        ),
        (
            file("", "", GRID, "[[claim]]\nmetric = \"steps\""),
            &["`sentence` is missing in [[claim]]"],
        ),
        (
            file("", "", GRID, "[claim]\nmetric = \"steps\""),
            &["`claim` must be a list of tables", "[[claim]]"],
        ),
    ]);
}

#[test]
fn a_claim_is_evidence_unless_it_says_identity() {
    let claim = |kind: &str| {
        let rest = format!(
            "[[claim]]\nsentence = \"s\"\n{kind}\nmetric = \"steps\"\nleft = {{ scheme = \"zeros\", learning_rate = 0.1, architecture = [8] }}\nrelation = \"left >= 0\""
        );
        file("", "", GRID, &rest)
    };
    assert_eq!(good(&claim("")).claims[0].kind, ClaimKind::Evidence);
    assert_eq!(
        good(&claim("kind = \"evidence\"")).claims[0].kind,
        ClaimKind::Evidence
    );
    assert_eq!(
        good(&claim("kind = \"identity\"")).claims[0].kind,
        ClaimKind::Identity
    );
    bad(&[(
        claim("kind = \"theorem\""),
        &["`kind` cannot be `theorem`", "evidence, identity"],
    )]);
}

#[test]
fn a_claim_asks_only_for_layers_whose_rows_are_written() {
    // Networks of two and of three layers.
    let claim = |rows: &str, metric: &str, asked: &str, left: &str, relation: &str| {
        let asked = match asked {
            "" => String::new(),
            asked => format!("layers = {asked}\n"),
        };
        file(
            "",
            "",
            GRID,
            &format!(
                "[record]\nlayers = \"last\"\nlayer_rows = {rows}\n[[claim]]\nsentence = \"s\"\nmetric = \"{metric}\"\n{asked}left = {{ scheme = \"zeros\", learning_rate = 0.1{left} }}\nfor_each = [\"architecture\"]\nrelation = \"{relation}\""
            ),
        )
    };
    let (layer, probe) = ("layers.weight_std", "probe.initial_loss");
    let (small, large) = (", architecture = [8]", ", architecture = [8, 4]");
    for (rows, metric, asked, left) in [
        ("\"all\"", layer, "", ""),
        ("\"output\"", layer, "\"output\"", ""),
        ("\"output\"", probe, "\"output\"", ""),
        ("\"output\"", "test_accuracy", "", ""),
        ("\"hidden\"", layer, "\"first\"", ""),
        ("\"hidden\"", layer, "\"last_hidden\"", ""),
        // One and the same layer by another name, in a network of this depth.
        ("[2]", layer, "\"output\"", small),
        ("[2]", layer, "\"last_hidden\"", large),
        ("\"output\"", layer, "[3]", large),
        ("[1, 2, 3]", layer, "", ""),
    ] {
        good(&claim(rows, metric, asked, left, "left <= 1"));
    }
    let needs = "the claim needs rows of layers that are not written: it asks for";
    for (rows, metric, asked, left) in [
        ("\"output\"", layer, "", ""),
        ("\"output\"", layer, "\"hidden\"", ""),
        ("\"output\"", probe, "\"all\"", ""),
        ("\"hidden\"", probe, "\"output\"", ""),
        ("[2]", layer, "\"output\"", large),
        ("[2]", layer, "\"output\"", ""),
        ("\"output\"", layer, "[2, 3]", large),
    ] {
        let shown = if asked.is_empty() { "\"all\"" } else { asked };
        bad(&[(
            claim(rows, metric, asked, left, "left <= 1"),
            &[
                &format!("{needs} {shown}"),
                &format!("layer_rows = {rows} in [record], line 11 of a.toml,"),
                // The line of `layers`, or else that of `metric`.
                if asked.is_empty() {
                    "a.toml:14:"
                } else {
                    "a.toml:15:"
                },
            ],
        )]);
    }
    // The rivals of a ranking are judged by the same layers.
    let ranked = claim(
        "[2]",
        layer,
        "\"output\"",
        small,
        "left ranks 1 over architecture",
    );
    bad(&[(ranked.replace("for_each = [\"architecture\"]\n", ""), &[needs])]);
}

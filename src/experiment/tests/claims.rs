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

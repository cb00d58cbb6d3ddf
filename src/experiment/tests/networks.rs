//! Schemes, architectures and batch sizes that do not go together.

use super::*;

#[test]
fn a_scheme_that_is_not_for_a_network_is_refused_before_training() {
    let grid = |scheme: &str, architecture: &str| {
        let lines =
            format!("scheme = [\"zeros\", {scheme}]\narchitecture = {architecture}\nlearning_rate = 0.1");
        file("", "", &lines, "")
    };
    bad(&[
        (
            grid("\"fixup\"", "[[8]]"),
            &[
                "scheme `fixup`, architecture `8`",
                "residual networks",
                "a.toml:6:20",
                "fixup = true",
            ],
        ),
        (
            grid("\"rezero\"", "[{ kind = \"residual\", width = 4, blocks = 2 }]"),
            &["learned factor on each residual branch", "`exclude` them"],
        ),
        (
            grid("{ kind = \"lsuv\", base = \"skipinit\" }", "[[8]]"),
            &["`skipinit` needs a learned factor"],
        ),
        (
            grid("{ kind = \"per_layer\", layers = [\"zeros\"] }", "[[8]]"),
            &["1 schemes for a network of 2 weight layers"],
        ),
    ]);
    let residual = "[[8], { kind = \"residual\", width = 4, blocks = 2, learn_alpha = true }]";
    good(&(grid("\"rezero\"", residual) + "exclude = { scheme = \"rezero\", architecture = \"8\" }\n"));
}

#[test]
fn normalization_of_a_single_number_is_refused() {
    let grid = |architecture: &str, batch: u32| {
        let lines = format!(
            "scheme = \"zeros\"\narchitecture = {architecture}\nlearning_rate = 0.1\nbatch_size = {batch}"
        );
        file("", "", &lines, "")
    };
    bad(&[
        (
            grid("{ depth = 2, width = 4, norm = \"batch\" }", 1),
            &["a batch of 1 is constant"],
        ),
        (
            grid("{ depth = 2, width = 1, norm = \"layer\" }", 8),
            &["one unit is constant", "a.toml:7:16"],
        ),
    ]);
    good(&grid("{ depth = 2, width = 1, norm = \"batch\" }", 2));
}

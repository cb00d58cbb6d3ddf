//! `[grid]`: the axes, and how large a grid may be.

use super::*;

#[test]
fn grid_axes() {
    let grid = |lines: &str| file("", "", lines, "");
    let with = |line: &str| grid(&format!("{GRID}\n{line}"));
    // A single value is a list of one; a list of numbers is one architecture.
    let single = good(&grid(
        "scheme = \"zeros\"\narchitecture = [8, 4]\nlearning_rate = 1",
    ));
    assert_eq!((single.plan().cells(), single.plan().len()), (1, 5));
    assert_eq!(single.plan().coordinates(0).architecture, "8-4");
    let texts = good(&grid(
        "scheme = \"normal(std=0.5)\"\narchitecture = [\"8-4\", \"20x64\", \"linear\"]\nlearning_rate = 1",
    ));
    assert_eq!(
        texts.plan().values(Axis::Architecture),
        ["20x64", "8-4", "linear"]
    );
    assert_eq!(texts.plan().values(Axis::Scheme), ["normal(std=0.5)"]);
    let layered = good(&grid(
        "scheme = \"zeros\"\narchitecture = [8, 4]\nactivation = [[\"relu\", \"tanh\"]]\nlearning_rate = 1",
    ));
    assert_eq!(layered.plan().values(Axis::Activation), ["relu/tanh"]);
    let axes = good(&with(
        "bias = [\"zeros\", { kind = \"normal\", std = 0.1 }]\nbatch_size = [8, 16]\nlabel_noise = [0, 0.5]\ndataset = [\"digits\", { kind = \"digits\", scale = \"none\" }]\noptimizer = [\"sgd\", \"adam\"]",
    ));
    assert_eq!(axes.plan().cells(), 8 * 32);
    bad(&[
        (
            with("schem = 1"),
            &["unknown key `schem` in [grid]", "did you mean `scheme`?"],
        ),
        (
            grid("architecture = [8]\nlearning_rate = 1"),
            &["`scheme` is missing in [grid]", "goodinit list schemes"],
        ),
        (
            grid("scheme = []\narchitecture = [8]\nlearning_rate = 1"),
            &["`scheme` is an empty list", "no cells", "empty"],
        ),
        (
            grid("scheme = [\"xaveir\"]\narchitecture = [8]\nlearning_rate = 1"),
            &[
                "unknown scheme `xaveir`",
                "did you mean `xavier_uniform`?",
                "a.toml:6:11",
                "^^^^^^^^",
            ],
        ),
        (
            grid("scheme = [3]\narchitecture = [8]\nlearning_rate = 1"),
            &["`3` is not a scheme"],
        ),
        (
            grid("scheme = { kind = \"normal\", sdt = 1 }\narchitecture = [8]\nlearning_rate = 1"),
            &["`normal` has no parameter `sdt`", "`std`?", "a.toml:6:29"],
        ),
        (
            grid("scheme = { kind = \"normal\", std = -1 }\narchitecture = [8]\nlearning_rate = 1"),
            &["`std` of `normal`", "a.toml:6:35"],
        ),
        (
            grid("scheme = [\"he_normal\", \"kaiming_normal\"]\narchitecture = [8]\nlearning_rate = 1"),
            &["`he_normal` is in this list twice", "a duplicate", "a.toml:6:24"],
        ),
        (
            grid("scheme = \"zeros\"\narchitecture = [0]\nlearning_rate = 1"),
            &["from 1 to 16384, not `0`"],
        ),
        (
            grid("scheme = \"zeros\"\narchitecture = [[8], [99999]]\nlearning_rate = 1"),
            &["not `99999`", "a.toml:7:23"],
        ),
        (
            grid("scheme = \"zeros\"\narchitecture = { depth = 20000, width = 8 }\nlearning_rate = 1"),
            &["`depth`", "10000", "a.toml:7:26"],
        ),
        (
            grid("scheme = \"zeros\"\narchitecture = { depth = 9000, width = 16384 }\nlearning_rate = 1"),
            &["parameters, more than"],
        ),
        (
            grid("scheme = \"zeros\"\narchitecture = [16000]\nlearning_rate = 1\nbatch_size = 1000000"),
            &["GiB of memory", "at most 16 GiB"],
        ),
        (
            grid("scheme = \"zeros\"\narchitecture = [8]\nlearning_rate = [0.1, 0]"),
            &["learning rate must be a positive number", "a.toml:8:23"],
        ),
        (
            grid("scheme = \"zeros\"\narchitecture = [8]\nlearning_rate = [0.1, 1e-1]"),
            &["`0.1` is in this list twice"],
        ),
        (
            grid("scheme = \"zeros\"\narchitecture = [8]\nlearning_rate = \"fast\""),
            &["learning rate must be", "the text \"fast\""],
        ),
        (
            with("label_noise = 1.5"),
            &["label noise must be a number from 0 to 1, not `1.5`"],
        ),
        (
            with("activation = \"rleu\""),
            &["unknown activation `rleu`", "did you mean `relu`?"],
        ),
        (
            with("activation = [[\"relu\", \"tanh\"]]"),
            &["`8` has 1 places", "2 are given", "[[grid]]", "a.toml:9:15"],
        ),
        (with("activation = [[]]"), &["must not be empty"]),
        (
            with("optimizer = { kind = \"adam\", beta1 = 2 }"),
            &["`beta1` of `adam`", "a.toml:9:38"],
        ),
        (
            with("dataset = \"digit\""),
            &["unknown dataset `digit`", "did you mean `digits`?"],
        ),
        (
            with("exclude = { scheme = \"lsuv\" }"),
            &["no cell of the grid has scheme `lsuv`", "zeros"],
        ),
        (
            with("exclude = { shceme = \"zeros\" }"),
            &["`shceme` is not an axis", "did you mean `scheme`?"],
        ),
        (with("exclude = { }"), &["names no coordinate"]),
        (with("exclude = 3"), &["must be a table of coordinates"]),
        (
            with("exclude = [{ scheme = \"zeros\" }, { scheme = \"zeros\" }]"),
            &["excludes no cell"],
        ),
        (
            with("exclude = { scheme = [\"zeros\", \"he_normal\"] }"),
            &["every cell of this grid is excluded"],
        ),
        (
            file(
                "",
                "epochs = 1\nbatch_size = 8",
                &format!("{GRID}\nbatch_size = 8"),
                "",
            ),
            &["`batch_size` is given here and in [train]"],
        ),
        (
            with("dataset = \"digits\"\n[data]\nkind = \"digits\""),
            &["`dataset` is given here and in [data]"],
        ),
        (
            with("[data]\nkind = \"digits\"\nsplt = 1"),
            &["no key `splt`", "did you mean `split`?"],
        ),
        (
            with("[data]\nkind = \"digits\"\nlabel_noise = 2"),
            &["label noise must be"],
        ),
    ]);
}

#[test]
fn absurd_grids_are_refused_before_they_are_made() {
    let long = |from: usize, n: usize| {
        (from..from + n)
            .map(|i| i.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let text = file(
        "",
        "",
        &format!(
            "scheme = \"zeros\"\narchitecture = [8]\nlearning_rate = [{}]\nbatch_size = [{}]",
            long(1, 2000),
            long(1, 2000)
        ),
        "",
    );
    bad(&[
        (
            text,
            &["more than 1000000 cells", "2000 learning_rate x 2000 batch_size"],
        ),
        (
            file(
                "",
                "",
                &format!(
                    "scheme = \"zeros\"\narchitecture = [8]\nlearning_rate = [{}]",
                    long(1, 10_001)
                ),
                "",
            ),
            &["10001 values, more than 10000"],
        ),
        (
            file(
                "replicates = 1000000",
                "",
                &format!(
                    "scheme = \"zeros\"\narchitecture = [8]\nlearning_rate = [{}]",
                    long(1, 11)
                ),
                "",
            ),
            &["more than 10000000 trials"],
        ),
    ]);
}

#[test]
fn several_grids_are_a_union() {
    let two = |second: &str| {
        format!(
            "name = \"t\"\n[train]\nepochs = 1\n[[grid]]\n{GRID}\nexclude = {{ scheme = \"zeros\", architecture = [8] }}\n[[grid]]\n{second}"
        )
    };
    let e = good(&two(
        "scheme = \"fixup\"\narchitecture = { kind = \"residual\", blocks = 2, width = 8, fixup = true }\nlearning_rate = 0.1",
    ));
    assert_eq!(e.plan().cells(), 8 - 2 + 1);
    bad(&[
        (
            two("scheme = \"he_normal\"\narchitecture = [8]\nlearning_rate = 0.1"),
            &[
                "repeats a cell",
                "architecture = 8, scheme = he_normal, learning_rate = 0.1",
                "a.toml:9:1",
            ],
        ),
        (
            two("scheme = \"he_normal\""),
            &["`architecture` is missing in [grid]"],
        ),
        (
            "name = \"t\"\ngrid = []\n[train]\nepochs = 1\n".to_owned(),
            &["`grid` is an empty list"],
        ),
    ]);
}

//! The tables of an experiment file.

use super::*;

#[test]
fn the_quick_experiment_is_valid() {
    let experiment = good(QUICK);
    let plan = experiment.plan();
    assert_eq!((plan.cells(), plan.len(), experiment.claims.len()), (16, 80, 3));
}

#[test]
fn top_keys() {
    let top = |line: &str| file(line, "", GRID, "");
    assert_eq!(
        good(&top("seed = 7\nreplicates = 2\ndescription = \"d\""))
            .plan()
            .len(),
        16
    );
    let defaults = good(&top(""));
    assert_eq!((defaults.seed, defaults.replicates), (0, 5));
    bad(&[
        (
            top("sede = 1"),
            &["unknown key `sede`", "did you mean `seed`?", "a.toml:2:1"],
        ),
        (
            top("epochs = 1"),
            &["unknown key `epochs`", "`epochs` is a key of [train]"],
        ),
        (
            top("replicate = 1"),
            &["unknown key `replicate`", "did you mean `replicates`?"],
        ),
        (
            top("seed = -1"),
            &["`seed` must be a whole number from 0", "not -1"],
        ),
        (top("seed = 1.5"), &["must be a whole number", "not 1.5"]),
        (
            top("seed = \"one\""),
            &["must be a whole number", "the text \"one\""],
        ),
        (top("replicates = 0"), &["from 1 to 1000000"]),
        (top("replicates = 999999999"), &["from 1 to 1000000", "999999999"]),
        (
            top("replicates = 1000000\nseeds.order = { crossed = 10000 }"),
            &["trials per cell are more than"],
        ),
        (top("description = 3"), &["`description` must be text"]),
        (top("train = 3"), &["duplicate key"]),
        (
            "name = \"a/b\"\n[train]\nepochs=1\n[grid]\n".to_owned() + GRID,
            &["plain word", "a/b"],
        ),
        (
            "name = \"..\"\n[train]\nepochs=1\n[grid]\n".to_owned() + GRID,
            &["plain word"],
        ),
        (
            "[train]\nepochs=1\n[grid]\n".to_owned() + GRID,
            &["`name` is missing in an experiment file"],
        ),
        (
            "name = \"a\"\n[grid]\n".to_owned() + GRID,
            &["`train` is missing"],
        ),
        (
            "name = \"a\"\n[train]\nepochs = 1\n".to_owned(),
            &["`grid` is missing"],
        ),
        (
            "name = \"a\"\ntrain = 3\n[grid]\n".to_owned() + GRID,
            &["`train` must be a table, not 3"],
        ),
        (String::new(), &["`name` is missing"]),
    ]);
}

#[test]
fn train_keys() {
    let train = |lines: &str| file("", lines, GRID, "");
    let t = good(&train(
        "steps = 100\nloss = \"mse\"\nevaluate_train = \"full\"\nshuffle = false",
    ));
    assert_eq!(t.train.length, Length::Steps(100));
    assert_eq!((t.train.evaluate_every, t.train.shuffle), (5, false));
    assert_eq!(t.train.evaluate_train, EvaluateTrain::Full);
    assert_eq!(t.loss, crate::model::Loss::MeanSquared);
    assert_eq!(good(&train("epochs = 0")).train.length, Length::Epochs(0));
    bad(&[
        (train("epochs = 1\nsteps = 1"), &["both given", "a.toml:5:1"]),
        (train("shuffle = true"), &["`epochs` is missing in [train]"]),
        (train("epochs = -1"), &["`epochs` must be a whole number"]),
        (
            train("epochs = 99999999999"),
            &["`epochs` must be a whole number"],
        ),
        (
            train("epochs = 1\nloss = \"cross_entrpy\""),
            &["unknown loss", "did you mean `cross_entropy`?"],
        ),
        (
            train("epochs = 1\nevaluate_train = \"ful\""),
            &["`evaluate_train` cannot be `ful`", "did you mean `full`?"],
        ),
        (
            train("epochs = 1\nevaluate_every = 0"),
            &["`evaluate_every` must be a whole number from 1"],
        ),
        (
            train("epochs = 1\nshuffle = 1"),
            &["`shuffle` must be true or false, not 1"],
        ),
        (
            train("epochs = 1\nbatch_size = 0"),
            &["batch size must be a whole number from 1", "not `0`"],
        ),
        (
            train("epochs = 1\nlearning_rate = 0.1"),
            &["unknown key `learning_rate` in [train]", "a key of [grid]"],
        ),
    ]);
}

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
            &["learning rate must be", "`fast`"],
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

#[test]
fn seeds_and_record() {
    let rest = |lines: &str| file("replicates = 2", "epochs = 4\nevaluate_every = 2", GRID, lines);
    let e = good(&rest(
        "[seeds]\nweights = { crossed = 3 }\ndata = [4, 2]\n[record]\nlayers = [0, 2, \"last\"]\nweights = \"both\"\nepochs = false",
    ));
    assert_eq!(e.seeds.count(2), 12);
    assert_eq!(e.seeds.data, Seeding::Crossed(vec![2, 4]));
    assert_eq!(
        e.record.layers,
        [LayerEpoch::After(0), LayerEpoch::After(2), LayerEpoch::Last]
    );
    assert_eq!(e.record.weights, SaveWeights::Both);
    bad(&[
        (
            rest("[seeds]\nweights = 1\norder = 1"),
            &["no seed follows the replicate", "a.toml:2:14"],
        ),
        (
            rest("[seeds]\nweights = []"),
            &["`weights` must be \"replicate\""],
        ),
        (
            rest("[seeds]\nweights = [1, 1]"),
            &["seed 1 is in this list twice"],
        ),
        (
            rest("[seeds]\nweights = { crossed = 0 }"),
            &["`crossed` must be a whole number from 1"],
        ),
        (rest("[seeds]\nweights = \"replicates\""), &["`weights` must be"]),
        (rest("[seeds]\nweights = 4294967296"), &["`weights` must be"]),
        (rest("[seeds]\nweight = 1"), &["did you mean `weights`?"]),
        (
            rest("[record]\nlayers = 3"),
            &["no evaluation after epoch 3", "`evaluate_every` is 2"],
        ),
        (rest("[record]\nlayers = 5"), &["from 0 to 4"]),
        (
            rest("[record]\nlayers = \"first\""),
            &["an epoch, \"last\" or \"all\""],
        ),
        (
            rest("[record]\nweights = \"last\""),
            &["`weights` cannot be `last`"],
        ),
        (rest("[record]\nprobe_samples = 1"), &["from 2"]),
    ]);
}

#[test]
fn rows_of_layers_to_write() {
    let rest = |rows: &str| file("", "", GRID, &format!("[record]\nlayer_rows = {rows}"));
    assert_eq!(good(&file("", "", GRID, "")).record.layer_rows, Layers::All);
    for (text, rows) in [
        ("\"all\"", Layers::All),
        ("\"hidden\"", Layers::Hidden),
        ("\"first\"", Layers::First),
        ("\"last_hidden\"", Layers::LastHidden),
        ("\"output\"", Layers::Output),
        ("2", Layers::These(vec![2])),
        ("[3, 1, 3]", Layers::These(vec![1, 3])),
    ] {
        let e = good(&rest(text));
        assert_eq!(e.record.layer_rows, rows, "{text}");
        // As messages quote it, it reads back.
        assert_eq!(good(&rest(&rows.to_string())).record.layer_rows, rows);
    }
    bad(&[
        (
            rest("\"last\""),
            &[
                "`layer_rows` must be all, hidden, first, last_hidden, output or a list of numbers, not the text \"last\"",
                "a.toml:10:14",
                "layers.csv and probe.csv",
            ],
        ),
        (rest("true"), &["`layer_rows` must be a whole number from 1"]),
        (rest("[0]"), &["`layer_rows` must be a whole number from 1"]),
        (rest("[]"), &["a list of at least one layer"]),
        (
            rest("[1, 4]"),
            &["no network of the grid has a layer 4", "the deepest has 3 layers"],
        ),
    ]);
}

#[test]
fn names_of_devices_are_refused() {
    for name in ["CON", "nul", "com1", "aux.x", "LPT9", "a."] {
        let text = format!("name = \"{name}\"\n[train]\nepochs = 1\n[grid]\n{GRID}");
        bad(&[(text, &["`name` must be"])]);
    }
    for name in ["console", "com10", "com", "nul-1"] {
        good(&format!("name = \"{name}\"\n[train]\nepochs = 1\n[grid]\n{GRID}"));
    }
}

//! The tables of an experiment file but for `[grid]`.

use super::super::settings::{LayerEpoch, Seeding};
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
        (
            rest("[seeds]\nweights = 4294967296"),
            &["a seed from 0 to 4294967295"],
        ),
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
        (
            rest("[record]\nepoch_rows = [3]"),
            &["no evaluation after epoch 3", "`evaluate_every` is 2"],
        ),
        (rest("[record]\nepoch_rows = [6]"), &["from 0 to 4"]),
        (
            rest("[record]\nepoch_rows = []"),
            &["a list of at least one evaluation"],
        ),
        (
            rest("[record]\nepochs = false\nepoch_rows = [2]"),
            &["epochs.csv is not written", "take `epoch_rows` away"],
        ),
        (
            rest(
                "[record]\nepoch_rows = [4]\n[[claim]]\nsentence = \"s\"\nmetric = \"epochs.train_loss\"\nepoch = 2\nleft = { scheme = \"zeros\", learning_rate = 0.1, architecture = [8] }\nrelation = \"left > 0\"",
            ),
            &["the rows after epoch 2 are not written", "add 2 to `epoch_rows`"],
        ),
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
fn a_text_where_a_number_is_wanted_is_called_a_text() {
    let grid = |line: &str| {
        let rest = GRID
            .lines()
            .filter(|l| l.split(' ').next() != line.split(' ').next());
        let lines: Vec<&str> = rest.chain([line]).collect();
        file("", "", &lines.join("\n"), "")
    };
    let top = |line: &str| file(line, "", GRID, "");
    let rest = |lines: &str| file("replicates = 3", "", GRID, lines);
    let claim = |line: &str| {
        rest(&format!(
            "[[claim]]\nsentence = \"s\"\nmetric = \"steps\"\nleft = {{ scheme = \"zeros\", learning_rate = 0.1, architecture = [8] }}\n{line}"
        ))
    };
    for text in [
        grid("learning_rate = \"1e-3\""),
        grid("learning_rate = [0.1, \"1e-3\"]"),
        grid("label_noise = \"1e-3\""),
        grid("batch_size = \"1e-3\""),
        grid("architecture = { depth = \"1e-3\", width = 8 }"),
        grid("architecture = { depth = 3, width = \"1e-3\" }"),
        grid("architecture = { hidden = [8, \"1e-3\"] }"),
        grid("scheme = { kind = \"normal\", std = \"1e-3\" }"),
        grid("bias = { kind = \"constant\", value = \"1e-3\" }"),
        grid("optimizer = { kind = \"momentum\", beta = \"1e-3\" }"),
        grid("activation = { kind = \"leaky_relu\", slope = \"1e-3\" }"),
        grid("dataset = { kind = \"digits\", train_rows = \"1e-3\" }"),
        grid("dataset = { kind = \"digits\", split = { train = \"1e-3\" } }"),
        top("seed = \"1e-3\""),
        top("replicates = \"1e-3\""),
        top("data = { kind = \"digits\", label_noise = \"1e-3\" }"),
        file("", "epochs = \"1e-3\"", GRID, ""),
        file("", "steps = \"1e-3\"", GRID, ""),
        file("", "epochs = 1\nevaluate_every = \"1e-3\"", GRID, ""),
        file("", "epochs = 1\nbatch_size = \"1e-3\"", GRID, ""),
        rest("[seeds]\nweights = \"1e-3\""),
        rest("[seeds]\nweights = [\"1e-3\"]"),
        rest("[seeds]\nweights = { crossed = \"1e-3\" }"),
        rest("[record]\nlayers = \"1e-3\""),
        rest("[record]\nlayer_rows = [\"1e-3\"]"),
        rest("[record]\nprobe_samples = \"1e-3\""),
        claim("threshold = \"1e-3\"\nrelation = \"left >=\""),
        claim("tolerance = \"1e-3\"\nrelation = \"left == 1\""),
        claim("confidence = \"1e-3\"\nrelation = \"left == 1\""),
        claim("rate = { replicates = \"1e-3\" }\nrelation = \"left == 1\""),
    ] {
        bad(&[(text, &["the text \"1e-3\""])]);
    }
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

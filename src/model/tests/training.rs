//! Training runs: they learn, repeat to the bit, and show the symmetry of zeros.

use super::*;

#[test]
fn training_lowers_the_loss() {
    let data = classes(100, 12, 3);
    let rows: Vec<u32> = (0..100).collect();
    for (optimizer, rate) in [
        ("sgd", 0.1),
        ("momentum", 0.03),
        ("nesterov", 0.03),
        ("adam", 0.01),
        ("adamw", 0.01),
    ] {
        let model = model(&list(&[32, 16]), "relu", 12, 3, Loss::CrossEntropy);
        let start = draw(&model, 1.4);
        let mut workspace = Workspace::new();
        let before = model.evaluate(&start, &data, &rows, &mut workspace);
        let end = train(&model, start, &data, &word(optimizer), rate, 300);
        let after = model.evaluate(&end, &data, &rows, &mut workspace);
        assert!(
            after.loss < 0.5 * before.loss,
            "{optimizer}: {before:?} {after:?}"
        );
        assert!(after.accuracy.unwrap() > 0.8, "{optimizer}: {after:?}");
    }
}

#[test]
fn zeros_stay_zeros_under_relu_and_tanh() {
    let data = classes(50, 8, 3);
    for activation in ["relu", "tanh"] {
        let model = model(&list(&[16, 16]), activation, 8, 3, Loss::CrossEntropy);
        let end = train(&model, Parameters::new(&model), &data, &word("sgd"), 0.1, 20);
        for w in &end.weights {
            assert!(w.to_row_major().iter().all(|x| x.to_bits() == 0), "{activation}");
        }
        assert!(end.biases[..2].iter().flatten().all(|x| x.to_bits() == 0));
        assert!(end.biases[2].iter().any(|x| *x != 0.0));
    }
}

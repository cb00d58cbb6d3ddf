//! Signals and gradients of deep ReLU networks at initialization, without training.
//!
//!     cargo run --release --example probe
//!
//! He's variance, 2 / fan_in, keeps the second moment of the pre-activations over the layers of a
//! ReLU network; LeCun's, 1 / fan_in, halves it at each (He et al. 2015, section 2.2).

use goodinit::{Cache, Environment, Experiment, Registry, Result, Workspace, probe};

const EXPERIMENT: &str = r#"
name = "probe"
data = { kind = "digits" }
train = { epochs = 1 }
grid = { scheme = ["he_normal", "lecun_normal"], architecture = { depth = 10, width = 64 }, learning_rate = 0.1 }
"#;

fn main() -> Result<()> {
    let experiment = Experiment::parse::<&str>("probe".as_ref(), EXPERIMENT, &[], &Registry::standard())?;
    let plan = experiment.plan();
    let cache = Cache::new(plan.seed(), Environment::default());
    let mut workspace = Workspace::new();
    for trial in (0..plan.len())
        .map(|i| plan.trial(i))
        .filter(|t| t.coordinates.replicate == 0)
    {
        let data = trial.data(&cache)?;
        let probed = probe(&trial, &data, &mut workspace)?;
        println!("{}", trial.coordinates.scheme);
        for (layer, figures) in &probed.record.layers {
            let ratio = figures.first_ratio.unwrap_or(f64::NAN);
            println!(
                "  layer {:2}: second moment over the first layer's {ratio:.4}",
                layer.layer
            );
        }
    }
    Ok(())
}

//! A scheme of one's own, registered through the public API, in a small grid beside He's.
//!
//!     cargo run --release --example custom_scheme
//!
//! The scheme gives every unit weights of exactly the same length, `sqrt(2)` in its own random
//! direction: He's normal weights, divided by how long each unit's happen to be.

use std::path::Path;
use std::sync::Arc;

use goodinit::{
    Definition, Entry, Experiment, Grid, GridOutcome, LayerInfo, Parameter, Registry, Result, Scheme, Stream,
    row_major,
};
use ndarray::ArrayViewMut2;

static ENTRY: Entry = Entry {
    name: "unit_directions",
    aliases: &[],
    summary: "random directions of equal length",
    formula: "w_j = gain u / |u|, u ~ N(0, I); Var = gain^2 / fan_in",
    citation: "this example",
    parameters: &[Parameter::number(
        "gain",
        std::f64::consts::SQRT_2,
        0.0,
        1e6,
        "length of a unit's weights",
    )],
};

#[derive(Debug)]
struct UnitDirections {
    gain: f64,
}

impl Scheme for UnitDirections {
    fn fill(&self, _: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        stream.fill_normal(row_major(&mut weights), 1.0);
        for mut unit in weights.columns_mut() {
            let length = unit
                .iter()
                .map(|&w| f64::from(w) * f64::from(w))
                .sum::<f64>()
                .sqrt();
            unit.mapv_inplace(|w| (f64::from(w) * self.gain / length) as f32);
        }
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        Some(self.gain * self.gain / layer.fan_in as f64)
    }
}

const EXPERIMENT: &str = r#"
name = "custom-scheme"
replicates = 3
[train]
epochs = 5
[grid]
scheme = ["unit_directions", { kind = "unit_directions", gain = 1 }, "he_normal"]
architecture = { depth = 10, width = 32 }
learning_rate = 0.05
"#;

fn main() -> Result<()> {
    let registry = Registry::standard().with(Definition {
        entry: &ENTRY,
        build: |spec, _| {
            Ok(Arc::new(UnitDirections {
                gain: spec.number("gain"),
            }))
        },
    })?;
    let experiment = Experiment::parse::<&str>(Path::new("custom-scheme"), EXPERIMENT, &[], &registry)?;
    let directory = std::env::temp_dir().join("goodinit-custom-scheme");
    let grid = Grid::new(experiment)
        .directory(&directory)
        .fresh(true)
        .fail_fast(true);
    if let GridOutcome::Written { metadata, .. } = grid.run()? {
        println!("{} trials; tables in {}", metadata.trials, directory.display());
    }
    Ok(())
}

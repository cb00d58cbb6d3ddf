//! A paper's scheme in Rust, as docs/tutorial.md tells it.
//!
//!     cargo run --release --example tutorial mine.toml results/mine

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use goodinit::{
    Axis, Definition, Entry, Experiment, Grid, LayerInfo, RankingRates, Registry, Result, Scheme, Stream,
    Trials, Verdict, check_claims, rank, report, row_major,
};
use ndarray::ArrayViewMut2;

static ENTRY: Entry = Entry {
    name: "mine",
    aliases: &[],
    summary: "normal weights that keep a ReLU layer's second moment",
    formula: "N(0, 2 / fan_in)",
    citation: "He, Zhang, Ren and Sun 2015, arXiv 1502.01852, section 2.2",
    parameters: &[],
};

#[derive(Debug)]
struct Mine;

impl Scheme for Mine {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let std = (2.0 / layer.fan_in as f64).sqrt();
        stream.fill_normal(row_major(&mut weights), std as f32);
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        Some(2.0 / layer.fan_in as f64)
    }
}

/// Trains what `file` asks for, puts the tables and the report into `directory`, ranks the schemes
/// and checks the claims. Returns whether all of them pass.
pub fn run(file: &Path, directory: &Path) -> Result<bool> {
    let registry = Registry::standard().with(Definition {
        entry: &ENTRY,
        build: |_, _| Ok(Arc::new(Mine)),
    })?;
    let experiment = Experiment::load::<&str>(file, &[], &registry)?;
    Grid::new(experiment).directory(directory).run()?;

    let trials = Trials::load(directory)?;
    for cells in trials.all().group_by(&[Axis::Activation]) {
        for place in rank(&cells, RankingRates::Tuned, cells.text(Axis::Activation)) {
            println!("{:16} {:.3}", place.scheme, place.score.value);
        }
    }

    let judgements = check_claims(directory)?;
    for judgement in &judgements {
        println!("{:16} {}", judgement.claim.name, judgement.verdict.name());
    }
    report(&[directory])?.write(&directory.join("report.html"))?;
    Ok(judgements
        .iter()
        .all(|judgement| judgement.verdict == Verdict::Pass))
}

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let passes = run(next("mine.toml").as_ref(), next("results/mine").as_ref())?;
    Ok(ExitCode::from(u8::from(!passes)))
}

//! Reads the tables of a run and ranks its schemes, each at the learning rate chosen for it.
//!
//!     cargo run --example rank_results [DIR]

use goodinit::{Axis, RankingRates, Result, Trials, rank};

fn main() -> Result<()> {
    let dir = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "results/quick".to_owned());
    let trials = Trials::load(dir.as_ref())?;
    for activation in trials.all().group_by(&[Axis::Activation]) {
        let name = activation.text(Axis::Activation);
        println!("{name}");
        for place in rank(&activation, RankingRates::Tuned, name) {
            let score = place.score.value;
            let interval = place
                .score
                .interval
                .map_or(String::new(), |i| format!(" [{:.3}, {:.3}]", i.low, i.high));
            let verdict = match place.leads() {
                true => "leads, or cannot be distinguished from the leader",
                false => "",
            };
            println!("  {:24} {score:.3}{interval} {verdict}", place.scheme);
        }
    }
    Ok(())
}

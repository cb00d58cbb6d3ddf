//! Judges the claims of an experiment on its tables.
//!
//!     cargo run --example check_claims [DIR]

use goodinit::{Result, check_claims};

fn main() -> Result<()> {
    let dir = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "results/quick".to_owned());
    for judgement in check_claims(dir.as_ref())? {
        println!("{:12} {}", judgement.verdict.name(), judgement.claim.name);
        for case in &judgement.cases {
            let interval = case
                .interval
                .map_or(String::new(), |i| format!(" [{:.3}, {:.3}]", i.low, i.high));
            println!("  {:.3}{interval}", case.figure);
        }
    }
    Ok(())
}

//! What the benches share: short measurements, the machine's peak, and a closing table.
//!
//! `GOODINIT_BENCH=all` measures every instruction set and shape, for as long as Criterion does by
//! default. Without it, the instruction set in use and the main shapes, in two seconds each.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Bencher, Criterion};
use goodinit::internal::{Elementwise, Isa, Lane, apply, isa};

const SAMPLES: usize = 30;

/// Whether everything is to be measured.
pub fn exhaustive() -> bool {
    std::env::var_os("GOODINIT_BENCH").is_some_and(|value| value == "all")
}

/// The instruction sets to measure.
pub fn sets() -> Vec<Isa> {
    match exhaustive() {
        true => Isa::supported().collect(),
        false => vec![isa()],
    }
}

/// Criterion, set for this choice.
pub fn criterion() -> Criterion {
    let criterion = match exhaustive() {
        true => Criterion::default(),
        false => Criterion::default()
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_millis(1500))
            .sample_size(SAMPLES),
    };
    criterion.configure_from_args()
}

/// Seconds per call of what has been measured, by name.
#[derive(Default)]
pub struct Times(RefCell<BTreeMap<String, Vec<f64>>>);

impl Times {
    /// Lets Criterion measure `work` and keeps the times under `name`.
    pub fn measure<T>(&self, bencher: &mut Bencher, name: &str, mut work: impl FnMut() -> T) {
        bencher.iter_custom(|iterations| {
            let start = Instant::now();
            for _ in 0..iterations {
                black_box(work());
            }
            let time = start.elapsed();
            let per_call = time.as_secs_f64() / iterations as f64;
            self.0
                .borrow_mut()
                .entry(name.to_owned())
                .or_default()
                .push(per_call);
            time
        });
    }

    /// The median time of `name` in seconds; `None` where a filter left it out.
    pub fn median(&self, name: &str) -> Option<f64> {
        let times = self.0.borrow();
        let times = times.get(name)?;
        // Criterion calls a bench once for each sample, and before that to warm up.
        let mut samples = times[times.len().saturating_sub(SAMPLES)..].to_vec();
        samples.sort_unstable_by(f64::total_cmp);
        samples.get(samples.len() / 2).copied()
    }

    /// `2.1x rand_distr`, for each of these peers of `name` that was measured: how many times as long
    /// the peer takes.
    pub fn ratios(&self, name: &str, peers: &[(&str, &str)]) -> String {
        let Some(own) = self.median(name) else {
            return String::new();
        };
        let ratio = |(peer, key): &(&str, &str)| Some(format!("{:6.2}x {peer}", self.median(key)? / own));
        peers.iter().filter_map(ratio).collect::<Vec<_>>().join("  ")
    }
}

/// Fused multiply-adds per second that one core can do at most, in GFLOP/s (two each): twelve
/// independent chains in registers.
pub fn peak() -> f64 {
    struct Chains;
    const STEPS: usize = 100_000;
    impl Elementwise<0, 12> for Chains {
        #[inline(always)]
        fn apply<L: Lane>(&self, _: [L; 0], mut sums: [L; 12]) -> [L; 12] {
            let (a, b) = (L::splat(black_box(0.999)), L::splat(black_box(0.001)));
            for _ in 0..STEPS {
                let mut i = 0;
                while i < 12 {
                    sums[i] = sums[i].mul_add(a, b);
                    i += 1;
                }
            }
            sums
        }
    }
    let mut values = [[1.0f32; 16]; 12];
    let seconds = (0..20)
        .map(|_| {
            let start = Instant::now();
            apply(&Chains, [], values.each_mut().map(|v| &mut v[..]));
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    (2 * 12 * 16 * STEPS) as f64 / seconds / 1e9
}

//! Filling a weight matrix: uniform, normal and truncated normal draws, with rand_distr's
//! `StandardNormal` over the same generator beside them.
//!
//! `cargo bench --bench init`; `Gelem/s` is draws per nanosecond.

use criterion::Throughput;
use goodinit::Purpose;
use goodinit::internal::{Key, isa};
use rand::SeedableRng as _;
use rand_distr::{Distribution as _, StandardNormal, StandardUniform};

#[allow(dead_code)] // the other benches use the rest
mod common;

/// A layer of 784 x 256.
const COUNT: usize = 784 * 256;

fn main() {
    let (mut criterion, times) = (common::criterion(), common::Times::default());
    let mut out = vec![0.0f32; COUNT];
    let mut group = criterion.benchmark_group("init");
    group.throughput(Throughput::Elements(COUNT as u64));
    let mut stream = Key::new(1, 0, Purpose::Weights).stream(0);
    for set in common::sets() {
        isa::force(set).expect("it is supported");
        for law in ["uniform", "normal", "truncated normal"] {
            let name = format!("{law}/{set}");
            group.bench_function(&name, |b| {
                times.measure(b, &name, || match law {
                    "uniform" => stream.fill_uniform(&mut out, 0.1),
                    "normal" => stream.fill_normal(&mut out, 0.1),
                    _ => stream.fill_truncated_normal(&mut out, 0.1, 2.0),
                });
            });
        }
    }
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    group.bench_function("normal/rand_distr", |b| {
        times.measure(b, "normal/rand_distr", || {
            for x in &mut out {
                let z: f32 = StandardNormal.sample(&mut rng);
                *x = 0.1 * z;
            }
        });
    });
    group.bench_function("uniform/rand_distr", |b| {
        times.measure(b, "uniform/rand_distr", || {
            for x in &mut out {
                let u: f32 = StandardUniform.sample(&mut rng);
                *x = 0.1 * (2.0 * u - 1.0);
            }
        });
    });
    group.finish();
    criterion.final_summary();
    println!("\nFilling weights, one thread; how many times as long the peer takes:");
    for set in common::sets() {
        for (law, peer) in [
            ("uniform", "uniform/rand_distr"),
            ("normal", "normal/rand_distr"),
            ("truncated normal", ""),
        ] {
            let name = format!("{law}/{set}");
            if let Some(time) = times.median(&name) {
                let draw = time * 1e9 / COUNT as f64;
                let ratios = times.ratios(&name, &[("rand_distr", peer)]);
                println!("  {name:26} {draw:5.2} ns a draw  {ratios}");
            }
        }
    }
}

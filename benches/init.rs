//! Filling a weight matrix: uniform, normal and truncated normal draws, with rand_distr's
//! `StandardNormal` over the same generator beside them.
//!
//! `cargo bench --bench init`; `Gelem/s` is draws per nanosecond.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use goodinit::numerics::{Isa, isa};
use goodinit::random::{Key, Purpose};
use rand::SeedableRng as _;
use rand_distr::{Distribution as _, StandardNormal, StandardUniform};

/// A layer of 784 x 256.
const COUNT: usize = 784 * 256;

fn fills(criterion: &mut Criterion) {
    let mut out = vec![0.0f32; COUNT];
    let mut group = criterion.benchmark_group("init");
    group.throughput(Throughput::Elements(COUNT as u64));
    let mut stream = Key::new(1, 0, Purpose::Weights).stream(0);
    for set in Isa::supported() {
        isa::force(set).expect("it is supported");
        group.bench_function(BenchmarkId::new("uniform", set), |b| {
            b.iter(|| stream.fill_uniform(&mut out, 0.1));
        });
        group.bench_function(BenchmarkId::new("normal", set), |b| {
            b.iter(|| stream.fill_normal(&mut out, 0.1));
        });
        group.bench_function(BenchmarkId::new("truncated normal", set), |b| {
            b.iter(|| stream.fill_truncated_normal(&mut out, 0.1, 2.0));
        });
    }
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    group.bench_function("normal/rand_distr", |b| {
        b.iter(|| {
            for x in &mut out {
                let z: f32 = StandardNormal.sample(&mut rng);
                *x = 0.1 * z;
            }
        });
    });
    group.bench_function("uniform/rand_distr", |b| {
        b.iter(|| {
            for x in &mut out {
                let u: f32 = StandardUniform.sample(&mut rng);
                *x = 0.1 * (2.0 * u - 1.0);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, fills);
criterion_main!(benches);

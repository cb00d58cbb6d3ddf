//! exp, ln, tanh and erf over 4096 arguments, on every instruction set, with the platform's own
//! scalar functions beside them (for erf, libm's).
//!
//! `cargo bench --bench elementary`; `Gelem/s` is values per nanosecond.
#![allow(clippy::disallowed_methods)] // the platform's functions are what is compared with

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use goodinit::numerics::{Elementwise, Isa, Lane, apply, isa};
use goodinit::random::{Key, Purpose};

const COUNT: usize = 4096;

macro_rules! functions {
    ($criterion:ident, $x:ident: $($name:ident $peer:expr;)*) => {$({
        struct Op;
        impl Elementwise<1, 1> for Op {
            #[inline(always)]
            fn apply<L: Lane>(&self, [x]: [L; 1], _: [L; 1]) -> [L; 1] {
                [x.$name()]
            }
        }
        let mut group = $criterion.benchmark_group(stringify!($name));
        group.throughput(Throughput::Elements(COUNT as u64));
        let mut out = vec![0.0f32; COUNT];
        for set in Isa::supported() {
            isa::force(set).expect("it is supported");
            group.bench_function(BenchmarkId::from_parameter(set), |b| {
                b.iter(|| apply(&Op, [&$x], [&mut out]));
            });
        }
        group.bench_function("platform", |b| {
            b.iter(|| {
                for (o, &x) in out.iter_mut().zip(&$x) {
                    *o = $peer(std::hint::black_box(x));
                }
            });
        });
        group.finish();
    })*};
}

fn elementary(criterion: &mut Criterion) {
    let mut x = vec![0.0f32; COUNT];
    Key::new(1, 0, Purpose::Probe).stream(0).fill_uniform(&mut x, 4.0);
    let positive: Vec<f32> = x.iter().map(|x| x.abs()).collect();
    functions! { criterion, x:
        exp f32::exp;
        tanh f32::tanh;
        erf libm::erff;
    }
    functions! { criterion, positive:
        ln f32::ln;
    }
}

criterion_group!(benches, elementary);
criterion_main!(benches);

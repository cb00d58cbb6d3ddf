//! exp, ln, tanh and erf over 4096 arguments, with the platform's own scalar functions beside them
//! (for erf, libm's).
//!
//! `cargo bench --bench elementary`; `Gelem/s` is values per nanosecond.
#![allow(clippy::disallowed_methods)] // the platform's functions are what is compared with

use criterion::Throughput;
use goodinit::Purpose;
use goodinit::internal::{Elementwise, Key, Lane, apply, isa};

#[allow(dead_code)] // the other benches use the rest
mod common;

const COUNT: usize = 4096;

macro_rules! functions {
    ($criterion:ident, $times:ident, $x:ident: $($name:ident $peer:expr;)*) => {$({
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
        for set in common::sets() {
            isa::force(set).expect("it is supported");
            let name = format!("{}/{set}", stringify!($name));
            group.bench_function(set.to_string(), |b| {
                $times.measure(b, &name, || apply(&Op, [&$x], [&mut out]));
            });
        }
        let name = concat!(stringify!($name), "/platform");
        group.bench_function("platform", |b| {
            $times.measure(b, name, || {
                for (o, &x) in out.iter_mut().zip(&$x) {
                    *o = $peer(std::hint::black_box(x));
                }
            });
        });
        group.finish();
    })*};
}

fn main() {
    let (mut criterion, times) = (common::criterion(), common::Times::default());
    let mut x = vec![0.0f32; COUNT];
    Key::new(1, 0, Purpose::Probe).stream(0).fill_uniform(&mut x, 4.0);
    let positive: Vec<f32> = x.iter().map(|x| x.abs()).collect();
    functions! { criterion, times, x:
        exp f32::exp;
        tanh f32::tanh;
        erf libm::erff;
    }
    functions! { criterion, times, positive:
        ln f32::ln;
    }
    criterion.final_summary();
    println!("\nElementary functions; how many times as long the platform's scalar function takes:");
    for function in ["exp", "tanh", "erf", "ln"] {
        for set in common::sets() {
            let name = format!("{function}/{set}");
            if let Some(time) = times.median(&name) {
                let value = time * 1e9 / COUNT as f64;
                let ratios = times.ratios(&name, &[("platform", &format!("{function}/platform"))]);
                println!("  {name:14} {value:5.2} ns a value  {ratios}");
            }
        }
    }
}

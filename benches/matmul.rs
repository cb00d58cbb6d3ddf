//! The three products of training, in floating-point operations per second (`Gelem/s` reads as
//! GFLOP/s), with ndarray's `dot` (matrixmultiply) and the crate `gemm-f32` on one thread beside them.
//!
//! ```sh
//! cargo bench --bench matmul                          # compare with the last run
//! cargo bench --bench matmul -- --save-baseline main  # keep a baseline
//! cargo bench --bench matmul -- --baseline main       # compare with it
//! ```
#![allow(unsafe_code)] // the interface of `gemm-f32`

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use goodinit::numerics::{Batch, Isa, SparseRows, Weights, isa, product};
use goodinit::random::{Key, Purpose, Stream};
use ndarray::{Array2, ArrayView2};

/// Samples, inputs, units.
const SHAPES: [(usize, usize, usize); 6] = [
    (32, 784, 256),
    (128, 784, 256),
    (32, 256, 128),
    (16, 64, 32),
    (32, 64, 64),
    (32, 1024, 1024),
];

fn draws(stream: &mut Stream, count: usize) -> Vec<f32> {
    let mut draws = vec![0.0; count];
    stream.fill_normal(&mut draws, 0.01);
    draws
}

fn products(criterion: &mut Criterion) {
    let mut stream = Key::new(1, 0, Purpose::Weights).stream(0);
    for (rows, fan_in, fan_out) in SHAPES {
        let x = draws(&mut stream, rows * fan_in);
        let w = draws(&mut stream, fan_in * fan_out);
        let delta = draws(&mut stream, rows * fan_out);
        let mut group = criterion.benchmark_group(format!("{rows}x{fan_in}x{fan_out}"));
        group.throughput(Throughput::Elements((2 * rows * fan_in * fan_out) as u64));

        let batch = Batch::from_row_major(rows, fan_in, &x);
        let deltas = Batch::from_row_major(rows, fan_out, &delta);
        let mut weights = Weights::from_row_major(fan_in, fan_out, &w);
        let (mut out, bias) = (Batch::default(), vec![0.0; fan_out]);
        for set in Isa::supported().filter(|set| *set != Isa::Portable) {
            isa::force(set).expect("it is supported");
            group.bench_function(BenchmarkId::new("forward", set), |b| {
                b.iter(|| product::forward(&batch, &weights, &bias, &mut out));
            });
            group.bench_function(BenchmarkId::new("input gradient", set), |b| {
                b.iter(|| product::input_gradient(&deltas, &weights, &mut out));
            });
            group.bench_function(BenchmarkId::new("accumulate", set), |b| {
                b.iter(|| product::accumulate(&batch, &deltas, &mut weights));
            });
        }

        let x = Array2::from_shape_vec((rows, fan_in), x).expect("the shape fits");
        let w = Array2::from_shape_vec((fan_in, fan_out), w).expect("the shape fits");
        let delta = Array2::from_shape_vec((rows, fan_out), delta).expect("the shape fits");
        group.bench_function("forward/ndarray", |b| b.iter(|| x.dot(&w)));
        group.bench_function("input gradient/ndarray", |b| b.iter(|| delta.dot(&w.t())));
        group.bench_function("accumulate/ndarray", |b| b.iter(|| x.t().dot(&delta)));

        let mut out = Array2::zeros((rows, fan_out));
        group.bench_function("forward/gemm", |b| {
            b.iter(|| add_product(x.view(), w.view(), &mut out))
        });
        let mut out = Array2::zeros((rows, fan_in));
        group.bench_function("input gradient/gemm", |b| {
            b.iter(|| add_product(delta.view(), w.t(), &mut out));
        });
        let mut out = Array2::zeros((fan_in, fan_out));
        group.bench_function("accumulate/gemm", |b| {
            b.iter(|| add_product(x.t(), delta.view(), &mut out))
        });
        group.finish();
    }
}

/// `out += a b` by the crate `gemm-f32`.
fn add_product(a: ArrayView2<f32>, b: ArrayView2<f32>, out: &mut Array2<f32>) {
    let ((m, k), n) = (a.dim(), b.ncols());
    assert!(b.nrows() == k && out.dim() == (m, n), "the shapes fit");
    let strides = |s: &[isize]| (s[1], s[0]);
    let (out_cols, out_rows) = strides(out.strides());
    let ((a_cols, a_rows), (b_cols, b_rows)) = (strides(a.strides()), strides(b.strides()));
    // SAFETY: each pointer is that of an array of the shape and strides given with it.
    unsafe {
        gemm_f32::gemm::f32::get_gemm_fn()(
            m,
            n,
            k,
            out.as_mut_ptr(),
            out_cols,
            out_rows,
            true,
            a.as_ptr(),
            a_cols,
            a_rows,
            b.as_ptr(),
            b_cols,
            b_rows,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm_common::Parallelism::None,
        );
    }
}

/// The first layer on rows that are 19% dense, like MNIST's: operations counted as if dense.
fn sparse(criterion: &mut Criterion) {
    let (rows, fan_in, fan_out) = (32, 784, 256);
    let mut stream = Key::new(1, 0, Purpose::Weights).stream(1);
    let mut x = draws(&mut stream, 2000 * fan_in);
    for x in &mut x {
        if stream.below(100) >= 19 {
            *x = 0.0;
        }
    }
    let mut weights = Weights::from_row_major(fan_in, fan_out, &draws(&mut stream, fan_in * fan_out));
    let deltas = Batch::from_row_major(rows, fan_out, &draws(&mut stream, rows * fan_out));
    let (mut out, bias) = (Batch::default(), vec![0.0; fan_out]);
    let batches: Vec<SparseRows> = x
        .chunks_exact(rows * fan_in)
        .map(|x| SparseRows::from_rows(fan_in, x.chunks(fan_in)).expect("it is small"))
        .collect();
    let mut at = 0;
    let mut next = || {
        at = (at + 1) % batches.len();
        &batches[at]
    };
    let mut group = criterion.benchmark_group("sparse 32x784x256");
    group.throughput(Throughput::Elements((2 * rows * fan_in * fan_out) as u64));
    for set in Isa::supported().filter(|set| *set != Isa::Portable) {
        isa::force(set).expect("it is supported");
        group.bench_function(BenchmarkId::new("forward", set), |b| {
            b.iter(|| product::forward_sparse(next(), &weights, &bias, &mut out));
        });
        group.bench_function(BenchmarkId::new("accumulate", set), |b| {
            b.iter(|| product::accumulate_sparse(next(), &deltas, &mut weights));
        });
    }
    group.finish();
}

criterion_group!(benches, products, sparse);
criterion_main!(benches);

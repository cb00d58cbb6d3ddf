//! The three products of training, in floating-point operations per second (`Gelem/s` reads as
//! GFLOP/s), with ndarray's `dot` (matrixmultiply) and the crate `gemm-f32` on one thread beside them.
//!
//! ```sh
//! cargo bench --bench matmul                          # compare with the last run
//! cargo bench --bench matmul -- --save-baseline main  # keep a baseline
//! cargo bench --bench matmul -- --baseline main       # compare with it
//! ```
#![allow(unsafe_code)] // the interface of `gemm-f32`

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use goodinit::internal::product::{self, Gradient};
use goodinit::internal::{Isa, Key, SparseRows, isa};
use goodinit::{Batch, Purpose, Stream, Weights};
use ndarray::{Array2, ArrayView2};

mod common;

use common::Times;

/// Samples, inputs, units.
const SHAPES: [(usize, usize, usize); 6] = [
    (32, 784, 256),
    (32, 64, 64),
    (32, 1024, 1024),
    (128, 784, 256),
    (32, 256, 128),
    (16, 64, 32),
];

/// Those that are measured when not everything is.
const MAIN_SHAPES: usize = 3;

const PRODUCTS: [&str; 3] = ["forward", "input gradient", "weight gradient"];

/// A step of plain gradient descent.
const DESCEND: Gradient = Gradient::Descend { rate: 1e-6 };

fn shapes() -> &'static [(usize, usize, usize)] {
    match common::exhaustive() {
        true => &SHAPES,
        false => &SHAPES[..MAIN_SHAPES],
    }
}

fn draws(stream: &mut Stream, count: usize) -> Vec<f32> {
    let mut draws = vec![0.0; count];
    stream.fill_normal(&mut draws, 0.01);
    draws
}

fn products(criterion: &mut Criterion, times: &Times) {
    let mut stream = Key::new(1, 0, Purpose::Weights).stream(0);
    for &(rows, fan_in, fan_out) in shapes() {
        let x = draws(&mut stream, rows * fan_in);
        let w = draws(&mut stream, fan_in * fan_out);
        let delta = draws(&mut stream, rows * fan_out);
        let shape = format!("{rows}x{fan_in}x{fan_out}");
        let mut group = criterion.benchmark_group(&shape);
        group.throughput(Throughput::Elements((2 * rows * fan_in * fan_out) as u64));
        let mut measure = |product: &str, what: &str, work: &mut dyn FnMut()| {
            let name = format!("{shape}/{product}/{what}");
            group.bench_function(format!("{product}/{what}"), |b| {
                times.measure(b, &name, &mut *work)
            });
        };

        let batch = Batch::from_row_major(rows, fan_in, &x);
        let deltas = Batch::from_row_major(rows, fan_out, &delta);
        let mut weights = Weights::from_row_major(fan_in, fan_out, &w);
        let (mut out, bias) = (Batch::default(), vec![0.0; fan_out]);
        // Fused multiply-adds in software would take minutes here.
        for set in common::sets().into_iter().filter(|set| *set != Isa::Portable) {
            isa::force(set).expect("it is supported");
            let set = set.to_string();
            measure("forward", &set, &mut || {
                product::forward(&batch, &weights, &bias, &mut out)
            });
            measure("input gradient", &set, &mut || {
                product::input_gradient(&deltas, &weights, &mut out)
            });
            measure("weight gradient", &set, &mut || {
                product::weight_gradient(&batch, &deltas, DESCEND, &mut weights)
            });
        }

        let x = Array2::from_shape_vec((rows, fan_in), x).expect("the shape fits");
        let w = Array2::from_shape_vec((fan_in, fan_out), w).expect("the shape fits");
        let delta = Array2::from_shape_vec((rows, fan_out), delta).expect("the shape fits");
        for (product, a, b) in [
            ("forward", x.view(), w.view()),
            ("input gradient", delta.view(), w.t()),
            ("weight gradient", x.t(), delta.view()),
        ] {
            measure(product, "ndarray", &mut || {
                black_box(a.dot(&b));
            });
            let mut out = Array2::zeros((a.nrows(), b.ncols()));
            measure(product, "gemm", &mut || add_product(a, b, &mut out));
        }
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

const SPARSE: &str = "sparse 32x784x256";

/// The first layer on rows that are 19% dense, like MNIST's: operations counted as if dense.
fn sparse(criterion: &mut Criterion, times: &Times) {
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
    let mut group = criterion.benchmark_group(SPARSE);
    group.throughput(Throughput::Elements((2 * rows * fan_in * fan_out) as u64));
    for set in common::sets().into_iter().filter(|set| *set != Isa::Portable) {
        isa::force(set).expect("it is supported");
        let name = |product: &str| format!("{SPARSE}/{product}/{set}");
        group.bench_function(format!("forward/{set}"), |b| {
            times.measure(b, &name("forward"), || {
                product::forward_sparse(next(), &weights, &bias, &mut out)
            });
        });
        group.bench_function(format!("weight gradient/{set}"), |b| {
            times.measure(b, &name("weight gradient"), || {
                product::weight_gradient_sparse(next(), &deltas, DESCEND, &mut weights)
            });
        });
    }
    group.finish();
}

fn main() {
    let (mut criterion, times) = (common::criterion(), Times::default());
    products(&mut criterion, &times);
    sparse(&mut criterion, &times);
    criterion.final_summary();
    println!("\nProducts, one thread: share of the core's peak; how many times as long the peer takes:");
    for set in common::sets() {
        isa::force(set).expect("it is supported");
        let peak = common::peak();
        for &(rows, fan_in, fan_out) in shapes() {
            for product in PRODUCTS {
                let of = |what: &str| format!("{rows}x{fan_in}x{fan_out}/{product}/{what}");
                let name = of(&set.to_string());
                if let Some(time) = times.median(&name) {
                    let share = (2 * rows * fan_in * fan_out) as f64 / time / peak / 1e7;
                    let peers = [("ndarray", &*of("ndarray")), ("gemm", &*of("gemm"))];
                    println!("  {name:40} {share:3.0} %  {}", times.ratios(&name, &peers));
                }
            }
        }
        for product in ["forward", "weight gradient"] {
            let sparse = format!("{SPARSE}/{product}/{set}");
            let dense = [("dense", &*format!("32x784x256/{product}/{set}"))];
            let ratio = times.ratios(&sparse, &dense);
            if !ratio.is_empty() {
                println!("  {sparse:40}        {ratio}");
            }
        }
    }
}

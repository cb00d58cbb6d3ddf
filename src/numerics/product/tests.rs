//! Bits of every product, on every instruction set, against the loops that define them.

use super::*;
use crate::numerics::Isa;

/// A small generator of its own: tests here stand below `random`.
struct Lcg(u64);

impl Lcg {
    fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    fn below(&mut self, n: usize) -> usize {
        self.next() as usize % n
    }

    /// Mostly ordinary numbers of varied size, some exact zeros of both signs.
    fn value(&mut self, zeros: usize) -> f32 {
        if self.below(100) < zeros {
            return if self.below(4) == 0 { -0.0 } else { 0.0 };
        }
        let unit = self.next() as f32 / (1u32 << 31) as f32 - 0.5;
        unit * [1.0, 1e-3, 30.0, 1e-20][self.below(4)]
    }

    fn values(&mut self, n: usize, zeros: usize) -> Vec<f32> {
        (0..n).map(|_| self.value(zeros)).collect()
    }
}

/// The operands of all products of one layer.
struct Case {
    x: Batch,
    w: Weights,
    bias: Vec<f32>,
    delta: Batch,
    c: Weights,
}

impl Case {
    fn new(rows: usize, fan_in: usize, fan_out: usize, zeros: usize, lcg: &mut Lcg) -> Self {
        Case {
            x: Batch::from_row_major(rows, fan_in, &lcg.values(rows * fan_in, zeros)),
            w: Weights::from_row_major(fan_in, fan_out, &lcg.values(fan_in * fan_out, 1)),
            bias: lcg.values(fan_out, 1),
            delta: Batch::from_row_major(rows, fan_out, &lcg.values(rows * fan_out, 30)),
            c: Weights::from_row_major(fan_in, fan_out, &lcg.values(fan_in * fan_out, 1)),
        }
    }

    fn check(&self) {
        let (x, w, delta) = (&self.x, &self.w, &self.delta);
        let (rows, fan_in, fan_out) = (x.rows(), w.fan_in(), w.fan_out());
        let forward: Vec<f32> = (0..rows * fan_out)
            .map(|i| {
                let (b, j) = (i / fan_out, i % fan_out);
                (0..fan_in).fold(self.bias[j], |sum, k| x.row(b)[k].mul_add(w.get(k, j), sum)) + 0.0
            })
            .collect();
        let input_gradient: Vec<f32> = (0..rows * fan_in)
            .map(|i| {
                let (b, k) = (i / fan_in, i % fan_in);
                (0..fan_out).fold(0f32, |sum, j| delta.row(b)[j].mul_add(w.get(k, j), sum)) + 0.0
            })
            .collect();
        let gradients = [Gradient::Add, Gradient::Descend { rate: 0.3 }].map(|what| {
            let element = |i: usize| {
                let (k, j) = (i / fan_out, i % fan_out);
                let old = self.c.get(k, j);
                let chain = |start| (0..rows).fold(start, |sum, b| x.row(b)[k].mul_add(delta.row(b)[j], sum));
                match what {
                    Gradient::Add => chain(old) + 0.0,
                    Gradient::Descend { rate } => (-rate).mul_add(chain(0.0), old) + 0.0,
                }
            };
            let elements: Vec<f32> = (0..fan_in * fan_out).map(element).collect();
            (what, elements)
        });
        let shape = format!("{rows} x {fan_in} x {fan_out}");
        for isa in Isa::supported() {
            let mut out = Batch::zeros(3, 5);
            forward_on(isa, x, w, &self.bias, &mut out);
            same(&flat(&out), &forward, &format!("forward, {shape}, {isa}"));
            self.check_padding(&out);
            input_gradient_on(isa, delta, w, &mut out);
            same(
                &flat(&out),
                &input_gradient,
                &format!("input gradient, {shape}, {isa}"),
            );
            self.check_padding(&out);
            for (what, want) in &gradients {
                let mut c = self.c.clone();
                weight_gradient_on(isa, x, delta, *what, &mut c);
                same(&c.to_row_major(), want, &format!("{what:?}, {shape}, {isa}"));
            }
            self.check_sparse(isa, &shape, &forward, &gradients);
        }
    }

    fn is_finite(&self) -> bool {
        let all = self.w.storage().iter().chain(self.delta.storage());
        all.chain(self.x.storage())
            .chain(&self.bias)
            .all(|x| x.is_finite())
    }

    /// What lies between the rows of a result is +0.0 to the bit; NaN may stand there where the
    /// operands aren't finite.
    fn check_padding(&self, out: &Batch) {
        let between = |row: &[f32]| row[out.cols()..].iter().all(|x| x.to_bits() == 0);
        let rows = out.storage().chunks(out.stride().max(1));
        assert!(!self.is_finite() || rows.into_iter().all(between));
    }

    fn check_sparse(&self, isa: Isa, shape: &str, forward: &[f32], gradients: &[(Gradient, Vec<f32>)]) {
        if !self.is_finite() {
            return;
        }
        let sparse = SparseRows::from_rows(self.x.cols(), self.x.iter()).unwrap();
        let mut out = Batch::default();
        forward_sparse_on(isa, &sparse, &self.w, &self.bias, &mut out);
        same(&flat(&out), forward, &format!("sparse forward, {shape}, {isa}"));
        self.check_padding(&out);
        for (what, want) in gradients {
            let mut c = self.c.clone();
            weight_gradient_sparse_on(isa, &sparse, &self.delta, *what, &mut c);
            same(
                &c.to_row_major(),
                want,
                &format!("sparse {what:?}, {shape}, {isa}"),
            );
        }
    }
}

fn flat(batch: &Batch) -> Vec<f32> {
    batch.iter().flatten().copied().collect()
}

fn same(got: &[f32], want: &[f32], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (a, b)) in got.iter().zip(want).enumerate() {
        let same = a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        assert!(same, "{what}: element {i} is {a:e}, not {b:e}");
    }
}

#[test]
fn products_have_the_bits_of_their_definition_at_every_small_shape() {
    let mut lcg = Lcg(1);
    for n in [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65] {
        for m in [1, 3, 16, 18, 33, 64] {
            Case::new(n, m, 10, 20, &mut lcg).check();
            Case::new(5, n, m, 60, &mut lcg).check();
            Case::new(m, 4, n, 90, &mut lcg).check();
        }
    }
}

#[test]
fn products_have_the_bits_of_their_definition_at_random_shapes() {
    let mut lcg = Lcg(2);
    for i in 0..24 {
        let mut dimension = || 1 + if i % 4 == 0 { lcg.below(300) } else { lcg.below(60) };
        let (rows, fan_in, fan_out) = (dimension(), dimension(), dimension());
        Case::new(rows, fan_in, fan_out, [0, 50, 81][i % 3], &mut lcg).check();
    }
}

#[test]
fn products_of_real_layers_have_the_bits_of_their_definition() {
    let mut lcg = Lcg(3);
    Case::new(12, 784, 70, 81, &mut lcg).check();
    Case::new(16, 64, 32, 50, &mut lcg).check();
    Case::new(3, 300, 300, 50, &mut lcg).check();
    // More samples than the sparse kernel takes at once.
    Case::new(150, 270, 20, 81, &mut lcg).check();
}

#[test]
fn special_values_pass_through_products_as_through_their_definition() {
    let specials = [
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::MAX,
        f32::MIN,
        1e-45,
        -1e-42,
        f32::MIN_POSITIVE,
        -0.0,
    ];
    let mut lcg = Lcg(4);
    for special in specials {
        for _ in 0..6 {
            let mut case = Case::new(9, 21, 35, 20, &mut lcg);
            for _ in 0..5 {
                let (b, k, j) = (lcg.below(9), lcg.below(21), lcg.below(35));
                match lcg.below(5) {
                    0 => case.x.row_mut(b)[k] = special,
                    1 => case.w.set(k, j, special),
                    2 => case.bias[j] = special,
                    3 => case.delta.row_mut(b)[j] = special,
                    _ => case.c.set(k, j, special),
                }
            }
            case.check();
        }
    }
}

#[test]
fn products_that_underflow_to_minus_zero_end_as_plus_zero_on_every_path() {
    // The dense chain adds 0 to the tiny negative product that rounded to -0; the sparse one
    // doesn't.
    let mut case = Case::new(2, 3, 2, 0, &mut Lcg(5));
    for b in 0..2 {
        case.x.row_mut(b).copy_from_slice(&[-1e-30, 0.0, 0.0]);
        case.delta.row_mut(b).fill(1e-30);
    }
    case.w.fill(1e-30);
    case.c.fill(-0.0);
    case.bias.fill(-0.0);
    case.check();
}

#[test]
fn matrices_without_rows_inputs_or_units_are_no_special_case() {
    // The first leaves numbers in the buffers that the others must not see.
    for (rows, fan_in, fan_out) in [(3, 3, 3), (0, 3, 4), (3, 0, 4), (0, 0, 1), (2, 3, 0)] {
        Case::new(rows, fan_in, fan_out, 0, &mut Lcg(6)).check();
    }
}

#[test]
fn sparse_rows_know_their_density_and_limits() {
    let rows = [vec![0.0, 1.0, -0.0, 2.0], vec![0.0; 4]];
    let sparse = SparseRows::from_rows(4, rows.iter().map(|r| &r[..])).unwrap();
    assert_eq!((sparse.rows(), sparse.cols(), sparse.density()), (2, 4, 0.25));
    assert!(SparseRows::with_cols(65_537).is_none());
}

#[test]
fn gathered_rows_are_those_picked_in_that_order() {
    let mut draw = Lcg(5);
    // Several blocks of columns, rows of all lengths, and one without values.
    let rows: Vec<Vec<f32>> = (0..30)
        .map(|i| (0..300).map(|_| draw.value(100 - 3 * i)).collect())
        .collect();
    let all = SparseRows::from_rows(300, rows.iter().map(|r| &r[..])).unwrap();
    let mut gathered = SparseRows::default();
    for picked in [&[29, 3, 3, 0, 17][..], &[], &[5], &[28, 27, 26, 25, 24, 23]] {
        gathered.gather(&all, picked);
        let want = picked.iter().map(|&row| &rows[row as usize][..]);
        let want = SparseRows::from_rows(300, want).unwrap();
        assert!(gathered == want, "{picked:?}");
    }
}

#[test]
#[should_panic(expected = "row 2 of 2")]
fn a_sparse_row_that_is_not_there_is_found_out() {
    let rows = SparseRows::from_rows(1, [[1.0f32]; 2].iter().map(|r| &r[..])).unwrap();
    SparseRows::default().gather(&rows, &[0, 2]);
}

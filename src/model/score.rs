//! Loss, accuracy, and the gradient that starts the backward pass.

use super::Loss;
use super::elementwise::kernels;
use crate::data::Targets;
use crate::numerics::{Batch, Elementwise, Lane, apply, apply_batch};

/// What accumulates over samples: the losses, in sample order in f64, and the samples whose
/// largest output is their class.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    pub loss_sum: f64,
    pub correct: u32,
}

/// Buffers of the loss.
#[derive(Debug, Default)]
pub(super) struct Scores {
    /// `exp(z - max)`, `samples x outputs` (cross-entropy).
    exponentials: Batch,
    /// Their sum per sample, in ascending order, and then its logarithm.
    sums: Vec<f32>,
    logs: Vec<f32>,
    /// `z_class - max` per sample.
    targets: Vec<f32>,
}

/// Adds the scores of `outputs` (row i belongs to sample `rows[i]`) to `tally`: cross-entropy as
/// `ln(sum_j exp(z_j - max)) - (z_class - max)`, mean squared error with errors squared and summed
/// fused in ascending order.
///
/// A sample counts as correct if its class has the largest output, and no class before it the
/// same; NaN is never largest.
pub(super) fn score(
    loss: Loss,
    outputs: &Batch,
    targets: &Targets,
    rows: &[u32],
    scores: &mut Scores,
    tally: &mut Tally,
) {
    if loss == Loss::CrossEntropy {
        exponentiate(outputs, targets, rows, scores);
    }
    add(loss, outputs, targets, rows, scores, tally);
}

kernels! {
    /// The second half of [`score`].
    fn add(loss: Loss, outputs: &'k Batch, targets: &'k Targets, rows: &'k [u32], scores: &'k Scores, tally: &'k mut Tally) -> () {
        for (i, &row) in rows.iter().enumerate() {
            let (z, target) = (outputs.row(i), Target::of(targets, row));
            tally.correct += u32::from(target.is_largest(z));
            tally.loss_sum += f64::from(match loss {
                Loss::CrossEntropy => scores.logs[i] - scores.targets[i],
                Loss::MeanSquared => target.squared_error(z) / z.len() as f32,
            });
        }
    }

    /// `scale` times the gradient of the loss sum with respect to `outputs`, which [`score`] has just
    /// seen: `(exp(z - max) / sum - t) * scale`, or `(z - t) * (2 scale / outputs)`.
    fn differentiate(
        loss: Loss, outputs: &'k Batch, targets: &'k Targets, rows: &'k [u32], scale: f32, scores: &'k Scores,
        delta: &'k mut Batch,
    ) -> () {
        delta.resize(outputs.rows(), outputs.cols());
        let factor = 2.0 * scale / outputs.cols() as f32;
        for (i, &row) in rows.iter().enumerate() {
            let (d, z, target) = (delta.row_mut(i), outputs.row(i), Target::of(targets, row));
            match loss {
                Loss::CrossEntropy => {
                    let (e, sum) = (scores.exponentials.row(i), scores.sums[i]);
                    target.errors(d, e, |e, t| (e / sum - t) * scale);
                }
                Loss::MeanSquared => target.errors(d, z, |z, t| (z - t) * factor),
            }
        }
    }
}

/// The target of one sample.
#[derive(Clone, Copy)]
enum Target<'a> {
    Class(usize),
    Values(&'a [f64]),
}

impl<'a> Target<'a> {
    #[inline(always)]
    fn of(targets: &'a Targets, row: u32) -> Self {
        match targets {
            Targets::Classes { labels, .. } => Target::Class(usize::from(labels[row as usize])),
            Targets::Values { values, outputs } => {
                Target::Values(&values[row as usize * outputs..][..*outputs])
            }
        }
    }

    /// Component `j` of the target vector.
    #[inline(always)]
    fn at(&self, j: usize) -> f32 {
        match self {
            Target::Class(class) => f32::from(u8::from(j == *class)),
            Target::Values(values) => values[j] as f32,
        }
    }

    /// `f` of each element of `x` and of the target, into `out`.
    #[inline(always)]
    fn errors(&self, out: &mut [f32], x: &[f32], f: impl Fn(f32, f32) -> f32) {
        match self {
            Target::Class(class) => {
                for (out, &x) in out.iter_mut().zip(x) {
                    *out = f(x, 0.0);
                }
                out[*class] = f(x[*class], 1.0);
            }
            Target::Values(t) => {
                for ((out, &x), &t) in out.iter_mut().zip(x).zip(*t) {
                    *out = f(x, t as f32);
                }
            }
        }
    }

    #[inline(always)]
    fn is_largest(&self, z: &[f32]) -> bool {
        match self {
            Target::Class(class) => {
                let top = z[*class];
                // Without branches, so that it runs in lanes. Comparisons with NaN are false.
                let earlier = z[..*class].iter().fold(false, |beaten, &x| beaten | (x >= top));
                let later = z[*class..].iter().fold(false, |beaten, &x| beaten | (x > top));
                !(earlier | later | top.is_nan())
            }
            Target::Values(_) => false,
        }
    }

    #[inline(always)]
    fn squared_error(&self, z: &[f32]) -> f32 {
        z.iter().enumerate().fold(0.0, |sum, (j, &z)| {
            let error = z - self.at(j);
            error.mul_add(error, sum)
        })
    }
}

/// Fills `scores` for cross-entropy. Real-valued targets count as probabilities.
fn exponentiate(outputs: &Batch, targets: &Targets, rows: &[u32], scores: &mut Scores) {
    scores.exponentials.resize(outputs.rows(), outputs.cols());
    for per_sample in [&mut scores.sums, &mut scores.logs, &mut scores.targets] {
        per_sample.resize(outputs.rows(), 0.0);
    }
    subtract_largest(outputs, targets, rows, scores);
    apply_batch(&Exp, [], [&mut scores.exponentials]);
    sum_rows(&scores.exponentials, &mut scores.sums);
    scores.logs.copy_from_slice(&scores.sums);
    apply(&Ln, [], [&mut scores.logs]);
}

kernels! {
    /// Each row minus its largest element, and the target's among the differences.
    fn subtract_largest(outputs: &'k Batch, targets: &'k Targets, rows: &'k [u32], scores: &'k mut Scores) -> () {
        for (i, &row) in rows.iter().enumerate() {
            let (z, shifted) = (outputs.row(i), scores.exponentials.row_mut(i));
            let max = z.iter().fold(f32::NEG_INFINITY, |m, &x| if x > m { x } else { m });
            for (s, &z) in shifted.iter_mut().zip(z) {
                *s = z - max;
            }
            scores.targets[i] = match Target::of(targets, row) {
                Target::Class(class) => shifted[class],
                Target::Values(t) => {
                    t.iter().zip(&*shifted).fold(0.0, |sum, (&t, &s)| (t as f32).mul_add(s, sum))
                }
            };
        }
    }
}

kernels! {
    /// The sum of each row, in ascending order.
    fn sum_rows(exponentials: &'k Batch, sums: &'k mut [f32]) -> () {
        for (e, sum) in exponentials.iter().zip(sums) {
            *sum = e.iter().fold(0.0, |sum, e| sum + e);
        }
    }
}

struct Exp;

impl Elementwise<0, 1> for Exp {
    #[inline(always)]
    fn apply<L: Lane>(&self, _: [L; 0], [x]: [L; 1]) -> [L; 1] {
        [x.exp()]
    }
}

struct Ln;

impl Elementwise<0, 1> for Ln {
    #[inline(always)]
    fn apply<L: Lane>(&self, _: [L; 0], [x]: [L; 1]) -> [L; 1] {
        [x.ln()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(loss: Loss, z: &[f32], targets: &Targets) -> (Tally, Vec<f32>) {
        let outputs = Batch::from_row_major(1, z.len(), z);
        let (mut scores, mut tally, mut delta) = (Scores::default(), Tally::default(), Batch::default());
        score(loss, &outputs, targets, &[0], &mut scores, &mut tally);
        differentiate(loss, &outputs, targets, &[0], 1.0, &scores, &mut delta);
        (tally, delta.row(0).to_vec())
    }

    fn class(label: u16, classes: usize) -> Targets {
        Targets::Classes {
            labels: vec![label],
            classes,
        }
    }

    #[test]
    fn equal_outputs_lose_ln_k_and_the_first_class_wins() {
        for label in [0, 3] {
            let (tally, delta) = one(Loss::CrossEntropy, &[0.0; 10], &class(label, 10));
            assert!((tally.loss_sum - libm::log(10.0)).abs() < 3e-7);
            assert_eq!(tally.correct, u32::from(label == 0));
            for (j, d) in delta.iter().enumerate() {
                assert_eq!(*d, if j == usize::from(label) { -0.9 } else { 0.1 });
            }
        }
    }

    #[test]
    fn huge_outputs_neither_overflow_nor_hide_divergence() {
        let (tally, delta) = one(Loss::CrossEntropy, &[1e30, -1e30, 3.0], &class(1, 3));
        assert_eq!((tally.loss_sum, tally.correct), (2e30f32.into(), 0));
        assert_eq!(delta, [1.0, -1.0, 0.0]);
        for bad in [f32::NAN, f32::INFINITY] {
            let (tally, _) = one(Loss::CrossEntropy, &[bad, 1.0], &class(0, 2));
            assert!(!tally.loss_sum.is_finite());
            let (tally, _) = one(Loss::MeanSquared, &[bad, 1.0], &class(0, 2));
            assert!(!tally.loss_sum.is_finite());
        }
        assert_eq!(one(Loss::CrossEntropy, &[f32::NAN; 2], &class(0, 2)).0.correct, 0);
    }

    #[test]
    fn squared_error_is_a_mean_over_outputs() {
        let targets = Targets::Values {
            values: vec![1.0, -2.0],
            outputs: 2,
        };
        let (tally, delta) = one(Loss::MeanSquared, &[2.0, 1.0], &targets);
        assert_eq!(tally.loss_sum, 5.0);
        assert_eq!(delta, [1.0, 3.0]);
        let (tally, delta) = one(Loss::MeanSquared, &[0.5, 0.5], &class(1, 2));
        assert_eq!((tally.loss_sum, tally.correct), (0.25, 0));
        assert_eq!(delta, [0.5, -0.5]);
    }
}

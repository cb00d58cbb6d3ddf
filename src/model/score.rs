//! Loss, accuracy, and the gradient that starts the backward pass.

use super::Loss;
use super::elementwise::{WIDEST, kernels};
use crate::data::Targets;
use crate::numerics::lane::Mask as _;
use crate::numerics::{Batch, Lane};

/// What a pass over samples adds up: the losses, in sample order in f64, and the samples whose largest output is
/// their class.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    pub loss_sum: f64,
    pub correct: u32,
}

/// Buffers of the loss: outputs, then their gradient, and targets, of as many samples as a lane holds, side by side.
#[derive(Debug, Default)]
pub(super) struct Scores {
    outputs: Batch,
    targets: Batch,
}

/// Where the gradient of the loss sum with respect to the outputs goes, and what it is multiplied by.
#[derive(Debug)]
pub(super) struct OutputGradient<'a> {
    pub scale: f32,
    pub delta: &'a mut Batch,
}

kernels! {
    /// Adds the scores of `outputs` (row i belongs to sample `rows[i]`) to `tally`, and writes `gradient`.
    ///
    /// Cross-entropy is `ln(sum_j exp(z_j - max)) - (z_class - max)`, its gradient `(exp(z - max) / sum - t) * scale`;
    /// real-valued targets count as probabilities. Mean squared error has errors squared and summed fused, its gradient is
    /// `(z - t) * (2 scale / outputs)`. All sums over outputs are in ascending order, for samples side by side.
    ///
    /// A sample counts as correct if its class has the largest output, and no class before it the same; NaN is never
    /// largest.
    fn score(
        loss: Loss, outputs: &'k Batch, targets: &'k Targets, rows: &'k [u32], scores: &'k mut Scores,
        gradient: Option<OutputGradient<'k>>, tally: &'k mut Tally,
    ) -> () {
        assert_eq!(outputs.rows(), rows.len(), "a row of outputs for each sample");
        let mut gradient = gradient;
        if let Some(gradient) = &mut gradient {
            gradient.delta.resize(outputs.rows(), outputs.cols());
        }
        for (number, rows) in rows.chunks(L::WIDTH).enumerate() {
            let first = number * L::WIDTH;
            outputs.transpose_rows::<L>(first, &mut scores.outputs);
            let z = &mut scores.outputs;
            let count = outputs.cols();
            let target = Target::<L>::of(targets, rows, count, &mut scores.targets);
            let correct = target.is_largest(z, count);
            let losses = match loss {
                Loss::CrossEntropy => {
                    let max = (0..count).fold(L::splat(f32::NEG_INFINITY), |max, j| L::read(z.row(j)).max(max));
                    let (mut sum, mut own) = (L::zero(), L::zero());
                    for j in 0..count {
                        let shifted = L::read(z.row(j)) - max;
                        own = target.add_product(j, shifted, own);
                        let exponential = shifted.exp();
                        sum = sum + exponential;
                        exponential.write(z.row_mut(j));
                    }
                    if let Some(gradient) = &gradient {
                        for j in 0..count {
                            let error = L::read(z.row(j)) / sum - target.at(j);
                            (error * L::splat(gradient.scale)).write(z.row_mut(j));
                        }
                    }
                    sum.ln() - own
                }
                Loss::MeanSquared => {
                    let factor = gradient.as_ref().map_or(0.0, |g| 2.0 * g.scale / count as f32);
                    let mut sum = L::zero();
                    for j in 0..count {
                        let error = L::read(z.row(j)) - target.at(j);
                        sum = error.mul_add(error, sum);
                        (error * L::splat(factor)).write(z.row_mut(j));
                    }
                    sum / L::splat(count as f32)
                }
            };
            if let Some(gradient) = &mut gradient {
                gradient.delta.set_transposed_rows::<L>(first, z);
            }
            let (mut loss, mut hit) = ([0.0; WIDEST], [0.0; WIDEST]);
            losses.write(&mut loss);
            L::splat(1.0).masked(correct).write(&mut hit);
            for i in 0..rows.len() {
                tally.loss_sum += f64::from(loss[i]);
                tally.correct += hit[i] as u32;
            }
        }
    }
}

/// The targets of samples side by side.
enum Target<'a, L: Lane> {
    /// Classes as numbers; exact, since there are fewer than 2^24.
    Classes(L),
    /// Component j of each in row j.
    Values(&'a Batch),
}

impl<'a, L: Lane> Target<'a, L> {
    #[inline(always)]
    fn of(targets: &Targets, rows: &[u32], count: usize, buffer: &'a mut Batch) -> Self {
        match targets {
            Targets::Classes { labels, .. } => {
                let mut classes = [0.0; WIDEST];
                for (class, &row) in classes.iter_mut().zip(rows) {
                    let label = labels[row as usize];
                    assert!(usize::from(label) < count, "an output for each class");
                    *class = f32::from(label);
                }
                Target::Classes(L::read(&classes))
            }
            Targets::Values { values, outputs } => {
                buffer.resize(*outputs, L::WIDTH);
                for (i, &row) in rows.iter().enumerate() {
                    for (j, t) in values[row as usize * outputs..][..*outputs].iter().enumerate() {
                        buffer.row_mut(j)[i] = *t as f32;
                    }
                }
                Target::Values(buffer)
            }
        }
    }

    /// Component `j`.
    #[inline(always)]
    fn at(&self, j: usize) -> L {
        match self {
            Target::Classes(class) => L::splat(1.0).masked(class.eq(L::splat(j as f32))),
            Target::Values(values) => L::read(values.row(j)),
        }
    }

    /// `sum` and component `j` times `x`.
    #[inline(always)]
    fn add_product(&self, j: usize, x: L, sum: L) -> L {
        match self {
            // The one product that is not 0: so that infinities elsewhere do not matter.
            Target::Classes(class) => L::select(class.eq(L::splat(j as f32)), x, sum),
            Target::Values(values) => L::read(values.row(j)).mul_add(x, sum),
        }
    }

    /// Whether the class has the largest of `count` outputs in `z`. False for real-valued targets.
    #[inline(always)]
    fn is_largest(&self, z: &Batch, count: usize) -> L::Mask {
        let Target::Classes(class) = self else {
            return L::zero().lt(L::zero());
        };
        let top = (0..count).fold(L::zero(), |top, j| self.add_product(j, L::read(z.row(j)), top));
        (0..count).fold(top.eq(top), |largest, j| {
            let (x, j) = (L::read(z.row(j)), L::splat(j as f32));
            let earlier = j.lt(*class).and(top.le(x));
            let later = class.lt(j).and(top.lt(x));
            largest.and(earlier.or(later).not())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::{Isa, isa};

    fn one(loss: Loss, z: &[f32], targets: &Targets) -> (Tally, Vec<f32>) {
        let outputs = Batch::from_row_major(1, z.len(), z);
        let (mut scores, mut tally, mut delta) = (Scores::default(), Tally::default(), Batch::default());
        let gradient = OutputGradient {
            scale: 1.0,
            delta: &mut delta,
        };
        score(
            loss,
            &outputs,
            targets,
            &[0],
            &mut scores,
            Some(gradient),
            &mut tally,
        );
        (tally, delta.row(0).to_vec())
    }

    fn class(label: u16, classes: usize) -> Targets {
        Targets::Classes {
            labels: vec![label],
            classes,
        }
    }

    /// Samples side by side have the bits that each has alone, whatever the instruction set.
    #[test]
    fn samples_do_not_touch_each_other() {
        let in_use = isa::isa();
        let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        for (samples, outputs) in [(1, 1), (4, 10), (15, 16), (16, 17), (17, 3), (33, 40), (20, 256)] {
            let noise = |i: usize| ((i * 7919 + 13) % 1009) as f32 / 97.0 - 5.0;
            let z: Vec<f32> = (0..samples * outputs).map(noise).collect();
            let labels = (0..samples).map(|i| (i * 31 % outputs) as u16).collect();
            let values = (0..samples * outputs).map(|i| f64::from(noise(i + 5))).collect();
            let classes = Targets::Classes {
                labels,
                classes: outputs,
            };
            for targets in [classes, Targets::Values { values, outputs }] {
                for (loss, set) in [Loss::CrossEntropy, Loss::MeanSquared]
                    .into_iter()
                    .flat_map(|loss| Isa::supported().map(move |set| (loss, set)))
                {
                    isa::force(set).unwrap();
                    let batch = Batch::from_row_major(samples, outputs, &z);
                    let rows: Vec<u32> = (0..samples as u32).collect();
                    let (mut scores, mut tally, mut delta) =
                        (Scores::default(), Tally::default(), Batch::zeros(40, 300));
                    let gradient = OutputGradient {
                        scale: 0.25,
                        delta: &mut delta,
                    };
                    score(
                        loss,
                        &batch,
                        &targets,
                        &rows,
                        &mut scores,
                        Some(gradient),
                        &mut tally,
                    );
                    let mut alone = Tally::default();
                    for &row in &rows {
                        let one = Batch::from_row_major(1, outputs, batch.row(row as usize));
                        let mut own = Batch::default();
                        let gradient = OutputGradient {
                            scale: 0.25,
                            delta: &mut own,
                        };
                        score(
                            loss,
                            &one,
                            &targets,
                            &[row],
                            &mut scores,
                            Some(gradient),
                            &mut alone,
                        );
                        assert_eq!(
                            bits(delta.row(row as usize)),
                            bits(own.row(0)),
                            "{set} {loss:?} {samples} {outputs}"
                        );
                    }
                    assert_eq!(tally, alone, "{set} {loss:?} {samples} {outputs}");
                    let padding = delta
                        .storage()
                        .chunks(delta.stride())
                        .flat_map(|row| &row[outputs..]);
                    assert!(padding.into_iter().all(|x| x.to_bits() == 0));
                }
            }
        }
        isa::force(in_use).unwrap();
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

//! Loss, accuracy, and the gradient that starts the backward pass.

use super::Loss;
use crate::data::Targets;
use crate::numerics::Batch;

/// What accumulates over samples: the losses, in sample order in f64, and the samples whose
/// largest output is their class.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    pub loss_sum: f64,
    pub correct: u32,
}

/// Adds the scores of `outputs` (row i belongs to sample `rows[i]`) to `tally`.
pub(super) fn score(loss: Loss, outputs: &Batch, targets: &Targets, rows: &[u32], tally: &mut Tally) {
    for (i, &row) in rows.iter().enumerate() {
        let z = outputs.row(i);
        let target = Target::of(targets, row);
        tally.correct += u32::from(target.is_largest(z));
        tally.loss_sum += f64::from(match loss {
            Loss::CrossEntropy => Softmax::of(z).loss(z, &target),
            Loss::MeanSquared => squared(z, &target),
        });
    }
}

/// Scores `outputs` and turns them into `scale` times the gradient of the loss sum with respect
/// to them: `(softmax(z) - t) * scale`, or `(z - t) * (2 scale / outputs)`.
pub(super) fn score_and_differentiate(
    loss: Loss,
    outputs: &Batch,
    targets: &Targets,
    rows: &[u32],
    scale: f32,
    delta: &mut Batch,
) -> Tally {
    let mut tally = Tally::default();
    delta.resize(outputs.rows(), outputs.cols());
    for (i, &row) in rows.iter().enumerate() {
        let (z, d) = (outputs.row(i), delta.row_mut(i));
        let target = Target::of(targets, row);
        tally.correct += u32::from(target.is_largest(z));
        let loss = match loss {
            Loss::CrossEntropy => {
                let softmax = Softmax::of(z);
                for (j, (d, &z)) in d.iter_mut().zip(z).enumerate() {
                    *d = (exp(z - softmax.max) / softmax.sum - target.at(j)) * scale;
                }
                softmax.loss(z, &target)
            }
            Loss::MeanSquared => {
                let factor = 2.0 * scale / z.len() as f32;
                for (j, (d, &z)) in d.iter_mut().zip(z).enumerate() {
                    *d = (z - target.at(j)) * factor;
                }
                squared(z, &target)
            }
        };
        tally.loss_sum += f64::from(loss);
    }
    tally
}

/// The target of one sample.
enum Target<'a> {
    Class(usize),
    Values(&'a [f32]),
}

impl<'a> Target<'a> {
    fn of(targets: &'a Targets, row: u32) -> Self {
        match targets {
            Targets::Classes { labels, .. } => Target::Class(usize::from(labels[row as usize])),
            Targets::Values { values, outputs } => {
                Target::Values(&values[row as usize * outputs..][..*outputs])
            }
        }
    }

    /// Component `j` of the target vector.
    fn at(&self, j: usize) -> f32 {
        match self {
            Target::Class(class) => f32::from(u8::from(j == *class)),
            Target::Values(values) => values[j],
        }
    }

    /// Whether the target is a class and `z` is largest there (first of equals).
    fn is_largest(&self, z: &[f32]) -> bool {
        match self {
            Target::Class(class) => {
                let mut best = 0;
                for (j, x) in z.iter().enumerate() {
                    if *x > z[best] {
                        best = j;
                    }
                }
                best == *class
            }
            Target::Values(_) => false,
        }
    }
}

/// The largest output, and the sum of `exp(z - max)` in ascending order.
struct Softmax {
    max: f32,
    sum: f32,
}

impl Softmax {
    fn of(z: &[f32]) -> Self {
        let max = z
            .iter()
            .fold(f32::NEG_INFINITY, |m, &x| if x > m { x } else { m });
        let sum = z.iter().fold(0.0, |sum, &x| sum + exp(x - max));
        Softmax { max, sum }
    }

    /// `ln(sum) + max - z_class`. Real-valued targets count as probabilities.
    fn loss(&self, z: &[f32], target: &Target) -> f32 {
        let log_sum = ln(self.sum);
        match target {
            Target::Class(class) => log_sum - (z[*class] - self.max),
            Target::Values(values) => values
                .iter()
                .zip(z)
                .fold(0.0, |sum, (&t, &z)| sum + t * (log_sum - (z - self.max))),
        }
    }
}

/// Mean over the outputs of the squared error, summed in ascending order.
fn squared(z: &[f32], target: &Target) -> f32 {
    let sum = z.iter().enumerate().fold(0.0, |sum, (j, &z)| {
        let error = z - target.at(j);
        error.mul_add(error, sum)
    });
    sum / z.len() as f32
}

fn exp(x: f32) -> f32 {
    libm::exp(f64::from(x)) as f32
}

fn ln(x: f32) -> f32 {
    libm::log(f64::from(x)) as f32
}

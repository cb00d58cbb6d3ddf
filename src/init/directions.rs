//! Weights that a layer's inputs suggest: their principal components, or the centroids of their clusters.
//!
//! Kraehenbuehl, Doersch, Donahue and Darrell 2016, arXiv 1511.06856, section 3.3: the first principal components of the inputs,
//! so that outputs are white; or spherical k-means of the whitened inputs as Coates and Ng have it (2012, Learning feature
//! representations with k-means, section 2), a centroid for each unit. What that leaves open as in the authors' program
//! magic_init:
//!
//! - with covariance `V diag(lambda) V^T`, `white(x) = diag(lambda)^(-1/2) V^T (x - mean)`. Components whose deviation is
//!   below `max(samples, inputs) 2^-23` of the first one's are rounding, and left out (the program compares
//!   with a number of its own);
//! - component `j` is the unit of weights `v_j / sqrt(lambda_j)`, largest `lambda` first;
//! - for k-means each white sample is divided by its length. Centroids `c` begin as normal draws of length 1. Ten times: a sample `y`
//!   belongs to the centroid with the largest `|c y|`, the first of equals; each centroid becomes the sum of itself and of
//!   `(c y) y` over its samples, divided by its length. A centroid without samples stays. The unit's weights are
//!   `V diag(lambda)^(-1/2) c`;
//! - with fewer samples than units there are no weights. There are no more components than inputs, but as many
//!   centroids as units.

use crate::numerics::Batch;
use crate::numerics::linalg::{add, dot};
use crate::numerics::spectrum::Matrix;
use crate::random::Stream;

/// How weights are made of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Directions {
    Components,
    Centroids,
}

/// Rounds of k-means.
const ROUNDS: usize = 10;

impl Directions {
    /// That of this name in an experiment file.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "pca" => Some(Directions::Components),
            "kmeans" => Some(Directions::Centroids),
            _ => None,
        }
    }

    /// Weights for up to `units` units that `inputs` feed, a list for each: `units` of them, or as many as there are.
    pub fn weights(self, inputs: &Batch, units: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
        if inputs.rows() < units {
            return Vec::new();
        }
        let white = Whitening::of(inputs);
        match self {
            Directions::Components => white.axes.into_iter().take(units).collect(),
            Directions::Centroids if white.axes.is_empty() => Vec::new(),
            Directions::Centroids => {
                let samples: Vec<Vec<f64>> = (0..inputs.rows())
                    .map(|row| white.sample(inputs.row(row)))
                    .collect();
                let centroids = centroids(&samples, units, white.axes.len(), stream);
                centroids.iter().map(|c| white.unit(c)).collect()
            }
        }
    }
}

/// What makes inputs white.
struct Whitening {
    mean: Vec<f64>,
    /// `v_j / sqrt(lambda_j)`.
    axes: Vec<Vec<f64>>,
}

impl Whitening {
    fn of(inputs: &Batch) -> Self {
        let (rows, cols) = (inputs.rows(), inputs.cols());
        let column = |j: usize| (0..rows).map(move |i| f64::from(inputs.row(i)[j]));
        let mean: Vec<f64> = (0..cols).map(|j| column(j).sum::<f64>() / rows as f64).collect();
        let centred: Vec<Vec<f64>> = (0..cols)
            .map(|j| column(j).map(|x| x - mean[j]).collect())
            .collect();
        let covariance = Matrix::new(cols, cols, |a, b| dot(&centred[a], &centred[b]) / rows as f64);
        let mut axes = covariance.eigenvectors();
        let rounding = rows.max(cols) as f64 * f64::from(f32::EPSILON);
        let least = axes
            .first()
            .map_or(0.0, |(largest, _)| rounding * rounding * largest);
        axes.retain(|(lambda, _)| *lambda > least);
        let axis = |(lambda, v): (f64, Vec<f64>)| {
            let deviation = lambda.sqrt();
            v.into_iter().map(|x| x / deviation).collect()
        };
        let axes = axes.into_iter().map(axis).collect();
        Whitening { mean, axes }
    }

    /// `x` made white, of length 1 unless it is 0.
    fn sample(&self, x: &[f32]) -> Vec<f64> {
        let x: Vec<f64> = x
            .iter()
            .zip(&self.mean)
            .map(|(x, mean)| f64::from(*x) - mean)
            .collect();
        let mut white: Vec<f64> = self.axes.iter().map(|axis| dot(axis, &x)).collect();
        normalize(&mut white);
        white
    }

    /// The weights whose product with an input is that of `c` with the white input, but for a constant.
    fn unit(&self, c: &[f64]) -> Vec<f64> {
        let mut weights = vec![0.0; self.mean.len()];
        for (axis, c) in self.axes.iter().zip(c) {
            add(&mut weights, *c, axis);
        }
        weights
    }
}

/// Spherical k-means: `count` centroids of `samples`, which have `size` elements each.
fn centroids(samples: &[Vec<f64>], count: usize, size: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
    let mut draws = vec![0.0; count * size];
    stream.fill_normal(&mut draws, 1.0);
    let mut centroids: Vec<Vec<f64>> = draws
        .chunks_exact(size)
        .map(|c| c.iter().map(|x| f64::from(*x)).collect())
        .collect();
    centroids.iter_mut().for_each(|c| normalize(c));
    for _ in 0..ROUNDS {
        let mut moved = centroids.clone();
        for y in samples {
            let mut nearest = (0, 0.0f64);
            for (j, c) in centroids.iter().enumerate() {
                let inner = dot(c, y);
                if inner.abs() > nearest.1.abs() {
                    nearest = (j, inner);
                }
            }
            add(&mut moved[nearest.0], nearest.1, y);
        }
        moved.iter_mut().for_each(|c| normalize(c));
        centroids = moved;
    }
    centroids
}

/// Divides `x` by its length, unless it is 0.
fn normalize(x: &mut [f64]) {
    let length = dot(x, x).sqrt();
    if length > 0.0 {
        x.iter_mut().for_each(|x| *x /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Key, Purpose};

    fn stream(number: u64) -> Stream {
        Key::new(4, 0, Purpose::Weights).stream(number)
    }

    /// Samples in a plane of a space of 5 dimensions, off its origin, and as far from round as `stretch`.
    fn plane(rows: usize, stretch: f32) -> Batch {
        let mut batch = Batch::zeros(rows, 5);
        let mut draws = vec![0.0; 2 * rows];
        stream(1).fill_normal(&mut draws, 1.0);
        for (row, pair) in draws.chunks_exact(2).enumerate() {
            let (a, b) = (stretch * pair[0], pair[1]);
            batch
                .row_mut(row)
                .copy_from_slice(&[a + b + 3.0, a - b, 0.5 * a - 7.0, 2.0, b]);
        }
        batch
    }

    fn outputs(inputs: &Batch, weights: &[f64]) -> Vec<f64> {
        let output = |row: usize| {
            inputs
                .row(row)
                .iter()
                .zip(weights)
                .map(|(x, w)| f64::from(*x) * w)
                .sum()
        };
        (0..inputs.rows()).map(output).collect()
    }

    fn covariance(a: &[f64], b: &[f64]) -> f64 {
        let n = a.len() as f64;
        let mean = |x: &[f64]| x.iter().sum::<f64>() / n;
        let (ma, mb) = (mean(a), mean(b));
        a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum::<f64>() / n
    }

    /// As many components as the inputs have dimensions, whatever the number of units; their outputs are white, and the first
    /// has the direction of the largest variance.
    #[test]
    fn components_make_outputs_white() {
        for (rows, units) in [(400, 5), (400, 2), (400, 1), (6, 5)] {
            let inputs = plane(rows, 20.0);
            let weights = Directions::Components.weights(&inputs, units, &mut stream(2));
            assert_eq!(weights.len(), units.min(2));
            let outputs: Vec<Vec<f64>> = weights.iter().map(|w| outputs(&inputs, w)).collect();
            for (i, a) in outputs.iter().enumerate() {
                for (j, b) in outputs.iter().enumerate() {
                    let expected = if i == j { 1.0 } else { 0.0 };
                    assert!((covariance(a, b) - expected).abs() < 1e-9, "{i} {j}");
                }
            }
            let first = &weights[0];
            let ratio = [first[0], first[1], 2.0 * first[2]].map(|w| w / first[0]);
            assert!(ratio.iter().all(|r| (r - 1.0).abs() < 0.1), "{first:?}");
        }
        assert!(
            Directions::Components
                .weights(&plane(4, 1.0), 5, &mut stream(2))
                .is_empty()
        );
        let same = Batch::zeros(9, 5);
        assert!(
            Directions::Components
                .weights(&same, 3, &mut stream(2))
                .is_empty()
        );
        assert!(Directions::Centroids.weights(&same, 3, &mut stream(2)).is_empty());
    }

    /// In a plane, samples on three lines through the middle, which whitening moves to other angles: each line gets a centroid,
    /// and more centroids than dimensions are no harm.
    #[test]
    fn centroids_find_the_lines_that_samples_lie_on() {
        let lines = [[3.0f32, 0.2], [-0.5, 1.0], [1.0, 1.0]];
        let mut inputs = Batch::zeros(300, 2);
        for row in 0..300 {
            // Symmetric, so that the mean is 0.
            let size = (1.0 + (row / 6) as f32 / 50.0) * if row % 2 == 0 { 1.0 } else { -1.0 };
            let [x, y] = lines[row / 2 % 3];
            inputs.row_mut(row).copy_from_slice(&[size * x, size * y]);
        }
        let units = 6;
        let weights = Directions::Centroids.weights(&inputs, units, &mut stream(3));
        assert_eq!(weights.len(), units);
        // The white direction c of a unit is that of the line whose samples it answers most of all white samples.
        let white = Whitening::of(&inputs);
        for line in lines {
            let y = white.sample(&line);
            let cosine = |w: &Vec<f64>| {
                // c = diag(sqrt(lambda)) V^T w, from the axes v / sqrt(lambda).
                let c: Vec<f64> = white
                    .axes
                    .iter()
                    .map(|axis| dot(axis, w) / dot(axis, axis))
                    .collect();
                dot(&c, &y).abs() / dot(&c, &c).sqrt()
            };
            let best = weights.iter().map(cosine).fold(0.0, f64::max);
            assert!(best > 0.999, "{line:?}: {best}");
        }
        // Another order of draws: other centroids, the same lines.
        let other = Directions::Centroids.weights(&inputs, units, &mut stream(4));
        assert_ne!(other, weights);
        assert_eq!(
            Directions::Centroids.weights(&inputs, units, &mut stream(3)),
            weights
        );
    }

    /// Each round brings samples nearer to their centroids.
    #[test]
    fn centroids_lie_nearer_to_samples_than_draws_do() {
        let mut inputs = Batch::zeros(500, 8);
        let mut stream = stream(5);
        for row in 0..500 {
            stream.fill_normal(inputs.row_mut(row), 1.0);
            inputs.row_mut(row)[row % 8] *= 6.0;
        }
        let white = Whitening::of(&inputs);
        let samples: Vec<Vec<f64>> = (0..500).map(|row| white.sample(inputs.row(row))).collect();
        let near = |centroids: &[Vec<f64>]| {
            let best = |y: &Vec<f64>| centroids.iter().map(|c| dot(c, y).abs()).fold(0.0, f64::max);
            samples.iter().map(best).sum::<f64>() / 500.0
        };
        let found = centroids(&samples, 16, 8, &mut stream);
        assert!(found.iter().all(|c| (dot(c, c) - 1.0).abs() < 1e-12));
        let mut draws: Vec<Vec<f64>> = found.clone();
        for c in &mut draws {
            let mut draw = vec![0.0; 8];
            stream.fill_normal(&mut draw, 1.0);
            *c = draw.into_iter().map(f64::from).collect();
            normalize(c);
        }
        assert!(
            near(&found) > near(&draws) + 0.05,
            "{} {}",
            near(&found),
            near(&draws)
        );
    }
}

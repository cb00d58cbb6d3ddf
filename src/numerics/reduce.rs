//! Long reductions, in f64 and in one order: ascending index.

/// Sum of `values` in ascending order, accumulated in f64.
pub fn sum(values: impl IntoIterator<Item = f32>) -> f64 {
    values.into_iter().fold(0.0, |acc, x| acc + f64::from(x))
}

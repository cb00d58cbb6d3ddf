//! Many values to one, as a claim says.

use std::cmp::Ordering;

use crate::experiment::claim::Aggregate;

use crate::analysis::stats::{self, median};

/// Reduces values to one; NaN where it is undefined.
pub fn aggregate(how: Aggregate, values: &[f64]) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let extreme = |wanted: Ordering| {
        let pick = |a: f64, b: &f64| if b.total_cmp(&a) == wanted { *b } else { a };
        values.iter().fold(values[0], pick)
    };
    match how {
        Aggregate::Median => median(values),
        Aggregate::Mean => stats::mean(values),
        Aggregate::Iqm => stats::interquartile_mean(values),
        Aggregate::Min => extreme(Ordering::Less),
        Aggregate::Max => extreme(Ordering::Greater),
        Aggregate::Std => stats::deviation(values),
        Aggregate::Var => stats::variance(values),
        Aggregate::Sum => values.iter().sum(),
        Aggregate::Fraction(op, bound) => {
            values.iter().filter(|x| op.holds(**x, bound)).count() as f64 / values.len() as f64
        }
    }
}

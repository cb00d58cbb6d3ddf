//! The one order of rows: by coordinates, text by bytes, numbers by value.

use std::cmp::Ordering;

use crate::experiment::{Axis, Coordinates};
use crate::support::error::{Error, Kind, Result};

/// Compares two places in the grid, column by column. Every table is sorted by this.
pub fn compare(a: &Coordinates, b: &Coordinates) -> Ordering {
    by(&Axis::ALL, a, b)
}

/// Compares two places on some axes, one after the other.
pub(crate) fn by(axes: &[Axis], a: &Coordinates, b: &Coordinates) -> Ordering {
    let mut orders = axes.iter().map(|axis| a.compare(b, *axis));
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Checks that the row at `place`, of the trial `this`, comes after the row of the trial `last`.
///
/// # Errors
/// It comes before it, or is of the same trial.
pub(crate) fn check(last: &Coordinates, this: &Coordinates, place: &str) -> Result<()> {
    let wrong = match compare(last, this) {
        Ordering::Less => return Ok(()),
        Ordering::Equal => "is there twice",
        Ordering::Greater => "is out of order",
    };
    let texts: Vec<_> = this.identity().map(|(_, text)| text).collect();
    let message = format!("{place}: the trial {} {wrong}", texts.join(","));
    Err(Error::new(Kind::Store, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::example;

    #[test]
    fn text_goes_by_bytes_and_numbers_by_value() {
        let base = example::coordinates();
        let with = |change: &dyn Fn(&mut Coordinates)| {
            let mut c = base.clone();
            change(&mut c);
            c
        };
        // As text, "10" would come before "9" and "0.1" before "1e-7".
        let nine = with(&|c| c.replicate = 9);
        let ten = with(&|c| c.replicate = 10);
        assert_eq!(compare(&nine, &ten), Ordering::Less);
        let tiny = with(&|c| c.learning_rate = 1e-7);
        assert_eq!(compare(&tiny, &base), Ordering::Less);
        let upper = with(&|c| c.scheme = "Z".into());
        let lower = with(&|c| c.scheme = "a".into());
        assert_eq!(compare(&upper, &lower), Ordering::Less);
        assert_eq!(compare(&base, &base), Ordering::Equal);
    }
}

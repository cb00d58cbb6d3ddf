//! Newton's method for a few equations of as many unknowns.

/// Steps before giving up.
const STEPS: usize = 80;
/// How often a step that does not bring the equations closer to 0 is halved.
const HALVINGS: usize = 14;
/// A root is found where no equation is further from 0 than this.
const TOLERANCE: f64 = 1e-10;

/// A root of `f` that damped steps reach from `start`; derivatives are central differences. `None`: they reach none.
pub fn newton<const N: usize>(start: [f64; N], f: impl Fn([f64; N]) -> [f64; N]) -> Option<[f64; N]> {
    let (mut x, mut value) = (start, f(start));
    for _ in 0..STEPS {
        let size = largest(&value);
        if size < 1e-3 * TOLERANCE {
            break;
        }
        let mut jacobian = [[0.0; N]; N];
        for k in 0..N {
            let h = 1e-5 * x[k].abs().max(0.1);
            let moved = |by: f64| {
                let mut y = x;
                y[k] += by;
                f(y)
            };
            let (above, below) = (moved(h), moved(-h));
            for i in 0..N {
                jacobian[i][k] = (above[i] - below[i]) / (2.0 * h);
            }
        }
        let Some(step) = solve(jacobian, value) else { break };
        let better = (0..HALVINGS).find_map(|halvings| {
            let factor = 1.0 / (1u32 << halvings) as f64;
            let mut y = x;
            for k in 0..N {
                y[k] -= factor * step[k];
            }
            let at = f(y);
            (largest(&at) < size).then_some((y, at))
        });
        let Some(found) = better else { break };
        (x, value) = found;
    }
    (largest(&value) < TOLERANCE).then_some(x)
}

/// The largest absolute value; infinite where one is not a number.
fn largest(values: &[f64]) -> f64 {
    let size = |v: &f64| if v.is_nan() { f64::INFINITY } else { v.abs() };
    values.iter().map(size).fold(0.0, f64::max)
}

/// `A^-1 b` by elimination with row pivots; `None`: A is singular.
fn solve<const N: usize>(mut a: [[f64; N]; N], mut b: [f64; N]) -> Option<[f64; N]> {
    for k in 0..N {
        let pivot = (k..N).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs()))?;
        a.swap(k, pivot);
        b.swap(k, pivot);
        let usable = a[k][k].abs() > 1e-14 && a[k][k].is_finite();
        if !usable {
            return None;
        }
        let pivot_row = a[k];
        for i in k + 1..N {
            let factor = a[i][k] / a[k][k];
            for (x, p) in a[i][k..].iter_mut().zip(&pivot_row[k..]) {
                *x -= factor * p;
            }
            b[i] -= factor * b[k];
        }
    }
    for k in (0..N).rev() {
        let known: f64 = (k + 1..N).map(|j| a[k][j] * b[j]).sum();
        b[k] = (b[k] - known) / a[k][k];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_found_and_absent_ones_are_not() {
        let circle_and_line = |[x, y]: [f64; 2]| [x * x + y * y - 25.0, x - y + 1.0];
        let [x, y] = newton([1.0, 1.0], circle_and_line).unwrap();
        assert!((x - 3.0).abs() < 1e-10 && (y - 4.0).abs() < 1e-10, "{x}, {y}");
        assert_eq!(newton([1.0], |[x]| [x * x + 1.0]), None);
        // A singular start.
        assert_eq!(newton([0.0], |[x]| [x * x - 1.0]), None);
    }

    #[test]
    fn linear_equations_need_pivots() {
        let a = [[0.0, 2.0, 1.0], [1.0, 0.0, -1.0], [3.0, 1.0, 0.0]];
        let x = solve(a, [7.0, -2.0, 5.0]).unwrap();
        for (row, expected) in a.iter().zip([7.0, -2.0, 5.0]) {
            let value: f64 = row.iter().zip(x).map(|(a, x)| a * x).sum();
            assert!((value - expected).abs() < 1e-13);
        }
        assert_eq!(solve([[1.0, 2.0], [2.0, 4.0]], [1.0, 1.0]), None);
    }
}

//! Singular values and numerical rank in f64, with the same bits everywhere.
//!
//! Sums run over eight lanes (element i in lane i mod 8), and the lanes are added in ascending
//! order: one order, whatever the width of the machine's vectors.

/// A dense matrix of f64, stored by columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: Vec<Vec<f64>>,
}

impl Matrix {
    /// The `rows x cols` matrix whose element `(i, j)` is `element(i, j)`.
    pub fn new(rows: usize, cols: usize, element: impl Fn(usize, usize) -> f64) -> Matrix {
        let column = |j| (0..rows).map(|i| element(i, j)).collect();
        Matrix {
            rows,
            columns: (0..cols).map(column).collect(),
        }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn cols(&self) -> usize {
        self.columns.len()
    }

    /// Element `(i, j)`.
    pub fn get(&self, i: usize, j: usize) -> f64 {
        self.columns[j][i]
    }

    /// The columns of this matrix or of its transpose, whichever are fewer.
    fn fewer_columns(&self) -> Vec<Vec<f64>> {
        if self.cols() <= self.rows {
            return self.columns.clone();
        }
        Matrix::new(self.cols(), self.rows, |i, j| self.get(j, i)).columns
    }

    /// All singular values, largest first: `min(rows, cols)` of them. One-sided Jacobi rotations
    /// in cyclic order (Hestenes 1958; Golub and Van Loan, section 8.6.3), to a relative accuracy
    /// near that of f64. Empty if any element is not finite.
    pub fn singular_values(&self) -> Vec<f64> {
        let (columns, exponent) = rotated(self.fewer_columns());
        let mut values: Vec<f64> = columns
            .iter()
            .map(|c| libm::scalbn(dot(c, c).sqrt(), exponent))
            .collect();
        values.sort_by(|a, b| b.total_cmp(a));
        values
    }

    /// Eigenvalues and eigenvectors of this matrix, which is symmetric and has no negative eigenvalue: largest first, those
    /// that are 0 left out. Vectors have length 1, and of the elements that are largest in size the first is positive. Empty if any
    /// element is not finite.
    ///
    /// By the rotations of [`Matrix::singular_values`], which make the columns of `A V` orthogonal: these are
    /// eigenvectors times eigenvalues.
    ///
    /// # Panics
    /// It is not square.
    pub fn eigenvectors(&self) -> Vec<(f64, Vec<f64>)> {
        assert_eq!(self.rows, self.cols(), "a square matrix");
        let (columns, exponent) = rotated(self.columns.clone());
        let pair = |mut column: Vec<f64>| {
            let length = dot(&column, &column).sqrt();
            let first_largest = |best: f64, &x: &f64| if x.abs() > best.abs() { x } else { best };
            let divisor = length.copysign(column.iter().fold(0.0, first_largest));
            column.iter_mut().for_each(|x| *x /= divisor);
            (libm::scalbn(length, exponent), column)
        };
        let mut pairs: Vec<_> = columns.into_iter().map(pair).collect();
        pairs.retain(|(value, _)| *value > 0.0);
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        pairs
    }

    /// Sum of the squares and sum of the fourth powers of the singular values, without the single
    /// ones: the squared Frobenius norms of the matrix and of its Gram matrix.
    pub fn moments(&self) -> (f64, f64) {
        let columns = self.fewer_columns();
        let (mut second, mut fourth) = (0.0, 0.0);
        for (i, a) in columns.iter().enumerate() {
            let square = dot(a, a);
            second += square;
            fourth += square * square;
            for b in &columns[..i] {
                let inner = dot(a, b);
                fourth += 2.0 * inner * inner;
            }
        }
        (second, fourth)
    }

    /// Diagonal of R in a QR decomposition with column pivoting (modified Gram-Schmidt), as
    /// magnitudes: they fall, and where they fall below rounding the rank ends. Within a small
    /// factor of the singular values for all but contrived matrices, at a fraction of the cost.
    /// Empty if any element is not finite.
    pub fn pivots(&self) -> Vec<f64> {
        let mut columns = self.fewer_columns();
        if columns.iter().flatten().any(|x| !x.is_finite()) {
            return Vec::new();
        }
        let mut squares: Vec<f64> = columns.iter().map(|c| dot(c, c)).collect();
        let mut pivots = Vec::with_capacity(columns.len());
        while !columns.is_empty() {
            let first_largest = |best: usize, i: usize| if squares[i] > squares[best] { i } else { best };
            let at = (0..columns.len()).fold(0, first_largest);
            let (mut unit, norm) = (columns.swap_remove(at), squares.swap_remove(at).sqrt());
            pivots.push(norm);
            if norm == 0.0 {
                pivots.resize(pivots.len() + columns.len(), 0.0);
                break;
            }
            unit.iter_mut().for_each(|x| *x /= norm);
            for (column, square) in columns.iter_mut().zip(&mut squares) {
                let inner = dot(&unit, column);
                for (x, u) in column.iter_mut().zip(&unit) {
                    *x -= inner * u;
                }
                // Afresh: downdating norms loses the small ones, which decide.
                *square = dot(column, column);
            }
        }
        pivots
    }

    /// Numerical rank of a matrix that was computed in f32: its `pivots` above
    /// `max(rows, cols) * 2^-23` times the largest pivot, or times `scale` if that is larger.
    /// None if any element is not finite.
    pub fn rank_from(&self, pivots: &[f64], scale: f64) -> Option<usize> {
        if pivots.len() < self.rows.min(self.cols()) {
            return None;
        }
        let largest = pivots.first().copied().unwrap_or(0.0).max(scale);
        let threshold = self.rows.max(self.cols()) as f64 * f64::from(f32::EPSILON) * largest;
        Some(pivots.iter().filter(|p| **p > threshold).count())
    }
}

/// Rotates columns until all are at right angles. They come back scaled by `2^-exponent`, so that squares neither overflow nor
/// vanish, with that exponent; none if an element is not finite.
fn rotated(mut columns: Vec<Vec<f64>>) -> (Vec<Vec<f64>>, i32) {
    if columns.iter().flatten().any(|x| !x.is_finite()) {
        return (Vec::new(), 0);
    }
    let largest = columns.iter().flatten().fold(0.0f64, |m, x| m.max(x.abs()));
    if largest == 0.0 {
        return (columns, 0);
    }
    let exponent = libm::ilogb(largest);
    for x in columns.iter_mut().flatten() {
        *x = libm::scalbn(*x, -exponent);
    }
    let mut squares: Vec<f64> = columns.iter().map(|c| dot(c, c)).collect();
    // Twice what any matrix seen has needed.
    for _ in 0..40 {
        if !sweep(&mut columns, &mut squares) {
            break;
        }
    }
    (columns, exponent)
}

/// Rotates every pair of columns towards a right angle; false once all are there.
fn sweep(columns: &mut [Vec<f64>], squares: &mut [f64]) -> bool {
    let mut turned = false;
    for i in 0..columns.len() {
        for j in i + 1..columns.len() {
            let (left, right) = columns.split_at_mut(j);
            let (a, b) = (&mut left[i], &mut right[0]);
            let inner = dot(a, b);
            if inner == 0.0 || inner.abs() <= 1e-15 * (squares[i] * squares[j]).sqrt() {
                continue;
            }
            turned = true;
            let zeta = (squares[j] - squares[i]) / (2.0 * inner);
            let tangent = zeta.signum() / (zeta.abs() + libm::hypot(1.0, zeta));
            let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
            let sine = cosine * tangent;
            for (x, y) in a.iter_mut().zip(b.iter_mut()) {
                (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
            }
            squares[i] = dot(a, a);
            squares[j] = dot(b, b);
        }
    }
    turned
}

/// Scalar product over eight lanes.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (mut left, mut right) = (a.chunks_exact(8), b.chunks_exact(8));
    for (a, b) in (&mut left).zip(&mut right) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    for ((lane, a), b) in lanes.iter_mut().zip(left.remainder()).zip(right.remainder()) {
        *lane += a * b;
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hilbert(n: usize) -> Matrix {
        Matrix::new(n, n, |i, j| 1.0 / (i + j + 1) as f64)
    }

    #[test]
    fn singular_values_of_known_matrices() {
        let diagonal = Matrix::new(3, 5, |i, j| if i == j { [3.0, -7.0, 0.0][i] } else { 0.0 });
        assert_eq!(diagonal.singular_values(), [7.0, 3.0, 0.0]);
        // [[1, 1], [0, 1]]: the golden ratio and its inverse.
        let shear = Matrix::new(2, 2, |i, j| f64::from(u8::from(i <= j)));
        let values = shear.singular_values();
        let golden = (1.0 + 5f64.sqrt()) / 2.0;
        assert!((values[0] - golden).abs() < 1e-15 && (values[1] - 1.0 / golden).abs() < 1e-15);
    }

    /// mpmath 40 digits: `mp.svd_r(mp.hilbert(6), compute_uv=False)`.
    #[test]
    fn small_singular_values_are_accurate() {
        let expected = [
            1.618_899_858_924_339,
            0.242_360_870_575_209_4,
            0.016_321_521_319_875_82,
            0.000_615_748_354_182_657_7,
            1.257_075_712_262_519_5e-5,
            1.082_799_484_565_497_7e-7,
        ];
        for (value, expected) in hilbert(6).singular_values().iter().zip(expected) {
            assert!((value / expected - 1.0).abs() < 1e-8, "{value} {expected}");
        }
    }

    /// `A v = lambda v`, orthonormal, in order, with the sign that the convention gives, also where eigenvalues are equal or 0.
    #[test]
    fn eigenvectors_are_what_they_are_called() {
        // Of 9 columns 6 differ.
        let gram = |rows: usize, cols: usize| {
            let x = |i: usize, j: usize| ((i * 7 + j * j * 3 + 1) % 11) as f64 - 5.0;
            Matrix::new(cols, cols, |a, b| (0..rows).map(|i| x(i, a) * x(i, b)).sum())
        };
        let diagonal = Matrix::new(4, 4, |i, j| if i == j { [2.0, 0.0, 5.0, 2.0][i] } else { 0.0 });
        for (matrix, rank) in [(hilbert(6), 6), (gram(40, 9), 6), (gram(5, 9), 5), (diagonal, 3)] {
            let n = matrix.rows();
            let pairs = matrix.eigenvectors();
            let largest = pairs[0].0;
            assert_eq!(
                pairs.iter().filter(|(value, _)| *value > 1e-12 * largest).count(),
                rank
            );
            for (k, (value, v)) in pairs.iter().enumerate().take(rank) {
                assert!(k == 0 || *value <= pairs[k - 1].0);
                for (i, x) in v.iter().enumerate() {
                    let product: f64 = (0..n).map(|j| matrix.get(i, j) * v[j]).sum();
                    assert!((product - value * x).abs() < 1e-13 * largest, "{k} {i}");
                }
                for (other, (_, w)) in pairs.iter().enumerate().take(rank) {
                    let expected = f64::from(u8::from(k == other));
                    assert!((dot(v, w) - expected).abs() < 1e-13, "{k} {other}");
                }
                let most = v.iter().fold(0.0f64, |m, x| m.max(x.abs()));
                assert_eq!(v.iter().find(|x| x.abs() == most), Some(&most), "{k}");
            }
        }
        assert!(Matrix::new(2, 2, |_, _| 0.0).eigenvectors().is_empty());
        assert!(Matrix::new(2, 2, |_, _| f64::NAN).eigenvectors().is_empty());
    }

    #[test]
    fn scale_only_scales() {
        let values = hilbert(5).singular_values();
        for scale in [libm::scalbn(1.0, 900), libm::scalbn(1.0, -900)] {
            let scaled = Matrix::new(5, 5, |i, j| hilbert(5).get(i, j) * scale).singular_values();
            for (a, b) in values.iter().zip(scaled) {
                assert_eq!(a * scale, b);
            }
        }
        assert_eq!(Matrix::new(2, 3, |_, _| 0.0).singular_values(), [0.0, 0.0]);
        assert!(Matrix::new(2, 2, |_, _| f64::NAN).singular_values().is_empty());
    }

    #[test]
    fn moments_are_those_of_the_singular_values() {
        let values = hilbert(7).singular_values();
        let power = |p| values.iter().map(|s| libm::pow(*s, p)).sum::<f64>();
        let (second, fourth) = hilbert(7).moments();
        assert!((second / power(2.0) - 1.0).abs() < 1e-14);
        assert!((fourth / power(4.0) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn rank_sees_through_rounding() {
        // Two outer products, rounded to f32.
        let element = |i: usize, j: usize| {
            let (i, j) = (i as f64, j as f64);
            f64::from(((i + 1.0).sqrt() * (j + 2.0).sqrt() + (i - 7.0) * (j * j - 9.0)) as f32)
        };
        let rank = |matrix: &Matrix, scale| matrix.rank_from(&matrix.pivots(), scale);
        assert_eq!(rank(&Matrix::new(40, 30, element), 0.0), Some(2));
        assert_eq!(rank(&Matrix::new(30, 40, element), 0.0), Some(2));
        assert_eq!(rank(&Matrix::new(4, 4, |_, _| 0.5), 0.0), Some(1));
        assert_eq!(rank(&Matrix::new(4, 4, |_, _| 0.0), 0.0), Some(0));
        let identity = Matrix::new(9, 9, |i, j| f64::from(u8::from(i == j)));
        assert_eq!(rank(&identity, 0.0), Some(9));
        assert_eq!(rank(&identity, 1e9), Some(0));
        assert_eq!(rank(&Matrix::new(2, 2, |_, _| f64::INFINITY), 0.0), None);
    }

    #[test]
    fn bits_are_golden() {
        let values = hilbert(12).singular_values();
        let bits = [0, 5, 11].map(|i: usize| format!("{:016x}", values[i].to_bits()));
        insta::assert_snapshot!(bits.join("\n"));
    }
}

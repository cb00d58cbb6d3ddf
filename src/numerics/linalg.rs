//! Dense linear algebra in f64 with one order of operations: Householder QR, least squares and Hadamard matrices.
//!
//! Only `+ - * / sqrt` and fused multiply-adds in ascending order, so the bits are the same
//! everywhere. Matrices are row-major slices.

/// The orthogonal factor of the QR decomposition of `a` (`rows x cols`, `rows >= cols`), columns
/// multiplied by the signs of R's diagonal; overwrites `a`, whose columns become orthonormal.
///
/// Householder reflections (Golub and Van Loan, Matrix computations, algorithms 5.1.1 and 5.2.1).
/// QR is unique only up to the signs of R's diagonal, and an algorithm's own choice of signs makes Q
/// depend on its convention: with the signs made positive, Q of a Gaussian matrix is Haar distributed
/// (Mezzadri 2007, arXiv math-ph/0609050, section 5).
///
/// # Panics
/// `rows < cols`, or `a.len() != rows * cols`.
pub fn orthonormalize(rows: usize, cols: usize, a: &mut [f64]) {
    assert!(rows >= cols && a.len() == rows * cols, "a tall matrix");
    let (reflectors, signs) = factorize(rows, cols, a);
    accumulate(rows, &reflectors, &signs, a);
}

/// A reflection `I - beta v v'`: `v` and `beta`.
type Reflector = (Vec<f64>, f64);

/// Householder QR: the reflectors, and the signs that R's diagonal has by the convention of
/// [`householder`].
fn factorize(rows: usize, cols: usize, a: &[f64]) -> (Vec<Reflector>, Vec<f64>) {
    // By columns: each is a contiguous vector.
    let mut columns: Vec<Vec<f64>> = (0..cols)
        .map(|j| (0..rows).map(|i| a[i * cols + j]).collect())
        .collect();
    let mut reflectors = Vec::with_capacity(cols);
    let mut signs = Vec::with_capacity(cols);
    for j in 0..cols {
        let (reflector, beta, diagonal) = householder(&columns[j][j..]);
        for column in &mut columns[j + 1..] {
            reflect(&reflector, beta, &mut column[j..]);
        }
        signs.push(if diagonal < 0.0 { -1.0 } else { 1.0 });
        reflectors.push((reflector, beta));
    }
    (reflectors, signs)
}

/// Writes Q, each column multiplied by its sign, to `q` (row-major, a column per sign).
fn accumulate(rows: usize, reflectors: &[Reflector], signs: &[f64], q: &mut [f64]) {
    // Q's column j is H_0 H_1 ... H_(cols-1) e_j; the reflectors after j leave e_j alone.
    for (j, sign) in signs.iter().enumerate() {
        let mut column = vec![0.0; rows];
        column[j] = *sign;
        for (k, (reflector, beta)) in reflectors.iter().enumerate().take(j + 1).rev() {
            reflect(reflector, *beta, &mut column[k..]);
        }
        for (i, value) in column.iter().enumerate() {
            q[i * signs.len() + j] = *value;
        }
    }
}

/// The reflection `I - beta v v'` that maps `x` to a multiple of the first unit vector: `v`, `beta`,
/// and that multiple.
fn householder(x: &[f64]) -> (Vec<f64>, f64, f64) {
    let norm = dot(x, x).sqrt();
    if norm == 0.0 {
        return (vec![0.0; x.len()], 0.0, 0.0);
    }
    // The sign that avoids cancellation.
    let diagonal = if x[0] > 0.0 { -norm } else { norm };
    let mut v = x.to_vec();
    v[0] -= diagonal;
    let square = dot(&v, &v);
    (v, 2.0 / square, diagonal)
}

fn reflect(v: &[f64], beta: f64, x: &mut [f64]) {
    add(x, -beta * dot(v, x), v);
}

/// `to += factor x`, fused.
pub(crate) fn add(to: &mut [f64], factor: f64, x: &[f64]) {
    for (to, x) in to.iter_mut().zip(x) {
        *to = factor.mul_add(*x, *to);
    }
}

/// The sum of products, one chain of fused multiply-adds in ascending order.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| a.mul_add(*b, sum))
}

/// The `X` that minimises `|A X - B|^2 + mu^2 |X|^2` (Frobenius norms), `mu` being `ridge` times the largest norm of a
/// column of `A`. Matrices are given and returned as lists of columns; those of `A` may be linearly dependent if `ridge` is
/// positive.
///
/// QR of `A` on top of `mu I`, which unlike `A'A` does not square the condition of the problem (Golub and Van Loan,
/// Matrix computations, section 5.3).
///
/// # Panics
/// The columns differ in length.
pub fn least_squares(mut a: Vec<Vec<f64>>, mut b: Vec<Vec<f64>>, ridge: f64) -> Vec<Vec<f64>> {
    let (cols, rows) = (a.len(), a.first().map_or(0, Vec::len));
    let largest = a
        .iter()
        .map(|column| dot(column, column).sqrt())
        .fold(0.0, f64::max);
    let mu = ridge * largest;
    let extra = if mu > 0.0 || rows < cols { cols } else { 0 };
    for column in a.iter_mut().chain(&mut b) {
        assert_eq!(column.len(), rows, "columns are equally long");
        column.resize(rows + extra, 0.0);
    }
    if extra > 0 {
        for (j, column) in a.iter_mut().enumerate() {
            column[rows + j] = mu;
        }
    }
    // Below row `rows + j` column j and those before it are zero: reflections need not go there.
    let end = |j: usize| if extra > 0 { rows + j + 1 } else { rows };
    let mut diagonal = Vec::with_capacity(cols);
    for j in 0..cols {
        let (reflector, beta, value) = householder(&a[j][j..end(j)]);
        for column in a[j + 1..].iter_mut().chain(&mut b) {
            reflect(&reflector, beta, &mut column[j..end(j)]);
        }
        diagonal.push(value);
    }
    for column in &mut b {
        for j in (0..cols).rev() {
            let known = (j + 1..cols).fold(column[j], |sum, k| (-a[k][j]).mul_add(column[k], sum));
            column[j] = if diagonal[j] == 0.0 {
                0.0
            } else {
                known / diagonal[j]
            };
        }
        column.truncate(cols);
    }
    b
}

/// Element `(i, j)` of the Hadamard matrix of order `2^m` in Sylvester's form: `(-1)^popcount(i & j)`.
pub fn hadamard(i: usize, j: usize) -> f64 {
    if (i & j).count_ones().is_multiple_of(2) {
        1.0
    } else {
        -1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Key, Purpose};

    fn gaussian(rows: usize, cols: usize, stream: u64) -> Vec<f64> {
        let mut draws = vec![0.0; rows * cols];
        Key::new(9, 0, Purpose::Weights)
            .stream(stream)
            .fill_normal(&mut draws, 1.0);
        draws.into_iter().map(f64::from).collect()
    }

    fn error_of_orthonormality(rows: usize, cols: usize, q: &[f64]) -> f64 {
        let mut worst: f64 = 0.0;
        for a in 0..cols {
            for b in 0..cols {
                let product: f64 = (0..rows).map(|i| q[i * cols + a] * q[i * cols + b]).sum();
                worst = worst.max((product - if a == b { 1.0 } else { 0.0 }).abs());
            }
        }
        worst
    }

    #[test]
    fn columns_are_orthonormal_and_span_the_same() {
        for (rows, cols) in [(1, 1), (5, 5), (40, 40), (64, 10), (7, 1)] {
            let a = gaussian(rows, cols, 0);
            let mut q = a.clone();
            orthonormalize(rows, cols, &mut q);
            // R = Q'A is upper triangular with a positive diagonal.
            for i in 0..cols {
                for j in 0..cols {
                    let r: f64 = (0..rows).map(|k| q[k * cols + i] * a[k * cols + j]).sum();
                    match i.cmp(&j) {
                        std::cmp::Ordering::Greater => assert!(r.abs() < 1e-12, "{i} {j}: {r}"),
                        std::cmp::Ordering::Equal => assert!(r > 0.0, "{i}: {r}"),
                        std::cmp::Ordering::Less => {}
                    }
                }
            }
        }
    }

    /// `max |Q'Q - I|` in f64, before anything is rounded to f32: a few units of the last place, at
    /// any width.
    #[test]
    fn the_error_of_orthonormality_is_rounding() {
        for (rows, cols) in [(1, 1), (7, 1), (5, 5), (64, 10), (64, 64), (301, 157), (256, 256)] {
            let mut q = gaussian(rows, cols, 0);
            orthonormalize(rows, cols, &mut q);
            let error = error_of_orthonormality(rows, cols, &q);
            println!("{rows} x {cols}: max |Q'Q - I| = {error:.2e}");
            assert!(error < 20.0 * f64::EPSILON, "{rows} x {cols}: {error:e}");
        }
    }

    /// How many standard errors 4,000 draws of Q lie from what Haar measure on O(4) says of its first
    /// element (mean 0, variance 1/4) and of its trace t: E t = 0, E t^2 = 1 and E t^4 = 3, hence
    /// variances 1 and 2 (Diaconis and Shahshahani 1994, theorem 4).
    fn distances_from_haar(draw_q: impl Fn(&mut [f64])) -> [(&'static str, f64); 3] {
        const N: usize = 4;
        const DRAWS: u64 = 4000;
        let (mut first, mut trace, mut square) = (0.0, 0.0, 0.0);
        for draw in 0..DRAWS {
            let mut q = gaussian(N, N, draw);
            draw_q(&mut q);
            let t: f64 = (0..N).map(|i| q[i * N + i]).sum();
            first += q[0];
            trace += t;
            square += t * t - 1.0;
        }
        let n = DRAWS as f64;
        let standard_errors = |sum: f64, variance: f64| sum / n / (variance / n).sqrt();
        [
            ("E[Q_00] = 0", standard_errors(first, 1.0 / N as f64)),
            ("E[tr Q] = 0", standard_errors(trace, 1.0)),
            ("E[(tr Q)^2] = 1", standard_errors(square, 2.0)),
        ]
    }

    /// With the signs of R's diagonal made positive Q passes as Haar distributed; with the signs as
    /// Householder's convention leaves them, the same statistics over the same draws reject it: every
    /// Q_00 is then negative, E[Q_00] = -.424.
    #[test]
    fn q_is_haar_distributed_and_would_not_be_without_the_sign_fix() {
        let fixed = distances_from_haar(|q| orthonormalize(4, 4, q));
        let raw = distances_from_haar(|q| {
            let (reflectors, signs) = factorize(4, 4, q);
            accumulate(4, &reflectors, &vec![1.0; signs.len()], q);
        });
        println!("standard errors from Haar: {fixed:.2?}; without the sign fix: {raw:.2?}");
        for (moment, distance) in fixed {
            assert!(distance.abs() < 4.0, "{moment}: {distance} standard errors off");
        }
        for (moment, distance) in raw {
            assert!(
                distance.abs() > 10.0,
                "{moment} passes without the sign fix: {distance}"
            );
        }
    }

    #[test]
    fn a_matrix_of_zeros_gives_unit_vectors() {
        let mut q = vec![0.0; 6];
        orthonormalize(3, 2, &mut q);
        assert!(error_of_orthonormality(3, 2, &q) < 1e-15);
    }

    /// The gradient `A'(A X - B) + mu^2 X` is zero, with and without a ridge, and where columns are dependent.
    #[test]
    fn least_squares_are_least() {
        let (rows, cols, outputs) = (30, 7, 3);
        let columns = |count: usize, stream: u64| -> Vec<Vec<f64>> {
            let all = gaussian(rows, count, stream);
            (0..count)
                .map(|j| (0..rows).map(|i| all[i * count + j]).collect())
                .collect()
        };
        for (ridge, dependent) in [(0.0, false), (1e-6, false), (0.5, false), (1e-3, true)] {
            let (mut a, b) = (columns(cols, 1), columns(outputs, 2));
            if dependent {
                a[3] = a[1].iter().zip(&a[6]).map(|(x, y)| x - 2.0 * y).collect();
            }
            let x = least_squares(a.clone(), b.clone(), ridge);
            let mu = ridge * a.iter().map(|c| dot(c, c).sqrt()).fold(0.0, f64::max);
            for (x, b) in x.iter().zip(&b) {
                assert_eq!(x.len(), cols);
                let residual: Vec<f64> = (0..rows)
                    .map(|i| a.iter().zip(x).map(|(c, x)| c[i] * x).sum::<f64>() - b[i])
                    .collect();
                for (column, x) in a.iter().zip(x) {
                    let gradient = dot(column, &residual) + mu * mu * x;
                    assert!(gradient.abs() < 1e-10, "ridge {ridge}: {gradient}");
                }
            }
        }
        // More columns than rows: the ridge decides. A column of zeros takes no part.
        let x = least_squares(
            vec![vec![1.0, 0.0], vec![0.0, 2.0], vec![0.0, 0.0]],
            vec![vec![3.0, 4.0]],
            1e-9,
        );
        let expected = [3.0, 2.0, 0.0];
        assert!(
            x[0].iter().zip(expected).all(|(x, e)| (x - e).abs() < 1e-12),
            "{x:?}"
        );
        let x = least_squares(vec![vec![0.0, 0.0]], vec![vec![3.0, 4.0]], 0.0);
        assert_eq!(x, [[0.0]]);
    }

    #[test]
    fn hadamard_rows_are_orthogonal() {
        for a in 0..16 {
            for b in 0..16 {
                let product: f64 = (0..16).map(|j| hadamard(a, j) * hadamard(b, j)).sum();
                assert_eq!(product, if a == b { 16.0 } else { 0.0 });
            }
        }
    }

    /// They move only with a raised numerics version.
    #[test]
    fn golden_values() {
        let mut q: Vec<f64> = (0..12).map(|i| f64::from(i * i % 7) - 2.5).collect();
        orthonormalize(4, 3, &mut q);
        let bits: Vec<String> = q.iter().map(|x| format!("{:016x}", x.to_bits())).collect();
        insta::assert_snapshot!(bits.join("\n"));
    }
}

//! Dense linear algebra in f64 with one order of operations: Householder QR and Hadamard matrices.
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
    let factor = -beta * dot(v, x);
    for (x, v) in x.iter_mut().zip(v) {
        *x = factor.mul_add(*v, *x);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| a.mul_add(*b, sum))
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

    #[test]
    fn hadamard_rows_are_orthogonal() {
        for a in 0..16 {
            for b in 0..16 {
                let product: f64 = (0..16).map(|j| hadamard(a, j) * hadamard(b, j)).sum();
                assert_eq!(product, if a == b { 16.0 } else { 0.0 });
            }
        }
    }

    /// The bits are fixed. Regenerate only with a raised numerics version.
    #[test]
    fn golden_values() {
        let mut q: Vec<f64> = (0..12).map(|i| f64::from(i * i % 7) - 2.5).collect();
        orthonormalize(4, 3, &mut q);
        let bits: Vec<u64> = q.iter().map(|x| x.to_bits()).collect();
        assert_eq!(bits, GOLDEN, "{bits:#x?}");
    }

    const GOLDEN: [u64; 12] = [
        0xbfe81ef3cc5ac230,
        0x3fa5d4edc9b1443e,
        0x3fd766e4f1b6a723,
        0xbfc34bf63d156826,
        0xbfb5d4edc9b14447,
        0x3fe6c93d3c31d89f,
        0xbfdcf1f15ba01c39,
        0xbfe7323ca64c5883,
        0xbfdc54229ddd1b2b,
        0x3fdcf1f15ba01c39,
        0xbfe5d4edc9b14441,
        0x3fd9dd83c7c9e124,
    ];
}

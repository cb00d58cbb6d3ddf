//! Spectra of the input-output Jacobian at initialization, wide square layers.
//!
//! Saxe, McClelland and Ganguli 2013, arXiv 1312.6120; Pennington, Schoenholz and Ganguli 2017,
//! arXiv 1711.04735.

/// The ensemble of the weights, scaled to keep the mean squared singular value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ensemble {
    /// Independent normal entries.
    Gaussian,
    /// Haar orthogonal.
    Orthogonal,
}

/// `Var(s^2) / E[s^2]^2` of the singular values s of the Jacobian of `depth` layers, whose
/// activation function is the identity (`alive = 1`) or passes each unit with probability `alive`
/// and slope 1 (ReLU: 1/2): `depth * (1/alive - 1)` for orthogonal weights, `depth / alive` for
/// Gaussian. Pennington et al. 2017: `L (mu_2 / mu_1^2 - 1 - s_1)`, `mu_k` the moments of the squared derivative,
/// `s_1` 0 or -1; so 0, L, L, 2L.
pub fn spread(ensemble: Ensemble, alive: f64, depth: u32) -> f64 {
    let depth = f64::from(depth);
    match ensemble {
        Ensemble::Gaussian => depth / alive,
        Ensemble::Orthogonal => depth * (1.0 / alive - 1.0),
    }
}

/// Largest squared singular value of a product of `depth` Gaussian matrices of entries N(0, 1/n), n
/// large: `(L + 1)^(L + 1) / L^L` (Fuss-Catalan law; for L = 1 Marchenko and Pastur's 4).
pub fn largest_squared(depth: u32) -> f64 {
    let depth = f64::from(depth);
    libm::exp((depth + 1.0) * libm::log(depth + 1.0) - depth * libm::log(depth))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_cases() {
        assert_eq!(spread(Ensemble::Orthogonal, 1.0, 16), 0.0);
        assert_eq!(spread(Ensemble::Gaussian, 1.0, 16), 16.0);
        assert_eq!(spread(Ensemble::Orthogonal, 0.5, 16), 16.0);
        assert_eq!(spread(Ensemble::Gaussian, 0.5, 16), 32.0);
    }

    #[test]
    fn the_edge_of_the_spectrum() {
        assert!((largest_squared(1) - 4.0).abs() < 1e-13);
        assert!((largest_squared(2) - 6.75).abs() < 1e-13);
    }
}

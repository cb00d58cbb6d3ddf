//! Mean-field theory of wide random networks: `W ~ N(0, sigma_w^2 / fan_in)`,
//! `b ~ N(0, sigma_b^2)`, layer after layer.
//!
//! Poole, Lahiri, Raghu, Sohl-Dickstein and Ganguli 2016, arXiv 1606.05340 (length and correlation
//! maps, order and chaos); Schoenholz, Gilmer, Ganguli and Sohl-Dickstein 2016, arXiv 1611.01232
//! (depth scales).

use super::quadrature::{bisect, correlated_mean, normal_mean};
use crate::activation::Activation;
use crate::support::error::{Error, Kind, Result};

/// A wide network of one activation function.
#[derive(Debug, Clone, Copy)]
pub struct MeanField<'a> {
    /// The activation function.
    pub activation: &'a Activation,
    /// `sigma_w^2`: fan_in times the variance of a weight.
    pub weight_variance: f64,
    /// `sigma_b^2`: variance of a bias.
    pub bias_variance: f64,
}

/// Where the length map has been followed to without settling.
const LARGEST_LENGTH: f64 = 1e12;
/// Iterations of a map before giving up.
const ITERATIONS: usize = 20_000;

impl MeanField<'_> {
    /// The length map: variance of a pre-activation from that of the layer before,
    /// `q' = sigma_w^2 E[f(sqrt(q) z)^2] + sigma_b^2` (Poole et al.).
    pub fn length(&self, q: f64) -> f64 {
        self.weight_variance * self.activation_moment(q) + self.bias_variance
    }

    /// `chi_1(q) = sigma_w^2 E[f'(sqrt(q) z)^2]`: how the squared gradient grows per layer (Poole et
    /// al.).
    pub fn chi(&self, q: f64) -> f64 {
        self.weight_variance * self.derivative_moment(q)
    }

    /// The fixed point `q*` of the length map, reached from a variance of 1; none if it runs away.
    pub fn fixed_length(&self) -> Option<f64> {
        fixed_point(1.0, |q| self.length(q))
    }

    /// `chi_1` at `q*`: below 1 ordered (gradients vanish), above chaotic (they explode).
    pub fn chi1(&self) -> Option<f64> {
        self.fixed_length().map(|q| self.chi(q))
    }

    /// The correlation map at length `q`: the correlation of two inputs' pre-activations from that
    /// in the layer before (Poole et al., both lengths at q).
    pub fn correlation(&self, q: f64, c: f64) -> f64 {
        let root = q.sqrt();
        let mean = correlated_mean(c, |z| self.activation.value64(root * z));
        (self.weight_variance * mean + self.bias_variance) / self.length(q)
    }

    /// The stable fixed point `c*` of the correlation map at `q*`: 1 in the ordered phase.
    pub fn fixed_correlation(&self) -> Option<f64> {
        let q = self.fixed_length()?;
        if self.chi(q) <= 1.0 {
            return Some(1.0);
        }
        fixed_point(0.5, |c| self.correlation(q, c).min(1.0))
    }

    /// The depth `xi_c` over which correlations settle, in layers:
    /// `-1 / ln(sigma_w^2 E[f'(u) f'(v)])` at `c*` (Schoenholz et al.); infinite at
    /// criticality.
    pub fn correlation_depth(&self) -> Option<f64> {
        let q = self.fixed_length()?;
        let c = self.fixed_correlation()?;
        let root = q.sqrt();
        let slope = self.weight_variance * correlated_mean(c, |z| self.activation.derivative64(root * z));
        Some(if slope >= 1.0 {
            f64::INFINITY
        } else {
            -1.0 / libm::log(slope)
        })
    }

    fn activation_moment(&self, q: f64) -> f64 {
        activation_moment(self.activation, q)
    }

    fn derivative_moment(&self, q: f64) -> f64 {
        derivative_moment(self.activation, q)
    }
}

fn activation_moment(activation: &Activation, q: f64) -> f64 {
    let root = q.sqrt();
    normal_mean(|z| {
        let a = activation.value64(root * z);
        a * a
    })
}

fn derivative_moment(activation: &Activation, q: f64) -> f64 {
    let root = q.sqrt();
    normal_mean(|z| {
        let d = activation.derivative64(root * z);
        d * d
    })
}

/// The fixed point that iterating `map` from `start` reaches. Aitken's extrapolation speeds up the
/// slow approach near criticality.
fn fixed_point(start: f64, map: impl Fn(f64) -> f64) -> Option<f64> {
    let mut x = start;
    for _ in 0..ITERATIONS {
        let first = map(x);
        let second = map(first);
        if !second.is_finite() || second > LARGEST_LENGTH {
            return None;
        }
        let (d1, d2) = (first - x, second - first);
        if d2.abs() <= 1e-15 * second.abs().max(1e-3) {
            return Some(second);
        }
        let ratio = d2 / d1;
        // Extrapolates a contraction only, and never out of the positive numbers.
        let leap = x + d1 / (1.0 - ratio);
        x = if (0.0..0.999_999).contains(&ratio) && leap > 0.0 {
            leap
        } else {
            second
        };
    }
    None
}

/// The critical `sigma_w^2` for a given `sigma_b^2`, at which `chi_1 = 1`, and the length `q*` there,
/// which is 0 where the length settles at 0, as for tanh without biases.
///
/// For functions with `f(cz) = c f(z)`, `c > 0` (ReLU and its like), `chi_1` does not depend on the
/// length and `sigma_w^2 = 1 / E[f'(z)^2]`; the length is then reported as 1. Otherwise the root of
/// `E[f^2] / E[f'^2] + sigma_b^2 = q` with the smallest length at which the length map is stable.
///
/// # Errors
/// There is no critical point at lengths up to 1000: softplus has none, and GELU and SiLU have none
/// below a bias variance of .173 and .555, where the length at which `chi_1 = 1` is unstable
/// (Roberts, Yaida and Hanin 2022, The principles of deep learning theory, section 5.3).
pub fn critical_weight_variance(activation: &Activation, bias_variance: f64) -> Result<(f64, f64)> {
    let derivative = |q| derivative_moment(activation, q);
    let (small, large) = (derivative(0.25), derivative(4.0));
    if (small / large - 1.0).abs() < 1e-12 {
        return Ok((1.0 / small, 1.0));
    }
    if bias_variance == 0.0
        && let Some(weight_variance) = critical_at_zero(activation)
    {
        return Ok((weight_variance, 0.0));
    }
    let excess = |q: f64| activation_moment(activation, q) / derivative(q) + bias_variance - q;
    let grid: Vec<f64> = lengths().collect();
    for pair in grid.windows(2) {
        if (excess(pair[0]) < 0.0) == (excess(pair[1]) < 0.0) {
            continue;
        }
        let q = bisect(pair[0], pair[1], excess);
        let weight_variance = 1.0 / derivative(q);
        let field = MeanField {
            activation,
            weight_variance,
            bias_variance,
        };
        let step = 1e-4 * q;
        let stable = (field.length(q + step) - field.length(q - step)).abs() < 2.0 * step;
        if stable {
            return Ok((weight_variance, q));
        }
    }
    let message = format!(
        "`{activation}` has no critical sigma_w^2 at sigma_b^2 = {}",
        crate::support::catalog::number(bias_variance)
    );
    Err(Error::new(Kind::Trial, message).help("give `sigma_w2` a number, or try a larger `sigma_b2`"))
}

/// Lengths from 1e-4 to 1000, twenty to the decade.
fn lengths() -> impl Iterator<Item = f64> {
    (0..=140).map(|i| libm::pow(10.0, -4.0 + f64::from(i) / 20.0))
}

/// The critical `sigma_w^2` without biases of a function whose lengths then shrink to 0: where
/// `f(0) = 0`, the limit of `1 / E[f'^2]` for small lengths, which a kink at 0 makes
/// `2 / (f'(0-)^2 + f'(0+)^2)`. `None` where lengths up to 1 grow instead, as GELU's do.
fn critical_at_zero(activation: &Activation) -> Option<f64> {
    let square = |z: f64| activation.derivative64(z) * activation.derivative64(z);
    let moment = if smooth_at_zero(activation) {
        square(0.0)
    } else {
        0.5 * (square(-1e-12) + square(1e-12))
    };
    if activation.value64(0.0) != 0.0 || moment == 0.0 {
        return None;
    }
    let weight_variance = 1.0 / moment;
    lengths()
        .take_while(|q| *q <= 1.0)
        .all(|q| weight_variance * activation_moment(activation, q) < q)
        .then_some(weight_variance)
}

fn smooth_at_zero(activation: &Activation) -> bool {
    let (left, right) = (activation.derivative64(-1e-9), activation.derivative64(1e-9));
    (left - right).abs() < 1e-6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tanh(weight_variance: f64, check: impl Fn(MeanField<'_>)) {
        let activation = Activation::named("tanh").unwrap();
        check(MeanField {
            activation: &activation,
            weight_variance,
            bias_variance: 0.05,
        });
    }

    /// Values of Schoenholz et al. 2016's setting, sigma_b^2 = .05.
    #[test]
    fn tanh_at_a_bias_variance_of_a_twentieth() {
        tanh(1.0, |f| {
            assert!((f.fixed_length().unwrap() - 0.194).abs() < 5e-4);
            assert!((f.chi1().unwrap() - 0.759).abs() < 5e-4);
            assert_eq!(f.fixed_correlation(), Some(1.0));
            assert!((f.correlation_depth().unwrap() - 3.63).abs() < 5e-3);
        });
        tanh(1.3, |f| {
            assert!((f.correlation_depth().unwrap() - 7.83).abs() < 5e-3)
        });
        tanh(2.5, |f| {
            assert!((f.chi1().unwrap() - 1.134).abs() < 5e-4);
            assert!(f.fixed_correlation().unwrap() < 1.0);
            assert!((f.correlation_depth().unwrap() - 11.8).abs() < 5e-2);
        });
        tanh(4.0, |f| {
            assert!((f.chi1().unwrap() - 1.342).abs() < 5e-4);
            assert!((f.correlation_depth().unwrap() - 6.98).abs() < 5e-3);
        });
    }

    #[test]
    fn critical_points() {
        let critical =
            |name: &str, bias| critical_weight_variance(&Activation::named(name).unwrap(), bias).unwrap();
        let (weight_variance, q) = critical("tanh", 0.05);
        assert!((weight_variance - 1.761).abs() < 5e-4, "{weight_variance}");
        tanh(weight_variance, |f| {
            assert!((f.chi1().unwrap() - 1.0).abs() < 1e-6);
            assert!((f.fixed_length().unwrap() / q - 1.0).abs() < 1e-6);
        });
        assert_eq!(critical("tanh", 0.0), (1.0, 0.0));
        assert!((critical("relu", 0.0).0 - 2.0).abs() < 1e-12);
        assert!((critical("identity", 0.0).0 - 1.0).abs() < 1e-12);
        // SELU's slopes at 0 are lambda alpha and lambda; without biases its lengths shrink to 0.
        let (below, above) = (
            1.050_700_987_355_480_5 * 1.673_263_242_354_377_2,
            1.050_700_987_355_480_5,
        );
        let expected: f64 = 2.0 / (below * below + above * above);
        let (selu, q) = critical("selu", 0.0);
        assert!((selu / expected - 1.0).abs() < 1e-11 && q == 0.0, "{selu}");
        assert_eq!(critical("elu", 0.0), (1.0, 0.0));
    }

    /// Roberts, Yaida and Hanin 2022, section 5.3: the half-stable critical points of GELU, C_b =
    /// .17292239 and C_W = 1.98305826, and of SiLU (swish), .55514317 and 1.98800468; with smaller
    /// biases there is none. Softplus has none at all.
    #[test]
    fn half_stable_functions_are_critical_only_with_biases() {
        for (name, bias_variance, weight_variance) in [
            ("gelu", 0.172_922_39, 1.983_058_26),
            ("silu", 0.555_143_17, 1.988_004_68),
        ] {
            let activation = Activation::named(name).unwrap();
            let (found, _) = critical_weight_variance(&activation, bias_variance * (1.0 + 1e-5)).unwrap();
            assert!((found - weight_variance).abs() < 1e-3, "{name}: {found}");
            for none in [0.0, bias_variance / 2.0, bias_variance * (1.0 - 1e-5)] {
                let error = critical_weight_variance(&activation, none).unwrap_err();
                assert!(error.to_string().contains("no critical sigma_w^2"), "{error}");
            }
        }
        let softplus = Activation::named("softplus").unwrap();
        for bias_variance in [0.0, 0.1, 1.0] {
            assert!(critical_weight_variance(&softplus, bias_variance).is_err());
        }
    }

    /// Whatever the solver returns is critical: chi_1 = 1 at a length that the map keeps.
    #[test]
    fn critical_points_of_every_function_are_critical() {
        let mut found = 0;
        for entry in crate::activation::ENTRIES {
            let activation = Activation::named(entry.name).unwrap();
            for bias_variance in [0.0, 0.05, 0.5, 2.0] {
                let Ok((weight_variance, q)) = critical_weight_variance(&activation, bias_variance) else {
                    continue;
                };
                found += 1;
                let field = MeanField {
                    activation: &activation,
                    weight_variance,
                    bias_variance,
                };
                let near = if q == 0.0 { 1e-12 } else { q };
                assert!(
                    (field.chi(near) - 1.0).abs() < 1e-5,
                    "{activation} {bias_variance}"
                );
                // A length of 0 is a limit, and one of 1 stands for every length.
                if q != 0.0 && q != 1.0 {
                    assert!(
                        (field.length(q) / q - 1.0).abs() < 1e-9,
                        "{activation} {bias_variance}"
                    );
                }
            }
        }
        assert!(found >= 30, "only {found}");
    }

    #[test]
    fn relu_runs_away_above_its_critical_point() {
        let activation = Activation::named("relu").unwrap();
        let field = MeanField {
            activation: &activation,
            weight_variance: 2.5,
            bias_variance: 0.0,
        };
        assert_eq!(field.fixed_length(), None);
        // The map of ReLU is the arc-cosine kernel at every length.
        let at_two = MeanField {
            weight_variance: 2.0,
            ..field
        };
        for c in [0.0, 0.4, 0.8] {
            let expected = crate::theory::finite_width::relu_correlation(c);
            assert!((at_two.correlation(3.0, c) - expected).abs() < 1e-12);
        }
    }

    /// SELU's fixed point is (0, 1) under LeCun's variance (Klambauer et al. 2017).
    #[test]
    fn selu_is_self_normalizing() {
        let selu = Activation::named("selu").unwrap();
        let field = MeanField {
            activation: &selu,
            weight_variance: 1.0,
            bias_variance: 0.0,
        };
        assert!((field.fixed_length().unwrap() - 1.0).abs() < 1e-6);
        assert!(normal_mean(|z| selu.value64(z)).abs() < 1e-9);
    }
}

//! Sine, the activation function of implicit neural representations.

use super::Function;
use crate::numerics::Lane;
use crate::numerics::elementary::lane_cos_sin_of;
use crate::support::catalog::{Entry, Parameter, Spec};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sine {
    omega: f64,
}

impl Sine {
    /// `omega` in quarter turns.
    #[inline(always)]
    fn quarters(self) -> f64 {
        self.omega * std::f64::consts::FRAC_2_PI
    }
}

impl Function for Sine {
    const ENTRY: &'static Entry = &Entry {
        name: "sine",
        aliases: &["sin"],
        summary: "sine: periodic; SIREN's, with omega 30 there",
        formula: "sin(omega z)",
        citation: "Sitzmann et al. 2020, Implicit neural representations with periodic activation functions, arXiv 2006.09661, section 3",
        parameters: &[Parameter::number("omega", 1.0, 1e-3, 1e3, "angular frequency")],
    };

    fn from_spec(spec: &Spec) -> Self {
        Sine {
            omega: spec.number("omega"),
        }
    }

    #[inline(always)]
    fn value<L: Lane>(self, z: L) -> L {
        lane_cos_sin_of(z, self.quarters()).1
    }

    #[inline(always)]
    fn derivative<L: Lane>(self, z: L, _: L) -> L {
        lane_cos_sin_of(z, self.quarters()).0 * L::splat(self.omega as f32)
    }

    fn value64(self, z: f64) -> f64 {
        libm::sin(self.omega * z)
    }

    fn derivative64(self, z: f64) -> f64 {
        self.omega * libm::cos(self.omega * z)
    }
}

#[cfg(test)]
mod tests {
    use crate::activation::Activation;
    use crate::support::catalog::Value;

    /// At omega 30 an error of the argument's rounding alone would be 30 times larger than these bounds.
    #[test]
    fn high_frequencies_keep_their_precision() {
        let table = [
            ("kind", Value::Text("sine".to_owned())),
            ("omega", Value::Integer(30)),
        ];
        let table = table.map(|(key, value)| (key.to_owned(), value)).into();
        let sine = Activation::parse(&Value::Table(table)).unwrap();
        let points: Vec<f32> = (-4000..4000).map(|i| i as f32 * 0.003_1).collect();
        let mut a = vec![0.0; points.len()];
        sine.apply_slice(&points, &mut a);
        let mut delta = vec![1.0; points.len()];
        sine.backprop_slice(&points, &a, &mut delta);
        for ((&z, &a), &d) in points.iter().zip(&a).zip(&delta) {
            let (value, derivative) = (sine.value64(z.into()), sine.derivative64(z.into()));
            assert!((f64::from(a) - value).abs() < 2.5e-7, "{z}: {a} is not {value}");
            assert!(
                (f64::from(d) - derivative).abs() < 7.5e-6,
                "{z}: {d} is not {derivative}"
            );
        }
    }

    #[test]
    fn out_of_range_is_finite_and_nan_passes() {
        let sine = Activation::named("sine").unwrap();
        let mut a = [0.0; 4];
        sine.apply_slice(&[1e10, -1e30, f32::MAX, f32::NAN], &mut a);
        assert!(a[..3].iter().all(|a| a.abs() <= 1.0), "{a:?}");
        assert!(a[3].is_nan());
    }
}

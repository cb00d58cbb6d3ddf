//! An activation function with its argument and its values moved and scaled: `gamma (f(alpha z + beta) + delta)`.
//!
//! Schemes that shape the function of a network (TAT, DKS) set the four numbers when the network is planned; the
//! function keeps its name. The arithmetic: `u = fma(alpha, z, beta)`, `(f(u) + delta) gamma`; a gradient is multiplied
//! by `alpha gamma` first, then by `f'(u)`, with `f(u)` computed anew.

use super::Function;
use crate::numerics::{Elementwise, Lane};

/// The four numbers of `gamma (f(alpha z + beta) + delta)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transform {
    /// alpha, the factor on the argument.
    pub input_scale: f64,
    /// beta, added to the scaled argument.
    pub input_shift: f64,
    /// delta, added to the value.
    pub output_shift: f64,
    /// gamma, the factor on the shifted value.
    pub output_scale: f64,
}

impl Transform {
    /// The one that changes nothing.
    pub const IDENTITY: Transform = Transform {
        input_scale: 1.0,
        input_shift: 0.0,
        output_shift: 0.0,
        output_scale: 1.0,
    };

    /// The argument that the function sees.
    pub(super) fn argument(&self, z: f64) -> f64 {
        self.input_scale * z + self.input_shift
    }

    /// What becomes of the function's value.
    pub(super) fn value(&self, a: f64) -> f64 {
        self.output_scale * (a + self.output_shift)
    }

    /// What becomes of the function's derivative.
    pub(super) fn slope(&self, derivative: f64) -> f64 {
        self.input_scale * self.output_scale * derivative
    }

    #[inline(always)]
    fn lanes<L: Lane>(&self, z: L) -> L {
        L::splat(self.input_scale as f32).mul_add(z, L::splat(self.input_shift as f32))
    }
}

/// Values, position by position.
pub(super) struct Forward<F>(pub F, pub Transform);

impl<F: Function> Elementwise<1, 1> for Forward<F> {
    #[inline(always)]
    fn apply<L: Lane>(&self, [z]: [L; 1], _: [L; 1]) -> [L; 1] {
        let a = self.0.value(self.1.lanes(z)) + L::splat(self.1.output_shift as f32);
        [a * L::splat(self.1.output_scale as f32)]
    }
}

/// Gradients passing back, position by position.
pub(super) struct Backward<F>(pub F, pub Transform);

impl<F: Function> Elementwise<1, 1> for Backward<F> {
    #[inline(always)]
    fn apply<L: Lane>(&self, [z]: [L; 1], [delta]: [L; 1]) -> [L; 1] {
        let u = self.1.lanes(z);
        let factor = L::splat((self.1.input_scale * self.1.output_scale) as f32);
        [self.0.pull(u, self.0.value(u), delta * factor)]
    }
}

#[cfg(test)]
mod tests {
    use super::Transform;
    use crate::activation::Activation;

    const SHAPED: Transform = Transform {
        input_scale: 0.6,
        input_shift: -0.35,
        output_shift: 0.2,
        output_scale: 1.9,
    };

    fn points() -> Vec<f32> {
        (-300..300).map(|i| i as f32 * 0.021 + 0.003).collect()
    }

    /// Values and gradients in f32 follow the f64 forms, which follow the formula.
    #[test]
    fn the_formula_holds_for_values_and_gradients() {
        for entry in super::super::ENTRIES {
            let plain = Activation::named(entry.name).unwrap();
            let shaped = plain.transformed(SHAPED);
            let z = points();
            let (mut a, mut delta) = (vec![0.0; z.len()], vec![0.5; z.len()]);
            shaped.apply_slice(&z, &mut a);
            shaped.backprop_slice(&z, &a, &mut delta);
            for ((z, a), d) in z.iter().map(|z| f64::from(*z)).zip(a).zip(delta) {
                let u = 0.6 * z - 0.35;
                let (value, slope) = (1.9 * (plain.value64(u) + 0.2), 1.14 * plain.derivative64(u));
                assert!((shaped.value64(z) - value).abs() < 1e-14, "{entry:?} at {z}");
                assert!((shaped.derivative64(z) - slope).abs() < 1e-14, "{entry:?} at {z}");
                assert!(
                    (f64::from(a) - value).abs() < 2e-6,
                    "{} at {z}: {a}, {value}",
                    entry.name
                );
                assert!(
                    (f64::from(d) - 0.5 * slope).abs() < 2e-6,
                    "{} at {z}: {d}, {slope}",
                    entry.name
                );
            }
        }
    }

    #[test]
    fn the_identity_changes_only_the_sign_of_zeros_and_the_name_stays() {
        for entry in super::super::ENTRIES {
            let plain = Activation::named(entry.name).unwrap();
            let shaped = plain.transformed(Transform::IDENTITY);
            let z = points();
            let run = |f: &Activation| {
                let (mut a, mut delta) = (vec![0.0; z.len()], vec![0.5; z.len()]);
                f.apply_slice(&z, &mut a);
                f.backprop_slice(&z, &a, &mut delta);
                // Adding delta = 0 makes +0 of -0.
                [a, delta].map(|v| v.iter().map(|x| (x + 0.0).to_bits()).collect::<Vec<_>>())
            };
            assert_eq!(run(&plain), run(&shaped), "{}", entry.name);
            assert_eq!(shaped.to_string(), plain.to_string());
            assert_eq!(shaped.original(), plain);
        }
    }

    #[test]
    fn the_variance_gain_is_that_of_the_transformed_function() {
        let tanh = Activation::named("tanh").unwrap();
        let double = Transform {
            output_scale: 2.0,
            ..Transform::IDENTITY
        };
        let (plain, doubled) = (tanh.variance_gain(), tanh.transformed(double));
        assert!((doubled.variance_gain() * 2.0 - plain).abs() < 1e-12);
        // The literature's gain is that of the function as it is.
        assert_eq!(doubled.gain(), doubled.variance_gain());
    }
}

//! Activation functions: a catalogue with value, derivative, gain and formula of each.
//!
//! One file per function holds its entry, and its value and derivative; its `mod`
//! line and a line of the list below bring it in. The
//! f32 forms that training uses are written once as lane code (see [`crate::numerics`]); the f64
//! forms serve theory and tests.

use std::fmt;

use crate::numerics::{Batch, Elementwise, Lane, apply, apply_batch};
use crate::support::catalog::{self, Entry, Spec, Value, catalogue};
use crate::support::error::Result;

/// What one activation function is made of.
trait Function: Copy {
    /// What a person reads about it.
    const ENTRY: &'static Entry;

    fn from_spec(spec: &Spec) -> Self;

    /// The function, in f32. Implementations are `#[inline(always)]`, as are the next two.
    fn value<L: Lane>(self, z: L) -> L;

    /// Its derivative at `z`, where the function has the value `a`.
    fn derivative<L: Lane>(self, z: L, a: L) -> L;

    /// `delta` times the derivative: how a gradient passes back.
    #[inline(always)]
    fn pull<L: Lane>(self, z: L, a: L, delta: L) -> L {
        delta * self.derivative(z, a)
    }

    fn value64(self, z: f64) -> f64;

    fn derivative64(self, z: f64) -> f64;

    /// The gain that the literature gives for it, where it gives one.
    fn known_gain(self) -> Option<f64> {
        None
    }
}

mod abs;
mod elu;
mod gelu;
mod identity;
mod leaky_relu;
mod relu;
mod selu;
mod sigmoid;
mod silu;
mod sine;
mod softplus;
mod tanh;
mod transform;

pub use transform::Transform;

catalogue! {
    "activation function", Function, with_function:
    relu::Relu,
    leaky_relu::LeakyRelu,
    elu::Elu,
    selu::Selu,
    gelu::Gelu,
    silu::Silu,
    tanh::Tanh,
    sigmoid::Sigmoid,
    softplus::Softplus,
    identity::Identity,
    abs::Abs,
    sine::Sine,
}

/// An activation function with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Activation {
    spec: Spec,
    kind: Variant,
    transform: Option<Transform>,
}

impl Activation {
    /// The activation function of a catalogue value: a name (`"relu"`) or a table
    /// (`{ kind = "leaky_relu", slope = 0.1 }`).
    ///
    /// # Errors
    /// An unknown name or parameter, or a parameter out of range.
    pub fn parse(value: &Value) -> Result<Self> {
        let spec = catalog::choose("activation", value, ENTRIES)?;
        let kind = Variant::from_spec(&spec);
        Ok(Activation {
            spec,
            kind,
            transform: None,
        })
    }

    /// The activation function called `name`, with default parameters.
    ///
    /// # Errors
    /// No such function.
    pub fn named(name: &str) -> Result<Self> {
        Activation::parse(&Value::Text(name.to_owned()))
    }

    /// The catalogue item and its parameters.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// This function, transformed; whatever transformed it before is left out. Name and text stay.
    pub fn transformed(&self, transform: Transform) -> Self {
        Activation {
            transform: Some(transform),
            ..self.clone()
        }
    }

    /// How the function is transformed, where it is.
    pub fn transform(&self) -> Option<&Transform> {
        self.transform.as_ref()
    }

    /// This function under the name and the text of `original`, whose place it takes in a network.
    pub(crate) fn in_place_of(&self, original: &Activation) -> Self {
        Activation {
            spec: original.spec.clone(),
            ..self.clone()
        }
    }

    /// The function of this name and text, without its transformation.
    pub fn original(&self) -> Self {
        Activation {
            spec: self.spec.clone(),
            kind: Variant::from_spec(&self.spec),
            transform: None,
        }
    }

    /// Canonical name, without parameters.
    pub fn name(&self) -> &'static str {
        self.spec.name()
    }

    /// Writes the function's values at `z` to `a` (resized to the shape of `z`).
    pub fn apply(&self, z: &Batch, a: &mut Batch) {
        a.resize(z.rows(), z.cols());
        with_function!(self.kind, f => match self.transform {
            None => apply_batch(&Forward(f), [z], [a]),
            Some(t) => apply_batch(&transform::Forward(f, t), [z], [a]),
        });
    }

    /// The same for a slice.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn apply_slice(&self, z: &[f32], a: &mut [f32]) {
        with_function!(self.kind, f => match self.transform {
            None => apply(&Forward(f), [z], [a]),
            Some(t) => apply(&transform::Forward(f, t), [z], [a]),
        });
    }

    /// Multiplies `delta` (a gradient with respect to the values `a`) by the derivative at `z`,
    /// which makes it the gradient with respect to `z`.
    ///
    /// # Panics
    /// If the three differ in shape.
    pub fn backprop(&self, z: &Batch, a: &Batch, delta: &mut Batch) {
        with_function!(self.kind, f => match self.transform {
            None => apply_batch(&Backward(f), [z, a], [delta]),
            Some(t) => apply_batch(&transform::Backward(f, t), [z], [delta]),
        });
    }

    /// The same for slices.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn backprop_slice(&self, z: &[f32], a: &[f32], delta: &mut [f32]) {
        with_function!(self.kind, f => match self.transform {
            None => apply(&Backward(f), [z, a], [delta]),
            Some(t) => apply(&transform::Backward(f, t), [z], [delta]),
        });
    }

    /// The function, in f64.
    pub fn value64(&self, z: f64) -> f64 {
        with_function!(self.kind, f => match &self.transform {
            None => f.value64(z),
            Some(t) => t.value(f.value64(t.argument(z))),
        })
    }

    /// Its derivative, in f64 (at a kink: the derivative that training uses).
    pub fn derivative64(&self, z: f64) -> f64 {
        with_function!(self.kind, f => match &self.transform {
            None => f.derivative64(z),
            Some(t) => t.slope(f.derivative64(t.argument(z))),
        })
    }

    /// The factor on `sqrt(1 / fan_in)` that is recommended for the layer that this function
    /// feeds: the literature's figure where there is one (see each entry's citation; these are
    /// the figures of PyTorch's `calculate_gain`, but 1 for SELU), else, and for a transformed function,
    /// [`variance_gain`].
    ///
    /// [`variance_gain`]: Activation::variance_gain
    pub fn gain(&self) -> f64 {
        let known = match self.transform {
            None => with_function!(self.kind, f => f.known_gain()),
            Some(_) => None,
        };
        known.unwrap_or_else(|| self.variance_gain())
    }

    /// The gain that keeps the second moment of pre-activations at 1 exactly (in infinite width):
    /// `1 / sqrt(E[f(z)^2])` for standard normal z.
    pub fn variance_gain(&self) -> f64 {
        1.0 / normal_mean(|z| self.value64(z) * self.value64(z)).sqrt()
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.fmt(f)
    }
}

/// Values, position by position.
struct Forward<F>(F);

impl<F: Function> Elementwise<1, 1> for Forward<F> {
    #[inline(always)]
    fn apply<L: Lane>(&self, [z]: [L; 1], _: [L; 1]) -> [L; 1] {
        [self.0.value(z)]
    }
}

/// Gradients passing back, position by position.
struct Backward<F>(F);

impl<F: Function> Elementwise<2, 1> for Backward<F> {
    #[inline(always)]
    fn apply<L: Lane>(&self, [z, a]: [L; 2], [delta]: [L; 1]) -> [L; 1] {
        [self.0.pull(z, a, delta)]
    }
}

/// `E[f(z)]` for standard normal z: Simpson's rule on either side of 0, where `f` may have a kink.
fn normal_mean(f: impl Fn(f64) -> f64) -> f64 {
    const HALF: usize = 4096;
    const REACH: f64 = 12.0;
    let h = REACH / HALF as f64;
    let weighted = |z: f64| f(z) * libm::exp(-0.5 * z * z);
    let side = |sign: f64| {
        let mut sum = weighted(0.0) + weighted(sign * REACH);
        for i in 1..HALF {
            sum += weighted(sign * h * i as f64) * if i % 2 == 1 { 4.0 } else { 2.0 };
        }
        sum * h / 3.0
    };
    (side(1.0) + side(-1.0)) / std::f64::consts::TAU.sqrt()
}

#[cfg(test)]
mod tests;

//! Activation functions: a catalogue with value, derivative, gain and formula of each.

use crate::catalog::Spec;

/// An activation function with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Activation {
    /// The catalogue item and its parameters.
    pub spec: Spec,
}

//! ZerO: deterministic initialization with zeros and ones by way of Hadamard matrices.
//!
//! Zhao, Schaefer and Anandkumar 2021, arXiv 2110.12661, algorithm 1, for a layer of P units over
//! Q inputs: the identity if P = Q; partial identity if P < Q; if P > Q, `c I* H I*` with the
//! Hadamard matrix H of order `2^m`, `m = ceil(log2 P)`, `c = 2^(-(m - 1) / 2)`, cut to P x Q. Unlike
//! plain partial identity, the Hadamard transform where dimensions grow breaks the symmetry that
//! keeps the rank of later updates at the input's dimension.
//!
//! The authors' code divides H by `2^(m / 2)` instead, which makes H orthogonal and is smaller by
//! sqrt(2): `normalization = "code"`.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme};
use crate::model::LayerInfo;
use crate::numerics::linalg::hadamard;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "zero_hadamard",
    aliases: &["zer_o", "hadamard"],
    summary: "ZerO: identity, with a Hadamard transform where dimensions grow; no randomness",
    formula: "fan_out <= fan_in: partial identity; else c H, H Hadamard of order 2^m, m = ceil(log2 fan_out), c = 2^(-(m-1)/2)",
    citation: "Zhao, Schaefer and Anandkumar 2021, ZerO initialization, arXiv 2110.12661, algorithm 1",
    parameters: &[Parameter::choice(
        "normalization",
        "paper",
        &["paper", "code"],
        "c as the paper prints it, or 2^(-m/2) as the authors' code has it",
    )],
};

#[derive(Debug)]
struct ZerO {
    /// `c^2 2^m`.
    square: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let square = if spec.text("normalization") == "code" {
        1.0
    } else {
        2.0
    };
    Ok(Arc::new(ZerO { square }))
}

impl Scheme for ZerO {
    fn fill(&self, layer: &LayerInfo, _: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        if layer.fan_out <= layer.fan_in {
            weights.diag_mut().fill(1.0);
            return Ok(());
        }
        let order = layer.fan_out.next_power_of_two();
        let c = (self.square / order as f64).sqrt();
        for ((k, j), w) in weights.indexed_iter_mut() {
            *w = (c * hadamard(k, j)) as f32;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{draw, layer};

    #[test]
    fn growing_layers_get_the_hadamard_matrix() {
        let w = draw("\"zero_hadamard\"", &layer(3, 4, "relu"), 0);
        let h = std::f32::consts::FRAC_1_SQRT_2;
        assert_eq!(w, [h, h, h, h, h, -h, h, -h, h, h, -h, -h]);
        let code = r#"{ kind = "zero_hadamard", normalization = "code" }"#;
        assert_eq!(draw(code, &layer(1, 4, "relu"), 0), [0.5; 4]);
        let w = draw("\"zero_hadamard\"", &layer(4, 2, "relu"), 0);
        assert_eq!(w, [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }
}

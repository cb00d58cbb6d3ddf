//! Identity, or as much of it as fits: `W[i][i] = gain`, else 0 (partial identity for layers that are not square).
//!
//! The perceptron's case of delta (Dirac) initialization. Le, Jaitly and Hinton 2015, arXiv
//! 1504.00941 (recurrent networks); Xiao et al. 2018, arXiv 1806.05393 (delta-orthogonal
//! convolutions). A deep ReLU network that starts so cannot use more dimensions than its input has
//! until symmetry breaks (Zhao, Schaefer and Anandkumar 2021, arXiv 2110.12661).

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "identity",
    aliases: &["delta", "eye", "dirac", "partial_identity"],
    summary: "identity; partial identity where the layer is not square",
    formula: "W[i][i] = gain, else 0",
    citation: "Le, Jaitly and Hinton 2015, arXiv 1504.00941; Xiao et al. 2018, arXiv 1806.05393",
    parameters: &[Parameter::number("gain", 1.0, -1e6, 1e6, "value on the diagonal")],
};

#[derive(Debug)]
struct Identity {
    gain: f32,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let gain = spec.number("gain") as f32;
    Ok(Arc::new(Identity { gain }))
}

impl Scheme for Identity {
    fn fill(&self, _: &LayerInfo, _: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        weights.diag_mut().fill(self.gain);
        Ok(())
    }

    fn leaves_units_at_zero(&self, layer: &LayerInfo) -> bool {
        self.gain == 0.0 || layer.fan_out > layer.fan_in
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{draw, layer};

    #[test]
    fn ones_on_the_diagonal_only() {
        for (fan_in, fan_out) in [(3, 3), (2, 4), (4, 2)] {
            let w = draw("\"identity\"", &layer(fan_in, fan_out, "relu"), 0);
            for i in 0..fan_in {
                for j in 0..fan_out {
                    assert_eq!(w[i * fan_out + j], if i == j { 1.0 } else { 0.0 });
                }
            }
        }
    }
}

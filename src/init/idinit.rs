//! IDInit: identity matrices, repeated where the layer is not square; almost zero at the end of residual branches.
//!
//! Pan et al. 2025, IDInit: a universal and stable initialization method for neural network training, ICLR, arXiv
//! 2503.04626. `IDI_tau` pads a layer that is not square with further identities next to the first, which keeps its
//! rank from being that of the input; `IDIZ_epsilon`, at the end of a branch, has epsilon in place of tau, so that
//! the branch is almost zero and its units are not dead. tau = 1 and epsilon = 1e-6 are the paper's defaults. The
//! order of the padding is not read from the authors' code, which is not public: input j and unit i are joined
//! where j and i agree modulo the smaller of the two widths.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "idinit",
    aliases: &[],
    summary: "identity, repeated where the layer is not square; epsilon at the end of residual branches; no randomness",
    formula: "W[j][i] = t if j = i modulo min(fan_in, fan_out), else 0; t = tau, at the end of a branch epsilon",
    citation: "Pan et al. 2025, IDInit, a universal and stable initialization method, arXiv 2503.04626",
    parameters: &[
        Parameter::number("tau", 1.0, -1e6, 1e6, "value on the diagonals"),
        Parameter::number(
            "epsilon",
            1e-6,
            -1e6,
            1e6,
            "value on the diagonals at the end of a residual branch",
        ),
    ],
};

#[derive(Debug)]
struct IdInit {
    tau: f32,
    epsilon: f32,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(IdInit {
        tau: spec.number("tau") as f32,
        epsilon: spec.number("epsilon") as f32,
    }))
}

impl IdInit {
    /// What is not 0 of `layer`.
    fn value(&self, layer: &LayerInfo) -> f32 {
        match layer.block {
            Some(place) if place.is_last() => self.epsilon,
            _ => self.tau,
        }
    }
}

impl Scheme for IdInit {
    fn fill(&self, layer: &LayerInfo, _: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let value = self.value(layer);
        let short = layer.fan_in.min(layer.fan_out);
        for k in 0..layer.fan_in.max(layer.fan_out) {
            let place = if layer.fan_in > layer.fan_out {
                [k, k % short]
            } else {
                [k % short, k]
            };
            weights[place] = value;
        }
        Ok(())
    }

    fn leaves_units_at_zero(&self, layer: &LayerInfo) -> bool {
        self.value(layer) == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{draw, layer};
    use crate::model::BlockPlace;

    #[test]
    fn identities_stand_side_by_side() {
        let wide = draw("\"idinit\"", &layer(2, 5, "relu"), 1);
        assert_eq!(wide, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        let tall = draw("\"idinit\"", &layer(5, 2, "relu"), 1);
        assert_eq!(tall, [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn branches_end_in_epsilon() {
        let place = |position| {
            Some(BlockPlace {
                block: 0,
                blocks: 4,
                position,
                length: 2,
            })
        };
        let mut layer = layer(2, 2, "relu");
        layer.block = place(0);
        assert_eq!(
            draw(r#"{ kind = "idinit", tau = 2 }"#, &layer, 1),
            [2.0, 0.0, 0.0, 2.0]
        );
        layer.block = place(1);
        assert_eq!(draw("\"idinit\"", &layer, 1), [1e-6, 0.0, 0.0, 1e-6]);
    }
}

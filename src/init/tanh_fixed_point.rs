//! Tanh fixed point: the identity and a little noise, so that `tanh(w x)` neither dies nor saturates.
//!
//! Lee, Choi and Kim 2025, Robust weight initialization for tanh neural networks with fixed point analysis, arXiv
//! 2410.02242: `W = D + Z`, `Z ~ N(0, (.085)^2 / fan_in)`. As in the authors' code (1HyunwooLee/Tanh-Init), unit i of
//! D takes input `i mod fan_in`: a wide layer repeats its inputs, a narrow one drops the last of them. (That
//! code divides the noise by the root of fan_out, the paper by that of fan_in, as here; they agree on square layers.)

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme, row_major};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "tanh_fixed_point",
    aliases: &[],
    summary: "identity (repeated where the layer grows) and noise: activations of tanh survive thousands of layers",
    formula: "W[j][i] = [j = i mod fan_in] + N(0, alpha^2 / fan_in)",
    citation: "Lee, Choi and Kim 2025, Robust weight initialization for tanh neural networks with fixed point analysis, arXiv 2410.02242",
    parameters: &[Parameter::number(
        "alpha",
        0.085,
        0.0,
        1e6,
        "deviation of the noise times sqrt(fan_in)",
    )],
};

#[derive(Debug)]
struct TanhFixedPoint {
    alpha: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let alpha = spec.number("alpha");
    Ok(Arc::new(TanhFixedPoint { alpha }))
}

impl Scheme for TanhFixedPoint {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let std = self.alpha / (layer.fan_in as f64).sqrt();
        stream.fill_normal(row_major(&mut weights), std as f32);
        for unit in 0..layer.fan_out {
            weights[[unit % layer.fan_in, unit]] += 1.0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{draw, layer, moments};

    #[test]
    fn ones_follow_the_units_and_the_rest_is_noise() {
        for (fan_in, fan_out) in [(60, 60), (40, 100), (100, 40)] {
            let mut weights = draw("\"tanh_fixed_point\"", &layer(fan_in, fan_out, "tanh"), 3);
            for unit in 0..fan_out {
                weights[(unit % fan_in) * fan_out + unit] -= 1.0;
            }
            let m = moments(&weights);
            let expected = 0.085 * 0.085 / fan_in as f64;
            let bound = 5.0 * (2.0 / weights.len() as f64).sqrt();
            assert!(
                (m.variance / expected - 1.0).abs() < bound,
                "{fan_in} x {fan_out}: {}",
                m.variance
            );
        }
    }

    #[test]
    fn without_noise_it_is_a_repeated_identity() {
        let weights = draw(
            r#"{ kind = "tanh_fixed_point", alpha = 0 }"#,
            &layer(2, 5, "tanh"),
            3,
        );
        assert_eq!(weights, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        let weights = draw(
            r#"{ kind = "tanh_fixed_point", alpha = 0 }"#,
            &layer(3, 2, "tanh"),
            3,
        );
        assert_eq!(weights, [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    }
}

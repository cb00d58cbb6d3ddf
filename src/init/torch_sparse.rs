//! PyTorch's `sparse_`: of each column of its weight matrix, which holds what *leaves one input*, a
//! fraction `sparsity` of the elements is zero; the others are `N(0, std^2)`.
//!
//! It cites Martens 2010, whose scheme ([`super::sparse`]) fixes what *enters one unit*: there every
//! unit has the same number of links, here their number varies from unit to unit, and with few of
//! them a unit may have none. The default deviation differs too, .01 instead of 1.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme, row_major};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "torch_sparse",
    aliases: &[],
    summary: "sparse as PyTorch means it: a fraction of the weights that leave each input is zero",
    formula: "each input: ceil(sparsity fan_out) places w = 0, elsewhere N(0, std^2); Var = std^2 (1 - ceil(sparsity fan_out) / fan_out)",
    citation: "torch.nn.init.sparse_, which cites Martens 2010",
    parameters: &[
        Parameter::required("sparsity", 0.0, 1.0, "fraction of zeros"),
        Parameter::number("std", 0.01, 0.0, 1e6, "standard deviation of the others"),
    ],
};

#[derive(Debug)]
struct TorchSparse {
    sparsity: f64,
    std: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(TorchSparse {
        sparsity: spec.number("sparsity"),
        std: spec.number("std"),
    }))
}

impl TorchSparse {
    /// Zeros among the weights that leave one input.
    fn zeros(&self, layer: &LayerInfo) -> usize {
        (self.sparsity * layer.fan_out as f64).ceil() as usize
    }
}

impl Scheme for TorchSparse {
    /// First a normal draw for every place, as dense schemes make it; then, input by input, the
    /// places that lose theirs.
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let fan_out = layer.fan_out;
        stream.fill_normal(row_major(&mut weights), self.std as f32);
        let mut units: Vec<usize> = (0..fan_out).collect();
        for mut row in weights.rows_mut() {
            for taken in 0..self.zeros(layer) {
                let other = taken + stream.below((fan_out - taken) as u32) as usize;
                units.swap(taken, other);
                row[units[taken]] = 0.0;
            }
        }
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        let zeros = self.zeros(layer) as f64 / layer.fan_out as f64;
        Some(self.std * self.std * (1.0 - zeros))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{draw, layer};

    #[test]
    fn each_input_has_as_many_zeros_as_asked_for() {
        let w = draw(
            r#"{ kind = "torch_sparse", sparsity = 0.901 }"#,
            &layer(300, 40, "tanh"),
            3,
        );
        let mut links = vec![0; 40];
        for row in w.chunks_exact(40) {
            // ceil(.901 * 40) = 37.
            assert_eq!(row.iter().filter(|x| **x == 0.0).count(), 37);
            for (unit, _) in row.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                links[unit] += 1;
            }
        }
        // A unit's links are binomial: 300 * 3 / 40 = 22.5, deviation 4.6; not one number for all.
        assert!(links.iter().all(|&n| (1..=45).contains(&n)), "{links:?}");
        assert!(links.iter().any(|&n| n != links[0]), "{links:?}");
        let all = draw(
            r#"{ kind = "torch_sparse", sparsity = 1 }"#,
            &layer(3, 4, "tanh"),
            3,
        );
        assert_eq!(all, [0.0; 12]);
    }
}

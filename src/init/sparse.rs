//! Sparse: each unit has exactly `links` nonzero incoming weights, `N(0, std^2)`, at random places.
//!
//! The total input of a unit does not depend on its fan, so units neither saturate nor agree.
//! Martens 2010, Deep learning via Hessian-free optimization, section 5 (15 links, N(0, 1), zero
//! biases); Sutskever et al. 2013, section 3.1: for tanh, weights times .25 and biases .5, which makes
//! of it the sigmoid network of the first recipe. PyTorch's function of the same name is another law,
//! see [`super::torch_sparse`].

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::{Registry, Scheme, row_major};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "sparse",
    aliases: &[],
    summary: "a fixed number of nonzero incoming weights per unit",
    formula: "each unit: `links` places without replacement, w ~ N(0, std^2) there, else 0; Var = std^2 min(links, fan_in) / fan_in",
    citation: "Martens 2010, Deep learning via Hessian-free optimization, section 5; Sutskever et al. 2013, section 3.1",
    parameters: &[
        Parameter::integer("links", 15, 1, 1 << 20, "nonzero incoming weights per unit"),
        Parameter::number("std", 1.0, 0.0, 1e6, "their standard deviation"),
    ],
};

#[derive(Debug)]
struct Sparse {
    links: usize,
    std: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(Sparse {
        links: spec.integer("links") as usize,
        std: spec.number("std"),
    }))
}

impl Scheme for Sparse {
    /// First a normal draw for every place, as dense schemes make it; then, unit by unit, the places
    /// that keep theirs.
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let (fan_in, fan_out) = (layer.fan_in, layer.fan_out);
        stream.fill_normal(row_major(&mut weights), self.std as f32);
        let mut inputs: Vec<usize> = (0..fan_in).collect();
        for unit in 0..fan_out {
            for kept in 0..self.links.min(fan_in) {
                let other = kept + stream.below((fan_in - kept) as u32) as usize;
                inputs.swap(kept, other);
            }
            for k in inputs.iter().skip(self.links) {
                weights[[*k, unit]] = 0.0;
            }
        }
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        let fan_in = layer.fan_in as f64;
        Some(self.std * self.std * (self.links as f64).min(fan_in) / fan_in)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{draw, layer};

    #[test]
    fn each_unit_has_as_many_links_as_asked_for() {
        for fan_in in [40, 9] {
            let w = draw("\"sparse\"", &layer(fan_in, 200, "tanh"), 3);
            let mut used = vec![0; fan_in];
            for unit in 0..200 {
                let links: Vec<usize> = (0..fan_in).filter(|k| w[k * 200 + unit] != 0.0).collect();
                assert_eq!(links.len(), 15.min(fan_in));
                links.iter().for_each(|k| used[*k] += 1);
            }
            // Places are uniform: 200 * 15 / 40 = 75 uses each, deviation 6.8.
            assert!(
                used.iter().all(|&u| fan_in < 15 || (41..=109).contains(&u)),
                "{used:?}"
            );
        }
    }
}

//! SkipInit: a learned scalar at the end of each residual branch, small or 0 at the start, in place
//! of batch normalization.
//!
//! De and Smith 2020, Batch normalization biases residual blocks towards the identity function in
//! deep networks, arXiv 2002.10444: normalization works because it scales branches down by
//! the root of the depth; one scalar does it as well.

use std::sync::Arc;

use super::rezero::BranchFactor;
use super::{Registry, Scheme};
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "skipinit",
    aliases: &[],
    summary: "residual networks: He weights, a learned scalar on each branch starts at alpha",
    formula: "h + alpha branch(h), alpha = 0 (or 1/sqrt(blocks)) at the start; weights by base",
    citation: "De and Smith 2020, Batch normalization biases residual blocks towards the identity function, arXiv 2002.10444",
    parameters: &[
        Parameter::number("alpha", 0.0, -1e6, 1e6, "factor on each branch at the start"),
        Parameter::any("base", "he_normal", "scheme of the weights"),
    ],
};

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(BranchFactor {
        name: ENTRY.name,
        base: registry.nested_layerwise(spec, "base")?,
        alpha: spec.number("alpha") as f32,
    }))
}

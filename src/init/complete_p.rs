//! CompleteP: residual branches over the depth, whose rate under Adam then does not depend on depth.
//!
//! Dey et al. 2025, Don't be lazy: CompleteP enables compute-efficient deep transformers, arXiv 2505.01618, and its public
//! implementation (EleutherAI/nanoGPT-mup, branch completep): `h + branch(h) / L` for L blocks, Adam's rate in the branches times
//! `L^(alpha - 1)`, 1 at their alpha = 1. The rate of SGD, which they do not give, follows from the same count: times L (see
//! `depth_mup`). They also divide Adam's epsilon by L; a scheme does not set it here, and the gradients of networks of this size are far above it.

use std::sync::Arc;

use super::depth_mup::{BASE, DepthRule};
use super::{Registry, Scheme};
use crate::support::catalog::{Entry, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "complete_p",
    aliases: &["completep"],
    summary: "residual networks: branches over the number of blocks, Adam's rates unchanged",
    formula: "h + branch(h) / L for L blocks; rates in branches x 1 (Adam), x L (SGD); weights by base",
    citation: "Dey et al. 2025, Don't be lazy: CompleteP enables compute-efficient deep transformers, arXiv 2505.01618",
    parameters: &[BASE],
};

pub(super) fn build(spec: &Spec, registry: &Registry) -> Result<Arc<dyn Scheme>> {
    Ok(Arc::new(DepthRule {
        name: ENTRY.name,
        base: registry.nested(spec, "base")?,
        power: 1.0,
        alpha: "1/blocks",
    }))
}

//! `trunc_normal_(std = .02)` as timm and PyTorch mean it: the cut is absolute, at +-2, not at two
//! standard deviations. At the usual deviation of .02 that is a hundred deviations away: nothing is
//! cut, and the scheme is `normal(std=0.02)` by another name.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::truncated_normal::variance_of_standard;
use super::{Registry, Scheme, row_major};
use crate::model::LayerInfo;
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "timm_trunc_normal",
    aliases: &["torch_trunc_normal"],
    summary: "truncated normal as timm and PyTorch mean it: cut at an absolute limit",
    formula: "N(0, std^2) given |w| <= limit",
    citation: "timm.layers.trunc_normal_, torch.nn.init.trunc_normal_ (a = -2, b = 2)",
    parameters: &[
        Parameter::number("std", 0.02, 1e-9, 1e6, "standard deviation of the parent"),
        Parameter::number("limit", 2.0, 1e-9, 1e6, "where it is cut, in units of the weight"),
    ],
};

/// Beyond this many deviations an f32 sample of the parent cannot lie.
const NEVER: f64 = 30.0;

#[derive(Debug)]
struct TimmTruncNormal {
    std: f64,
    limit: f64,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let (std, limit) = (spec.number("std"), spec.number("limit"));
    if limit < 0.5 * std {
        let message = format!("`limit` of `timm_trunc_normal` must be at least std / 2, not {limit}");
        return Err(
            crate::support::error::Error::new(crate::support::error::Kind::Experiment, message)
                .help("for a law that narrow, use `uniform`"),
        );
    }
    Ok(Arc::new(TimmTruncNormal { std, limit }))
}

impl Scheme for TimmTruncNormal {
    fn fill(&self, _: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let cut = self.limit / self.std;
        if cut >= NEVER {
            stream.fill_normal(row_major(&mut weights), self.std as f32);
        } else {
            stream.fill_truncated_normal(row_major(&mut weights), self.std as f32, cut as f32);
        }
        Ok(())
    }

    fn expected_variance(&self, _: &LayerInfo) -> Option<f64> {
        let cut = (self.limit / self.std).min(NEVER);
        Some(self.std * self.std * variance_of_standard(cut))
    }
}

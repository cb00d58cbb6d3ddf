//! Initialization schemes: a catalogue, and how a scheme fills a network.
//!
//! A scheme that only sets the variance of independent weights is one row of the table in
//! [`variance_scaling`]. Any other scheme is one file: its doc comment with formula and citation,
//! its `ENTRY`, its implementation of [`Scheme`], its tests; its `mod` line and a line of the list
//! below bring it in.
//! Experiment files, `goodinit list schemes`, reports and the generic tests read the catalogue.
//!
//! # Common random numbers
//!
//! Each layer's draws come from a stream addressed by experiment seed, weight seed and layer, never
//! by scheme. Schemes of the same distribution therefore scale the same base draws, and
//! comparisons between them are paired.

mod bias;
pub mod checkpoint;
mod directions;
#[cfg(test)]
mod golden;
#[cfg(test)]
#[path = "contributing/my_scheme.rs"]
mod my_scheme;
mod network;
mod pairing;
pub(crate) mod path_template;
mod registry;
mod shaped;
mod surface;
#[cfg(test)]
mod tests;
mod unknown;
pub mod variance_scaling;

// One line here and one in the list below bring a scheme in.
mod adaptive;
mod arpit;
mod autoinit;
mod candle_default;
mod complete_p;
mod constant;
mod depth_mup;
mod depth_rate;
mod dks;
mod fixup;
mod formula;
mod gpt2;
mod gradinit;
mod identity;
mod idinit;
mod kraehenbuehl;
mod kumar;
mod looks_linear;
mod lsuv;
mod mean_field;
mod metainit;
mod mup;
mod nguyen_widrow;
mod normal;
mod ntk;
mod orthogonal;
mod per_layer;
mod rai;
mod random_walk;
mod rezero;
mod scaled;
mod sinusoidal;
mod siren;
mod skipinit;
mod sparse;
mod spectral;
mod swim;
mod tanh_fixed_point;
mod tat;
mod timm_trunc_normal;
mod torch_default;
mod torch_sparse;
mod transfer;
mod truncated_normal;
mod uniform;
mod weight_norm_data;
mod weights;
mod zero_hadamard;
mod zeros;

/// The schemes that have a file of their own, in the order in which they are listed. A file has an
/// `ENTRY` and a `build`.
macro_rules! files {
    ($($module:ident),* $(,)?) => {
        const FILES: &[Definition] = &[$(Definition { entry: &$module::ENTRY, build: $module::build }),*];

        /// The names of those files.
        #[cfg(test)]
        const FILE_NAMES: &[&str] = &[$(stringify!($module)),*];
    };
}

files! {
    zeros,
    constant,
    normal,
    uniform,
    truncated_normal,
    timm_trunc_normal,
    adaptive,
    autoinit,
    torch_default,
    candle_default,
    kumar,
    mean_field,
    orthogonal,
    looks_linear,
    tat,
    dks,
    identity,
    zero_hadamard,
    idinit,
    tanh_fixed_point,
    sinusoidal,
    siren,
    random_walk,
    sparse,
    torch_sparse,
    gpt2,
    lsuv,
    nguyen_widrow,
    kraehenbuehl,
    gradinit,
    metainit,
    swim,
    rai,
    mup,
    ntk,
    spectral,
    depth_mup,
    complete_p,
    depth_rate,
    fixup,
    rezero,
    skipinit,
    weight_norm_data,
    arpit,
    per_layer,
    formula,
    scaled,
    transfer,
    weights,
}

pub use bias::BiasInit;
pub use network::{Context, InitReport, Network, initialize, planned};
pub use registry::{Choice, Definition, Registry};

use std::fmt;
use std::sync::Arc;

use ndarray::ArrayViewMut2;
use sha2::{Digest as _, Sha256};

use crate::activation::Activation;
use crate::model::{LayerInfo, Model, NO_UNIT_AT_ZERO, Norm, Role};
use crate::random::Stream;
use crate::support::error::{Error, Kind, Result};
use crate::support::text::hex;

/// The elements of a layer's weights in row-major order, as [`Stream`] fills them: element
/// `k * fan_out + j` joins input `k` to unit `j`.
///
/// # Panics
/// If the view is not contiguous in that order; those that [`Scheme::fill`] is given are.
pub fn row_major<'a>(weights: &'a mut ArrayViewMut2<f32>) -> &'a mut [f32] {
    weights
        .as_slice_mut()
        .expect("weights are contiguous in row-major order")
}

/// The text of a coordinate of a trial, as tables have it, by the coordinate's name.
pub type CoordinateText<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Refuses networks that have residual blocks or normalization between layers, for `scheme`, which is not made for
/// them because of `why`.
fn require_plain(scheme: &str, why: &str, model: &Model) -> Result<()> {
    if model.residual.is_none() && model.norm == Norm::None {
        return Ok(());
    }
    let message = format!("`{scheme}` is for plain networks without normalization: {why}");
    Err(Error::new(Kind::Experiment, message)
        .help("name an architecture as [64] or { depth = 2, width = 64 }"))
}

/// Refuses a network whose weights are not normalized, for the scheme `name`.
fn require_weight_norm(name: &str, model: &Model) -> Result<()> {
    if model.weight_norm {
        return Ok(());
    }
    let message = format!("`{name}` sets v and g of weight normalization, and this network has none");
    Err(Error::new(Kind::Experiment, message)
        .help("give the architecture as { depth = 20, width = 64, weight_norm = true }"))
}

/// Refuses networks whose weights are made of other parameters: `scheme` tunes weights.
///
/// # Errors
/// `model` has weight normalization.
fn refuse_weight_norm(scheme: &str, model: &Model) -> Result<()> {
    if !model.weight_norm {
        return Ok(());
    }
    let message = format!(
        "`{scheme}` is for networks without weight normalization: it tunes weights, which v and g make there"
    );
    Err(Error::new(Kind::Experiment, message)
        .help("leave `weight_norm` out, or see `weight_norm_data` and `arpit`"))
}

/// Whether `scheme` is defined for a network of this plan: by [`Scheme::check`], and no unit of a weight-normalized network
/// starts without a direction. `sized`: inputs and outputs of the plan are those of the data.
///
/// # Errors
/// It is not; the message says what network it needs.
pub(crate) fn check(scheme: &dyn Scheme, model: &Model, sized: bool) -> Result<()> {
    scheme.check(model)?;
    if !model.weight_norm {
        return Ok(());
    }
    let undirected = |layer: &&LayerInfo| {
        let joins_data = layer.index == 0 || layer.role == Role::Output;
        let mut layer = (*layer).clone();
        if joins_data && !sized {
            // So wide, and odd, that no scheme minds.
            layer.fan_in = 2 * layer.fan_in.max(layer.fan_out) + 1;
        }
        scheme.leaves_units_at_zero(&layer)
    };
    match model.layers.iter().find(undirected) {
        None => Ok(()),
        Some(layer) => {
            let message = format!(
                "layer {}: units start with all weights 0, and weight normalization divides by the norm of v, which is 0 then",
                layer.index + 1
            );
            Err(Error::new(Kind::Experiment, message).help(NO_UNIT_AT_ZERO))
        }
    }
}

/// The digest of what several schemes read: that of the only one that reads something, or one of them
/// all.
fn joint_digest(digests: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let mut digests: Vec<String> = digests.into_iter().flatten().collect();
    if digests.len() < 2 {
        return digests.pop();
    }
    Some(hex(&Sha256::digest(digests.join("\n"))))
}

/// A way to set the weights of a network before training.
///
/// Most schemes implement [`fill`](Scheme::fill) alone. A scheme that looks at data or at several
/// layers together implements [`initialize`](Scheme::initialize).
pub trait Scheme: fmt::Debug + Send + Sync {
    /// Fills `weights`, `fan_in x fan_out`: element `[k, j]` joins input `k` to unit `j`. All are
    /// `+0.0` before, and contiguous in row-major order (see [`row_major`]). `stream` belongs to
    /// this layer alone; it is a generator of `rand`, so any law of `rand_distr` draws from it.
    ///
    /// # Errors
    /// The scheme is not defined for such a layer.
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, weights: ArrayViewMut2<f32>) -> Result<()>;

    /// Fills `bias`, `fan_out` long, where the scheme's definition has something to say on biases;
    /// the default leaves zeros. Called only when the experiment leaves biases to the scheme.
    ///
    /// # Errors
    /// The scheme is not defined for such a layer.
    fn fill_bias(&self, _layer: &LayerInfo, _stream: &mut Stream, _bias: &mut [f32]) -> Result<()> {
        Ok(())
    }

    /// The variance of one weight of `layer` over draws, where it is known in closed form and the
    /// mean is 0. Property tests hold `fill` to it.
    fn expected_variance(&self, _layer: &LayerInfo) -> Option<f64> {
        None
    }

    /// Whether units of `layer` have all weights 0 whatever is drawn: weight normalization has no use for them.
    fn leaves_units_at_zero(&self, layer: &LayerInfo) -> bool {
        match self.base() {
            Some(base) => base.leaves_units_at_zero(layer),
            None => self.expected_variance(layer) == Some(0.0),
        }
    }

    /// Sets all parameters of a network. The default draws layer after layer with
    /// [`Network::draw`].
    ///
    /// # Errors
    /// The scheme is not defined for this network, or its data cannot be used.
    fn initialize(&self, network: &mut Network<'_>) -> Result<()> {
        network.draw_all(self)
    }

    /// The scheme that this one contains and builds on. What a scheme does not define of the methods below that
    /// ask for a network, a function or a file is that of its base.
    fn base(&self) -> Option<&dyn Scheme> {
        None
    }

    /// Whether the scheme is defined for a network of this plan, weight normalization of units at 0 apart (see
    /// [`leaves_units_at_zero`](Scheme::leaves_units_at_zero)). Asked for every cell when an
    /// experiment is read, so that a mismatch is an error in the file and not in every trial, and
    /// again before the weights of each trial are drawn.
    ///
    /// # Errors
    /// It is not; the message says what network it needs.
    fn check(&self, model: &Model) -> Result<()> {
        self.base().map_or(Ok(()), |base| base.check(model))
    }

    /// Whether what the scheme reads besides (see [`ready`](Scheme::ready)) can be used for this
    /// network, whose inputs and outputs are those of the data. Asked before anything is trained.
    ///
    /// # Errors
    /// It cannot; the message says why.
    fn fits(&self, model: &Model) -> Result<()> {
        self.base().map_or(Ok(()), |base| base.fits(model))
    }

    /// The function that takes the place of `activation` in a network of this plan: the same one, or that one
    /// transformed. Tables keep the name of `activation`.
    ///
    /// # Errors
    /// The scheme is not defined for this function.
    fn activation(&self, model: &Model, activation: &Activation) -> Result<Activation> {
        match self.base() {
            Some(base) => base.activation(model, activation),
            None => Ok(activation.clone()),
        }
    }

    /// Whether [`fill`](Scheme::fill) says all there is to say on one layer, so that the scheme may
    /// set single layers of a network that another scheme sets (see `per_layer`).
    fn layerwise(&self) -> bool {
        true
    }

    /// The scheme as it is for one trial, where the file that it reads is chosen by the trial's
    /// coordinates; its digest, path and readiness are then the trial's own. `None`: it is the same
    /// for all trials.
    fn of_trial(&self, _coordinate: &CoordinateText<'_>) -> Option<Arc<dyn Scheme>> {
        None
    }

    /// A digest of whatever reaches the weights besides the scheme's canonical text, the layer and
    /// the stream: the content of a file that is read. It becomes part of a trial's identity.
    fn source_digest(&self) -> Option<String> {
        self.base()?.source_digest()
    }

    /// The file that [`source_digest`](Scheme::source_digest) is a digest of.
    fn source_path(&self) -> Option<&std::path::Path> {
        self.base()?.source_path()
    }

    /// Whether whatever the scheme reads besides is there and well-formed. Asked before anything is
    /// trained, but not where tables are only read.
    ///
    /// # Errors
    /// It is not.
    fn ready(&self) -> Result<()> {
        self.base().map_or(Ok(()), |base| base.ready())
    }
}

//! The axis `bias`.

use std::sync::Arc;

use super::GridAxis;
use crate::init::{BiasInit, Registry};
use crate::support::catalog::{Entry, Value};
use crate::support::error::Result;

/// How the biases are set before training.
#[derive(Debug)]
pub struct Bias;

impl GridAxis for Bias {
    type Value = Arc<BiasInit>;
    type Coordinate = String;

    const DOC: &'static str =
        "initialization of the biases; scheme: zeros, unless the scheme prescribes something else";
    const TAKES: &'static str = "bias initializations";
    const DEFAULT: Option<&'static str> = Some("scheme");
    const PLURAL: &'static str = "biases";
    const IS_SELF_EXPLANATORY: bool = false;
    const AFFECTS_INIT: bool = true;

    fn catalogue() -> Vec<&'static Entry> {
        BiasInit::entries().to_vec()
    }

    fn parse(value: &Value, _: &Registry) -> Result<Self::Value> {
        BiasInit::parse(value).map(Arc::new)
    }

    fn coordinate(value: &Self::Value) -> String {
        value.to_string()
    }
}

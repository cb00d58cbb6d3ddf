//! The axis `optimizer`.

use std::sync::Arc;

use super::GridAxis;
use crate::init::Registry;
use crate::model::{self, optimizer};
use crate::support::catalog::{Entry, Value};
use crate::support::error::Result;

/// How a gradient changes a parameter.
#[derive(Debug)]
pub struct Optimizer;

impl GridAxis for Optimizer {
    type Value = Arc<model::Optimizer>;
    type Coordinate = String;

    const DOC: &'static str = "see `goodinit list optimizers`";
    const TAKES: &'static str = "optimizers";
    const DEFAULT: Option<&'static str> = Some("sgd");
    const PLURAL: &'static str = "optimizers";
    const IS_SELF_EXPLANATORY: bool = true;
    // Schemes such as muP scale by the optimizer.
    const AFFECTS_INIT: bool = true;

    fn catalogue() -> Vec<&'static Entry> {
        optimizer::ENTRIES.to_vec()
    }

    fn parse(value: &Value, _: &Registry) -> Result<Self::Value> {
        model::Optimizer::parse(value).map(Arc::new)
    }

    fn coordinate(value: &Self::Value) -> String {
        value.to_string()
    }
}

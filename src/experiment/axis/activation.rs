//! The axis `activation`.

use std::sync::Arc;

use serde_json::Value as Json;

use super::GridAxis;
use crate::activation;
use crate::experiment::schema;
use crate::init::Registry;
use crate::support::catalog::{Entry, Value};
use crate::support::error::{Error, Kind, Result};

/// The activation function of all layers, or one per layer.
#[derive(Debug)]
pub struct Activation;

impl GridAxis for Activation {
    type Value = Arc<[activation::Activation]>;
    type Coordinate = String;

    const DOC: &'static str = "one for all layers, or a list in the list: one per layer";
    const TAKES: &'static str = "activations";
    const DEFAULT: Option<&'static str> = Some("relu");
    const PLURAL: &'static str = "activations";
    const IS_SELF_EXPLANATORY: bool = true;
    const AFFECTS_INIT: bool = true;

    fn catalogue() -> Vec<&'static Entry> {
        activation::ENTRIES.to_vec()
    }

    fn schema() -> Json {
        schema::one_or_many(schema::catalogue(activation::ENTRIES))
    }

    fn parse(value: &Value, _: &Registry) -> Result<Self::Value> {
        match value {
            Value::List(items) if items.is_empty() => Err(Error::new(
                Kind::Experiment,
                "a list of activations per layer must not be empty",
            )),
            Value::List(items) => items.iter().map(activation::Activation::parse).collect(),
            one => activation::Activation::parse(one).map(|activation| Arc::from([activation])),
        }
    }

    /// The texts of the layers, joined by `/`.
    fn coordinate(value: &Self::Value) -> String {
        let texts: Vec<String> = value.iter().map(ToString::to_string).collect();
        texts.join("/")
    }
}

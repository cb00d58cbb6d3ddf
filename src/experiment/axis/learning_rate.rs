//! The axis `learning_rate`.

use serde_json::{Value as Json, json};

use super::{GridAxis, out_of_range, plain_number};
use crate::init::Registry;
use crate::row::Domain;
use crate::support::catalog::Value;
use crate::support::error::Result;

/// The learning rate.
#[derive(Debug)]
pub struct LearningRate;

impl GridAxis for LearningRate {
    type Value = f64;
    type Coordinate = f64;

    const DOC: &'static str = "learning rate";
    const DOMAIN: Domain = Domain::Rate;
    const TAKES: &'static str = "positive numbers";
    const DEFAULT: Option<&'static str> = None;
    const PLURAL: &'static str = "learning rates";
    const IS_SELF_EXPLANATORY: bool = false;
    const AFFECTS_INIT: bool = false;

    fn schema() -> Json {
        json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1e6 })
    }

    fn parse(value: &Value, _: &Registry) -> Result<f64> {
        plain_number(value)
            .filter(|x| (1e-30..=1e6).contains(x))
            .ok_or_else(|| out_of_range("learning rate", "a positive number up to 1000000", value))
    }

    fn coordinate(value: &f64) -> f64 {
        *value
    }
}

//! The axis `label_noise`.

use serde_json::{Value as Json, json};

use super::{AlsoIn, GridAxis, out_of_range, plain_number};
use crate::init::Registry;
use crate::row::Domain;
use crate::support::catalog::Value;
use crate::support::error::Result;

/// The fraction of the training labels that are random.
#[derive(Debug)]
pub struct LabelNoise;

impl GridAxis for LabelNoise {
    type Value = f64;
    type Coordinate = f64;

    const DOC: &'static str = "fraction of the training labels that are made random";
    const DOMAIN: Domain = Domain::Fraction;
    const TAKES: &'static str = "numbers from 0 to 1";
    const DEFAULT: Option<&'static str> = Some("0");
    const ALSO_IN: Option<AlsoIn> = Some(AlsoIn::DataKey);
    const PLURAL: &'static str = "label noises";
    const IS_SELF_EXPLANATORY: bool = false;
    const AFFECTS_INIT: bool = true;

    fn schema() -> Json {
        json!({ "type": "number", "minimum": 0, "maximum": 1 })
    }

    fn parse(value: &Value, _: &Registry) -> Result<f64> {
        plain_number(value)
            .filter(|x| (0.0..=1.0).contains(x))
            .ok_or_else(|| out_of_range("label noise", "a number from 0 to 1", value))
    }

    fn coordinate(value: &f64) -> f64 {
        *value
    }
}

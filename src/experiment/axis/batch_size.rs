//! The axis `batch_size`.

use serde_json::{Value as Json, json};

use super::{AlsoIn, GridAxis, out_of_range};
use crate::init::Registry;
use crate::row::Domain;
use crate::support::catalog::Value;
use crate::support::error::Result;

/// The number of samples per step.
#[derive(Debug)]
pub struct BatchSize;

impl GridAxis for BatchSize {
    type Value = u32;
    type Coordinate = u32;

    const DOC: &'static str = "samples per step";
    const DOMAIN: Domain = Domain::Samples;
    const TAKES: &'static str = "whole numbers from 1";
    const DEFAULT: Option<&'static str> = Some("32");
    const ALSO_IN: Option<AlsoIn> = Some(AlsoIn::TrainKey);
    const PLURAL: &'static str = "batch sizes";
    const IS_SELF_EXPLANATORY: bool = false;
    const AFFECTS_INIT: bool = false;

    fn schema() -> Json {
        json!({ "type": "integer", "minimum": 1, "maximum": 1_000_000 })
    }

    fn parse(value: &Value, _: &Registry) -> Result<u32> {
        match value {
            Value::Integer(x @ 1..=1_000_000) => Ok(*x as u32),
            _ => Err(out_of_range(
                "batch size",
                "a whole number from 1 to 1000000",
                value,
            )),
        }
    }

    fn coordinate(value: &u32) -> u32 {
        *value
    }
}

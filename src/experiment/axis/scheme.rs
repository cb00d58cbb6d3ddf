//! The axis `scheme`.

use super::GridAxis;
use crate::init::{Choice, Registry};
use crate::support::catalog::{Entry, Value};
use crate::support::error::Result;

/// How the weights are set before training.
#[derive(Debug)]
pub struct Scheme;

impl GridAxis for Scheme {
    type Value = Choice;
    type Coordinate = String;

    const DOC: &'static str = "initialization of the weights; see `goodinit list schemes`";
    const TAKES: &'static str = "schemes";
    const DEFAULT: Option<&'static str> = None;
    const PLURAL: &'static str = "schemes";
    const IS_SELF_EXPLANATORY: bool = true;
    const AFFECTS_INIT: bool = true;

    fn catalogue() -> Vec<&'static Entry> {
        Registry::standard().entries().collect()
    }

    fn parse(value: &Value, registry: &Registry) -> Result<Choice> {
        registry.parse(value)
    }

    fn coordinate(value: &Choice) -> String {
        value.to_string()
    }
}

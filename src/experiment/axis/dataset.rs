//! The axis `dataset`.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{AlsoIn, GridAxis};
use crate::data::{self, DataSpec};
use crate::experiment::schema;
use crate::init::Registry;
use crate::support::catalog::{Entry, Value};
use crate::support::error::{Error, Kind, Result};

/// The dataset and its preparation.
#[derive(Debug)]
pub struct Dataset;

impl GridAxis for Dataset {
    type Value = Arc<DataSpec>;
    type Coordinate = String;

    const DOC: &'static str = "a name, or a table like [data]";
    const TAKES: &'static str = "datasets";
    const DEFAULT: Option<&'static str> = Some("digits");
    const ALSO_IN: Option<AlsoIn> = Some(AlsoIn::Data);
    const PLURAL: &'static str = "datasets";
    const IS_SELF_EXPLANATORY: bool = true;
    const AFFECTS_INIT: bool = true;

    fn catalogue() -> Vec<&'static Entry> {
        data::catalog().iter().map(|item| item.entry).collect()
    }

    fn schema() -> Json {
        schema::data()
    }

    fn parse(value: &Value, _: &Registry) -> Result<Self::Value> {
        DataSpec::parse(value).map(Arc::new)
    }

    fn coordinate(value: &Self::Value) -> String {
        value.to_string()
    }

    fn check_same(a: &Self::Value, b: &Self::Value) -> Result<()> {
        if a == b {
            return Ok(());
        }
        let message = format!("two different datasets would both be called `{a}`");
        Err(Error::new(Kind::Experiment, message).help("give one of them a `name` of its own"))
    }
}

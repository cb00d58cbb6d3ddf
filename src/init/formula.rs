//! A scheme written in the experiment file: a law, and a formula for its deviation, limit, gain or
//! value.
//!
//! `{ kind = "formula", std = "sqrt(2 / fan_in) * layers^-0.25" }` draws normal weights of that
//! deviation. Formulas (see [`crate::support::expression`]) may name [`VARIABLES`]. Each parameter
//! is the distribution's own: `std` is the deviation of the weights themselves, after a cut too.

use std::sync::Arc;

use ndarray::ArrayViewMut2;

use super::variance_scaling::Distribution;
use super::{Registry, Scheme, orthogonal, row_major};
use crate::activation::Activation;
use crate::model::{LayerInfo, Model};
use crate::random::Stream;
use crate::support::catalog::{Entry, Parameter, ParameterKind, Spec, number};
use crate::support::error::{Context as _, Error, Kind, Result};
use crate::support::expression::Expression;

/// What a formula may name: the layer's fans; its number from 1 and how many weight layers there
/// are; the gain of the activation function that feeds it (1 for the data); the network's features
/// and outputs; in a residual branch the layer's number from 1, how many layers the branch has,
/// and how many blocks there are, 0 outside of one.
pub const VARIABLES: &[&str] = &[
    "fan_in",
    "fan_out",
    "layer",
    "layers",
    "gain",
    "inputs",
    "outputs",
    "branch_layer",
    "branch_layers",
    "blocks",
];

const LAWS: &[&str] = &["normal", "uniform", "truncated_normal", "orthogonal", "constant"];

/// What a person reads about it.
pub static ENTRY: Entry = Entry {
    name: "formula",
    aliases: &[],
    summary: "a law, and a formula over fans, layer and depth, written in the experiment file",
    formula: "law(std), U(-limit, limit), gain Q or value, each an expression such as sqrt(2 / fan_in)",
    citation: "slide 9 of the deck that this program began from: a scheme of one's own",
    parameters: &[
        Parameter::choice("law", "normal", LAWS, "the distribution of weights"),
        formula(
            "std",
            "deviation of the weights: normal, uniform or truncated_normal",
        ),
        formula("limit", "limit of uniform weights, in place of std"),
        formula("gain", "factor on orthogonal weights"),
        formula("value", "the weights of law constant"),
    ],
};

const fn formula(name: &'static str, doc: &'static str) -> Parameter {
    Parameter::optional(name, ParameterKind::Formula(VARIABLES), doc)
}

#[derive(Debug)]
enum Law {
    /// Independent weights of this variance over `parameter` squared.
    Draws(Distribution, f64),
    Orthogonal,
    Constant,
}

#[derive(Debug)]
struct Formula {
    law: Law,
    /// The parameter that is given.
    parameter: &'static str,
    expression: Expression,
}

pub(super) fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let law = spec.text("law");
    let allowed: &[&'static str] = match law.as_str() {
        "uniform" => &["std", "limit"],
        "orthogonal" => &["gain"],
        "constant" => &["value"],
        _ => &["std"],
    };
    let formulas = ENTRY
        .parameters
        .iter()
        .map(|p| p.name)
        .filter(|name| *name != "law");
    let given: Vec<&'static str> = formulas.filter(|name| spec.value(name).is_some()).collect();
    let [parameter] = given[..] else {
        let message = format!(
            "law `{law}` of `formula` needs one parameter: {}",
            allowed.join(" or ")
        );
        return Err(Error::new(Kind::Experiment, message));
    };
    if !allowed.contains(&parameter) {
        let message = format!(
            "law `{law}` of `formula` takes `{}`, not `{parameter}`",
            allowed.join("` or `")
        );
        return Err(Error::new(Kind::Experiment, message));
    }
    let law = match law.as_str() {
        "orthogonal" => Law::Orthogonal,
        "constant" => Law::Constant,
        // A uniform law of limit l has the variance l^2 / 3.
        _ if parameter == "limit" => Law::Draws(Distribution::Uniform, 1.0 / 3.0),
        name => Law::Draws(Distribution::named(name), 1.0),
    };
    let expression = Expression::parse(&spec.text(parameter), VARIABLES)?;
    Ok(Arc::new(Formula {
        law,
        parameter,
        expression,
    }))
}

impl Formula {
    /// The formula's value in this layer.
    ///
    /// # Errors
    /// It is not finite, or negative where it is a deviation or a limit.
    fn value(&self, layer: &LayerInfo) -> Result<f64> {
        let block = layer.block.as_ref();
        let value = self.expression.value(&|name| match name {
            "fan_in" => layer.fan_in as f64,
            "fan_out" => layer.fan_out as f64,
            "layer" => (layer.index + 1) as f64,
            "layers" => layer.network.layers as f64,
            "gain" => layer.input_activation.as_ref().map_or(1.0, Activation::gain),
            "inputs" => layer.network.inputs as f64,
            "outputs" => layer.network.outputs as f64,
            "branch_layer" => block.map_or(0.0, |b| (b.position + 1) as f64),
            "branch_layers" => block.map_or(0.0, |b| b.length as f64),
            "blocks" => block.map_or(0.0, |b| b.blocks as f64),
            _ => unreachable!("the formula names known variables only"),
        });
        let may_be_negative = !matches!(self.law, Law::Draws(..));
        if value.is_finite() && (may_be_negative || value >= 0.0) && (value as f32).is_finite() {
            return Ok(value);
        }
        let message = format!(
            "`{}` of `formula` is {} where fan_in = {}, fan_out = {}, layer = {}, layers = {}",
            self.parameter,
            number(value),
            layer.fan_in,
            layer.fan_out,
            layer.index + 1,
            layer.network.layers
        );
        let help = if may_be_negative {
            "it must be a finite f32 number"
        } else {
            "it must be a finite f32 number, 0 or more"
        };
        Err(Error::new(Kind::Experiment, message).help(help))
    }
}

impl Scheme for Formula {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        let value = self.value(layer)?;
        match self.law {
            Law::Draws(distribution, factor) => {
                distribution.fill(value * value * factor, stream, row_major(&mut weights));
            }
            Law::Orthogonal => orthogonal::fill_haar(value, stream, weights),
            Law::Constant => weights.fill(value as f32),
        }
        Ok(())
    }

    fn expected_variance(&self, layer: &LayerInfo) -> Option<f64> {
        let value = self.value(layer).ok()?;
        match self.law {
            Law::Draws(_, factor) => Some(value * value * factor),
            Law::Orthogonal => Some(orthogonal::variance(value, layer)),
            Law::Constant => None,
        }
    }

    fn leaves_units_at_zero(&self, layer: &LayerInfo) -> bool {
        self.value(layer).is_ok_and(|value| value == 0.0)
    }

    fn check(&self, model: &Model) -> Result<()> {
        model.layers.iter().try_for_each(|layer| {
            let place = || format!("layer {}", layer.index + 1);
            self.value(layer).map(drop).context(place)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{choice, draw, layer, plain, toml_value};
    use super::*;

    #[test]
    fn a_formula_gives_the_bits_of_the_scheme_that_it_spells_out() {
        let layer = layer(50, 30, "tanh");
        for (formula, named) in [
            (
                r#"{ kind = "formula", std = "sqrt(2 / fan_in)" }"#,
                r#""he_normal""#,
            ),
            (
                r#"{ kind = "formula", law = "uniform", std = "sqrt(2 / (fan_in + fan_out))" }"#,
                r#""xavier_uniform""#,
            ),
            (
                r#"{ kind = "formula", law = "truncated_normal", std = "fan_in^-0.5" }"#,
                r#""jax_lecun_normal""#,
            ),
            (
                r#"{ kind = "formula", law = "constant", value = 0.5 }"#,
                r#"{ kind = "constant", value = 0.5 }"#,
            ),
            (
                r#"{ kind = "formula", law = "orthogonal", gain = "gain" }"#,
                r#"{ kind = "orthogonal", activation_gain = true }"#,
            ),
        ] {
            assert_eq!(draw(formula, &layer, 1), draw(named, &layer, 1), "{formula}");
        }
        let limit = draw(
            r#"{ kind = "formula", law = "uniform", limit = "1 / layer" }"#,
            &layer,
            1,
        );
        let largest = limit.iter().fold(0.0f32, |m, w| m.max(w.abs()));
        assert!(largest <= 0.5 && largest > 0.49, "{largest}");
    }

    #[test]
    fn every_variable_has_its_value() {
        let architecture = toml_value(r#"{ kind = "residual", width = 6, blocks = 2 }"#);
        let architecture = crate::model::Architecture::parse(&architecture).unwrap();
        let relu = Activation::named("relu").unwrap();
        let model = Model::new(&architecture, &[relu], 5, 3, crate::model::Loss::CrossEntropy).unwrap();
        let inner = model
            .layers
            .iter()
            .find(|l| l.block.is_some_and(|b| b.position == 1))
            .unwrap();
        for (name, expected) in [
            ("fan_in", 6.0),
            ("fan_out", 6.0),
            ("layer", (inner.index + 1) as f64),
            ("layers", model.layers.len() as f64),
            ("gain", 2.0f64.sqrt()),
            ("inputs", 5.0),
            ("outputs", 3.0),
            ("branch_layer", 2.0),
            ("branch_layers", inner.block.unwrap().length as f64),
            ("blocks", 2.0),
        ] {
            let text = format!(r#"{{ kind = "formula", law = "constant", value = "{name}" }}"#);
            let weights = draw(&text, inner, 0);
            assert_eq!(weights[0], expected as f32, "{name}");
            assert!(VARIABLES.contains(&name));
        }
        assert_eq!(VARIABLES.len(), 10);
    }

    #[test]
    fn the_text_in_tables_is_canonical() {
        let text = |value: &str| choice(value).spec.to_string();
        let spaced = text(r#"{ kind = "formula", std = " sqrt( 2/fan_in )" }"#);
        assert_eq!(spaced, "formula(std=sqrt(2/fan_in))");
        assert_eq!(
            text(r#"{ kind = "formula", law = "constant", value = 2 }"#),
            "formula(law=constant value=2)"
        );
    }

    #[test]
    fn what_is_wrong_is_said_before_anything_runs() {
        let model = plain(12, &[8, 8], 3, "relu");
        for (value, message) in [
            (
                r#"{ kind = "formula" }"#,
                "law `normal` of `formula` needs one parameter: std",
            ),
            (
                r#"{ kind = "formula", law = "uniform", std = 1, limit = 1 }"#,
                "needs one parameter: std or limit",
            ),
            (
                r#"{ kind = "formula", value = 1 }"#,
                "law `normal` of `formula` takes `std`, not `value`",
            ),
            (
                r#"{ kind = "formula", std = "sqrt(2 / fan_inn)" }"#,
                "no variable or function `fan_inn`",
            ),
            (
                r#"{ kind = "formula", std = true }"#,
                "`std` of `formula` must be a number or a formula",
            ),
        ] {
            let error = Registry::standard()
                .parse(&toml_value(value))
                .unwrap_err()
                .to_string();
            assert!(error.contains(message), "{value}: {error}");
        }
        for (value, message) in [
            ("1 / (layer - 2)^2", "layer 2: `std` of `formula` is inf where"),
            (
                "2 - layer",
                "layer 3: `std` of `formula` is -1 where fan_in = 8, fan_out = 3, layer = 3, layers = 3",
            ),
            ("1e39", "layer 1: `std` of `formula` is 1e39"),
        ] {
            let scheme = choice(&format!(r#"{{ kind = "formula", std = "{value}" }}"#)).scheme;
            let error = scheme.check(&model).unwrap_err().to_string();
            assert!(error.contains(message), "{value}: {error}");
        }
    }
}

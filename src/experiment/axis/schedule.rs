//! The axis `schedule`: the learning rate over the steps, a catalogue.
//!
//! A schedule is a factor on the learning rate, a function of the step alone. Steps of the optimizer
//! are counted, not epochs: step `t` is 0 at the first, `T` is the number of steps of the whole
//! training (epochs times batches per epoch, the last batch of an epoch counting even if it is
//! smaller). Factors are computed in f64 by `libm`, so they have the same bits everywhere.

use std::fmt;
use std::sync::Arc;

use super::GridAxis;
use crate::init::Registry;
use crate::support::catalog::{self, Entry, Parameter, Spec, Value};
use crate::support::error::Result;

/// The learning rate over the steps.
#[derive(Debug)]
pub struct Schedule;

impl GridAxis for Schedule {
    type Value = Arc<RateSchedule>;
    type Coordinate = String;

    const DOC: &'static str = "the learning rate over the steps; see `goodinit list schedules`";
    const TAKES: &'static str = "schedules";
    const DEFAULT: Option<&'static str> = Some("constant");
    const COLUMN_IS_OPTIONAL: bool = true;
    const PLURAL: &'static str = "schedules";
    // `linear` is an architecture, too.
    const IS_SELF_EXPLANATORY: bool = false;
    const AFFECTS_INIT: bool = false;

    fn catalogue() -> Vec<&'static Entry> {
        FORMS.iter().map(|form| &form.entry).collect()
    }

    fn parse(value: &Value, _: &Registry) -> Result<Self::Value> {
        RateSchedule::parse(value).map(Arc::new)
    }

    fn coordinate(value: &Self::Value) -> String {
        value.to_string()
    }
}

/// The factor on the learning rate at step `t` of `steps`, given the parameters in the order of the
/// entry.
type Factor = fn(parameters: &[f64], t: f64, steps: f64) -> f64;

/// One schedule of the catalogue.
struct Form {
    entry: Entry,
    factor: Factor,
}

const fn steps(name: &'static str, default: i64, min: i64, doc: &'static str) -> Parameter {
    Parameter::integer(name, default, min, 1_000_000_000, doc)
}

const RISE: Parameter = steps(
    "warmup",
    0,
    0,
    "steps in which the rate rises first, as under `warmup`; T and t count from their end",
);

/// Every schedule, in the order in which they are listed.
static FORMS: &[Form] = &[
    Form {
        entry: Entry {
            name: "constant",
            aliases: &[],
            summary: "the same rate at every step",
            formula: "1",
            citation: "plain stochastic gradient descent; the default of PyTorch and Keras",
            parameters: &[],
        },
        factor: |_, _, _| 1.0,
    },
    Form {
        entry: Entry {
            name: "warmup",
            aliases: &[],
            summary: "rises in equal parts from rate / steps at the first step to the rate, then stays",
            formula: "min(1, (t + 1) / steps)",
            citation: "Goyal et al. 2017, Accurate, large minibatch SGD, arXiv 1706.02677, section 2.2",
            parameters: &[steps(
                "steps",
                100,
                1,
                "steps until the rate is reached, that step included",
            )],
        },
        factor: |p, t, _| rise(p[0], t),
    },
    Form {
        entry: Entry {
            name: "linear",
            aliases: &[],
            summary: "falls in equal parts from the rate at the first step to rate / T at the last",
            formula: "1 - t / T",
            citation: "Devlin et al. 2018, BERT, arXiv 1810.04805, appendix A.2 (there with warm-up)",
            parameters: &[RISE],
        },
        factor: |p, t, steps| match t < p[0] {
            true => rise(p[0], t),
            false => 1.0 - passed(p[0], t, steps),
        },
    },
    Form {
        entry: Entry {
            name: "cosine",
            aliases: &[],
            summary: "falls along half a cosine, from the rate at the first step to almost 0 at the last",
            formula: "(1 + cos(pi t / T)) / 2",
            citation: "Loshchilov and Hutter 2016, SGDR, arXiv 1608.03983, equation 5, without restarts",
            parameters: &[RISE],
        },
        factor: |p, t, steps| match t < p[0] {
            true => rise(p[0], t),
            false => 0.5 * (1.0 + libm::cos(std::f64::consts::PI * passed(p[0], t, steps))),
        },
    },
    Form {
        entry: Entry {
            name: "step",
            aliases: &[],
            summary: "is multiplied by a factor every so many steps",
            formula: "factor^floor(t / every)",
            citation: "He et al. 2015, Deep residual learning, arXiv 1512.03385, section 4.2",
            parameters: &[
                steps("every", 1000, 1, "steps between two drops"),
                Parameter::number("factor", 0.1, 1e-6, 1.0, "what the rate is multiplied by"),
            ],
        },
        factor: |p, t, _| libm::pow(p[1], libm::floor(t / p[0])),
    },
];

/// Linear warm-up over `steps` steps.
fn rise(steps: f64, t: f64) -> f64 {
    ((t + 1.0) / steps).min(1.0)
}

/// The share of the steps after warm-up that lies behind step `t`.
fn passed(warmup: f64, t: f64, steps: f64) -> f64 {
    (t - warmup) / (steps - warmup)
}

/// A schedule with its parameters.
#[derive(Debug, Clone)]
pub struct RateSchedule {
    spec: Spec,
    parameters: Vec<f64>,
    factor: Factor,
}

impl RateSchedule {
    /// The schedule of a catalogue value.
    ///
    /// # Errors
    /// An unknown name or parameter, or a parameter out of range.
    pub fn parse(value: &Value) -> Result<Self> {
        let spec = catalog::choose("schedule", value, &Schedule::catalogue())?;
        let form = FORMS.iter().find(|form| std::ptr::eq(&form.entry, spec.entry));
        let Some(form) = form else {
            unreachable!("`{}` is not a schedule", spec.name());
        };
        let names = form.entry.parameters.iter().map(|p| p.name);
        Ok(RateSchedule {
            parameters: names.map(|name| spec.number(name)).collect(),
            factor: form.factor,
            spec,
        })
    }

    /// The learning rate of step `t`, from 0, of a training of `steps` steps, where `rate` is the
    /// value on the axis `learning_rate`.
    pub fn rate(&self, rate: f64, t: u64, steps: u64) -> f64 {
        rate * (self.factor)(&self.parameters, t as f64, steps as f64)
    }
}

impl fmt::Display for RateSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::canonical::scalar;

    /// The rates of some steps of a training of `steps` steps at the learning rate `rate`.
    fn rates<const N: usize>(text: &str, rate: f64, at: [u64; N], steps: u64) -> [f64; N] {
        let schedule = RateSchedule::parse(&scalar(text)).unwrap();
        assert_eq!(schedule.to_string(), text);
        at.map(|t| schedule.rate(rate, t, steps))
    }

    #[test]
    fn each_formula_at_the_first_a_middle_and_the_last_step() {
        let at = [0, 1, 4, 5, 8, 9];
        let f = |text| rates(text, 1.0, at, 10);
        assert_eq!(f("constant"), [1.0; 6]);
        assert_eq!(f("warmup(steps=5)"), [0.2, 0.4, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(f("warmup"), [0.01, 0.02, 0.05, 0.06, 0.09, 0.1]);
        assert_eq!(f("linear"), [1.0, 0.9, 0.6, 0.5, 1.0 - 0.8, 1.0 - 0.9]);
        assert_eq!(
            f("cosine"),
            [
                1.0,
                0.975_528_258_147_576_8,
                0.654_508_497_187_473_7,
                0.5,
                0.095_491_502_812_526_33,
                0.024_471_741_852_423_234,
            ]
        );
        assert_eq!(
            f("step(every=2 factor=0.5)"),
            [1.0, 1.0, 0.25, 0.25, 0.0625, 0.0625]
        );
        assert_eq!(
            rates("step", 3.0, [999, 1000, 2000], 2001),
            [3.0, 3.0 * 0.1, 0.030_000_000_000_000_006]
        );
        // Warm-up first: the fall begins at the full rate.
        let f = |text| rates(text, 1.0, [0, 1, 2, 6, 9], 10);
        assert_eq!(f("linear(warmup=2)"), [0.5, 1.0, 1.0, 0.5, 1.0 - 0.875]);
        assert_eq!(
            f("cosine(warmup=2)"),
            [0.5, 1.0, 1.0, 0.5, 0.038_060_233_744_356_63]
        );
        // Longer than the training: it does nothing but rise.
        assert_eq!(rates("cosine(warmup=20)", 1.0, [0, 9], 10), [0.05, 0.5]);
    }

    #[test]
    fn rates_are_positive_and_at_most_the_learning_rate() {
        for entry in Schedule::catalogue() {
            let schedule = RateSchedule::parse(&scalar(entry.name)).unwrap();
            for steps in [1, 2, 7, 5000] {
                for t in 0..steps {
                    let rate = schedule.rate(0.3, t, steps);
                    assert!(
                        rate > 0.0 && rate <= 0.3,
                        "{schedule} step {t} of {steps}: {rate}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_constant_rate_is_the_learning_rate_to_the_bit() {
        for rate in [1e-30, 0.1, 1.0 / 3.0, 1e6] {
            assert_eq!(rates("constant", rate, [0, 12], 13), [rate; 2]);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("cosin", "unknown schedule `cosin`"),
            (
                "warmup(steps=0)",
                "`steps` of `warmup` must be a whole number from 1",
            ),
            (
                "step(factor=2)",
                "`factor` of `step` must be a number from 1e-6 to 1",
            ),
            ("linear(end=0)", "`linear` has no parameter `end`"),
        ] {
            let error = RateSchedule::parse(&scalar(text)).unwrap_err();
            assert!(error.message().contains(said), "{error}");
        }
    }
}

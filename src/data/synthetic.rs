//! Generated datasets, of any size, from the stream of the experiment's seed.
//!
//! Draws are in f64 with `libm`'s functions and rounded to f32 once. What the data is like
//! (centres, teacher) comes from stream 0, the samples in order from stream 1: more rows leave
//! the first ones as they were. Sample `i` of a classification set is of class `i % classes`
//! unless a teacher decides.

mod mnist_like;
mod teacher;

pub(super) use self::mnist_like::MNIST_LIKE;
pub(super) use self::teacher::TEACHER;

use super::{Dataset, Environment, Features, KnownDataset, Load, SplitRule, Targets};
use crate::random::{Key, Purpose, Stream};
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::{Error, Kind, Result};

const ROWS: &str = "number of samples";
const FEATURES: &str = "features of a sample";
const CLASSES: &str = "number of classes";
const MANY: i64 = 100_000_000;

const DRAW: Parameter = Parameter::integer(
    "draw",
    0,
    0,
    1_000_000,
    "which dataset of its kind: each number, and each seed of the experiment, gives another",
);

const fn item(entry: &'static Entry, shape: &'static str, load: Load) -> KnownDataset {
    KnownDataset {
        entry,
        shape,
        licence: "none needed",
        source: "generated",
        mirrors: &[],
        files: &[],
        default_split: Some(SplitRule::WHOLE),
        tabular: false,
        load,
    }
}

pub(super) static MIXTURE: KnownDataset = item(
    &Entry {
        name: "gaussian-mixture",
        aliases: &["gaussian_mixture"],
        summary: "one normal cloud per class, centres in random directions",
        formula: "x = separation / sqrt(2) u_c + N(0, I), u_c a random unit vector",
        citation: "standard; two centres are `separation` apart in expectation (root mean square)",
        parameters: &[
            Parameter::integer("rows", 2000, 1, MANY, ROWS),
            Parameter::integer("features", 20, 1, 1_000_000, FEATURES),
            Parameter::integer("class_count", 4, 2, 65_535, CLASSES),
            Parameter::number(
                "separation",
                4.0,
                0.0,
                1e6,
                "distance of two centres, in standard deviations",
            ),
            DRAW,
        ],
    },
    "2000 x 20, 4 classes unless set",
    mixture,
);

pub(super) static SPIRALS: KnownDataset = item(
    &Entry {
        name: "spirals",
        aliases: &["spiral"],
        summary: "interleaved spiral arms in the plane, one per class",
        formula: "r = t, angle = 2 pi (turns t + c / classes), t uniform in (0, 1), plus N(0, noise^2)",
        citation: "K. Lang, M. Witbrock (1988), Learning to tell two spirals apart",
        parameters: &[
            Parameter::integer("rows", 2000, 1, MANY, ROWS),
            Parameter::integer("class_count", 2, 2, 1000, "number of arms"),
            Parameter::number(
                "turns",
                1.5,
                0.0,
                100.0,
                "how often an arm winds round the origin",
            ),
            Parameter::number(
                "noise",
                0.02,
                0.0,
                100.0,
                "standard deviation of the noise on each coordinate",
            ),
            DRAW,
        ],
    },
    "2000 x 2, 2 classes unless set",
    spirals,
);

pub(super) static ABS: KnownDataset = item(
    &Entry {
        name: "abs",
        aliases: &["absolute-value"],
        summary: "y = |x| on one input, the regression on which deep narrow ReLU networks are born dead",
        formula: "y = |x|, x uniform in (-sqrt 3, sqrt 3)",
        citation: "L. Lu, Y. Shin, Y. Su, G. Karniadakis (2019), Dying ReLU and initialization, arXiv:1903.06733, \
                   section 4",
        parameters: &[Parameter::integer("rows", 3000, 1, MANY, ROWS), DRAW],
    },
    "3000 x 1, 1 real target unless set",
    absolute,
);

pub(super) static NOISE: KnownDataset = item(
    &Entry {
        name: "white-noise",
        aliases: &["white_noise"],
        summary: "normal inputs whose labels mean nothing, for probing signal propagation",
        formula: "x ~ N(0, I)",
        citation: "",
        parameters: &[
            Parameter::integer("rows", 1000, 1, MANY, ROWS),
            Parameter::integer("features", 64, 1, 1_000_000, FEATURES),
            Parameter::integer("class_count", 10, 1, 65_535, CLASSES),
            DRAW,
        ],
    },
    "1000 x 64, 10 classes unless set",
    noise,
);

/// The sizes asked for and the two streams.
struct Plan {
    rows: usize,
    classes: usize,
    structure: Normals,
    samples: Normals,
}

impl Plan {
    fn new(spec: &Spec, seed: u64, features: usize) -> Result<Plan> {
        let rows = spec.integer("rows").max(1) as usize;
        if rows.saturating_mul(features) > 1 << 31 {
            let message = format!("{rows} rows of {features} features are more than 2^31 values");
            return Err(Error::new(Kind::Experiment, message));
        }
        let key = Key::new(seed, spec.integer("draw") as u64, Purpose::Synthetic);
        Ok(Plan {
            rows,
            classes: spec.integer("class_count").max(1) as usize,
            structure: Normals::new(key.stream(0)),
            samples: Normals::new(key.stream(1)),
        })
    }

    fn cycle(&self) -> Targets {
        let labels = (0..self.rows).map(|i| (i % self.classes) as u16).collect();
        Targets::Classes {
            labels,
            classes: self.classes,
        }
    }
}

/// Standard normal draws in f64 by Box and Muller's method, cosine first, then sine.
struct Normals {
    stream: Stream,
    spare: Option<f64>,
}

impl Normals {
    fn new(stream: Stream) -> Self {
        Normals { stream, spare: None }
    }

    fn next(&mut self) -> f64 {
        if let Some(z) = self.spare.take() {
            return z;
        }
        let (u, v) = (1.0 - self.stream.unit_f64(), self.stream.unit_f64());
        let radius = (-2.0 * libm::log(u)).sqrt();
        let angle = std::f64::consts::TAU * v;
        self.spare = Some(radius * libm::sin(angle));
        radius * libm::cos(angle)
    }

    fn fill(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next()).collect()
    }
}

fn mixture(spec: &Spec, seed: u64, _: &Environment) -> Result<Dataset> {
    let features = spec.integer("features").max(1) as usize;
    let mut plan = Plan::new(spec, seed, features)?;
    let distance = spec.number("separation") / std::f64::consts::SQRT_2;
    let mut centres = Vec::with_capacity(plan.classes * features);
    for _ in 0..plan.classes {
        let direction = plan.structure.fill(features);
        let norm = direction.iter().fold(0.0, |a, x| a + x * x).sqrt();
        centres.extend(direction.into_iter().map(|x| x / norm * distance));
    }
    let mut values = Vec::with_capacity(plan.rows * features);
    for i in 0..plan.rows {
        let centre = &centres[i % plan.classes * features..][..features];
        values.extend(centre.iter().map(|c| (c + plan.samples.next()) as f32));
    }
    Dataset::new("gaussian-mixture", features, Features::F32(values), plan.cycle())
}

fn spirals(spec: &Spec, seed: u64, _: &Environment) -> Result<Dataset> {
    let mut plan = Plan::new(spec, seed, 2)?;
    let (turns, noise) = (spec.number("turns"), spec.number("noise"));
    let mut values = Vec::with_capacity(plan.rows * 2);
    for i in 0..plan.rows {
        let t = plan.samples.stream.unit_f64();
        let arm = (i % plan.classes) as f64 / plan.classes as f64;
        let angle = std::f64::consts::TAU * (turns * t + arm);
        for direction in [libm::cos(angle), libm::sin(angle)] {
            values.push((t * direction + noise * plan.samples.next()) as f32);
        }
    }
    Dataset::new("spirals", 2, Features::F32(values), plan.cycle())
}

fn absolute(spec: &Spec, seed: u64, _: &Environment) -> Result<Dataset> {
    let mut plan = Plan::new(spec, seed, 1)?;
    let limit = 3.0f64.sqrt();
    let values: Vec<f32> = (0..plan.rows)
        .map(|_| ((2.0 * plan.samples.stream.unit_f64() - 1.0) * limit) as f32)
        .collect();
    let targets = Targets::Values {
        values: values.iter().map(|&x| f64::from(x.abs())).collect(),
        outputs: 1,
    };
    Dataset::new("abs", 1, Features::F32(values), targets)
}

fn noise(spec: &Spec, seed: u64, _: &Environment) -> Result<Dataset> {
    let features = spec.integer("features").max(1) as usize;
    let mut plan = Plan::new(spec, seed, features)?;
    let values = (0..plan.rows * features)
        .map(|_| plan.samples.next() as f32)
        .collect();
    Dataset::new("white-noise", features, Features::F32(values), plan.cycle())
}

#[cfg(test)]
mod tests;

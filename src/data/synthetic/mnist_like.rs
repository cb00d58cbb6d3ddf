//! Images of MNIST's size and density.

use super::{CLASSES, DRAW, MANY, Normals, Plan, ROWS, item};
use crate::data::{Dataset, Environment, Features, KnownDataset};
use crate::support::catalog::{Entry, Parameter, Spec};
use crate::support::error::Result;

pub(in crate::data) static MNIST_LIKE: KnownDataset = item(
    &Entry {
        name: "mnist-like",
        aliases: &["mnist_like"],
        summary: "28 x 28 images of MNIST's size and density (19 % not zero), for trying out scale without a download",
        formula: "a random smooth stroke of 149 pixels per class, shifted by up to 2 pixels; 90 % of it inked, and \
                  2.3 % of the rest",
        citation: "",
        parameters: &[
            Parameter::integer("rows", 60_000, 1, MANY, ROWS),
            Parameter::integer("class_count", 10, 2, 1000, CLASSES),
            DRAW,
        ],
    },
    "60000 x 784, 10 classes unless set",
    mnist_like,
);

const SIDE: usize = 28;
/// Pixels of a class's stroke: 19 % of all.
const STROKE: usize = 149;

fn mnist_like(spec: &Spec, seed: u64, _: &Environment) -> Result<Dataset> {
    let mut plan = Plan::new(spec, seed, SIDE * SIDE)?;
    let strokes: Vec<Vec<bool>> = (0..plan.classes).map(|_| stroke(&mut plan.structure)).collect();
    let stream = &mut plan.samples.stream;
    // Probabilities as parts of 2^24: 0.9 on the stroke; off it so that 19 % of all is inked.
    let (on, off) = (15_099_494, 393_632);
    let mut pixels = Vec::with_capacity(plan.rows * SIDE * SIDE);
    for i in 0..plan.rows {
        let stroke = &strokes[i % plan.classes];
        let (down, right) = (stream.below(5) as usize, stream.below(5) as usize);
        for y in 0..SIDE {
            for x in 0..SIDE {
                // A shift of -2..=2 that wraps round.
                let at = (y + SIDE + 2 - down) % SIDE * SIDE + (x + SIDE + 2 - right) % SIDE;
                let word = stream.word();
                let inked = (word >> 8) < if stroke[at] { on } else { off };
                pixels.push(if inked { (word % 255 + 1) as u8 } else { 0 });
            }
        }
    }
    let mut dataset = Dataset::new("mnist-like", SIDE * SIDE, Features::U8(pixels), plan.cycle())?;
    dataset.unit = Some(255.0);
    Ok(dataset)
}

/// The pixels where a sum of six round bumps is largest.
fn stroke(normals: &mut Normals) -> Vec<bool> {
    let side = SIDE as f64;
    let bumps: Vec<(f64, f64)> = (0..6)
        .map(|_| {
            let mut place = || side * (0.2 + 0.6 * normals.stream.unit_f64());
            (place(), place())
        })
        .collect();
    let height = |i: usize| {
        let (y, x) = ((i / SIDE) as f64, (i % SIDE) as f64);
        bumps.iter().fold(0.0, |a, (v, u)| {
            a + libm::exp(-((y - v) * (y - v) + (x - u) * (x - u)) / 18.0)
        })
    };
    let heights: Vec<f64> = (0..SIDE * SIDE).map(height).collect();
    let mut order: Vec<usize> = (0..SIDE * SIDE).collect();
    order.sort_by(|&a, &b| heights[b].total_cmp(&heights[a]));
    let mut stroke = vec![false; SIDE * SIDE];
    for &i in &order[..STROKE] {
        stroke[i] = true;
    }
    stroke
}

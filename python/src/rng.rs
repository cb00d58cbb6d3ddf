//! A layer's own stream of draws, with NumPy arrays.

use goodinit::model::NetworkShape;
use goodinit::{Key, LayerInfo, Purpose, Registry, Role, Stream};
use numpy::ndarray::{Array2, ArrayD, IxDyn};
use numpy::{Element, IntoPyArray as _, PyArray2, PyArrayDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::raise;

/// The most elements that one call draws.
const MOST: usize = 1 << 28;

/// A whole number, or several.
#[derive(FromPyObject)]
pub enum Shape {
    One(usize),
    Many(Vec<usize>),
}

#[pyclass(module = "goodinit")]
pub struct Rng {
    pub stream: Stream,
}

impl Rng {
    /// A new array of `shape`, filled by `fill`.
    fn array<'py, T: Element + Clone + Default>(
        &mut self,
        py: Python<'py>,
        shape: Shape,
        fill: impl FnOnce(&mut Stream, &mut [T]),
    ) -> PyResult<Bound<'py, PyArrayDyn<T>>> {
        let dims = match shape {
            Shape::One(n) => vec![n],
            Shape::Many(dims) => dims,
        };
        let count = dims.iter().try_fold(1usize, |n, dim| n.checked_mul(*dim));
        let Some(count) = count.filter(|n| *n <= MOST) else {
            return Err(PyValueError::new_err(format!(
                "shape {dims:?} has more than 2^28 elements"
            )));
        };
        let mut values = vec![T::default(); count];
        fill(&mut self.stream, &mut values);
        let array = ArrayD::from_shape_vec(IxDyn(&dims), values);
        Ok(array
            .map_err(|e| PyValueError::new_err(e.to_string()))?
            .into_pyarray(py))
    }
}

fn check(good: bool, what: &str, x: f64) -> PyResult<()> {
    match good {
        true => Ok(()),
        false => Err(PyValueError::new_err(format!("{what}, not {x}"))),
    }
}

fn check_std(std: f64) -> PyResult<()> {
    check(
        std.is_finite() && std >= 0.0,
        "`std` must be a finite number from 0",
        std,
    )
}

#[pymethods]
impl Rng {
    #[new]
    #[pyo3(signature = (seed = 0, weight_seed = 0, layer = 0))]
    fn new(seed: u64, weight_seed: u64, layer: u64) -> Self {
        let stream = Key::new(seed, weight_seed, Purpose::Weights).stream(layer);
        Rng { stream }
    }

    #[pyo3(signature = (shape, std = 1.0))]
    fn normal<'py>(
        &mut self,
        py: Python<'py>,
        shape: Shape,
        std: f64,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        check_std(std)?;
        self.array(py, shape, |stream, out| stream.fill_normal(out, std as f32))
    }

    #[pyo3(signature = (shape, std = 1.0, cut = 2.0))]
    fn truncated_normal<'py>(
        &mut self,
        py: Python<'py>,
        shape: Shape,
        std: f64,
        cut: f64,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        check_std(std)?;
        // Of narrower cuts hardly a draw is left.
        check(cut >= 1e-3, "`cut` must be at least 0.001 parent deviations", cut)?;
        self.array(py, shape, |stream, out| {
            stream.fill_truncated_normal(out, std as f32, cut as f32);
        })
    }

    fn uniform<'py>(
        &mut self,
        py: Python<'py>,
        low: f64,
        high: f64,
        shape: Shape,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        check(low.is_finite(), "`low` must be a finite number", low)?;
        check(
            high.is_finite() && high >= low,
            "`high` must be a finite number, not below `low`",
            high,
        )?;
        self.array(py, shape, |stream, out| {
            if low == -high {
                return stream.fill_uniform(out, high as f32);
            }
            stream.fill_uniform(out, 1.0);
            let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
            for x in out {
                *x = (middle + half * f64::from(*x)) as f32;
            }
        })
    }

    fn random<'py>(&mut self, py: Python<'py>, shape: Shape) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        self.array(py, shape, |stream, out| out.fill_with(|| stream.unit_f64()))
    }

    fn integers<'py>(
        &mut self,
        py: Python<'py>,
        low: i64,
        high: i64,
        shape: Shape,
    ) -> PyResult<Bound<'py, PyArrayDyn<i64>>> {
        let span = high.checked_sub(low).and_then(|span| u32::try_from(span).ok());
        let Some(span) = span.filter(|span| *span > 0) else {
            let message = format!("`high` must exceed `low` by 1 to 2^32 - 1, not {low} and {high}");
            return Err(PyValueError::new_err(message));
        };
        self.array(py, shape, |stream, out| {
            out.fill_with(|| low + i64::from(stream.below(span)));
        })
    }

    fn sign<'py>(&mut self, py: Python<'py>, shape: Shape) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        self.array(py, shape, |stream, out| {
            out.fill_with(|| if stream.word() >> 31 == 0 { 1.0 } else { -1.0 });
        })
    }

    fn permutation<'py>(&mut self, py: Python<'py>, n: usize) -> PyResult<Bound<'py, PyArrayDyn<i64>>> {
        self.array(py, Shape::One(n), |stream, out| {
            for (i, x) in out.iter_mut().enumerate() {
                *x = i as i64;
            }
            stream.shuffle(out);
        })
    }

    #[pyo3(signature = (shape, gain = 1.0))]
    fn orthogonal<'py>(
        &mut self,
        py: Python<'py>,
        shape: (usize, usize),
        gain: f64,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (fan_in, fan_out) = shape;
        if fan_in.saturating_mul(fan_out) > MOST {
            return Err(PyValueError::new_err(format!(
                "shape {shape:?} has more than 2^28 elements"
            )));
        }
        let scheme = Registry::standard()
            .choose("orthogonal", &[("gain", gain)])
            .map_err(raise)?
            .scheme;
        let mut weights = Array2::zeros(shape);
        if fan_in > 0 && fan_out > 0 {
            let layer = single_layer(fan_in, fan_out);
            scheme
                .fill(&layer, &mut self.stream, weights.view_mut())
                .map_err(raise)?;
        }
        Ok(weights.into_pyarray(py))
    }
}

/// The only layer of a network.
fn single_layer(fan_in: usize, fan_out: usize) -> LayerInfo {
    LayerInfo {
        network: NetworkShape {
            layers: 1,
            inputs: fan_in,
            outputs: fan_out,
        },
        index: 0,
        fan_in,
        fan_out,
        role: Role::Output,
        input_activation: None,
        output_activation: None,
        block: None,
        has_bias: true,
    }
}

//! A layer's own stream of draws, with NumPy arrays.

use goodinit::internal::Key;
use goodinit::{LayerInfo, NetworkShape, Purpose, Registry, Role, Stream};
use numpy::ndarray::{Array2, ArrayD, IxDyn};
use numpy::{Element, IntoPyArray as _, PyArray2, PyArrayDyn};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::raise;

/// The most elements that one call draws.
const MOST: usize = 1 << 28;

/// A whole number, or several: the dimensions of an array.
pub struct Shape(Vec<usize>);

impl FromPyObject<'_, '_> for Shape {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if let Ok(n) = value.extract::<usize>() {
            return Ok(Shape(vec![n]));
        }
        value.extract().map(Shape).or_else(|_| {
            let message = format!(
                "a shape is a whole number from 0 or a sequence of them, not {}",
                value.repr()?
            );
            Err(PyTypeError::new_err(message))
        })
    }
}

/// A layer's own stream of draws: ChaCha8, keyed by the experiment's seed, the weight seed and the layer.
///
/// Never by the scheme: schemes scale the same base draws, so that comparisons are paired. Draws have the same bits
/// on every machine. They are float32, the type that weights have, unless said otherwise; arithmetic with a Python
/// float keeps float32.
///
/// A method gives an array of ``shape``, a whole number or a sequence of them, of at most 2^28 elements. A shape or a
/// number that cannot be is a TypeError or a ValueError.
///
/// Schemes are handed one; making one is for trying a scheme out: ``gi.Rng(seed=1).normal((64, 32))``.
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
        let Shape(dims) = shape;
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

    /// Normal draws of mean 0 and standard deviation ``std``.
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

    /// Normal draws of parent deviation ``std``, redrawn until within ``cut`` parent deviations of 0. Their own
    /// deviation is smaller: 0.87962566 ``std`` for a cut of 2.
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

    /// Uniform draws between ``low`` and ``high``; their standard deviation is (high - low) / sqrt(12).
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

    /// Uniform draws in [0, 1), float64 multiples of 2^-53.
    fn random<'py>(&mut self, py: Python<'py>, shape: Shape) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        self.array(py, shape, |stream, out| out.fill_with(|| stream.unit_f64()))
    }

    /// Whole numbers from ``low`` up to, not including, ``high``, exactly uniform, int64.
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

    /// +1 or -1, each with probability 1/2.
    fn sign<'py>(&mut self, py: Python<'py>, shape: Shape) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        self.array(py, shape, |stream, out| {
            out.fill_with(|| if stream.word() >> 31 == 0 { 1.0 } else { -1.0 });
        })
    }

    /// The numbers 0 to n - 1 in random order, int64 of shape (n,).
    fn permutation<'py>(&mut self, py: Python<'py>, n: usize) -> PyResult<Bound<'py, PyArrayDyn<i64>>> {
        self.array(py, Shape(vec![n]), |stream, out| {
            for (i, x) in out.iter_mut().enumerate() {
                *x = i as i64;
            }
            stream.shuffle(out);
        })
    }

    /// ``gain`` times a Haar-distributed matrix of two dimensions whose short side is orthonormal.
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

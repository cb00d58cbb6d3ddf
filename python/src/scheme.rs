//! A scheme that is a Python function.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use goodinit::internal::Kind;
use goodinit::{Entry, Error, LayerInfo, Parameter, Registry, Result, Role, Scheme, Spec, Stream, Value};
use numpy::ndarray::{Array2, ArrayViewMut2};
use numpy::{PyReadonlyArray2, PyUntypedArray, PyUntypedArrayMethods as _};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};

use crate::rng::Rng;

/// What a scheme may know of a layer.
///
/// Schemes are handed one; making one is for trying a scheme out: ``mine(gi.Layer(64, 32), gi.Rng())``.
#[pyclass(module = "goodinit", frozen, get_all)]
pub struct Layer {
    /// Inputs of a unit.
    fan_in: usize,
    /// Units.
    fan_out: usize,
    /// Position among the weight layers, from 0. (``layers.csv`` and formulas count from 1.)
    index: usize,
    /// Weight layers of the network.
    count: usize,
    /// Features per sample.
    inputs: usize,
    /// Units of the last layer: classes, or targets.
    outputs: usize,
    /// Factor on sqrt(1 / fan_in) that the literature recommends for the activation function that feeds the layer
    /// (sqrt(2) for ReLU, 5/3 for tanh); 1 where the data do.
    gain: f64,
    /// Place between data and loss; ``output`` also where it is the only layer.
    role: String,
    /// The activation function whose values feed the layer; ``None``: the data do.
    input_activation: Option<String>,
    /// The activation function that follows the layer; ``None``: the loss does.
    output_activation: Option<String>,
    /// In a residual branch: block from 0, blocks, position in the branch from 0, layers of a branch.
    block: Option<(usize, usize, usize, usize)>,
    /// Whether the layer has a bias vector.
    has_bias: bool,
}

/// The words for the roles.
const ROLES: [&str; 3] = ["input", "hidden", "output"];

impl Layer {
    fn of(layer: &LayerInfo) -> Self {
        let [input, hidden, output] = ROLES;
        let role = match layer.role {
            Role::Input => input,
            Role::Hidden => hidden,
            Role::Output => output,
        };
        Layer {
            fan_in: layer.fan_in,
            fan_out: layer.fan_out,
            index: layer.index,
            count: layer.network.layers,
            inputs: layer.network.inputs,
            outputs: layer.network.outputs,
            gain: layer.input_activation.as_ref().map_or(1.0, |f| f.gain()),
            role: role.to_owned(),
            input_activation: layer.input_activation.as_ref().map(ToString::to_string),
            output_activation: layer.output_activation.as_ref().map(ToString::to_string),
            block: layer.block.map(|b| (b.block, b.blocks, b.position, b.length)),
            has_bias: layer.has_bias,
        }
    }
}

#[pymethods]
impl Layer {
    #[new]
    #[pyo3(signature = (fan_in, fan_out, *, index = 0, count = 1, inputs = None, outputs = None, gain = 1.0,
        role = "hidden", input_activation = None, output_activation = None, block = None, has_bias = true))]
    #[allow(clippy::too_many_arguments)] // each has a name
    fn new(
        fan_in: usize,
        fan_out: usize,
        index: usize,
        count: usize,
        inputs: Option<usize>,
        outputs: Option<usize>,
        gain: f64,
        role: &str,
        input_activation: Option<String>,
        output_activation: Option<String>,
        block: Option<(usize, usize, usize, usize)>,
        has_bias: bool,
    ) -> PyResult<Self> {
        if !ROLES.contains(&role) {
            let message = format!("`role` is one of {}, not {role}", ROLES.join(", "));
            return Err(PyValueError::new_err(message));
        }
        Ok(Layer {
            fan_in,
            fan_out,
            index,
            count,
            inputs: inputs.unwrap_or(fan_in),
            outputs: outputs.unwrap_or(fan_out),
            gain,
            role: role.to_owned(),
            input_activation,
            output_activation,
            block,
            has_bias,
        })
    }

    /// ``(fan_in, fan_out)``: the shape of the weights. Element ``[k, j]`` joins input k to unit j.
    #[getter]
    fn shape(&self) -> (usize, usize) {
        (self.fan_in, self.fan_out)
    }

    fn __repr__(&self) -> String {
        let Layer { index, count, .. } = self;
        format!(
            "<layer {} of {count}: {} x {}>",
            index + 1,
            self.fan_in,
            self.fan_out
        )
    }
}

/// The function behind a scheme, and what the grid has found out about it.
struct Function {
    name: &'static str,
    call: Py<PyAny>,
    /// Makes a line of an exception and this function.
    describe: Py<PyAny>,
    /// Digest of its source.
    digest: String,
    /// Whether it has been called, and with that compared with itself.
    called: AtomicBool,
    warnings: Mutex<Vec<String>>,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.name)
    }
}

/// The functions of the definitions that there are, each with its entry: a [`goodinit::Definition`]
/// has room for a function pointer, not for a closure.
static DEFINED: Mutex<Vec<(&'static Entry, Weak<Function>)>> = Mutex::new(Vec::new());

/// A scheme as [`Registry::with`] takes it.
#[pyclass(module = "goodinit", frozen)]
pub struct Definition {
    entry: &'static Entry,
    function: Arc<Function>,
}

impl Definition {
    /// `registry` and these schemes.
    pub fn register(registry: Registry, schemes: &[Py<Definition>]) -> Result<Registry> {
        schemes.iter().try_fold(registry, |registry, scheme| {
            let entry = scheme.get().entry;
            registry.with(goodinit::Definition { entry, build })
        })
    }

    /// What is to be told about the scheme, once.
    pub fn take_warnings(&self) -> Vec<String> {
        let mut warnings = self
            .function
            .warnings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *warnings)
    }
}

#[pymethods]
impl Definition {
    /// `parameters` are name and default each.
    #[new]
    #[allow(clippy::too_many_arguments)] // called in one place
    fn new(
        name: &str,
        summary: &str,
        formula: &str,
        citation: &str,
        parameters: Vec<(String, Bound<'_, PyAny>)>,
        call: Py<PyAny>,
        describe: Py<PyAny>,
        digest: String,
    ) -> PyResult<Self> {
        let parameters = parameters.iter().map(|(name, default)| parameter(name, default));
        let parameters: Vec<Parameter> = parameters.collect::<PyResult<_>>()?;
        // Entries live as long as the program.
        let entry: &'static Entry = Box::leak(Box::new(Entry {
            name: forever(name),
            aliases: &[],
            summary: forever(summary),
            formula: forever(formula),
            citation: forever(citation),
            parameters: parameters.leak(),
        }));
        let function = Arc::new(Function {
            name: entry.name,
            call,
            describe,
            digest,
            called: AtomicBool::new(false),
            warnings: Mutex::default(),
        });
        let mut defined = DEFINED.lock().unwrap_or_else(PoisonError::into_inner);
        defined.retain(|(_, function)| function.strong_count() > 0);
        defined.push((entry, Arc::downgrade(&function)));
        Ok(Definition { entry, function })
    }
}

fn forever(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// The parameter with this default.
fn parameter(name: &str, default: &Bound<'_, PyAny>) -> PyResult<Parameter> {
    const DOC: &str = "as the function has it";
    let name = forever(name);
    if default.is_instance_of::<PyBool>() {
        Ok(Parameter::flag(name, default.extract()?, DOC))
    } else if default.is_instance_of::<PyInt>() {
        Ok(Parameter::integer(
            name,
            default.extract()?,
            i64::MIN,
            i64::MAX,
            DOC,
        ))
    } else if default.is_instance_of::<PyFloat>() {
        Ok(Parameter::number(
            name,
            default.extract()?,
            -f64::MAX,
            f64::MAX,
            DOC,
        ))
    } else if default.is_instance_of::<PyString>() {
        Ok(Parameter::text(name, forever(&default.extract::<String>()?), DOC))
    } else {
        let message = format!("the default of `{name}` must be a float, an int, a bool or a str");
        Err(PyTypeError::new_err(message))
    }
}

/// Makes the scheme whose entry `spec` has chosen.
fn build(spec: &Spec, _: &Registry) -> Result<Arc<dyn Scheme>> {
    let defined = DEFINED.lock().unwrap_or_else(PoisonError::into_inner);
    let found = defined.iter().find(|(entry, _)| std::ptr::eq(*entry, spec.entry));
    let Some(function) = found.and_then(|(_, function)| function.upgrade()) else {
        let message = format!("the Python function of the scheme `{}` is gone", spec.name());
        return Err(Error::new(Kind::Experiment, message));
    };
    let given = spec.entry.parameters.iter();
    let arguments = given
        .filter_map(|p| Some((p.name, spec.value(p.name)?)))
        .collect();
    Ok(Arc::new(PythonScheme { function, arguments }))
}

#[derive(Debug)]
struct PythonScheme {
    function: Arc<Function>,
    arguments: Vec<(&'static str, Value)>,
}

impl PythonScheme {
    /// The weights of `layer`, and the stream after its draws.
    fn draw(&self, py: Python<'_>, layer: &LayerInfo, stream: &Stream) -> PyResult<(Array2<f32>, Stream)> {
        let rng = Bound::new(
            py,
            Rng {
                stream: stream.clone(),
            },
        )?;
        let arguments = PyDict::new(py);
        for (name, value) in &self.arguments {
            match value {
                Value::Number(x) => arguments.set_item(name, x)?,
                Value::Integer(x) => arguments.set_item(name, x)?,
                Value::Flag(x) => arguments.set_item(name, x)?,
                other => arguments.set_item(name, other.to_string())?,
            }
        }
        let positional = (Layer::of(layer), &rng);
        let result = self.function.call.bind(py).call(positional, Some(&arguments))?;
        let weights = to_weights(&result, layer)?;
        let after = rng.borrow().stream.clone();
        Ok((weights, after))
    }

    fn draw_checked(
        &self,
        py: Python<'_>,
        layer: &LayerInfo,
        stream: &Stream,
    ) -> Result<(Array2<f32>, Stream)> {
        let failed = |error: PyErr| {
            let place = (error.value(py), error.traceback(py), &self.function.call);
            let line = self.function.describe.bind(py).call1(place);
            let line = line.and_then(|line| line.extract::<String>());
            Error::new(Kind::Trial, line.unwrap_or_else(|_| error.to_string()))
        };
        let drawn = self.draw(py, layer, stream).map_err(failed)?;
        if !self.function.called.swap(true, Ordering::SeqCst) {
            let again = self.draw(py, layer, stream).map_err(failed)?.0;
            if !drawn
                .0
                .iter()
                .map(|w| w.to_bits())
                .eq(again.iter().map(|w| w.to_bits()))
            {
                let warning = format!(
                    "scheme `{}` gave different weights for the same layer and stream: it draws from something \
                     else than `rng`, or keeps a state; its rows cannot be reproduced",
                    self.function.name
                );
                let mut warnings = self
                    .function
                    .warnings
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                warnings.push(warning);
            }
        }
        Ok(drawn)
    }
}

impl Scheme for PythonScheme {
    fn fill(&self, layer: &LayerInfo, stream: &mut Stream, mut weights: ArrayViewMut2<f32>) -> Result<()> {
        // None while the interpreter ends: a trial that was dropped may still run then.
        let drawn = Python::try_attach(|py| self.draw_checked(py, layer, stream));
        let ended = || Error::new(Kind::Trial, "the Python interpreter has ended");
        let (array, after) = drawn.ok_or_else(ended)??;
        weights.assign(&array);
        *stream = after;
        Ok(())
    }

    fn source_digest(&self) -> Option<String> {
        Some(self.function.digest.clone())
    }
}

/// What a scheme returned, as f32: an array of real numbers of the layer's shape, all finite.
fn to_weights(result: &Bound<'_, PyAny>, layer: &LayerInfo) -> PyResult<Array2<f32>> {
    let py = result.py();
    let array = py.import("numpy")?.call_method1("asarray", (result,))?;
    let untyped = array.cast::<PyUntypedArray>()?;
    let number = layer.index + 1;
    if untyped.shape() != [layer.fan_in, layer.fan_out] {
        let shape = array.getattr("shape")?;
        return Err(PyValueError::new_err(format!(
            "the scheme returned the shape {shape}; layer {number} needs (fan_in, fan_out) = ({}, {})",
            layer.fan_in, layer.fan_out
        )));
    }
    let weights = match array.extract::<PyReadonlyArray2<'_, f32>>() {
        Ok(array) => array.as_array().to_owned(),
        Err(_) => {
            let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
            if !["f", "i", "u", "b"].contains(&kind.as_str()) {
                let dtype = array.getattr("dtype")?;
                return Err(PyTypeError::new_err(format!(
                    "the scheme returned values of type {dtype}; weights are real numbers"
                )));
            }
            let doubles = array.call_method1("astype", ("float64",))?;
            let doubles = doubles.extract::<PyReadonlyArray2<'_, f64>>()?;
            doubles.as_array().mapv(|w| w as f32)
        }
    };
    match weights.indexed_iter().find(|(_, w)| !w.is_finite()) {
        Some(((k, j), w)) => Err(PyValueError::new_err(format!(
            "the scheme returned {w} at [{k}, {j}] of layer {number}: not a finite f32 number"
        ))),
        None => Ok(weights),
    }
}

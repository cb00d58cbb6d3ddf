//! What the values of a feature column suggest: a code for missing values, a copy of the label.

use std::collections::BTreeMap;

/// Numbers that stand for a missing value in files of measurements, where nothing else is near.
const CODES: [f64; 6] = [-99_999.0, -9999.0, -999.0, -99.0, 9999.0, 99_999.0];

/// A column as its rows come.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// The two least different values, ascending.
    least: [f64; 2],
    /// The two greatest different values, descending.
    greatest: [f64; 2],
    /// The class of each value, by the bits of the value, while values and classes are paired off.
    classes: Option<BTreeMap<u64, u32>>,
}

impl Default for Column {
    fn default() -> Self {
        Column {
            least: [f64::INFINITY; 2],
            greatest: [f64::NEG_INFINITY; 2],
            classes: Some(BTreeMap::new()),
        }
    }
}

impl Column {
    /// Takes the value of a row, and its class if it has one.
    pub(super) fn push(&mut self, value: f64, class: Option<u32>) {
        let [first, second] = self.least;
        if value < first {
            self.least = [value, first];
        } else if value > first && value < second {
            self.least[1] = value;
        }
        let [first, second] = self.greatest;
        if value > first {
            self.greatest = [value, first];
        } else if value < first && value > second {
            self.greatest[1] = value;
        }
        let Some(classes) = &mut self.classes else {
            return;
        };
        let paired = class.is_some_and(|class| match classes.get(&value.to_bits()) {
            Some(known) => *known == class,
            None => !classes.values().any(|known| *known == class),
        });
        if !paired {
            self.classes = None;
        } else if let Some(class) = class {
            classes.insert(value.to_bits(), class);
        }
    }

    /// The code for missing values that is a value of the column: further from the next value than
    /// all others are from each other.
    pub(super) fn code(&self) -> Option<f64> {
        let ([least, above], [greatest, below]) = (self.least, self.greatest);
        if above > greatest {
            return None;
        }
        let low = above - least > greatest - above;
        let high = greatest - below > below - least;
        let found = |x: f64, isolated: bool| (isolated && CODES.contains(&x)).then_some(x);
        found(least, low && least < 0.0).or_else(|| found(greatest, high && greatest > 0.0))
    }

    /// Whether each value stands at one class and each class at one value.
    pub(super) fn copies_label(&self) -> bool {
        self.classes.as_ref().is_some_and(|classes| classes.len() > 1)
    }
}

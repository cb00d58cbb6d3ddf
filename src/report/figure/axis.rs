//! Axes: a range and where its ticks stand, linear or logarithmic.
//!
//! plotters sees only linear coordinates: logarithms are taken here, with the same bits on every
//! platform.

use crate::support::text::typeset;

/// One axis of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct PlotAxis {
    /// What it measures, with unit.
    pub label: String,
    /// Logarithmic.
    pub log: bool,
    /// Ends, in the coordinate that is drawn (log10 of the value on a logarithmic axis).
    pub range: (f64, f64),
    /// Ticks, in the coordinate that is drawn.
    pub ticks: Vec<f64>,
}

impl PlotAxis {
    /// An axis that holds all finite `values` (positive ones, if `log`), with room around them.
    pub fn around(label: &str, log: bool, values: impl IntoIterator<Item = f64>) -> PlotAxis {
        let drawn = values
            .into_iter()
            .filter(|v| v.is_finite() && (!log || *v > 0.0))
            .map(|v| if log { libm::log10(v) } else { v });
        let (low, high) = drawn.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
            (l.min(v), h.max(v))
        });
        let (low, high) = match (low <= high, high - low) {
            (false, _) => (0.0, 1.0),
            (true, width) if width > 0.0 => (low - 0.04 * width, high + 0.04 * width),
            (true, _) if log || low == 0.0 => (low - 0.5, low + 0.5),
            (true, _) => (low - 0.1 * low.abs(), low + 0.1 * low.abs()),
        };
        PlotAxis::exactly(label, log, (low, high))
    }

    /// An axis over `range`, given in the coordinate that is drawn.
    pub fn exactly(label: &str, log: bool, range: (f64, f64)) -> PlotAxis {
        let ticks = if log { decades(range) } else { steps(range, 5) };
        PlotAxis {
            label: label.to_owned(),
            log,
            range,
            ticks,
        }
    }

    /// An axis for accuracies, always 0 to 1, so that panels compare at a glance.
    pub fn accuracy(label: &str) -> PlotAxis {
        PlotAxis::exactly(label, false, (0.0, 1.0))
    }

    /// An axis of whole things (epochs, steps, layers) from `first` to `last`: no tick stands between
    /// two of them.
    pub fn whole(label: &str, first: u64, last: u64) -> PlotAxis {
        let mut axis = PlotAxis::exactly(label, false, (first as f64, last.max(first + 1) as f64));
        axis.ticks = if last - first <= 5 {
            (first..=last).map(|n| n as f64).collect()
        } else {
            axis.ticks
                .into_iter()
                .filter(|tick| tick.fract() == 0.0)
                .collect()
        };
        axis
    }

    /// Puts the ticks at `values` (in their own units), as for a few learning rates.
    pub fn with_ticks(mut self, values: &[f64]) -> PlotAxis {
        self.ticks = values.iter().filter_map(|v| self.place(*v)).collect();
        self
    }

    /// Where a value stands; none if it can't stand on this axis.
    pub fn place(&self, value: f64) -> Option<f64> {
        let at = if self.log { libm::log10(value) } else { value };
        at.is_finite().then_some(at)
    }

    /// Where a value stands, pressed to the nearer end if outside: an infinite one too.
    pub fn clamp(&self, value: f64) -> f64 {
        let outside = if value == f64::INFINITY {
            self.range.1
        } else {
            self.range.0
        };
        let at = self.place(value).unwrap_or(outside);
        at.clamp(self.range.0, self.range.1)
    }

    /// The text of a tick.
    pub fn text(&self, tick: f64) -> String {
        if self.log {
            typeset(libm::exp10(tick), 3)
        } else {
            // A tick is a multiple of a round step; what is beyond 12 digits is rounding.
            let scale = (self.range.1 - self.range.0).abs();
            typeset(if tick.abs() < scale * 1e-9 { 0.0 } else { tick }, 3)
        }
    }
}

/// Ticks at multiples of a round step, at most `most + 1` of them.
fn steps((low, high): (f64, f64), most: usize) -> Vec<f64> {
    let raw = (high - low) / most as f64;
    if !(raw.is_finite() && raw > 0.0) {
        return Vec::new();
    }
    let base = libm::exp10(libm::floor(libm::log10(raw)));
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * base)
        .find(|s| *s >= raw * (1.0 - 1e-9))
        .unwrap_or(base * 10.0);
    let first = libm::ceil(low / step - 1e-9);
    let last = libm::floor(high / step + 1e-9);
    (0..=(last - first).max(-1.0) as i64)
        .map(|i| (first + i as f64) * step)
        .collect()
}

/// Ticks of a logarithmic axis: powers of ten, thinned where many; 1, 2, 5 where few.
fn decades((low, high): (f64, f64)) -> Vec<f64> {
    let (first, last) = (libm::ceil(low - 1e-9) as i64, libm::floor(high + 1e-9) as i64);
    let count = last - first + 1;
    if count >= 3 {
        let stride = (count + 5) / 6;
        let aligned = first + (stride - first.rem_euclid(stride)) % stride;
        return (aligned..=last)
            .step_by(stride as usize)
            .map(|e| e as f64)
            .collect();
    }
    let fine: Vec<f64> = (libm::floor(low) as i64..=last)
        .flat_map(|e| [1.0, 2.0, 5.0].map(|m| e as f64 + libm::log10(m)))
        .filter(|t| (low - 1e-9..=high + 1e-9).contains(t))
        .collect();
    if fine.len() >= 2 {
        return fine;
    }
    steps((libm::exp10(low), libm::exp10(high)), 5)
        .into_iter()
        .filter(|v| *v > 0.0)
        .map(libm::log10)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &PlotAxis) -> Vec<String> {
        axis.ticks.iter().map(|t| axis.text(*t)).collect()
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(
            texts(&PlotAxis::accuracy("")),
            ["0", "0.2", "0.4", "0.6", "0.8", "1"]
        );
        let axis = PlotAxis::exactly("", false, (-0.031, 0.029));
        assert_eq!(texts(&axis), ["−0.02", "0", "0.02"]);
        let axis = PlotAxis::around("", true, [1e-30, 1e12]);
        assert_eq!(texts(&axis), ["1e−24", "1e−16", "1e−8", "1", "1e8"]);
        let axis = PlotAxis::around("", true, [0.11, 0.19]);
        assert!(axis.ticks.len() >= 2, "{axis:?}");
        let axis = PlotAxis::around("", true, [0.01, 0.3]);
        assert_eq!(texts(&axis), ["0.01", "0.02", "0.05", "0.1", "0.2"]);
    }

    #[test]
    fn whole_things_have_whole_ticks() {
        assert_eq!(texts(&PlotAxis::whole("epoch", 0, 1)), ["0", "1"]);
        assert_eq!(texts(&PlotAxis::whole("epoch", 0, 3)), ["0", "1", "2", "3"]);
        assert_eq!(
            texts(&PlotAxis::whole("epoch", 0, 10)),
            ["0", "2", "4", "6", "8", "10"]
        );
        assert_eq!(texts(&PlotAxis::whole("layer", 1, 2)), ["1", "2"]);
        assert_eq!(texts(&PlotAxis::whole("layer", 1, 21)), ["5", "10", "15", "20"]);
        assert_eq!(texts(&PlotAxis::whole("layer", 1, 1)), ["1"]);
    }

    #[test]
    fn what_is_outside_stands_at_the_nearer_end() {
        for log in [false, true] {
            let axis = PlotAxis::exactly("", log, (-1.0, 2.0));
            for (value, end) in [(1e9, 2.0), (f64::INFINITY, 2.0), (f64::NEG_INFINITY, -1.0)] {
                assert_eq!(axis.clamp(value), end, "{value} {log}");
            }
        }
        assert_eq!(PlotAxis::exactly("", true, (-1.0, 2.0)).clamp(0.0), -1.0);
        assert_eq!(PlotAxis::exactly("", false, (-1.0, 2.0)).clamp(-5.0), -1.0);
    }

    #[test]
    fn degenerate_ranges_do_not_fail() {
        for values in [vec![], vec![f64::NAN], vec![0.0], vec![3.0, 3.0], vec![-1.0]] {
            for log in [false, true] {
                let axis = PlotAxis::around("", log, values.clone());
                assert!(axis.range.0 < axis.range.1, "{values:?} {log} {axis:?}");
                assert!(axis.ticks.len() < 20);
            }
        }
    }

    #[test]
    fn numbers_read_well() {
        for (x, text) in [
            (0.95678, "0.957"),
            (12345.0, "12345"),
            (1.5e-7, "1.5e−7"),
            (-2.0, "−2"),
            (99999.9, "100000"),
            (0.1, "0.1"),
            (1e300, "1e300"),
        ] {
            assert_eq!(typeset(x, 3), text);
        }
    }
}

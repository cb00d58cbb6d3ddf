//! Intervals of means, trimmed means and what is computed from them: Student's t over independent
//! units.
//!
//! A figure is known with what each unit does to it, its *effect*. Effects add up as figures do: a
//! score averaged over settings has the average effect of each replicate, a difference of two schemes
//! the difference. So whatever a replicate does to several cells at once is counted, and what it does
//! to both sides cancels.

use super::interval::{Estimate, Interval, LEVEL};
use super::student::{critical, two_sided};
use super::{Seeds, Units, interquartile_mean, mean, sorted};

/// What varies independently: a factor (0: units; 1, 2, 3: the seeds of weights, order, data of
/// crossed trials), and which unit or seed of it.
type Cause = (u8, Seeds);

/// A figure with the effects of the independent units behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Effects {
    value: f64,
    /// The least and the greatest that the figure could be, were every value replaced by the least
    /// or the greatest one: the interval where infinite values leave no other.
    range: Interval,
    /// What the figure can be at all, see [`Effects::within`].
    support: Interval,
    /// By cause, ascending; scaled so that the sum of the squares is the square of the standard error.
    effects: Vec<(Cause, f64)>,
    /// Degrees of freedom of each factor, ascending.
    freedom: Vec<(u8, f64)>,
}

impl Effects {
    /// The mean of all values of `units`: for single values Student's t.
    pub fn mean(units: &Units<f64>) -> Self {
        let values = units.values();
        let (centre, count) = (mean(values), values.len() as f64);
        let effect = |unit: &[f64]| unit.iter().map(|x| x - centre).sum::<f64>() / count;
        let effects: Vec<f64> = units.each().map(effect).collect();
        Effects::from_units(units, centre, &effects, units.len())
    }

    /// The interquartile mean of all values of `units`. Its standard error is that of the mean of
    /// the values winsorized by a quarter at each end; for single values, of which h are left after
    /// trimming, with h - 1 degrees of freedom (Tukey and McLaughlin 1963, Sankhya A 25, 331-352;
    /// Yuen 1974, Biometrika 61, 165-170).
    pub fn interquartile_mean(units: &Units<f64>) -> Self {
        let values = units.values();
        let value = interquartile_mean(values);
        if values.is_empty() {
            return Effects::from_units(units, value, &[], 0);
        }
        let sorted = sorted(values);
        let cut = sorted.len() / 4;
        let (least, greatest) = (sorted[cut], sorted[sorted.len() - 1 - cut]);
        let winsorized = units.map(|x| x.clamp(least, greatest));
        let (centre, kept) = (mean(winsorized.values()), values.len() - 2 * cut);
        let effect = |unit: &[f64]| unit.iter().map(|x| x - centre).sum::<f64>() / kept as f64;
        let effects: Vec<f64> = winsorized.each().map(effect).collect();
        let units_kept = if units.are_single() { kept } else { units.len() };
        Effects::from_units(units, value, &effects, units_kept)
    }

    /// Any smooth `statistic` of the values of `units`, by the jackknife: the effect of a unit is what
    /// leaving it out does (Efron and Stein 1981, Annals of Statistics 9, 586-596).
    pub fn jackknife(units: &Units<f64>, statistic: impl Fn(&[f64]) -> f64) -> Self {
        let without = |left_out: usize| {
            let others = units.each().enumerate().filter(|(i, _)| *i != left_out);
            statistic(
                &others
                    .flat_map(|(_, values)| values.iter().copied())
                    .collect::<Vec<_>>(),
            )
        };
        let left: Vec<f64> = (0..units.len()).map(without).collect();
        let (centre, n) = (mean(&left), units.len() as f64);
        let effects: Vec<f64> = left.iter().map(|x| (centre - x) * (n - 1.0) / n).collect();
        Effects::from_units(units, statistic(units.values()), &effects, units.len())
    }

    /// `value` with what each of `units` adds to it; a factor of n units gets n - 1 degrees of
    /// freedom, where `count` is n for units that are not crossed.
    fn from_units(units: &Units<f64>, value: f64, effects: &[f64], count: usize) -> Self {
        let values = units.values();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut all = Effects {
            value,
            range: Interval::new(least, greatest),
            support: Interval::UNBOUNDED,
            effects: Vec::with_capacity(effects.len()),
            freedom: Vec::new(),
        };
        let mut factor = |factor: u8, count: usize, keys: &mut dyn Iterator<Item = Seeds>| {
            let scale = (count as f64 / (count as f64 - 1.0)).sqrt();
            // The effects of a single unit are unknown, and so are its degrees of freedom.
            let scaled = |effect: &f64| if count > 1 { effect * scale } else { 0.0 };
            let each = keys.zip(effects);
            all.effects
                .extend(each.map(|(key, effect)| ((factor, key), scaled(effect))));
            all.freedom.push((factor, count.saturating_sub(1) as f64));
        };
        match units.crossing() {
            None => factor(0, count, &mut units.seeds().iter().copied()),
            Some(crossing) => {
                for (i, count) in (1..4).zip(crossing.sizes()).filter(|(_, n)| *n > 1) {
                    let seed = |seeds: &Seeds| [seeds[i], 0, 0, 0];
                    factor(i as u8, count, &mut units.seeds().iter().map(seed));
                }
            }
        }
        // Stable: effects of one cause are added in the order of the units.
        all.effects.sort_by_key(|(cause, _)| *cause);
        all.effects.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        all
    }

    /// A figure of values that are all `support`, and so is the figure: an accuracy is from 0 to 1.
    /// Its interval, and those of what is computed from it, end there.
    #[must_use]
    pub fn within(self, (low, high): (f64, f64)) -> Self {
        Effects {
            support: Interval::new(low, high),
            ..self
        }
    }

    /// Adds `factor` times `other`. Effects of the same cause add up; a factor keeps the lesser
    /// degrees of freedom.
    #[must_use]
    pub fn plus(mut self, factor: f64, other: &Effects) -> Self {
        self.value += factor * other.value;
        let sum = |own: Interval, other: Interval| {
            let (a, b) = (factor * other.low, factor * other.high);
            Interval::new(own.low + a.min(b), own.high + a.max(b))
        };
        self.range = sum(self.range, other.range);
        self.support = sum(self.support, other.support);
        let scaled = other
            .effects
            .iter()
            .map(|(cause, effect)| (*cause, factor * effect));
        merge(&mut self.effects, scaled, |a, b| a + b);
        merge(&mut self.freedom, other.freedom.iter().copied(), f64::min);
        self
    }

    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        let nothing = Effects {
            value: 0.0,
            range: Interval { low: 0.0, high: 0.0 },
            support: Interval { low: 0.0, high: 0.0 },
            effects: Vec::new(),
            freedom: Vec::new(),
        };
        nothing.plus(factor, &self)
    }

    /// The average of figures; `None` for none.
    pub fn average(figures: &[Effects]) -> Option<Self> {
        let (first, others) = figures.split_first()?;
        let share = 1.0 / figures.len() as f64;
        let sum = others
            .iter()
            .fold(first.clone().times(share), |sum, next| sum.plus(share, next));
        // The plain mean, whose bits do not depend on how shares round.
        let mean_of = |pick: fn(&Effects) -> f64| mean(&figures.iter().map(pick).collect::<Vec<_>>());
        Some(Effects {
            value: mean_of(|f| f.value),
            support: Interval::new(mean_of(|f| f.support.low), mean_of(|f| f.support.high)),
            ..sum
        })
    }

    pub fn value(&self) -> f64 {
        self.value
    }

    /// Its standard error, and the degrees of freedom of that (Satterthwaite 1946, Biometrics
    /// Bulletin 2, 110-114, where several factors vary). `None` where a factor has a single unit.
    pub fn standard_error(&self) -> Option<(f64, f64)> {
        let (mut sum, mut uncertainty) = (0.0, 0.0);
        for (factor, freedom) in &self.freedom {
            if *freedom < 1.0 {
                return None;
            }
            let own = self.effects.iter().filter(|((of, _), _)| of == factor);
            let square: f64 = own.map(|(_, effect)| effect * effect).sum();
            (sum, uncertainty) = (sum + square, uncertainty + square * square / freedom);
        }
        if self.freedom.is_empty() {
            return None;
        }
        let least = self
            .freedom
            .iter()
            .map(|(_, freedom)| *freedom)
            .fold(f64::INFINITY, f64::min);
        let freedom = match uncertainty > 0.0 {
            true if self.freedom.len() > 1 => sum * sum / uncertainty,
            _ => least,
        };
        Some((sum.sqrt(), freedom))
    }

    /// The interval at `level`, as far as the figure can reach. Where values are infinite, it is the range
    /// of the figure. `None` for fewer than two units.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let (error, freedom) = self.standard_error()?;
        if !self.value.is_finite() || !error.is_finite() {
            return Some(self.range);
        }
        let reach = if error == 0.0 {
            0.0
        } else {
            error * critical(1.0 - level, freedom)
        };
        Some(Interval::new(self.value - reach, self.value + reach).within(self.support))
    }

    /// The interval at `level` by the logarithm of the figure: of what is positive and has a scale
    /// (a ratio, a variance). That of [`Effects::interval`] for a figure that is not positive.
    pub fn interval_of_scale(&self, level: f64) -> Option<Interval> {
        let (error, freedom) = self.standard_error()?;
        if !(self.value > 0.0 && self.value.is_finite() && error.is_finite()) || error == 0.0 {
            return self.interval(level);
        }
        let reach = libm::exp(critical(1.0 - level, freedom) * error / self.value);
        Some(Interval::new(self.value / reach, self.value * reach))
    }

    /// This over `other`, by its linear part.
    #[must_use]
    pub fn over(&self, other: &Effects) -> Self {
        let ratio = self.value / other.value;
        let sum = self
            .clone()
            .times(1.0 / other.value)
            .plus(-ratio / other.value, other);
        Effects {
            value: ratio,
            range: Interval::UNBOUNDED,
            support: Interval::UNBOUNDED,
            ..sum
        }
    }

    /// The probability, were the figure 0 in truth, of one at least as far from 0. `None` for fewer
    /// than two units, and where values are infinite.
    pub fn p_value(&self) -> Option<f64> {
        let (error, freedom) = self.standard_error()?;
        if !self.value.is_finite() || !error.is_finite() {
            return None;
        }
        Some(match (self.value == 0.0, error == 0.0) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            _ => two_sided((self.value / error).abs(), freedom),
        })
    }

    /// The figure with its interval at [`LEVEL`].
    pub fn estimate(&self) -> Estimate {
        Estimate {
            value: self.value,
            interval: self.interval(LEVEL),
        }
    }
}

/// Puts what `others` has into `own`, both ascending: `both` says what is left of two with the same key.
fn merge<K: Ord + Copy>(
    own: &mut Vec<(K, f64)>,
    others: impl Iterator<Item = (K, f64)>,
    both: impl Fn(f64, f64) -> f64,
) {
    let mut place = 0;
    for (key, value) in others {
        // As a rule both have the same keys: the next one is it.
        place += own[place..].iter().take_while(|(other, _)| *other < key).count();
        match own.get_mut(place) {
            Some((other, old)) if *other == key => *old = both(*old, value),
            _ => own.insert(place, (key, value)),
        }
        place += 1;
    }
}

//! The division into training, validation and test part: by count or fraction, stratified,
//! drawn from its own stream.

use std::fmt;

use crate::random::Stream;
use crate::support::catalog::{Value, number};
use crate::support::error::{Error, Kind, Result};

/// Row numbers of each part of a dataset, ascending.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Split {
    /// Row numbers of the training part.
    pub train: Vec<u32>,
    /// Rows to choose by (rates, best epoch).
    pub validation: Vec<u32>,
    /// Row numbers of the test part, on which results are reported.
    pub test: Vec<u32>,
}

impl Split {
    /// Rows of all parts.
    pub fn rows(&self) -> usize {
        self.train.len() + self.validation.len() + self.test.len()
    }
}

/// How large one part is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// So many rows (a whole number in the experiment file).
    Count(usize),
    /// This fraction of the rows to be divided, rounded to the nearest (a decimal number).
    Fraction(f64),
    /// Every row that no other part takes.
    Rest,
    /// The rows that the source itself sets aside for testing.
    Official,
}

impl Amount {
    fn rows(self, of: usize) -> usize {
        match self {
            Amount::Count(n) => n,
            Amount::Fraction(f) => (f * of as f64).round() as usize,
            Amount::Rest | Amount::Official => 0,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amount::Count(n) => write!(f, "{n}"),
            // A fraction of 1 must not read as a count of 1.
            Amount::Fraction(x) if *x == 1.0 => f.write_str("1.0"),
            Amount::Fraction(x) => f.write_str(&number(*x)),
            Amount::Rest => f.write_str("rest"),
            Amount::Official => f.write_str("official"),
        }
    }
}

/// The rule of division: `split = { train = 0.6, validation = 0.2, test = 0.2 }`.
///
/// The test part is drawn first, then the validation part, then the training part: changing the
/// size of one leaves the parts before it as they were.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplitRule {
    /// Training part; `Rest` when not given.
    pub train: Amount,
    /// Validation part; none when not given.
    pub validation: Amount,
    /// Test part; when not given, the official one if there is one, else none.
    pub test: Amount,
}

impl SplitRule {
    /// For sources without a test part of their own: 60 % training, 20 % validation, 20 % test.
    pub const WHOLE: SplitRule = SplitRule {
        train: Amount::Rest,
        validation: Amount::Fraction(0.2),
        test: Amount::Fraction(0.2),
    };
    /// For sources with a test part: that, and 10 % of the other rows for validation.
    pub const OFFICIAL: SplitRule = SplitRule {
        train: Amount::Rest,
        validation: Amount::Fraction(0.1),
        test: Amount::Official,
    };

    /// Reads the `split` table of an experiment file.
    ///
    /// # Errors
    /// Not a table, an unknown key, an amount that is neither a count nor a fraction, or
    /// fractions that add up to more than 1.
    pub fn parse(value: &Value) -> Result<SplitRule> {
        let wrong = |message: String| {
            Error::new(Kind::Experiment, message).help(
                "split = { train = 0.6, validation = 0.2, test = 0.2 }: decimals are fractions, whole numbers are \
                 counts; train may be \"rest\", test may be \"official\"",
            )
        };
        let Value::Table(table) = value else {
            return Err(wrong(format!("`split` must be a table, not {}", value.quoted())));
        };
        let mut rule = SplitRule {
            train: Amount::Rest,
            validation: Amount::Count(0),
            test: Amount::Official,
        };
        let mut sum = 0.0;
        for (key, value) in table {
            let amount = match value {
                Value::Integer(n) if (0..=i64::from(u32::MAX)).contains(n) => Amount::Count(*n as usize),
                Value::Number(x) if (0.0..=1.0).contains(x) => Amount::Fraction(*x),
                Value::Text(word) if word == "rest" && key == "train" => Amount::Rest,
                Value::Text(word) if word == "official" && key == "test" => Amount::Official,
                _ => {
                    let message = format!(
                        "`split.{key}` must be a fraction from 0 to 1 or a number of rows, not {}",
                        value.quoted()
                    );
                    return Err(wrong(message));
                }
            };
            if let Amount::Fraction(x) = amount {
                sum += x;
            }
            match key.as_str() {
                "train" => rule.train = amount,
                "validation" => rule.validation = amount,
                "test" => rule.test = amount,
                _ => return Err(wrong(format!("`split` has no part `{key}`"))),
            }
        }
        if sum > 1.0 + 1e-9 {
            return Err(wrong(format!(
                "the fractions of `split` add up to {}, more than 1",
                number((sum * 1e9).round() / 1e9)
            )));
        }
        // 0.6 + 0.2 + 0.2: the training part is what the others leave, free of rounding.
        if (sum - 1.0).abs() <= 1e-9 && matches!(rule.train, Amount::Fraction(_)) {
            rule.train = Amount::Rest;
        }
        Ok(rule)
    }

    /// Divides the rows of `strata` (one list of rows per class, or one list of all) at random.
    /// `official` are the rows set aside by the source, or none.
    ///
    /// Each stratum is shuffled in turn; each part then takes from every stratum in proportion to
    /// what the stratum still has, the remainders going to the largest fractions, ties to the
    /// first stratum.
    ///
    /// # Errors
    /// More rows asked for than there are, an empty training part, or an official test part of a
    /// source that has none, named.
    pub fn divide(
        &self,
        strata: Vec<Vec<u32>>,
        official: Option<Vec<u32>>,
        stream: &mut Stream,
    ) -> Result<Split> {
        let mut strata = strata;
        let mut split = Split::default();
        if self.test == Amount::Official {
            split.test = official.unwrap_or_default();
            for stratum in &mut strata {
                stratum.retain(|row| split.test.binary_search(row).is_err());
            }
        }
        let total: usize = strata.iter().map(Vec::len).sum();
        for stratum in &mut strata {
            stream.shuffle(stratum);
        }
        let mut left = total;
        let mut draw = |part: &str, wanted: usize| -> Result<Vec<u32>> {
            if wanted > left {
                let message =
                    format!("the {part} part wants {wanted} rows, but only {left} of {total} are left");
                return Err(Error::new(Kind::Data, message).help(format!("the split is {self}")));
            }
            let mut rows = take(&mut strata, wanted, left);
            left -= wanted;
            rows.sort_unstable();
            Ok(rows)
        };
        if self.test != Amount::Official {
            split.test = draw("test", self.test.rows(total))?;
        }
        split.validation = draw("validation", self.validation.rows(total))?;
        let used = if self.test == Amount::Official {
            0
        } else {
            split.test.len()
        } + split.validation.len();
        let train = match self.train {
            Amount::Rest => total - used,
            amount => amount.rows(total),
        };
        split.train = draw("training", train)?;
        if split.train.is_empty() {
            let message = format!("no rows are left to train on ({total} to divide, split {self})");
            return Err(Error::new(Kind::Data, message));
        }
        Ok(split)
    }
}

impl fmt::Display for SplitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.train, self.validation, self.test)
    }
}

/// Takes `wanted` of the `left` rows in `strata` from their ends, in proportion.
pub(super) fn take(strata: &mut [Vec<u32>], wanted: usize, left: usize) -> Vec<u32> {
    let mut quotas: Vec<(usize, usize)> = strata
        .iter()
        .map(|s| ((wanted as u128 * s.len() as u128), left.max(1) as u128))
        .map(|(n, d)| ((n / d) as usize, (n % d) as usize))
        .collect();
    let mut short = wanted - quotas.iter().map(|q| q.0).sum::<usize>();
    let mut order: Vec<usize> = (0..quotas.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(quotas[i].1));
    for i in order {
        // A stratum with a remainder has a row more than its whole quota.
        if short == 0 {
            break;
        }
        quotas[i].0 += 1;
        short -= 1;
    }
    let mut rows = Vec::with_capacity(wanted);
    for (stratum, (quota, _)) in strata.iter_mut().zip(quotas) {
        rows.extend(stratum.drain(stratum.len() - quota..));
    }
    rows
}

#[cfg(test)]
mod tests;

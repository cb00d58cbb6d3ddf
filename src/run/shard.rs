//! Dividing a plan between machines: `--shard 3/16`, or the index that a scheduler gives.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::support::error::{Error, Kind, Result};

/// Most shards that a plan may be cut into.
pub const MAX_SHARDS: u32 = 100_000;

/// One slice of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// Which, from 1.
    pub index: u32,
    /// Of how many.
    pub count: u32,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl Shard {
    /// The whole plan.
    pub const WHOLE: Shard = Shard { index: 1, count: 1 };

    /// Whether this is the whole plan.
    pub fn is_whole(self) -> bool {
        self.count == 1
    }

    /// Reads `I/N`, `auto` or `auto/N`; `variable` looks up an environment variable.
    ///
    /// `auto` takes index and count from an array job of Slurm or AWS Batch. `auto/N` takes the
    /// index only, for Kubernetes (which does not say how many there are) and for a Slurm array
    /// that is a part of the whole, such as `--array=3,7`: there the task number, from 1, is the
    /// shard.
    ///
    /// # Errors
    /// Not of this form, out of range, or no scheduler has set its variables.
    pub fn parse(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Shard> {
        let (index, count) = text.split_once('/').map_or((text, None), |(i, n)| (i, Some(n)));
        let count = match count {
            Some(n) => Some(
                whole(n)
                    .filter(|n| (1..=MAX_SHARDS).contains(n))
                    .ok_or_else(|| form(text))?,
            ),
            None => None,
        };
        match (index, count) {
            ("auto", count) => automatic(count, &variable),
            (index, Some(count)) => match whole(index) {
                Some(index) if (1..=count).contains(&index) => Ok(Shard { index, count }),
                Some(index) => {
                    let message = format!("there is no shard {index} of {count}");
                    Err(Error::new(Kind::Usage, message).help(format!(
                        "shards count from 1: --shard 1/{count} to --shard {count}/{count}"
                    )))
                }
                None => Err(form(text)),
            },
            _ => Err(form(text)),
        }
    }
}

fn whole(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn form(text: &str) -> Error {
    Error::new(Kind::Usage, format!("`--shard {text}` is not a shard")).help(format!(
        "give I/N with 1 <= I <= N <= {MAX_SHARDS}, or auto, or auto/N"
    ))
}

/// The variables that schedulers set, and the ways to read them.
fn automatic(count: Option<u32>, variable: &impl Fn(&str) -> Option<String>) -> Result<Shard> {
    let number = |name: &str| -> Result<Option<u32>> {
        let Some(text) = variable(name) else {
            return Ok(None);
        };
        whole(&text).map(Some).ok_or_else(|| {
            Error::new(
                Kind::Usage,
                format!("`--shard auto`: {name}={text} is not a whole number"),
            )
        })
    };
    let needed = |name: &str| {
        number(name)?.ok_or_else(|| {
            Error::new(Kind::Usage, format!("`--shard auto`: {name} is not set"))
                .help("say how many shards there are: --shard auto/N")
        })
    };
    let slurm = number("SLURM_ARRAY_TASK_ID")?;
    let kubernetes = number("JOB_COMPLETION_INDEX")?;
    let aws = number("AWS_BATCH_JOB_ARRAY_INDEX")?;
    let (index, all) = match (slurm, kubernetes, aws) {
        (Some(id), None, None) => match count {
            Some(n) => (u64::from(id), n),
            None => slurm_array(id, needed)?,
        },
        (None, Some(index), None) => {
            let n = count.ok_or_else(|| {
                Error::new(
                    Kind::Usage,
                    "`--shard auto`: Kubernetes does not say how many shards there are",
                )
                .help("give the job's `completions`: --shard auto/N")
            })?;
            (u64::from(index) + 1, n)
        }
        (None, None, Some(index)) => (
            u64::from(index) + 1,
            count.map_or_else(|| needed("AWS_BATCH_JOB_ARRAY_SIZE"), Ok)?,
        ),
        (None, None, None) => {
            let message = "`--shard auto`: this is no array job: none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, AWS_BATCH_JOB_ARRAY_INDEX is set";
            return Err(Error::new(Kind::Usage, message).help("give the shard: --shard I/N"));
        }
        _ => {
            let message = "`--shard auto`: the variables of more than one scheduler are set";
            return Err(Error::new(Kind::Usage, message).help("give the shard: --shard I/N"));
        }
    };
    if index < 1 || index > u64::from(all) || all > MAX_SHARDS {
        let message = format!("`--shard auto`: task {index} is not one of 1 to {all}");
        return Err(
            Error::new(Kind::Usage, message).help("with auto/N a Slurm array counts from 1: --array=1-N")
        );
    }
    Ok(Shard {
        index: index as u32,
        count: all,
    })
}

/// Index and count of task `id` in a whole Slurm array, whatever its first number and step.
fn slurm_array(id: u32, needed: impl Fn(&str) -> Result<u32>) -> Result<(u64, u32)> {
    let (count, min) = (needed("SLURM_ARRAY_TASK_COUNT")?, needed("SLURM_ARRAY_TASK_MIN")?);
    let max = needed("SLURM_ARRAY_TASK_MAX")?;
    // Unset or 0 in old versions when the array was given without a step.
    let step = needed("SLURM_ARRAY_TASK_STEP").unwrap_or(1).max(1);
    let regular = id >= min
        && max >= min
        && (id - min).is_multiple_of(step)
        && u64::from((max - min) / step) + 1 == u64::from(count);
    if !regular {
        let message = format!("`--shard auto`: the array {min}-{max}:{step} with {count} tasks has gaps");
        return Err(Error::new(Kind::Usage, message).help(
            "say how many shards there are in all: --shard auto/N takes the task number as the shard",
        ));
    }
    Ok((u64::from((id - min) / step) + 1, count))
}

/// The shard, from 1, that each trial belongs to: the dearest trial goes to the least loaded
/// shard, and so on down. Depends on the costs alone, so it is the same on every machine and
/// after every restart.
pub fn owners(costs: &[u64], count: u32) -> Vec<u32> {
    let mut loads: BinaryHeap<Reverse<(u128, u32)>> = (1..=count).map(|i| Reverse((0, i))).collect();
    let mut owners = vec![1; costs.len()];
    for trial in longest_first(costs) {
        // Never empty: there is at least one shard.
        let Some(Reverse((load, owner))) = loads.pop() else {
            break;
        };
        owners[trial as usize] = owner;
        // A trial without any cost still takes a turn.
        loads.push(Reverse((load + u128::from(costs[trial as usize].max(1)), owner)));
    }
    owners
}

/// All trials by falling cost; equal ones by position.
pub fn longest_first(costs: &[u64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..costs.len() as u32).collect();
    order.sort_by_key(|&i| (Reverse(costs[i as usize]), i));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The trials of `shard`, ascending.
    fn members(costs: &[u64], shard: Shard) -> Vec<u32> {
        let owners = owners(costs, shard.count);
        (0..costs.len() as u32)
            .filter(|&i| owners[i as usize] == shard.index)
            .collect()
    }

    fn with(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        |name| {
            pairs
                .iter()
                .find(|(k, _)| *k == name)
                .map(|(_, v)| (*v).to_owned())
        }
    }

    fn parsed(text: &str, pairs: &'static [(&str, &str)]) -> String {
        match Shard::parse(text, with(pairs)) {
            Ok(shard) => shard.to_string(),
            Err(e) => e.to_string(),
        }
    }

    #[test]
    fn written_out() {
        assert_eq!(parsed("3/16", &[]), "3/16");
        assert_eq!(parsed("16/16", &[]), "16/16");
        for bad in [
            "0/4",
            "5/4",
            "4",
            "",
            "/",
            "1/0",
            "-1/4",
            "1/4/5",
            "a/b",
            "1/99999999999",
            "+1/4",
            "1/200000",
            "automatic",
        ] {
            assert!(Shard::parse(bad, |_| None).is_err(), "{bad}");
        }
        assert!(parsed("5/4", &[]).contains("no shard 5 of 4"));
    }

    #[test]
    fn slurm_arrays_with_any_origin_and_step() {
        let text = parsed(
            "auto",
            &[
                ("SLURM_ARRAY_TASK_ID", "7"),
                ("SLURM_ARRAY_TASK_COUNT", "4"),
                ("SLURM_ARRAY_TASK_MIN", "3"),
                ("SLURM_ARRAY_TASK_MAX", "9"),
                ("SLURM_ARRAY_TASK_STEP", "2"),
            ],
        );
        assert_eq!(text, "3/4");
        let partial: &[(&str, &str)] = &[
            ("SLURM_ARRAY_TASK_ID", "7"),
            ("SLURM_ARRAY_TASK_COUNT", "2"),
            ("SLURM_ARRAY_TASK_MIN", "3"),
            ("SLURM_ARRAY_TASK_MAX", "7"),
            ("SLURM_ARRAY_TASK_STEP", "1"),
        ];
        assert!(
            parsed("auto", partial).contains("has gaps"),
            "{}",
            parsed("auto", partial)
        );
        assert_eq!(parsed("auto/16", partial), "7/16");
        assert!(parsed("auto/4", partial).contains("task 7 is not one of 1 to 4"));
    }

    #[test]
    fn kubernetes_and_aws_count_from_zero() {
        assert_eq!(parsed("auto/4", &[("JOB_COMPLETION_INDEX", "0")]), "1/4");
        assert_eq!(parsed("auto/4", &[("JOB_COMPLETION_INDEX", "3")]), "4/4");
        assert!(parsed("auto", &[("JOB_COMPLETION_INDEX", "3")]).contains("auto/N"));
        let aws: &[(&str, &str)] = &[
            ("AWS_BATCH_JOB_ARRAY_INDEX", "2"),
            ("AWS_BATCH_JOB_ARRAY_SIZE", "3"),
        ];
        assert_eq!(parsed("auto", aws), "3/3");
    }

    #[test]
    fn no_scheduler_two_schedulers_or_nonsense() {
        assert!(parsed("auto", &[]).contains("no array job"));
        assert!(parsed("auto/2", &[("JOB_COMPLETION_INDEX", "-1")]).contains("not a whole number"));
        let two = &[("JOB_COMPLETION_INDEX", "1"), ("SLURM_ARRAY_TASK_ID", "1")];
        assert!(parsed("auto/2", two).contains("more than one"));
    }

    #[test]
    fn shards_are_disjoint_complete_and_balanced() {
        let costs: Vec<u64> = (0..1000u64).map(|i| 1 + (i * 7919) % 997).collect();
        for count in [1, 2, 7, 16, 1500] {
            let mut seen = vec![0; costs.len()];
            let mut loads = Vec::new();
            for index in 1..=count {
                let mine = members(&costs, Shard { index, count });
                assert!(mine.is_sorted());
                loads.push(mine.iter().map(|&i| costs[i as usize]).sum::<u64>());
                mine.iter().for_each(|&i| seen[i as usize] += 1);
            }
            assert!(seen.iter().all(|&n| n == 1), "{count}");
            let (least, most) = (loads.iter().min().unwrap(), loads.iter().max().unwrap());
            // Greedy by falling cost: no two shards differ by more than the dearest trial.
            assert!(most - least <= 997, "{count}: {least} to {most}");
        }
    }

    #[test]
    fn trials_without_cost_are_still_spread() {
        assert_eq!(members(&[0; 10], Shard { index: 2, count: 5 }).len(), 2);
    }
}

//! `replicates = { from = 5, to = 40, until = "claims" }`: replicates until a question is decided.
//!
//! A group-sequential design. At each look all cells that an undecided comparison needs have the same
//! number of replicates; what is decided stops. `analysis::looks` decides.

use serde_json::{Value as Json, json};

use super::document::{Node, Toml};
use super::keys::{FieldType, MAX_REPLICATES, SequentialKeys, Whole};
use super::section::TableReader;
use super::settings::{Seeding, Seeds, words};
use crate::support::error::Result;

/// The most looks.
const MAX_LOOKS: usize = 100;

words! {
    /// What is asked at each look.
    Until {
        /// Does each claim hold?
        Claims = "claims",
        /// Which schemes are distinguishable from the leader?
        Ranking = "ranking",
    }
}

/// When a group-sequential experiment looks, and at what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequential {
    /// Replicates at each look: ascending, from 2; the last is the most that a cell has.
    pub looks: Vec<u32>,
    /// What is asked.
    pub until: Until,
}

impl Sequential {
    /// Reads the table `node`, the value of `replicates` in `top`.
    pub(super) fn read(top: &TableReader<'_>, node: &Node) -> Result<Self> {
        let (keys, table) = TableReader::read::<SequentialKeys>(top.document, node)?;
        let [from, to] = [keys.from, keys.to].map(|n| n.map(|Whole(n)| n as u32));
        let looks = match table.get("looks") {
            Some(node) => listed(&table, node)?,
            None => {
                let from = from.ok_or_else(|| table.missing("from"))?;
                let to = to.ok_or_else(|| table.missing("to"))?;
                if from >= to {
                    let message = format!("`from` = {from} is not less than `to` = {to}");
                    let help = "the first look has `from` replicates, the last one `to`; a fixed number is: replicates = 40";
                    return Err(table.error(table.place("from"), message).help(help));
                }
                doubling(from, to)
            }
        };
        let ends = [("from", from, looks.first()), ("to", to, looks.last())];
        for (key, given, end) in ends {
            if given.is_some() && given.as_ref() != end {
                let end = end.copied().unwrap_or_default();
                let message = format!("`{key}` is not the {end} replicates of `looks`");
                return Err(table
                    .error(table.place(key), message)
                    .help("`looks` says all: leave `from` and `to` out"));
            }
        }
        if looks.len() > MAX_LOOKS {
            let message = format!("{} looks are more than {MAX_LOOKS}", looks.len());
            return Err(table.error(table.place("looks"), message));
        }
        let until = keys.until;
        Ok(Sequential { looks, until })
    }

    /// Replicates are its only units, so each must be one trial of a cell.
    pub(super) fn check_seeds(seeds: &Seeds, top: &TableReader<'_>) -> Result<()> {
        let crossed = |seeding: &Seeding| matches!(seeding, Seeding::Crossed(_));
        let all = [
            ("weights", &seeds.weights),
            ("order", &seeds.order),
            ("data", &seeds.data),
        ];
        match all.iter().find(|(_, seeding)| crossed(seeding)) {
            None => Ok(()),
            Some((name, _)) => {
                let message =
                    format!("replicates until a decision do not go together with crossed seeds (`{name}`)");
                let help = "let the [seeds] be \"replicate\" or one seed each, or set a fixed number: replicates = 1";
                Err(top.error(top.place("replicates"), message).help(help))
            }
        }
    }

    /// The most replicates of a cell.
    pub fn most(&self) -> u32 {
        self.looks.last().copied().unwrap_or_default()
    }

    pub fn least(&self) -> u32 {
        self.looks.first().copied().unwrap_or_default()
    }

    /// The look, from 0, that a replicate is first used at.
    pub fn look_of(&self, replicate: u32) -> usize {
        self.looks.partition_point(|looks| *looks <= replicate)
    }

    /// What the digest of an experiment covers of it.
    pub(super) fn identity(&self) -> String {
        format!("until={} looks={:?}\n", self.until, self.looks)
    }
}

/// `from`, twice as many, and so on, and `to`.
fn doubling(from: u32, to: u32) -> Vec<u32> {
    let next = |n: &u32| n.checked_mul(2);
    let mut looks: Vec<u32> = std::iter::successors(Some(from), next)
        .take_while(|n| *n < to)
        .collect();
    looks.push(to);
    looks
}

fn listed(table: &TableReader<'_>, node: &Node) -> Result<Vec<u32>> {
    let expected = "a list of whole numbers from 2, ascending";
    let Toml::List(items) = &node.item else {
        return Err(table.wrong("looks", node, expected));
    };
    let mut looks: Vec<u32> = Vec::new();
    for item in items {
        let look = table.integer("looks", item, 2..=MAX_REPLICATES)? as u32;
        if looks.last().is_some_and(|before| *before >= look) {
            return Err(table.wrong("looks", item, expected));
        }
        looks.push(look);
    }
    if looks.is_empty() {
        return Err(table.wrong("looks", node, expected));
    }
    Ok(looks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_double_and_end_at_the_most() {
        assert_eq!(doubling(5, 40), [5, 10, 20, 40]);
        assert_eq!(doubling(3, 13), [3, 6, 12, 13]);
        assert_eq!(doubling(2, 3), [2, 3]);
        let design = Sequential {
            looks: vec![5, 10, 20],
            until: Until::Claims,
        };
        let at = [0, 4, 5, 9, 10, 19].map(|replicate| design.look_of(replicate));
        assert_eq!(at, [0, 0, 1, 1, 2, 2]);
    }
}

//! What schemes had to say about trials, in one line: how many have notes, and what the notes are
//! about. A note begins with who wrote it: `lsuv: layer 3 has output variance ...`.

use serde::Serialize;

use crate::support::text::counted;
use crate::support::text::grouped;

/// SchemeWarnings of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct OfKind {
    /// Who wrote them.
    kind: String,
    /// How many trials, or networks, have one.
    count: u64,
    /// The first.
    first: String,
}

/// The notes of a run or a probe, in the order in which kinds appear.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct SchemeWarnings(Vec<OfKind>);

impl SchemeWarnings {
    /// Counts the notes on one trial or network, of which `text` has the first.
    pub fn add(&mut self, text: &str) {
        let (kind, what) = text.split_once(": ").unwrap_or(("others", text));
        match self.0.iter_mut().find(|known| known.kind == kind) {
            Some(known) => known.count += 1,
            None => self.0.push(OfKind {
                kind: kind.to_owned(),
                count: 1,
                first: what.split("; ").next().unwrap_or(what).to_owned(),
            }),
        }
    }

    /// A line for people; none without notes. `noun` is what has them, `all` how many of these
    /// there are.
    pub fn line(&self, all: usize, noun: &str) -> Option<String> {
        let noted: u64 = self.0.iter().map(|of| of.count).sum();
        let kind = |of: &OfKind| format!("{} by {} (the first: {})", grouped(of.count), of.kind, of.first);
        let kinds: Vec<String> = self.0.iter().map(kind).collect();
        let (noted, all) = (grouped(noted), counted(all as u64, noun));
        (!kinds.is_empty()).then(|| format!("Notes on {noted} of {all}: {}", kinds.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_counted_by_kind() {
        let mut notes = SchemeWarnings::default();
        assert_eq!(notes.line(3, "trial"), None);
        notes.add("lsuv: layer 2 has output variance 0; lsuv: layer 3 has none");
        notes.add("transfer: layer 1 is frozen");
        notes.add("lsuv: layer 1 has output variance 2");
        assert_eq!(
            notes.line(1200, "trial").unwrap(),
            "Notes on 3 of 1,200 trials: 2 by lsuv (the first: layer 2 has output variance 0), \
             1 by transfer (the first: layer 1 is frozen)"
        );
    }
}

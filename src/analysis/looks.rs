//! Replicates until a question is decided: which trials a group-sequential experiment has, and what
//! was decided at which look.
//!
//! Both follow from the rows of earlier looks alone, so that every process derives the same trials. A
//! comparison (a case of a claim; the schemes with one activation function) is tested at each look at
//! which it is open, on the replicates of that look, by the same test as in an experiment of a fixed
//! size, at an error of
//!
//! ```text
//! (1 - confidence) / (number of comparisons x number of looks)
//! ```
//!
//! so that whatever the joint law of looks and comparisons, the chance that any is decided wrongly is at
//! most the sum (Bonferroni): 1 - confidence. Boundaries that use the joint law of the looks (Pocock;
//! O'Brien and Fleming; Lan and DeMets 1983, Biometrika 70, 659-663) would spend less, but need it:
//! it is known of sums of normal values, not of trimmed means, medians and chosen rates.
//!
//! Student's interval of few skewed values is too short. So before the last look an interquartile mean of one side, and
//! plain means, are decided only where an interval says the same that holds for any law
//! ([`band_interval`](super::stats::interval::band_interval)), and at the last look plain means only where one says so
//! that allows for skewness ([`skewed_mean_interval`](super::stats::interval::skewed_mean_interval)).
//! See `docs/statistics.md`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use super::check::evidence::{self, Evidence, sides, texts};
use super::check::judge::{judge, judge_case};
use super::check::{Case, Judgement, Verdict};
use super::rank::{RankingRates, rank_at};
use super::stats::interval::LEVEL;
use crate::experiment::{Axis, Claim, Coordinates, Experiment, Plan, Sequential, Until};
use crate::support::error::Result;
use crate::support::text::{counted, four_digits, grouped};
use crate::table::Trials;
use crate::table::source::Source;

/// How far an experiment has come.
#[derive(Debug, Clone)]
pub struct LookState {
    /// Which trials of the plan are those of the looks reached so far.
    pub wanted: Vec<bool>,
    /// The look reached, from 0.
    pub look: usize,
    /// Whether there is no further look. Else trials of this one are missing.
    pub finished: bool,
    /// The verdicts on the claims, where it goes on until they are decided.
    pub judgements: Vec<Judgement>,
    /// How often something was decided at each look.
    decided: Vec<usize>,
    /// How many comparisons were not.
    open: usize,
    /// What was found out of each ranking.
    rankings: Vec<String>,
    design: Sequential,
}

/// How far `experiment` has come, of whose `plan` the rows of some trials are in `trials`, and those
/// of other tables in `source`. `None` where its replicates are fixed.
///
/// # Errors
/// A table is malformed.
pub fn look_state(
    experiment: &Experiment,
    plan: &Plan,
    trials: &Trials,
    source: &Source,
) -> Result<Option<LookState>> {
    let Some(design) = &experiment.sequential else {
        return Ok(None);
    };
    let ids: HashSet<&str> = (0..trials.len()).map(|row| trials.id(row)).collect();
    let cells = cells(plan);
    let mut questions = match design.until {
        Until::Claims => {
            let evidence = evidence::collect(experiment, trials, source)?;
            Questions::Claims(Claims::new(experiment, plan, &cells, evidence, trials))
        }
        Until::Ranking => {
            Questions::Ranking(Ranking::new(&cells, Box::new(distinguished_from_leader(trials))))
        }
    };
    let has = |i: usize| ids.contains(plan.trial_id(i).as_str());
    let mut state = walk(design, plan, &cells, &mut questions, has);
    match questions {
        Questions::Claims(claims) => state.judgements = claims.judgements(design, &state),
        Questions::Ranking(ranking) => state.rankings = ranking.lines(design),
    }
    Ok(Some(state))
}

/// Where each cell of `plan` is.
pub(super) fn cells(plan: &Plan) -> Vec<Coordinates> {
    let per_cell = plan.seeds().len();
    (0..plan.cells())
        .map(|c| plan.coordinates(c * per_cell))
        .collect()
}

/// Goes from look to look of `design` as long as `questions` are open and `has` says that all trials are
/// there which the look needs, of the `cells` of `plan`.
pub(super) fn walk(
    design: &Sequential,
    plan: &Plan,
    cells: &[Coordinates],
    questions: &mut Questions,
    has: impl Fn(usize) -> bool,
) -> LookState {
    let per_cell = plan.seeds().len();
    let mut state = LookState {
        wanted: vec![false; plan.len()],
        look: 0,
        finished: false,
        judgements: Vec::new(),
        decided: vec![0; design.looks.len()],
        open: questions.open(),
        rankings: Vec::new(),
        design: design.clone(),
    };
    let mut goes_on = vec![true; cells.len()];
    for (look, replicates) in design.looks.iter().enumerate() {
        state.look = look;
        let mut missing = false;
        for i in (0..plan.len()).filter(|i| goes_on[i / per_cell]) {
            // Those of earlier looks are there.
            if plan.seeds()[i % per_cell].replicate < *replicates && !state.wanted[i] {
                state.wanted[i] = true;
                missing |= !has(i);
            }
        }
        if missing {
            break;
        }
        questions.look(look, design);
        let before = std::mem::replace(&mut state.open, questions.open());
        state.decided[look] = before - state.open;
        goes_on = (0..).zip(cells).map(|(c, at)| questions.need(c, at)).collect();
        if look + 1 == design.looks.len() || !goes_on.contains(&true) {
            state.finished = true;
            break;
        }
    }
    state
}

/// Which schemes the rows of `trials` distinguish from the leader.
fn distinguished_from_leader(trials: &Trials) -> impl Fn(&Family, u32, f64) -> Vec<String> {
    |family, replicates, error| {
        let compared = trials.all().filter(|row| {
            trials.replicate(row) < replicates
                && trials.text(row, Axis::Activation) == family.activation
                && family.left.contains(trials.text(row, Axis::Scheme))
        });
        let ranking = rank_at(&compared, RankingRates::Tuned, &family.activation, error);
        let apart = ranking.into_iter().filter(|place| !place.leads());
        apart.map(|place| place.scheme).collect()
    }
}

impl LookState {
    /// The look reached, in words: "look 2 of 4 (10 replicates)".
    pub fn name(&self) -> String {
        look_name(&self.design, self.look)
    }

    /// Whether trial `i` is one that the look reached is the first to use.
    pub fn is_of_this_look(&self, i: u32) -> bool {
        let replicates = |i: u32| i % self.design.most();
        self.wanted[i as usize] && self.design.look_of(replicates(i)) == self.look
    }

    /// How many comparisons are not decided.
    pub fn open(&self) -> usize {
        self.open
    }

    /// What was decided when, and what that saved.
    pub fn lines(&self) -> Vec<String> {
        let all = self.decided.iter().sum::<usize>() + self.open;
        let (wanted, most) = (self.wanted.iter().filter(|w| **w).count(), self.wanted.len());
        let mut text = format!(
            "Replicates until {} decided: {} of {}",
            match self.design.until {
                Until::Claims => "the claims are",
                Until::Ranking => "the ranking is",
            },
            all - self.open,
            counted(all as u64, "comparison"),
        );
        let mut separator = ": ";
        for (look, decided) in self.decided.iter().enumerate().filter(|(_, n)| **n > 0) {
            // Writing to a string does not fail.
            let _ = write!(
                text,
                "{separator}{decided} with {} replicates",
                self.design.looks[look]
            );
            separator = ", ";
        }
        let state = if self.finished { "open" } else { "open so far" };
        let _ = match self.open {
            0 => write!(text, "."),
            open => write!(text, "; {open} {state}."),
        };
        let saved = 100.0 * (most - wanted) as f64 / most.max(1) as f64;
        let _ = write!(
            text,
            " {} of {} trials, {saved:.0}% saved.",
            grouped(wanted as u64),
            grouped(most as u64)
        );
        let mut lines = vec![text];
        lines.extend(self.rankings.iter().cloned());
        if !self.rankings.is_empty() {
            let note = "This holds over all looks together. Intervals, and which schemes a table calls not distinguishable, are those of one look.";
            lines.push(note.to_owned());
        }
        lines
    }
}

fn look_name(design: &Sequential, look: usize) -> String {
    format!(
        "look {} of {} ({} replicates)",
        look + 1,
        design.looks.len(),
        design.looks[look]
    )
}

/// The trials that an experiment has at most: cells that no comparison needs stay at the first look.
pub fn most_trials(experiment: &Experiment, plan: &Plan) -> Option<(usize, usize)> {
    let design = experiment.sequential.as_ref()?;
    let tested: Vec<&Claim> = experiment
        .claims
        .iter()
        .filter(|claim| claim.is_tested())
        .collect();
    let needed = |at: &Coordinates| match design.until {
        Until::Claims => tested.iter().any(|c| sides(c, |axis| at.text(axis)).is_some()),
        Until::Ranking => true,
    };
    let going_on = cells(plan).iter().filter(|at| needed(at)).count();
    let least = plan.cells() * design.least() as usize;
    let more = (design.most() - design.least()) as usize;
    Some((least, least + going_on * more))
}

/// What is asked at each look.
pub(super) enum Questions<'a> {
    Claims(Claims<'a>),
    Ranking(Ranking<'a>),
}

impl Questions<'_> {
    /// Asks what is open, of the replicates of `look`.
    fn look(&mut self, look: usize, design: &Sequential) {
        match self {
            Questions::Claims(claims) => claims.look(look, design),
            Questions::Ranking(ranking) => ranking.look(look, design),
        }
    }

    /// How many comparisons are open.
    fn open(&self) -> usize {
        match self {
            Questions::Claims(claims) => claims.cases.iter().filter(|c| c.decided.is_none()).count(),
            Questions::Ranking(ranking) => ranking.families.iter().map(Family::open).sum(),
        }
    }

    /// Whether one of them needs the cell with this number, which is at `at`.
    fn need(&self, cell: u32, at: &Coordinates) -> bool {
        match self {
            Questions::Claims(claims) => {
                let open = claims.cases.iter().filter(|c| c.decided.is_none());
                open.into_iter().any(|c| c.cells.binary_search(&cell).is_ok())
            }
            Questions::Ranking(ranking) => ranking
                .families
                .iter()
                .any(|f| f.open() > 0 && f.activation == at.activation && f.left.contains(&at.scheme)),
        }
    }
}

/// One comparison: a claim for one combination of values of the axes under `for_each`.
pub(super) struct Question {
    pub(super) claim: usize,
    pub(super) key: Vec<String>,
    /// The cells that it needs, by number, ascending.
    cells: Vec<u32>,
    /// Its trials, by their places in the claim's evidence.
    trials: Vec<usize>,
    /// At which look it was decided.
    pub(super) decided: Option<usize>,
    /// As it was last judged.
    pub(super) found: Option<Case>,
}

/// The claims of an experiment.
pub(super) struct Claims<'a> {
    claims: &'a [Claim],
    pub(super) evidence: Vec<Evidence>,
    pub(super) cases: Vec<Question>,
    order: BTreeMap<Axis, Vec<String>>,
    frame: &'a Trials,
}

impl<'a> Claims<'a> {
    /// Those of `experiment`, whose `evidence` is of the trials in `frame`.
    pub(super) fn new(
        experiment: &'a Experiment,
        plan: &Plan,
        cells: &[Coordinates],
        evidence: Vec<Evidence>,
        frame: &'a Trials,
    ) -> Self {
        let claims = experiment.claims.as_slice();
        let mut cases = Vec::new();
        for (number, claim) in claims.iter().enumerate().filter(|(_, claim)| claim.is_tested()) {
            let mut by_key: BTreeMap<Vec<String>, Vec<u32>> = BTreeMap::new();
            for (c, at) in (0..).zip(cells) {
                if sides(claim, |axis| match axis {
                    // A selector of replicates means some of the cell's.
                    Axis::Replicate => claim
                        .left
                        .texts(axis)
                        .map_or_else(|| "0".into(), |t| t[0].clone().into()),
                    _ => at.text(axis),
                })
                .is_some()
                {
                    by_key.entry(texts(at, &claim.for_each)).or_default().push(c);
                }
            }
            let mut trials: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
            for (place, trial) in evidence[number].trials.iter().enumerate() {
                let key = texts(&trial.coordinates, &claim.for_each);
                trials.entry(key).or_default().push(place);
            }
            cases.extend(by_key.into_iter().map(|(key, cells)| Question {
                claim: number,
                cells,
                trials: trials.remove(&key).unwrap_or_default(),
                key,
                decided: None,
                found: None,
            }));
        }
        let values = |axis| plan.values(axis).into_iter().map(str::to_owned).collect();
        Claims {
            claims,
            evidence,
            cases,
            order: Axis::ALL.into_iter().map(|axis| (axis, values(axis))).collect(),
            frame,
        }
    }

    fn order(&self) -> impl Fn(Axis) -> Vec<String> + Sync + '_ {
        |axis| self.order.get(&axis).cloned().unwrap_or_default()
    }

    fn look(&mut self, look: usize, design: &Sequential) {
        let share = 1.0 / (design.looks.len() * self.cases.len()) as f64;
        let last = look + 1 == design.looks.len();
        let mut cases = std::mem::take(&mut self.cases);
        for case in cases.iter_mut().filter(|case| case.decided.is_none()) {
            let claim = &self.claims[case.claim];
            let evidence = &self.evidence[case.claim];
            let all = case.trials.iter().map(|place| &evidence.trials[*place]);
            let within = all.filter(|trial| trial.coordinates.replicate < design.looks[look]);
            let trials: Vec<&evidence::Trial> = within.collect();
            let confidence = 1.0 - (1.0 - claim.confidence) * share;
            let at_level = Claim {
                confidence,
                ..claim.clone()
            };
            let mut found = judge_case(&at_level, &case.key, &trials, self.frame, &self.order());
            // What else must come to the same verdict. With one look the design is fixed, and judged as any other.
            let safer = match (last, look) {
                (false, _) => found.of_any_law,
                (true, 0) => None,
                (true, _) => found.skewed,
            };
            let risky = safer.is_some_and(|verdict| verdict != found.verdict);
            if !found.has_level || risky {
                found.verdict = Verdict::Inconclusive;
            }
            if found.verdict != Verdict::Inconclusive {
                case.decided = Some(look);
            }
            let said = if case.decided.is_some() {
                "decided"
            } else {
                "not decided"
            };
            let percent = 100.0 * (1.0 - confidence);
            let mut note = format!(
                "{said} at {}, with an error of at most {}%",
                look_name(design, look),
                four_digits(percent)
            );
            note += match (risky, last) {
                (false, _) => "",
                (true, false) => {
                    ": before the last look a figure of one side that is no median, or of plain means, is decided only if an interval that holds for any law says the same"
                }
                (true, true) => {
                    ": plain means are decided only if an interval that allows for skewness says the same"
                }
            };
            found.notes.push(note);
            case.found = Some(found);
        }
        self.cases = cases;
    }

    fn judgements(self, design: &Sequential, state: &LookState) -> Vec<Judgement> {
        let order = |axis: Axis| self.order.get(&axis).cloned().unwrap_or_default();
        let missing = (!state.finished).then(|| {
            format!(
                "the trials of {} are not all there",
                look_name(design, state.look)
            )
        });
        let judgement = |(number, claim): (usize, &Claim)| {
            let evidence = &self.evidence[number];
            let cases = self.cases.iter().filter(|case| case.claim == number);
            let mut cases: Vec<Case> = cases.filter_map(|case| case.found.clone()).collect();
            if !claim.is_tested() || cases.is_empty() || evidence.missing_table.is_some() {
                return judge(claim, evidence, self.frame, &order);
            }
            if let Some(missing) = &missing {
                let open = cases
                    .iter_mut()
                    .filter(|case| case.verdict == Verdict::Inconclusive);
                open.for_each(|case| case.notes.push(missing.clone()));
            }
            let verdicts = cases.iter().map(|case| case.verdict);
            Judgement {
                claim: claim.clone(),
                verdict: verdicts.max().unwrap_or(Verdict::Inconclusive),
                cases,
                note: None,
            }
        };
        self.claims.iter().enumerate().map(judgement).collect()
    }
}

/// The schemes with one activation function.
pub(super) struct Family {
    activation: String,
    /// Those that are not yet distinguishable from a leader.
    pub(super) left: BTreeSet<String>,
    /// Those that have, each with its look.
    pub(super) set_aside: Vec<(usize, String)>,
}

impl Family {
    /// How many schemes are still compared with the one that leads.
    fn open(&self) -> usize {
        self.left.len().saturating_sub(1)
    }
}

/// Which schemes of a family are distinguishable from the leader, with so many replicates, at such an
/// error.
pub(super) type Distinguished<'a> = dyn Fn(&Family, u32, f64) -> Vec<String> + 'a;

/// Who leads, for each activation function.
pub(super) struct Ranking<'a> {
    pub(super) families: Vec<Family>,
    distinguished_from_leader: Box<Distinguished<'a>>,
}

impl<'a> Ranking<'a> {
    pub(super) fn new(cells: &[Coordinates], distinguished_from_leader: Box<Distinguished<'a>>) -> Self {
        let mut by: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for at in cells {
            by.entry(&at.activation).or_default().insert(at.scheme.clone());
        }
        let family = |(activation, left): (&str, BTreeSet<String>)| Family {
            activation: activation.to_owned(),
            left,
            set_aside: Vec::new(),
        };
        Ranking {
            families: by.into_iter().map(family).collect(),
            distinguished_from_leader,
        }
    }

    fn look(&mut self, look: usize, design: &Sequential) {
        let rankings = self
            .families
            .iter()
            .filter(|f| f.left.len() + f.set_aside.len() > 1);
        let share = 1.0 / (design.looks.len() * rankings.count().max(1)) as f64;
        for family in self.families.iter_mut().filter(|f| f.open() > 0) {
            for scheme in (self.distinguished_from_leader)(family, design.looks[look], (1.0 - LEVEL) * share)
            {
                family.left.remove(&scheme);
                family.set_aside.push((look, scheme));
            }
        }
    }

    /// What was found out for each activation function.
    fn lines(&self, design: &Sequential) -> Vec<String> {
        let line = |family: &Family| {
            let left: Vec<&str> = family.left.iter().map(String::as_str).collect();
            let mut text = match left.as_slice() {
                [one] => format!("{}: {one} leads.", family.activation),
                left => format!("{}: not distinguishable: {}.", family.activation, left.join(", ")),
            };
            for (look, replicates) in design.looks.iter().enumerate() {
                let aside = family.set_aside.iter().filter(|(at, _)| *at == look);
                let names: Vec<&str> = aside.map(|(_, scheme)| scheme.as_str()).collect();
                if !names.is_empty() {
                    let _ = write!(
                        text,
                        " Distinguishable from the leader with {replicates} replicates: {}.",
                        names.join(", ")
                    );
                }
            }
            text
        };
        self.families.iter().map(line).collect()
    }
}

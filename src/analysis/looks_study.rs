//! How often replicates until a decision decide wrongly, how often rightly, and how many trials they save:
//! by simulation, of the functions that decide in an experiment, with looks at 5, 10, 20 and 40
//! replicates. A fast slice is tested; the whole, in minutes, is printed by `tests/scripts/looks.sh`, which is
//!
//! ```text
//! cargo test --release --lib analysis::looks_study -- --ignored --nocapture
//! ```
//!
//! docs/statistics.md has the tables. `tests/scripts/looks_study.py` simulates the rule apart from the program.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use rayon::prelude::*;

use super::check::Verdict;
use super::check::evidence::{self, Evidence, sides};
use super::looks::{Claims, Family, LookState, Questions, Ranking, cells, walk};
use super::stats::Identity;
use super::study::{Draws, LAWS, Law, apart_from_leader, row};
use crate::experiment::{Coordinates, Experiment, Plan, Sequential};
use crate::init::Registry;
use crate::table::example;
use crate::table::record::Status;

/// Experiments that share a stream of draws.
const CHUNK: usize = 100;

const LOOKS: [u32; 4] = [5, 10, 20, 40];

/// What came of one experiment.
struct Outcome {
    /// What was decided: at which look, and whether rightly.
    decided: Vec<(usize, bool)>,
    comparisons: usize,
    saved: f64,
}

/// What came of many, as shares.
#[derive(Debug)]
struct Found {
    experiments: usize,
    /// Of experiments that have decided something wrongly by each look.
    wrong: Vec<f64>,
    /// Of comparisons that have been decided rightly by each look.
    right: Vec<f64>,
    /// Of trials, the mean, and its standard error.
    saved: (f64, f64),
}

impl Found {
    fn of(outcomes: &[Outcome], looks: usize) -> Self {
        let all = outcomes.len() as f64;
        let comparisons: usize = outcomes.iter().map(|o| o.comparisons).sum();
        let wrong_by = |o: &Outcome, by: usize| o.decided.iter().any(|(look, right)| !right && *look <= by);
        let right_by = |o: &Outcome, by: usize| {
            let right = o.decided.iter().filter(|(look, right)| *right && *look <= by);
            right.count()
        };
        let saved = outcomes.iter().map(|o| o.saved).sum::<f64>() / all;
        let squares: f64 = outcomes
            .iter()
            .map(|o| (o.saved - saved) * (o.saved - saved))
            .sum();
        Found {
            experiments: outcomes.len(),
            wrong: (0..looks)
                .map(|by| outcomes.iter().filter(|o| wrong_by(o, by)).count() as f64 / all)
                .collect(),
            right: (0..looks)
                .map(|by| outcomes.iter().map(|o| right_by(o, by)).sum::<usize>() as f64 / comparisons as f64)
                .collect(),
            saved: (saved, squares.sqrt() / all),
        }
    }

    fn error(&self) -> f64 {
        self.wrong.last().copied().unwrap_or(f64::NAN)
    }

    fn power(&self) -> f64 {
        self.right.last().copied().unwrap_or(f64::NAN)
    }
}

/// The share of trials that need not be trained.
fn saved(state: &LookState) -> f64 {
    let wanted = state.wanted.iter().filter(|wanted| **wanted).count();
    1.0 - wanted as f64 / state.wanted.len() as f64
}

/// A question whose answer is known.
trait Simulated: Sync {
    /// The experiment in words, which seed its draws.
    fn name(&self) -> String;
    fn experiment(&self) -> Experiment;
    /// So many experiments, each as `design` has it, with values of `stream`.
    fn outcomes(&self, of: &Setup, design: &Sequential, stream: &mut Draws, samples: usize) -> Vec<Outcome>;

    /// What comes of `samples` experiments with looks, and of as many with all replicates at once.
    fn simulate(&self, samples: usize) -> [Found; 2] {
        let experiment = self.experiment();
        let plan = experiment.plan();
        let cells = cells(&plan);
        let design = experiment.sequential.clone().expect("it has looks");
        assert_eq!(design.looks, LOOKS);
        let fixed = Sequential {
            looks: vec![design.most()],
            ..design.clone()
        };
        let setup = Setup {
            experiment,
            plan,
            cells,
        };
        [design, fixed].map(|design| {
            let chunk = |number: usize| {
                // The same values for both.
                let stream = Identity::new(["looks", &self.name(), &number.to_string()]).stream();
                let mut stream = Draws::new(stream);
                self.outcomes(&setup, &design, &mut stream, CHUNK)
            };
            let chunks = (0..samples.div_ceil(CHUNK)).into_par_iter();
            let outcomes: Vec<Outcome> = chunks.flat_map_iter(chunk).collect();
            Found::of(&outcomes, design.looks.len())
        })
    }
}

/// An experiment and its plan.
struct Setup {
    experiment: Experiment,
    plan: Plan,
    cells: Vec<Coordinates>,
}

/// The text of an experiment that goes on `until` something is decided.
fn experiment(until: &str, grid: &str, claim: &str) -> Experiment {
    let text = format!(
        r#"name = "looks"
seed = 1
replicates = {{ from = 5, to = 40, until = "{until}" }}
[data]
kind = "digits"
[train]
epochs = 1
batch_size = 32
[grid]
activation = ["relu"]
learning_rate = [0.1]
{grid}
{claim}"#
    );
    let none: [&str; 0] = [];
    Experiment::parse(Path::new("looks.toml"), &text, &none, &Registry::standard())
        .unwrap_or_else(|e| panic!("{e}"))
}

/// What a claim compares with its threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Compared {
    /// A figure of one cell with what the law says it is.
    Figure,
    /// The difference of figures of two cells with 0.
    Difference,
}

/// A claim with some comparisons, in each of which the left side is greater by the same.
#[derive(Debug, Clone, Copy)]
struct Claimed {
    law: Law,
    compared: Compared,
    aggregate: &'static str,
    comparisons: usize,
    /// In deviations of the law. Where it is 0 what is compared is at its threshold: to decide is wrong.
    effect: f64,
    /// Whether the right side is normal around the figure of the law: it never fails.
    steady: bool,
}

impl Claimed {
    /// The figure of the law.
    fn truth(&self) -> f64 {
        let [iqm, median] = self.law.truth();
        match self.aggregate {
            "mean" => self.law.mean(),
            "iqm" => iqm,
            _ => median,
        }
    }
}

impl Simulated for Claimed {
    fn name(&self) -> String {
        format!("{self:?}")
    }

    fn experiment(&self) -> Experiment {
        let sizes: Vec<String> = (1..=self.comparisons).map(|n| format!("[{n}]")).collect();
        let truth = self.truth();
        let (schemes, relation) = match self.compared {
            Compared::Figure => (r#""he_normal""#, format!("left > {truth}")),
            Compared::Difference => (r#""he_normal", "xavier_normal""#, "left - right > 0".to_owned()),
        };
        let right = match self.compared {
            Compared::Figure => "",
            Compared::Difference => r#"right = { scheme = "xavier_normal" }"#,
        };
        let grid = format!("scheme = [{schemes}]\narchitecture = [{}]", sizes.join(", "));
        let metric = match self.compared {
            // Of a figure what decides early depends on its range.
            Compared::Figure => "test_accuracy",
            // A loss may be any number from 0 on, so that no effect leaves its range.
            Compared::Difference => "test_loss",
        };
        let claim = format!(
            r#"[[claim]]
sentence = "The left side is greater."
metric = "{metric}"
aggregate = "{}"
for_each = ["architecture"]
left = {{ scheme = "he_normal" }}
{right}
relation = "{relation}""#,
            self.aggregate
        );
        experiment("claims", &grid, &claim)
    }

    fn outcomes(&self, of: &Setup, design: &Sequential, stream: &mut Draws, samples: usize) -> Vec<Outcome> {
        let (plan, frame) = (&of.plan, example::frame(&[], Some(&example::manifest())));
        let claim = &of.experiment.claims[0];
        let trial = |i: usize| {
            let coordinates = plan.coordinates(i);
            let (left, right) = sides(claim, |axis| coordinates.text(axis)).expect("both sides are all");
            evidence::Trial {
                row: None,
                status: Status::Ok,
                left,
                right,
                value: None,
                censored: None,
                choose_by: None,
                coordinates,
            }
        };
        let evidence = Evidence {
            trials: (0..plan.len()).map(trial).collect(),
            missing_table: None,
        };
        let claims = Claims::new(&of.experiment, plan, &of.cells, vec![evidence], &frame);
        let mut questions = Questions::Claims(claims);
        let greater = self.effect * self.law.deviation();
        let steady = self.truth() - Law::Normal.mean();
        let mut outcome = || {
            if let Questions::Claims(claims) = &mut questions {
                for trial in &mut claims.evidence[0].trials {
                    trial.value = Some(match trial.left {
                        true => self.law.draw(stream) + greater,
                        false if self.steady => Law::Normal.draw(stream) + steady,
                        false => self.law.draw(stream),
                    });
                }
                for case in &mut claims.cases {
                    (case.decided, case.found) = (None, None);
                }
            }
            let state = walk(design, plan, &of.cells, &mut questions, |_| true);
            let Questions::Claims(claims) = &questions else {
                unreachable!()
            };
            let decided = claims.cases.iter().filter_map(|case| {
                let verdict = case.found.as_ref()?.verdict;
                Some((case.decided?, self.effect > 0.0 && verdict == Verdict::Pass))
            });
            Outcome {
                decided: decided.collect(),
                comparisons: claims.cases.len(),
                saved: saved(&state),
            }
        };
        (0..samples).map(|_| outcome()).collect()
    }
}

/// Schemes of which the first is better than the others.
#[derive(Debug, Clone, Copy)]
struct Ranked {
    law: Law,
    schemes: usize,
    /// In deviations of the law.
    better: f64,
}

impl Simulated for Ranked {
    fn name(&self) -> String {
        format!("{self:?}")
    }

    fn experiment(&self) -> Experiment {
        let scheme = |n: usize| format!(r#"{{ kind = "normal", std = 0.{n:02} }}"#);
        let schemes: Vec<String> = (1..=self.schemes).map(scheme).collect();
        let grid = format!("scheme = [{}]\narchitecture = [[5]]", schemes.join(", "));
        experiment("ranking", &grid, "")
    }

    fn outcomes(&self, of: &Setup, design: &Sequential, stream: &mut Draws, samples: usize) -> Vec<Outcome> {
        let best = &of.cells[0].scheme;
        let outcome = || {
            let mut scores: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            for at in &of.cells {
                let better = if at.scheme == *best {
                    self.better * self.law.deviation()
                } else {
                    0.0
                };
                let values = (0..design.most()).map(|_| self.law.draw(stream) + better);
                scores.insert(&at.scheme, values.collect());
            }
            let distinguished_from_leader = |family: &Family, replicates: u32, error: f64| {
                let names: Vec<&str> = family.left.iter().map(String::as_str).collect();
                let drawn = |name: &&str| vec![scores[name][..replicates as usize].to_vec()];
                let drawn: Vec<Vec<Vec<f64>>> = names.iter().map(drawn).collect();
                apart_from_leader(&names, &drawn, error).1
            };
            let mut questions =
                Questions::Ranking(Ranking::new(&of.cells, Box::new(distinguished_from_leader)));
            let state = walk(design, &of.plan, &of.cells, &mut questions, |_| true);
            let Questions::Ranking(ranking) = &questions else {
                unreachable!()
            };
            let family = &ranking.families[0];
            // Once the best is set aside nothing is right, and nothing is where all are equal.
            let right = self.better > 0.0 && family.left.contains(best);
            Outcome {
                decided: family.set_aside.iter().map(|(look, _)| (*look, right)).collect(),
                comparisons: of.cells.len() - 1,
                saved: saved(&state),
            }
        };
        std::iter::repeat_with(outcome).take(samples).collect()
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

fn by_look(shares: &[f64]) -> String {
    let shares: Vec<String> = shares.iter().map(|share| percent(*share)).collect();
    shares.join(", ")
}

const COMPARED: [(Compared, &str); 6] = [
    (Compared::Figure, "iqm"),
    (Compared::Difference, "iqm"),
    (Compared::Figure, "median"),
    (Compared::Difference, "median"),
    (Compared::Figure, "mean"),
    (Compared::Difference, "mean"),
];

/// So many experiments, or the most that the environment allows.
fn at_most(samples: usize) -> usize {
    let most = std::env::var("EXPERIMENTS")
        .ok()
        .and_then(|most| most.parse().ok());
    most.map_or(samples, |most: usize| samples.min(most))
}

fn print(head: &str, [looks, fixed]: &[Found; 2]) {
    let figures = [
        looks.experiments.to_string(),
        by_look(&looks.wrong),
        percent(fixed.error()),
        by_look(&looks.right),
        percent(fixed.power()),
        format!("{} +- {}", percent(looks.saved.0), percent(looks.saved.1)),
    ];
    row(head, figures);
}

const HEAD: [&str; 6] = [
    "experiments",
    "wrong by 5, 10, 20, 40 replicates",
    "wrong with 40 at once",
    "right by 5, 10, 20, 40 replicates",
    "right with 40 at once",
    "trials saved",
];

/// Held while a table is printed: tests run side by side.
static PRINTING: Mutex<()> = Mutex::new(());

#[test]
#[ignore = "minutes: part of the study"]
fn table_of_rankings() {
    let _alone = PRINTING.lock();
    let started = std::time::Instant::now();
    println!();
    row("law | schemes | better by", HEAD);
    row("--- | --- | ---", HEAD.map(|_| "---"));
    for law in LAWS {
        for better in [0.0, 1.0] {
            for schemes in [2, 5, 14] {
                let ranked = Ranked { law, schemes, better };
                let samples = match (better > 0.0, schemes) {
                    (false, _) => 10_000,
                    (true, 14) => 200,
                    (true, _) => 2_000,
                };
                print(
                    &format!("{law:?} | {schemes} | {better}"),
                    &ranked.simulate(samples),
                );
            }
        }
    }
    eprintln!("{:.0} seconds", started.elapsed().as_secs_f64());
}

#[test]
#[ignore = "minutes: part of the study"]
fn table_of_claims_at_their_threshold() {
    table_of_claims(&COMPARED, &[0.0], 10_000);
}

#[test]
#[ignore = "minutes: part of the study"]
fn table_of_claims_that_hold() {
    table_of_claims(&COMPARED[1..4], &[0.5, 1.0, 2.0], 2_000);
}

fn table_of_claims(compared: &[(Compared, &'static str)], effects: &[f64], samples: usize) {
    let _alone = PRINTING.lock();
    let started = std::time::Instant::now();
    println!();
    row("law | claim | effect | comparisons", HEAD);
    row("--- | --- | --- | ---", HEAD.map(|_| "---"));
    for comparisons in [1, 10] {
        for (compared, aggregate) in compared.iter().copied() {
            for law in LAWS {
                for effect in effects.iter().copied() {
                    let claimed = Claimed {
                        law,
                        compared,
                        aggregate,
                        comparisons,
                        effect,
                        steady: false,
                    };
                    let head = format!("{law:?} | {compared:?}, {aggregate} | {effect} | {comparisons}");
                    print(&head, &claimed.simulate(at_most(samples)));
                }
            }
        }
    }
    eprintln!("{:.0} seconds", started.elapsed().as_secs_f64());
}

/// The greatest share of so many experiments that an error of 5% explains: three standard errors more.
fn most(samples: usize) -> f64 {
    0.05 + 3.0 * (0.05 * 0.95 / samples as f64).sqrt()
}

#[test]
fn looks_at_nothing_decide_in_few_experiments() {
    for law in LAWS {
        for (comparisons, samples) in [(1, 400), (10, 100)] {
            let claimed = Claimed {
                law,
                compared: Compared::Difference,
                aggregate: "iqm",
                comparisons,
                effect: 0.0,
                steady: false,
            };
            let [looks, _] = claimed.simulate(samples);
            assert!(looks.error() <= most(samples), "{claimed:?}: {looks:?}");
        }
        let ranked = Ranked {
            law,
            schemes: 5,
            better: 0.0,
        };
        let [looks, _] = ranked.simulate(300);
        assert!(looks.error() <= most(300), "{ranked:?}: {looks:?}");
    }
}

#[test]
fn great_effects_are_found_at_early_looks() {
    let claimed = Claimed {
        law: Law::Normal,
        compared: Compared::Difference,
        aggregate: "iqm",
        comparisons: 10,
        effect: 2.0,
        steady: false,
    };
    let [looks, fixed] = claimed.simulate(CHUNK);
    assert!(
        looks.power() > 0.99 && fixed.power() > 0.99,
        "{looks:?} {fixed:?}"
    );
    assert!(looks.error() == 0.0 && looks.saved.0 > 0.3, "{looks:?}");
    let ranked = Ranked {
        law: Law::Normal,
        schemes: 5,
        better: 2.0,
    };
    let [looks, _] = ranked.simulate(CHUNK);
    assert!(looks.power() > 0.95 && looks.saved.0 > 0.3, "{looks:?}");
}

/// Of five trials of the bimodal law none fails in a third of experiments, whatever it is compared with.
#[test]
fn means_are_not_decided_by_what_few_trials_do_not_show() {
    use Compared::{Difference, Figure};
    for (compared, aggregate, comparisons, samples) in [
        (Figure, "mean", 1, 300),
        (Figure, "iqm", 10, 100),
        (Difference, "mean", 1, 300),
        (Difference, "iqm", 1, 300),
    ] {
        let claimed = Claimed {
            law: Law::Bimodal,
            compared,
            aggregate,
            comparisons,
            effect: 0.0,
            steady: compared == Difference,
        };
        let [looks, _] = claimed.simulate(samples);
        assert!(looks.error() <= most(samples), "{claimed:?}: {looks:?}");
    }
}

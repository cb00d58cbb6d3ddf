//! How often a group-sequential experiment decides wrongly, how often it decides what is so, and what
//! share of the trials it saves: by simulation, of the functions that runs use. A fast slice is tested;
//! the whole is printed by
//!
//! ```text
//! cargo test --lib analysis::looks -- --ignored --nocapture
//! ```
//!
//! and stands in docs/statistics.md.

use rayon::prelude::*;

use super::{Source, Standing, stand};
use crate::analysis::check::Verdict;
use crate::analysis::stats::Identity;
use crate::analysis::study::{LAWS, Law};
use crate::experiment::{Coordinates, Experiment, Plan};
use crate::init::Registry;
use crate::table::example;
use crate::table::trials::Builder;

/// Looks at 5, 10, 20 and 40 replicates, and one at 40.
const SEQUENTIAL: &str = "{ from = 5, to = 40 ";
const FIXED: &str = "{ looks = [40] ";

/// An experiment of `schemes` schemes; with `aggregate`, each but the first is claimed to be no worse
/// than the first.
struct Design {
    experiment: Experiment,
    plan: Plan,
    places: Vec<(Coordinates, String)>,
}

impl Design {
    fn new(replicates: &str, schemes: usize, aggregate: Option<&str>) -> Self {
        let scheme = |i: usize| format!("{{ kind = \"normal\", std = 0.{:03} }}", i + 101);
        let names: Vec<String> = (0..schemes).map(scheme).collect();
        let claim = |(i, aggregate): (usize, &str)| {
            format!(
                "[[claim]]\nsentence = \"s\"\nmetric = \"test_accuracy\"\naggregate = \"{aggregate}\"\nleft = {{ scheme = [{}] }}\nright = {{ scheme = [{}] }}\nrelation = \"left - right >= 0\"\n",
                names[i], names[0]
            )
        };
        let claims: String = (1..schemes)
            .filter_map(|i| Some(claim((i, aggregate?))))
            .collect();
        let until = if aggregate.is_some() { "claims" } else { "ranking" };
        let text = format!(
            "name = \"study\"\nreplicates = {replicates}, until = \"{until}\" }}\n[train]\nepochs = 1\n[grid]\nscheme = [{}]\narchitecture = [[4]]\nlearning_rate = 0.1\n{claims}",
            names.join(", ")
        );
        let experiment = Experiment::parse::<&str>("study.toml".as_ref(), &text, &[], &Registry::standard());
        let experiment = experiment.unwrap();
        let plan = experiment.plan();
        let place = |i| (plan.coordinates(i), plan.trial_id(i));
        Design {
            places: (0..plan.len()).map(place).collect(),
            experiment,
            plan,
        }
    }

    /// One experiment in which scheme `i` has scores of `law`, more by `shift(i)` deviations.
    fn simulate(&self, law: Law, shift: &impl Fn(usize) -> f64, identity: &Identity) -> Standing {
        let mut stream = identity.stream();
        let per_cell = self.plan.seeds().len();
        let mut builder = Builder::new(false);
        for (i, (coordinates, id)) in self.places.iter().enumerate() {
            let score = law.draw(&mut stream) + 0.01 * shift(i / per_cell);
            let mut record = example::record(coordinates.clone(), score);
            record.trial.trial_id.clone_from(id);
            builder.push_record(&record);
        }
        let trials = builder.finish(Some(&example::manifest()));
        let nothing = Source::Memory {
            name: "nothing".to_owned(),
            files: Default::default(),
        };
        let standing = stand(&self.experiment, &self.plan, &trials, &nothing);
        standing.unwrap().unwrap()
    }

    /// The means over `samples` experiments of what `figures` gives of one.
    fn means<const N: usize>(
        &self,
        (law, samples): (Law, usize),
        shift: impl Fn(usize) -> f64 + Sync,
        figures: impl Fn(&Standing) -> [f64; N] + Sync,
    ) -> [f64; N] {
        let one = |sample: usize| {
            let of = format!("{law:?} {} {sample} {}", self.plan.cells(), shift(1));
            figures(&self.simulate(law, &shift, &Identity::new(["looks", of.as_str()])))
        };
        let all: Vec<[f64; N]> = (0..samples).into_par_iter().map(one).collect();
        std::array::from_fn(|i| all.iter().map(|figures| figures[i]).sum::<f64>() / samples as f64)
    }
}

/// The share of trials that were not needed.
fn saved(standing: &Standing) -> f64 {
    let wanted = standing.wanted.iter().filter(|wanted| **wanted).count();
    1.0 - wanted as f64 / standing.wanted.len() as f64
}

/// 1 where some claim was decided.
fn any_decided(standing: &Standing) -> f64 {
    let open = |v: Verdict| v == Verdict::Inconclusive;
    f64::from(u8::from(!standing.judgements.iter().all(|j| open(j.verdict))))
}

/// The share of claims that hold by their verdict.
fn passed(standing: &Standing) -> f64 {
    let pass = standing
        .judgements
        .iter()
        .filter(|j| j.verdict == Verdict::Pass)
        .count();
    pass as f64 / standing.judgements.len() as f64
}

/// How many of the schemes that `is` one were told apart from a leader.
fn told_apart(standing: &Standing, is: impl Fn(&str) -> bool) -> f64 {
    let apart = standing.rankings.iter().flat_map(|family| &family.set_aside);
    apart.filter(|(_, scheme)| is(scheme)).count() as f64
}

/// The number of a scheme of a [`Design`].
fn number(scheme: &str) -> usize {
    let digits: String = scheme.chars().filter(char::is_ascii_digit).collect();
    digits.parse::<usize>().unwrap() - 101
}

#[test]
fn equal_schemes_are_rarely_decided_and_others_soon() {
    let claims = Design::new(SEQUENTIAL, 6, Some("iqm"));
    let [error] = claims.means((Law::Normal, 200), |_| 0.0, |s| [any_decided(s)]);
    // 5%, and three standard errors of so few experiments.
    assert!(error <= 0.096, "{error}");
    let better = |i: usize| if i == 0 { 0.0 } else { 3.0 };
    let [power, saved] = claims.means((Law::Normal, 40), better, |s| [passed(s), saved(s)]);
    assert!(power > 0.95 && saved > 0.3, "{power} {saved}");
    let ranking = Design::new(SEQUENTIAL, 4, None);
    let [error] = ranking.means(
        (Law::Skewed, 200),
        |_| 0.0,
        |s| [told_apart(s, |_| true).min(1.0)],
    );
    assert!(error <= 0.096, "{error}");
    assert_eq!(number("normal(std=0.107)"), 6);
}

#[test]
#[ignore = "minutes: the whole study"]
fn the_whole_study() {
    const SAMPLES: usize = 10_000;
    let percent = |x: f64| format!("{:.1}", 100.0 * x);
    println!("| claims | aggregate | law | some decided wrongly | trials saved |\n|---|---|---|---|---|");
    for (claims, aggregate) in [(1, "mean"), (5, "iqm"), (5, "median"), (5, "mean"), (20, "mean")] {
        let design = Design::new(SEQUENTIAL, claims + 1, Some(aggregate));
        for law in LAWS {
            let [error, saved] = design.means((law, SAMPLES), |_| 0.0, |s| [any_decided(s), saved(s)]);
            println!(
                "| {claims} | {aggregate} | {law:?} | {} | {} |",
                percent(error),
                percent(saved)
            );
        }
    }
    println!(
        "\n| claims | aggregate | better by | decided, looks | decided, 40 replicates | trials saved |\n|---|---|---|---|---|---|"
    );
    for (claims, aggregate) in [(1, "mean"), (5, "iqm"), (5, "median"), (20, "mean")] {
        for deviations in [0.5, 1.0, 2.0, 5.0] {
            let better = |i: usize| if i == 0 { 0.0 } else { deviations };
            let design = |replicates| Design::new(replicates, claims + 1, Some(aggregate));
            let [power, saved] =
                design(SEQUENTIAL).means((Law::Normal, 1000), better, |s| [passed(s), saved(s)]);
            let [fixed] = design(FIXED).means((Law::Normal, 1000), better, |s| [passed(s)]);
            println!(
                "| {claims} | {aggregate} | {deviations} deviations | {} | {} | {} |",
                percent(power),
                percent(fixed),
                percent(saved)
            );
        }
    }
    println!(
        "\n| schemes | law | equal: some told apart | two lead: one of them told apart |\n|---|---|---|---|"
    );
    for schemes in [2, 5, 14] {
        let design = Design::new(SEQUENTIAL, schemes, None);
        for law in LAWS {
            let count = |s: &Standing| [told_apart(s, |_| true).min(1.0)];
            let [equal] = design.means((law, SAMPLES), |_| 0.0, count);
            let two = |i: usize| if i < 2 { 2.0 } else { 0.0 };
            let leaders = |s: &Standing| [told_apart(s, |scheme| number(scheme) < 2).min(1.0)];
            let [lead] = design.means((law, SAMPLES / 5), two, leaders);
            println!("| {schemes} | {law:?} | {} | {} |", percent(equal), percent(lead));
        }
    }
    println!(
        "\n| schemes | the first better by | told apart, looks | told apart, 40 replicates | trials saved |\n|---|---|---|---|---|"
    );
    for schemes in [2, 5, 14] {
        for deviations in [0.5, 1.0, 2.0, 5.0] {
            let better = |i: usize| if i == 0 { deviations } else { 0.0 };
            let share = |s: &Standing| told_apart(s, |scheme| number(scheme) > 0) / (schemes - 1) as f64;
            let sequential = Design::new(SEQUENTIAL, schemes, None);
            let [power, saved] = sequential.means((Law::Normal, 500), better, |s| [share(s), saved(s)]);
            let [fixed] = Design::new(FIXED, schemes, None).means((Law::Normal, 500), better, |s| [share(s)]);
            println!(
                "| {schemes} | {deviations} deviations | {} | {} | {} |",
                percent(power),
                percent(fixed),
                percent(saved)
            );
        }
    }
}

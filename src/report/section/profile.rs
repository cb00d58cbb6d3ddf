//! Performance profiles: the share of a scheme's trials that score at least x, and the share that has
//! reached a target by epoch x.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::curves::{at, in_steps};
use super::{Section, legend, show_with_legend};
use crate::analysis::stats::profile::{ProfilePoint, performance_profile};
use crate::analysis::stats::{Identity, Units};
use crate::report::figure::axis::PlotAxis;
use crate::report::figure::lines::{LARGE, Line, Lines};
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::support::catalog::number;
use crate::support::error::Result;
use crate::table::trials::TARGET_ACCURACY;

/// Points of a profile over scores; evaluations of a profile over time are thinned to as many.
const POINTS: usize = 51;

pub(super) const SECTION: Section = Section {
    id: "profile",
    name: "Profiles",
    heading: "Performance profiles",
    wide: false,
    render,
};

/// A profile over scores, and one over time where the evaluations during training are there.
fn render(model: &ReportModel, figures: &mut FigureList) -> Result<Markup> {
    if model.ranking.is_empty() {
        return Ok(html! {});
    }
    let mut shown = vec![show_with_legend(figures, &mut over_scores(model))?];
    let timed = over_time(model);
    let has_times = timed.is_some();
    if let Some(mut panel) = timed {
        shown.push(show_with_legend(figures, &mut panel)?);
    }
    let better = if model.measure.higher_is_better() {
        "least"
    } else {
        "most"
    };
    Ok(html! {
        p.quiet {
            "The share of a scheme's trials, over all settings"
            @if let Some(rate) = model.chosen() { " and each at " (rate) }
            ", whose " (model.measure.name()) " is at " (better) " x"
            @if has_times {
                "; and the share that has reached " (model.measure.name()) " " (number(TARGET_ACCURACY))
                " by x; trials that never reach it count in the total"
            }
            ". Bands are pointwise 95% bootstrap intervals over replicates. "
            "A scheme whose line lies above another's everywhere is better at every x; where lines cross, it depends on x."
        }
        (legend(model))
        div.panels.large { @for panel in &shown { figure { (panel) } } }
    })
}

/// The trials of `scheme` that are scored, setting by setting, each as `value` has it.
fn strata(model: &ReportModel, scheme: &str, value: impl Fn(usize) -> f64) -> Vec<Units<f64>> {
    let settings = 0..model.settings.len();
    let tuned = settings.filter_map(|setting| model.tuned(setting, scheme));
    tuned
        .map(|tuned| Units::of_trials(tuned.scored.seeds().zip(tuned.scored.rows().map(&value))))
        .collect()
}

/// A line for each scheme; `points` are in the direction in which shares grow, and `place` puts
/// each on the axis.
fn lines(
    model: &ReportModel,
    what: &str,
    points: &[f64],
    value: impl Fn(usize) -> f64,
    place: fn(f64) -> f64,
) -> Vec<Line> {
    let line = |scheme: &String| {
        let identity = Identity::new(["profile", what, scheme.as_str()]);
        let mut profile = performance_profile(&identity, &strata(model, scheme, &value), points);
        profile.sort_by(|a, b| place(a.at).total_cmp(&place(b.at)));
        let band = |p: &ProfilePoint| (place(p.at), p.low, p.high);
        (!profile.is_empty()).then(|| Line {
            label: model.name(scheme).to_owned(),
            ink: model.ink(scheme),
            points: profile.iter().map(|p| (place(p.at), Some(p.share))).collect(),
            band: profile.iter().map(band).collect(),
            dashed: false,
        })
    };
    model.schemes.iter().filter_map(line).collect()
}

fn over_scores(model: &ReportModel) -> Lines {
    let measure = model.measure.name();
    let accuracy = model.measure.higher_is_better();
    let sign = if accuracy { -1.0 } else { 1.0 };
    let x = if accuracy {
        PlotAxis::accuracy(&format!("{measure} x"))
    } else {
        let trials = model
            .schemes
            .iter()
            .flat_map(|s| strata(model, s, |i| model.score(i)));
        PlotAxis::around(
            &format!("{measure} x"),
            true,
            trials.flat_map(|units| units.values().to_vec()),
        )
    };
    let (low, high) = x.range;
    let grid = (0..POINTS).map(|i| low + (high - low) * i as f64 / (POINTS - 1) as f64);
    let points: Vec<f64> = grid
        .map(|at| sign * if x.log { libm::exp10(at) } else { at })
        .collect();
    let place = if accuracy { |at: f64| -at } else { |at: f64| at };
    Lines {
        id: "profile-scores".to_owned(),
        title: format!("Performance profile: share of trials by {measure}"),
        heading: "Scores".to_owned(),
        x,
        y: PlotAxis::accuracy(if accuracy {
            "share of trials with at least x"
        } else {
            "share of trials with at most x"
        }),
        lines: lines(model, "scores", &points, |i| sign * model.score(i), place),
        legend: false,
        size: LARGE,
    }
}

/// The share that has reached the target by each evaluation; none where `epochs.csv` is not there
/// or the measure is no accuracy.
fn over_time(model: &ReportModel) -> Option<Lines> {
    let steps = in_steps(model);
    let places: BTreeSet<u64> = model
        .run
        .epochs
        .iter()
        .flatten()
        .map(|row| at(row, steps))
        .collect();
    if !model.measure.higher_is_better() || places.len() < 2 {
        return None;
    }
    let time = |i: usize| {
        let reached = |a: f64| a >= TARGET_ACCURACY;
        let mut rows = model.run.epochs[i].iter();
        let first = rows.find(|row| model.measure.epoch(row).is_some_and(reached));
        first.map_or(f64::INFINITY, |row| at(row, steps) as f64)
    };
    let last = places.last().copied().unwrap_or(1);
    let stride = places.len().div_ceil(POINTS);
    let places: Vec<u64> = places.into_iter().collect();
    // Counted from the end, so that the last evaluation is always there.
    let mut points: Vec<f64> = places.iter().rev().step_by(stride).map(|p| *p as f64).collect();
    points.reverse();
    let target = number(TARGET_ACCURACY);
    let measure = model.measure.name();
    let unit = if steps { "step" } else { "epoch" };
    Some(Lines {
        id: "profile-time".to_owned(),
        title: format!("Performance profile: {unit}s to {measure} {target}"),
        heading: format!("Time to {measure} {target}"),
        x: PlotAxis::whole(&format!("{unit} x"), 0, last),
        y: PlotAxis::accuracy("share of trials that reached it by x"),
        lines: lines(model, "time", &points, time, |at| at),
        legend: false,
        size: LARGE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example::Made;

    #[test]
    fn profiles_count_the_trials_that_are_scored() {
        let run = Made::default().run();
        let model = ReportModel::new(&run, &[]);
        let scored = |scheme: &str, holds: &dyn Fn(usize) -> bool| {
            let strata = strata(&model, scheme, |i| f64::from(u8::from(holds(i))));
            let trials = strata.iter().map(Units::values).collect::<Vec<_>>().concat();
            trials.iter().sum::<f64>() / trials.len() as f64
        };
        let panel = over_scores(&model);
        assert_eq!(panel.lines.len(), 4);
        for line in &panel.lines {
            assert_eq!(line.points.len(), POINTS);
            for (x, share) in &line.points {
                let share = share.unwrap();
                let counted = scored(&line.label, &|i| model.score(i) >= *x);
                assert!((share - counted).abs() < 1e-12, "{} at {x}", line.label);
                let (_, low, high) = line.band.iter().find(|b| b.0 == *x).unwrap();
                assert!(*low <= share && share <= *high);
            }
        }
        let panel = over_time(&model).unwrap();
        for line in &panel.lines {
            let (last, share) = *line.points.last().unwrap();
            assert_eq!(last, 6.0);
            let rows = |i: usize| run.epochs[i].iter();
            let there = |i: usize| rows(i).any(|row| row.test_accuracy >= Some(TARGET_ACCURACY));
            assert_eq!(share, Some(scored(&line.label, &there)), "{}", line.label);
            assert!(line.points.windows(2).all(|w| w[0].1 <= w[1].1));
        }
        // Some get there and some don't, else this would say little.
        let ends = panel.lines.iter().filter_map(|l| l.points.last()?.1);
        assert!(ends.clone().any(|s| s == 0.0) && ends.clone().any(|s| s > 0.2));
    }
}

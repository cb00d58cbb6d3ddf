//! The ranking of the schemes, with intervals: each at its tuned rate (over all rates where nothing
//! can choose one), and all at one rate.

use maud::{Markup, html};

use super::{Section, named, signed};
use crate::analysis::rank::{Comparison, SchemeScore, unseen_failures};
use crate::analysis::stats::Estimate;
use crate::analysis::stats::compare::MEANINGFUL;
use crate::analysis::tune::Basis;
use crate::report::figure::axis::PlotAxis;
use crate::report::figure::forest::{Forest, ForestRow};
use crate::report::figure::{Drawing, Ink};
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::support::catalog::number;
use crate::support::error::Result;

/// The ranking of all schemes at one rate.
struct Fixed {
    rate: f64,
    ranking: Vec<SchemeScore>,
}

pub(super) const SECTION: Section = Section {
    id: "ranking",
    name: "Ranking",
    heading: "Ranking",
    wide: true,
    render,
};

/// Ranking at tuned rates, beside that at the rate which suits all schemes best.
fn render(model: &ReportModel, figures: &mut FigureList) -> Result<Markup> {
    if model.ranking.is_empty() {
        return Ok(html! {});
    }
    let common = model.common_rate().filter(|_| model.rates.len() > 1);
    let fixed = common.map(|rate| Fixed {
        rate,
        ranking: model.ranking_at(rate),
    });
    let all = model.ranking.iter().chain(fixed.iter().flat_map(|f| &f.ranking));
    let axis = PlotAxis::around(
        &model.measure.name(),
        false,
        all.flat_map(|s| values_of(s.score)).filter(|v| v.is_finite()),
    );
    let own = match model.basis {
        Basis::OneRate => "ranking",
        Basis::Validation => "at their best rates",
        Basis::Partly => "at their best rates, or all pooled",
        Basis::Nothing => "all rates pooled",
    };
    figures.keep(forest(model, &axis, "ranking", own, &model.ranking)?);
    if let Some(fixed) = &fixed {
        let all_at = format!("all at rate {}", number(fixed.rate));
        figures.keep(forest(model, &axis, "ranking-one-rate", &all_at, &fixed.ranking)?);
    }
    Ok(html! {
        p.quiet { (method(model, fixed.as_ref())) }
        div.scroll {
            table.sortable.ranking {
                (head(model, fixed.as_ref()))
                tbody {
                    @for (i, scored) in model.ranking.iter().enumerate() {
                        tr {
                            td.number { (i + 1) }
                            th scope="row" { (named(model, &scored.scheme)) }
                            (estimate(model, scored, &axis))
                            (against_leader(model, scored))
                            @if let Some(fixed) = &fixed { (at_common_rate(model, fixed, &scored.scheme, &axis)) }
                            @if trials(model).is_none() { td.number { (scored.trials) } }
                        }
                    }
                }
            }
        }
        (edges(model))
    })
}

fn values_of(e: Estimate) -> impl Iterator<Item = f64> {
    let interval = e.interval.into_iter().flat_map(|i| [i.low, i.high]);
    std::iter::once(e.value).chain(interval)
}

/// How many trials stand behind every scheme, if it is the same number for all.
fn trials(model: &ReportModel) -> Option<usize> {
    let first = model.ranking.first()?.trials;
    model.ranking.iter().all(|s| s.trials == first).then_some(first)
}

/// Whether the ranking is, on some dataset at least, over the trials of all rates.
fn pooled(model: &ReportModel) -> bool {
    matches!(model.basis, Basis::Partly | Basis::Nothing)
}

/// How learning rates were chosen, where there are several.
fn choice(model: &ReportModel) -> Markup {
    let chosen = "Each scheme is scored at its own best learning rate in each setting: each replicate at the rate that the median of the other replicates on validation data chooses. ";
    let again = "; a replicate counts with its trials at all rates. ";
    html! {
        @match model.basis {
            Basis::OneRate => {}
            Basis::Validation => { (chosen) }
            Basis::Partly => {
                (chosen)
                strong { "Some datasets have no validation data to choose learning rates by: there, the trials of all rates are pooled" }
                (again)
            }
            Basis::Nothing => {
                strong { "There are no validation data to choose learning rates by, so the trials of all rates are pooled" }
                (again)
            }
        }
    }
}

fn method(model: &ReportModel, fixed: Option<&Fixed>) -> Markup {
    let accuracy = model.measure.higher_is_better();
    html! {
        "A scheme's score is the interquartile mean of the " (model.measure.name()) " over the trials of a setting"
        @if model.settings.len() > 1 { ", averaged over the " (model.settings.len()) " settings, so that failing in some of them shows" }
        @if let Some(n) = trials(model) { "; " (n) " trials each" }
        ". A diverged trial counts as "
        @if accuracy { "chance" } @else { "infinite loss" }
        ". Intervals are at 95%, of Student's t over replicates (winsorized as the score is trimmed). "
        @if model.has_one_split() {
            "All trials use the same split of the data (" code { "[seeds] data" } " is fixed), so the intervals are conditional on that split. "
        }
        (test_sampling(model))
        (choice(model))
        @if let Some(fixed) = fixed {
            "The columns on the right rank all schemes, with all replicates, at one common rate, " (number(fixed.rate))
            ": the rate with the best mean score of all schemes"
            @match model.basis {
                Basis::Validation => { " on validation data" }
                Basis::Partly => { " on validation data, where there are any" }
                _ => {}
            }
            ". "
        }
        @if model.ranking.len() > 1 {
            "“Difference to the leader” is the difference of the two scores, with the 95% interval of this difference alone, over trials of the same setting and seeds"
            @if pooled(model) { ", at the same rate where rates are pooled" }
            ". A scheme is distinguishable from the leader when p is at most 0.05: the probability of such a mean difference among equal schemes, over all pairs of schemes that might have been compared, since the leader is picked from the same trials (t tests by Holm's and Shaffer's steps, and permutations of the schemes within replicates). "
            (needed(model))
            @if let Some(text) = unseen_failures(&model.ranking) { (text) " " }
            "“P(better)” is the probability that a trial is better than the leader's of the same setting and seeds"
            @if pooled(model) { " (and at the same rate where rates are pooled)" }
            ", ties counting half. The leader's advantage is meaningful where its own probability is shown to be above 0.5 and may exceed "
            (number(MEANINGFUL)) ", slight where it is shown and may not."
            @if model.ranking.iter().any(|s| is_compared_in_part(model, s)) {
                " A scheme without trials in some of the settings is compared in the settings that both have."
            }
        }
    }
}

/// What the number of test samples does by itself to a trial of the leader.
fn test_sampling(model: &ReportModel) -> Markup {
    let leader = model
        .ranking
        .first()
        .and_then(|s| model.measures.schemes.get(&s.scheme));
    let own = leader.and_then(|m| Some((m.binomial_deviation?, m.deviation)));
    html! {
        @if let (Some(samples), Some((binomial, deviation))) = (model.measures.test_samples, own) {
            "Accuracies are fractions of " (samples) " test samples, which by itself spreads the leader's trials by "
            (model.text(binomial))
            @if let Some(deviation) = deviation { " (they spread by " (model.text(deviation)) ")" }
            ": another test part may change a score by as much. "
        }
    }
}

fn head(model: &ReportModel, fixed: Option<&Fixed>) -> Markup {
    let several = model.ranking.len() > 1;
    let own = 2 + if several { 2 } else { 0 };
    html! {
        thead {
            @if let Some(fixed) = fixed {
                tr.over {
                    td colspan="2" {}
                    th colspan=(own) {
                        @match model.basis {
                            Basis::Nothing => { "All rates pooled" }
                            Basis::Partly => { "Each at its own rates, or all pooled" }
                            _ => { "Each at its own rates" }
                        }
                    }
                    th colspan="3" { "All at rate " (number(fixed.rate)) }
                    @if trials(model).is_none() { td {} }
                }
            }
            tr {
                th.number { "#" }
                th { "Scheme" }
                th.number { "Score" }
                th { "95% interval" }
                @if several { th.number { "Difference to the leader" } th.number { "P(better)" } }
                @if fixed.is_some() { th.number { "#" } th.number { "Score" } th { "95% interval" } }
                @if trials(model).is_none() { th.number { "Trials" } }
            }
        }
    }
}

fn key(value: f64) -> Option<String> {
    value.is_finite().then(|| value.to_string())
}

/// Score and interval, two cells.
fn estimate(model: &ReportModel, scored: &SchemeScore, axis: &PlotAxis) -> Markup {
    let score = scored.score;
    html! {
        td.number data-key=[key(score.value)] { (model.text(score.value)) }
        td.interval { (strip(model, score, axis, model.ink(&scored.scheme))) }
    }
}

/// Rank, score and interval at the common rate: three cells.
fn at_common_rate(model: &ReportModel, fixed: &Fixed, scheme: &str, axis: &PlotAxis) -> Markup {
    let place = fixed.ranking.iter().position(|f| f.scheme == scheme);
    html! {
        @if let Some(place) = place {
            td.number.apart { (place + 1) }
            (estimate(model, &fixed.ranking[place], axis))
        } @else {
            td.number.apart { "–" } td.number { "–" } td {}
        }
    }
}

/// The difference to the leader and whether the two are distinguishable, and how often a trial is
/// better: two cells.
fn against_leader(model: &ReportModel, scored: &SchemeScore) -> Markup {
    let sign = |x: f64| signed(model, x);
    let range = |c: &Comparison| c.interval.map(|i| format!("{} to {}", sign(i.low), sign(i.high)));
    html! {
        @if let Some(c) = &scored.against_leader {
            td.number.against data-key=[key(c.difference)] {
                (sign(c.difference))
                @if let Some(range) = range(c) { " " span.quiet { "(" (range) ")" } }
                div.test {
                    @if let Some(p) = c.p_value { span.quiet { "p " (probability(p)) } " " }
                    @if scored.leads() { span.unsure { "not distinguishable" } }
                }
            }
            td.number.against data-key=[key(c.probability.value)] {
                (format!("{:.2}", c.probability.value))
                @if let Some(i) = c.probability.interval {
                    " " span.quiet { "(" (format!("{:.2} to {:.2}", i.low, i.high)) ")" }
                }
                @if let Some(advantage) = c.advantage_of_leader() { div.test { span.quiet { (advantage.words()) } } }
            }
        } @else if model.ranking.len() > 1 {
            td.number {} td.number {}
        }
    }
}

/// A probability for people: two digits, and no more than the permutations tell.
pub(super) fn probability(p: f64) -> String {
    match p {
        p if p >= 0.995 => "1".to_owned(),
        p if p >= 0.01 => format!("{p:.2}"),
        p if p > 0.001 => format!("{p:.3}"),
        _ => "≤ 0.001".to_owned(),
    }
}

/// How many replicates would tell the nearest rival from the leader, where these do not.
fn needed(model: &ReportModel) -> Markup {
    let undecided = model.ranking.iter().skip(1).filter(|s| s.leads());
    let mut needed = undecided.filter_map(|s| Some((s.against_leader.as_ref()?.replicates_needed?, s)));
    let Some(first) = needed.next() else {
        return html! {};
    };
    let (replicates, scored) = needed.fold(first, |a, b| if b.0 < a.0 { b } else { a });
    html! {
        "Did the differences and their spread stay as they are, the first scheme more to be distinguished, "
        (model.name(&scored.scheme)) ", would take " (replicates) " replicates. "
    }
}

/// Whether the scheme is compared with the leader in some of the settings only.
fn is_compared_in_part(model: &ReportModel, scored: &SchemeScore) -> bool {
    let all = model.ranking.first().map_or(0, |first| first.groups);
    let shared = scored.against_leader.as_ref().map(|c| c.groups);
    shared.is_some_and(|groups| groups < all.max(scored.groups))
}

/// An interval as a small drawing, with its ends in words.
fn strip(model: &ReportModel, estimate: Estimate, axis: &PlotAxis, ink: Ink) -> Markup {
    if !estimate.value.is_finite() {
        return html! {};
    }
    const WIDTH: f64 = 100.0;
    let (low, high) = axis.range;
    let x = |v: f64| {
        format!(
            "{:.2}",
            6.0 + (WIDTH - 12.0) * (axis.clamp(v) - low) / (high - low)
        )
    };
    let (from, to) = estimate
        .interval
        .map_or((estimate.value, estimate.value), |i| (i.low, i.high));
    let words = format!(
        "{} ({} to {})",
        model.text(estimate.value),
        model.text(from),
        model.text(to)
    );
    let ink = if ink == Ink::Faint { Ink::Quiet } else { ink };
    let paint = ink.variable();
    html! {
        svg.strip viewBox="0 0 100 20" width="100" height="20" role="img" {
            title { (words) }
            line x1="6" x2="94" y1="10" y2="10" stroke="var(--grid)" stroke-width="1" {}
            line x1=(x(from)) x2=(x(to)) y1="10" y2="10" stroke=(paint) stroke-width="2.5" {}
            circle cx=(x(estimate.value)) cy="10" r="4" fill=(paint) {}
        }
        @if estimate.interval.is_some() { span.quiet { (model.text(from)) " to " (model.text(to)) } }
    }
}

fn forest(
    model: &ReportModel,
    axis: &PlotAxis,
    id: &str,
    rates: &str,
    ranking: &[SchemeScore],
) -> Result<Drawing> {
    let rows = ranking.iter().map(|scored| ForestRow {
        label: model.name(&scored.scheme).to_owned(),
        ink: model.ink(&scored.scheme),
        middle: Some(scored.score.value).filter(|v| v.is_finite()),
        interval: scored.score.interval.map(|i| (i.low, i.high)),
    });
    let forest = Forest {
        id: id.to_owned(),
        title: format!("{}: ranking of the schemes, {rates}", model.run.name),
        heading: format!("{}: schemes, {rates}", model.run.name),
        measure: format!("{}, score and 95% interval", model.measure.name()),
        axis: axis.clone(),
        decimals: model.measure.decimals(),
        rows: rows.collect(),
    };
    forest.draw()
}

/// Warns where the rate chosen is the least or the greatest of the grid: the true best may lie
/// beyond.
fn edges(model: &ReportModel) -> Markup {
    let (Some(first), Some(last)) = (model.rates.first(), model.rates.last()) else {
        return html! {};
    };
    if model.rates.len() < 2 {
        return html! {};
    }
    let (mut edge, mut all) = (0, 0);
    for setting in 0..model.settings.len() {
        let several = |s: &&String| model.by_rate(setting, s).len() > 1;
        for at_edge in model
            .schemes
            .iter()
            .filter(several)
            .filter_map(|s| model.tuned(setting, s)?.at_edge)
        {
            all += 1;
            edge += usize::from(at_edge);
        }
    }
    html! {
        @if edge > 0 {
            p.note {
                "In " (edge) " of " (all) " cases the best learning rate is the lowest or the highest of those tried ("
                (number(*first)) " to " (number(*last)) "): a wider grid may give a better score there."
            }
        }
    }
}

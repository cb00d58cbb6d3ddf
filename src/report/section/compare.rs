//! Two runs compared scheme by scheme.

use maud::{Markup, html};

use crate::report::model::ReportModel;

/// One row for each scheme that either run has.
pub(crate) fn section(models: &[ReportModel]) -> Markup {
    let [left, right] = models else {
        return html! {};
    };
    if left.measure != right.measure || left.run.trials.is_empty() || right.run.trials.is_empty() {
        return html! {
            p.note { "The two runs are not scored by the same measure, so their figures are not compared." }
        };
    }
    let mut schemes = left.schemes.clone();
    schemes.extend(
        right
            .schemes
            .iter()
            .filter(|s| !left.schemes.contains(s))
            .cloned(),
    );
    let place =
        |model: &ReportModel, scheme: &str| model.schemes.iter().position(|s| s == scheme).map(|p| p + 1);
    let score = |model: &ReportModel, scheme: &str| model.ranked(scheme).map(|s| s.score.value);
    let text = |value: Option<f64>| value.map_or("–".to_owned(), |v| left.text(v));
    html! {
        h2 #compare { "Side by side" }
        p.quiet { "Scores of the " (left.measure.name()) ", and the rank in each run." }
        div.scroll { table.sortable {
            thead { tr {
                th { "Scheme" }
                th.number { "First" } th.number { "#" }
                th.number { "Second" } th.number { "#" }
                th.number { "Second − first" }
            } }
            tbody { @for scheme in &schemes {
                @let a = score(left, scheme);
                @let b = score(right, scheme);
                tr {
                    th scope="row" { (super::named(left, scheme)) }
                    td.number { (text(a)) }
                    td.number { (place(left, scheme).map_or("–".to_owned(), |p| p.to_string())) }
                    td.number { (text(b)) }
                    td.number { (place(right, scheme).map_or("–".to_owned(), |p| p.to_string())) }
                    td.number { (difference(left, a, b)) }
                }
            } }
        } }
    }
}

fn difference(model: &ReportModel, a: Option<f64>, b: Option<f64>) -> String {
    match a.zip(b) {
        None => "–".to_owned(),
        Some((a, b)) if a == b => "0".to_owned(),
        Some((a, b)) => super::signed(model, b - a),
    }
}

//! Two runs compared scheme by scheme.

use maud::{Markup, html};

use crate::report::view::View;

/// One row for each scheme that either run has.
pub fn section(views: &[View]) -> Markup {
    let [left, right] = views else {
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
    let place = |view: &View, scheme: &str| view.schemes.iter().position(|s| s == scheme).map(|p| p + 1);
    let score = |view: &View, scheme: &str| view.standing(scheme).map(|s| s.score.value);
    let text = |value: Option<f64>| value.map_or("–".to_owned(), |v| left.text(v));
    html! {
        h2 #compare { "Side by side" }
        p.quiet { "Scores of the " (left.measure.name()) ", and the place in each run's ranking." }
        div.scroll { table.sortable {
            thead { tr {
                th { "Scheme" }
                th.number { "First" } th.number { "#" }
                th.number { "Second" } th.number { "#" }
                th.number { "Second less first" }
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

fn difference(view: &View, a: Option<f64>, b: Option<f64>) -> String {
    match a.zip(b) {
        None => "–".to_owned(),
        Some((a, b)) if a == b => "0".to_owned(),
        Some((a, b)) => super::signed(view, b - a),
    }
}

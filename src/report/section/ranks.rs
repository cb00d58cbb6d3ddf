//! Average ranks of the schemes, as a critical-difference diagram.

use maud::{Markup, html};

use super::Section;
use crate::analysis::average_rank::{AverageRanks, Block};
use crate::analysis::stats::interval::LEVEL;
use crate::report::figure::ranks::{AverageRank, RankDiagram};
use crate::report::figure_list::FigureList;
use crate::report::model::ReportModel;
use crate::support::error::Result;
use crate::support::text::counted;

pub(super) const SECTION: Section = Section {
    id: "ranks",
    name: "Average ranks",
    heading: "Average ranks",
    wide: true,
    render,
};

fn render(model: &ReportModel, figures: &mut FigureList) -> Result<Markup> {
    let Some(ranks) = &model.measures.ranks else {
        return Ok(html! {});
    };
    let test = &ranks.test;
    let differ = test.p_value <= 1.0 - LEVEL;
    Ok(html! {
        p.quiet {
            "Ranks of the schemes by " (model.measure.name()) ", 1 the best, averaged over "
            (blocks(ranks)) "; equal scores share their ranks. Friedman's test "
            @if differ { "finds that schemes differ" } @else { "does not find that schemes differ, so one bar joins all" }
            " (p " (super::ranking::probability(test.p_value)) "). "
            @if differ { "Bars join schemes whose ranks differ by less than Nemenyi's critical difference (CD), at 5% over all pairs. " }
            "Ranks say how often a scheme is ahead, not by how much: the ranking above compares scores."
        }
        div.scroll { (figures.show(diagram(model, ranks).draw())?) }
    })
}

fn blocks(ranks: &AverageRanks) -> String {
    match ranks.block {
        Block::Setting => counted(ranks.test.blocks as u64, "setting"),
        Block::Replicate => counted(ranks.test.blocks as u64, "replicate"),
    }
}

fn diagram(model: &ReportModel, ranks: &AverageRanks) -> RankDiagram {
    let ranked = ranks.schemes.iter().map(|(scheme, rank)| AverageRank {
        label: model.name(scheme).to_owned(),
        ink: model.ink(scheme),
        rank: *rank,
    });
    RankDiagram {
        id: "average-ranks".to_owned(),
        title: format!(
            "{}: average ranks of the schemes with the critical difference",
            model.run.name
        ),
        heading: format!("{}: average ranks", model.run.name),
        subheading: format!(
            "over {}, 1 is best; bars join what is not distinguished",
            blocks(ranks)
        ),
        ranked: ranked.collect(),
        groups: ranks.groups.clone(),
        critical_difference: ranks.test.critical_difference,
    }
}

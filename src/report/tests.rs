//! The page as a whole, from tables that are made up.

use super::example::{HOSTILE, Made};
use super::*;
use crate::table::record::{Status, TrialRecord};
use crate::table::trials::Builder;

/// Every element of `html` that is not closed, or closed without having been opened. Void
/// elements of HTML need no end.
fn unbalanced(html: &str) -> Vec<String> {
    const VOID: [&str; 6] = ["meta", "br", "wbr", "hr", "!DOCTYPE", "!--"];
    let mut open: Vec<&str> = Vec::new();
    let mut wrong = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest.find('>').expect("a tag that ends");
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        let name = tag
            .trim_start_matches('/')
            .split([' ', '\n', '/'])
            .next()
            .unwrap_or("");
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                wrong.push(format!("</{name}>"));
            }
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
            // What stands in these is not markup.
            if let Some(close) = ["style", "script"].iter().find(|n| **n == name) {
                rest = &rest[rest.find(&format!("</{close}>")).unwrap()..];
            }
        }
    }
    wrong.extend(open.into_iter().map(str::to_owned));
    wrong
}

#[test]
fn the_page_is_well_formed_and_names_in_it_stay_text() {
    let mut run = Made::default().run();
    run.verdicts = Err(HOSTILE.into());
    run.name = HOSTILE.into();
    let report = render(&[run.clone()]).unwrap();
    if let Some(path) = std::env::var_os("GOODINIT_KEEP_REPORT") {
        std::fs::write(path, &report.html).unwrap();
    }
    assert_eq!(unbalanced(&report.html), Vec::<String>::new());
    let (before, after) = report.html.split_once("</style>").unwrap();
    let scripts = report.html.matches("<script").count();
    assert_eq!(scripts, 1, "the page's own");
    assert!(before.contains("default-src 'none'"));
    assert!(!after.contains("alert('x')</script>"));
    assert!(after.contains("&lt;script&gt;alert("));
    for figure in &report.figures {
        let svg = figure.standalone();
        assert_eq!(unbalanced(&svg), Vec::<String>::new(), "{}", figure.id);
        assert!(
            !svg.contains("<script") && !svg.contains("NaN") && !svg.contains("inf"),
            "{svg}"
        );
    }
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let html = render(&[Made::default().run()]).unwrap().html;
    for reference in [
        "src=", "url(", "@import", "<link", "<img", "<iframe", " style=", " on",
    ] {
        let found: Vec<&str> = html
            .match_indices(reference)
            .map(|(i, _)| &html[i..(i + 60).min(html.len())])
            // ` on` as an attribute, not as a word.
            .filter(|text| {
                reference != " on"
                    || text[3..].split('=').next().is_some_and(|a| {
                        a.chars().all(|c| c.is_ascii_lowercase()) && text[3..].contains("=\"")
                    })
            })
            .collect();
        assert!(found.is_empty(), "{reference}: {found:?}");
    }
    for (i, _) in html.match_indices("href=") {
        assert!(html[i..].starts_with("href=\"#"), "{}", &html[i..i + 60]);
    }
    let urls: Vec<&str> = html
        .match_indices("http")
        .map(|(i, _)| &html[i..i + 26])
        .collect();
    assert!(
        urls.iter()
            .all(|u| *u == "http://www.w3.org/2000/svg" || u.starts_with("http-equiv")),
        "{urls:?}"
    );
}

#[test]
fn the_page_says_what_the_tables_say() {
    let html = render(&[Made::default().run()]).unwrap().html;
    for words in [
        "<strong>he_normal</strong> comes out first of 4 schemes",
        "Each at its own rates",
        "All at rate 0.1",
        "Performance profiles",
        "By activation function and depth",
        "Learning curves",
        "Sensitivity to the learning rate",
        "Signal and gradient by layer",
        "Initial weights",
        "Divergence and dead units",
        "Numerics version",
    ] {
        assert!(html.contains(words), "{words}");
    }
}

#[test]
fn without_validation_data_no_rate_is_called_chosen() {
    let page = |validation: bool| {
        let made = Made {
            validation,
            ..Made::default()
        };
        render(&[made.run()]).unwrap().html
    };
    let (with, without) = (page(true), page(false));
    // The rates of the made-up run make some schemes choose one at the edge, if they choose.
    for words in [
        "is the lowest or the highest of those tried",
        "each at its best learning rate",
    ] {
        assert!(with.contains(words) && !without.contains(words), "{words}");
    }
    for words in [
        "the trials of all rates are pooled",
        "All rates pooled",
        "at the same rate where rates are pooled",
        "with the best median of the same test accuracy",
    ] {
        assert!(without.contains(words) && !with.contains(words), "{words}");
    }
}

/// Moves shallow networks to a second dataset, which has no validation data.
fn validate_in_part(record: &mut TrialRecord) {
    if record.coordinates.architecture == "256-128" {
        record.coordinates.dataset = "other".into();
        let t = &mut record.trial;
        (t.validation_loss, t.validation_accuracy) = (None, None);
    }
}

#[test]
fn a_run_validated_in_part_is_not_called_validated() {
    let html = render(&[Made::default().run_with(&validate_in_part)])
        .unwrap()
        .html;
    for words in [
        "Some datasets have no validation data to choose learning rates by: there, the trials of all rates are pooled",
        "Each at its own rates, or all pooled",
        "at its best learning rate; on datasets without validation data, at the learning rate with the best median",
        "each scheme at its own learning rates where validation data can choose them",
        "on validation data, where there are any",
        "at the same rate where rates are pooled",
    ] {
        assert!(html.contains(words), "{words}");
    }
}

#[test]
fn the_rate_for_all_is_chosen_where_there_are_validation_data() {
    // Scored by losses: where there are none to choose by they count as infinite, at every rate.
    let run = Made::default().run_with(&|record| {
        record.coordinates.dataset = "regression".into();
        validate_in_part(record);
        let t = &mut record.trial;
        (t.train_accuracy, t.validation_accuracy, t.test_accuracy) = (None, None, None);
        (t.best_validation_accuracy, t.best_test_accuracy) = (None, None);
    });
    // At 1.0 some diverge; 0.01 comes first in the table.
    assert_eq!(ReportModel::new(&run, &[]).common_rate(), Some(0.1));
}

#[test]
fn crossed_seeds_show_where_the_spread_comes_from() {
    let made = || Made {
        schemes: vec!["he_normal"],
        ..Made::default()
    };
    assert!(
        !render(&[made().run()])
            .unwrap()
            .html
            .contains("Where the spread comes from")
    );
    let run = made().run_with(&|record| {
        let (c, t) = (&mut record.coordinates, &mut record.trial);
        (c.weight_seed, c.order_seed) = (c.replicate / 2, c.replicate % 2);
        c.replicate = 0;
        t.status = Status::Ok;
        // The weights alone make a difference.
        let accuracy = Some(0.5 + 0.25 * f64::from(c.weight_seed));
        (t.train_accuracy, t.validation_accuracy, t.test_accuracy) = (accuracy, accuracy, accuracy);
    });
    let html = render(&[run]).unwrap().html;
    assert!(html.contains("Where the spread comes from"));
    let row = "<td class=\"number\">100%</td><td class=\"number\">0%</td><td class=\"number\">–</td><td class=\"number\">0%</td>";
    assert_eq!(html.matches(row).count(), 12, "a row for each cell");
}

/// FigureList of every kind, by the beginnings of their names.
const KINDS: [&str; 11] = [
    "ranking",
    "ranking-one-rate",
    "profile-scores",
    "profile-time",
    "heat",
    "curves",
    "rates",
    "signal",
    "gradient",
    "correlation",
    "weights",
];

#[test]
fn every_kind_of_figure_is_there_to_export() {
    let report = render(&[Made::default().run()]).unwrap();
    for kind in KINDS {
        assert!(report.figures.iter().any(|f| f.id.starts_with(kind)), "{kind}");
    }
}

#[cfg(feature = "png")]
#[test]
fn a_png_of_each_kind_of_figure_has_its_size_and_its_text() {
    let report = render(&[Made::default().run()]).unwrap();
    for kind in KINDS {
        let figure = report.figures.iter().find(|f| f.id.starts_with(kind)).unwrap();
        let file = png::encode(figure, 2.0).unwrap();
        assert!(png::is_ours(&file) && !png::is_ours(b"\x89PNG\r\n\x1a\nother"));
        let mut reader = ::png::Decoder::new(std::io::Cursor::new(&file))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (2 * figure.width, 2 * figure.height));
        let dark = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
            let at = |x: u32, y: u32| 3 * (y * info.width + x) as usize;
            let places = y.flat_map(|y| x.clone().map(move |x| (x, y)));
            places
                .filter(|(x, y)| pixels[at(*x, *y)..][..3].iter().all(|c| *c < 80))
                .count()
        };
        // The heading stands in the upper left corner, whether or not the machine has fonts.
        let heading = dark(8..info.width, 8..40);
        assert!(
            (60..8000).contains(&heading),
            "{}: {heading} dark pixels",
            figure.id
        );
        let colours: std::collections::BTreeSet<&[u8]> = pixels.chunks(3).collect();
        assert!(colours.len() > 20, "{}: {} colours", figure.id, colours.len());
        assert_eq!(pixels[..3], [255, 255, 254], "the ground");
    }
}

#[test]
fn the_same_tables_give_the_same_page() {
    let page = || render(&[Made::default().run()]).unwrap().html;
    let (a, b) = (page(), page());
    assert!(a == b);
}

#[test]
fn two_runs_stand_side_by_side() {
    let small = Made {
        schemes: vec!["xavier_uniform", "he_normal"],
        ..Made::default()
    };
    let html = render(&[Made::default().run(), small.run()]).unwrap().html;
    assert_eq!(unbalanced(&html), Vec::<String>::new());
    assert!(html.contains("Side by side"));
    assert_eq!(html.matches("id=\"ranking\"").count(), 1);
}

#[test]
fn one_trial_one_scheme_and_no_training_make_pages_too() {
    let one = Made {
        schemes: vec!["he_normal"],
        architectures: vec!["8"],
        activations: vec!["relu"],
        rates: vec![0.1],
        replicates: 1,
        epochs: 1,
        validation: true,
    };
    let mut run = one.run();
    assert!(
        render(&[run.clone()])
            .unwrap()
            .html
            .contains("one replicate: no interval")
    );
    run.trials = Builder::new(false).finish(None);
    run.epochs.clear();
    run.layers.clear();
    let html = render(&[run.clone()]).unwrap().html;
    assert!(html.contains("Nothing was trained here"));
    let of_signal = "Before training, median over replicates";
    assert!(html.contains(of_signal));
    run.probe.retain(|line| line.layer.layer == 2);
    let html = render(&[run]).unwrap().html;
    assert!(!html.contains(of_signal), "one layer is no line");
}

#[test]
fn many_schemes_are_summed_up() {
    let names: Vec<String> = (0..24).map(|i| format!("scheme_{i:02}(std=0.0{i})")).collect();
    let many = Made {
        schemes: names.iter().map(String::as_str).collect(),
        replicates: 3,
        ..Made::default()
    };
    let html = render(&[many.run()]).unwrap().html;
    assert!(html.contains("and 17 more"), "the legend");
    if let Some(path) = std::env::var_os("GOODINIT_KEEP_REPORT_MANY") {
        std::fs::write(path, &html).unwrap();
    }
}

#[test]
fn a_directory_without_tables_is_an_error_that_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let error = Run::load(dir.path()).unwrap_err().to_string();
    assert!(error.contains("neither trials.csv nor probe.csv"), "{error}");
}

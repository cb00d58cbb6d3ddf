//! Two pictures from the papers' tables, as SVG files.
//!
//!     cargo run --release --example paper_figures [results/papers] [docs/figures]
//!
//! `schoenholz.svg`: training accuracy over sigma_w^2 and depth, with six correlation lengths of
//! mean-field theory drawn over it (Schoenholz et al. 2016, figure 5). `he-xavier.svg`: test accuracy of
//! He and Xavier at depth 30, epoch by epoch (He et al. 2015, figure 3).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use goodinit::internal::{EpochLine, Reader, TrialLine};
use goodinit::{Activation, Error, MeanField, Result};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let papers = arguments.next().unwrap_or_else(|| "results/papers".into());
    let figures = arguments.next().unwrap_or_else(|| "docs/figures".into());
    std::fs::create_dir_all(&figures).map_err(|e| Error::io("create", &figures, &e))?;
    write(&figures.join("schoenholz.svg"), &schoenholz(&papers)?)?;
    write(&figures.join("he-xavier.svg"), &he_xavier(&papers)?)
}

fn write(path: &Path, svg: &str) -> Result<()> {
    std::fs::write(path, svg).map_err(|e| Error::io("write", path, &e))?;
    println!("{}", path.display());
    Ok(())
}

/// A page with a title, axes' names and room for a 480 x 300 plot at (70, 40).
fn page(title: &str, x: &str, y: &str, content: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" font-family="sans-serif" font-size="12" role="img">
<title>{title}</title>
<rect width="640" height="400" fill="#fff"/>
<text x="70" y="24" font-size="14">{title}</text>
{content}<text x="310" y="388" text-anchor="middle">{x}</text>
<text x="18" y="190" text-anchor="middle" transform="rotate(-90 18 190)">{y}</text>
</svg>
"##
    )
}

/// The parameter `sigma_w2` of a scheme's canonical text.
fn sigma_w2(scheme: &str) -> Option<f64> {
    let (_, rest) = scheme.split_once("sigma_w2=")?;
    rest.split([' ', ')']).next()?.parse().ok()
}

/// The depth of `20x100`.
fn depth(architecture: &str) -> Option<u32> {
    architecture.split_once('x')?.0.parse().ok()
}

fn schoenholz(papers: &Path) -> Result<String> {
    // Mean accuracy by depth and sigma_w^2, in thousandths so that it orders.
    let mut cells: BTreeMap<(u32, u64), (f64, u32)> = BTreeMap::new();
    for row in Reader::<TrialLine, _>::open(&papers.join("e06-map/trials.csv"))? {
        let row = row?;
        let place = depth(&row.coordinates.architecture).zip(sigma_w2(&row.coordinates.scheme));
        if let (Some((depth, sigma)), Some(accuracy)) = (place, row.trial.train_accuracy) {
            let cell = cells.entry((depth, (sigma * 1000.0).round() as u64)).or_default();
            *cell = (cell.0 + accuracy, cell.1 + 1);
        }
    }
    let mut depths: Vec<u32> = cells.keys().map(|k| k.0).collect();
    let mut sigmas: Vec<u64> = cells.keys().map(|k| k.1).collect();
    depths.dedup();
    sigmas.sort_unstable();
    sigmas.dedup();
    let (wide, high) = (480.0 / sigmas.len() as f64, 300.0 / depths.len() as f64);
    let column = |i: usize| 70.0 + wide * i as f64;
    let top = |i: usize| 340.0 - high * (i + 1) as f64;
    let mut svg = String::new();
    for (r, &depth) in depths.iter().enumerate() {
        for (c, &sigma) in sigmas.iter().enumerate() {
            let Some((sum, n)) = cells.get(&(depth, sigma)) else {
                continue;
            };
            let mean = sum / f64::from(*n);
            let shade = (235.0 - 200.0 * mean).round();
            let ink = if mean > 0.5 { "#fff" } else { "#222" };
            let (x, y) = (column(c), top(r));
            // Writing to a String cannot fail.
            let _ = writeln!(
                svg,
                r#"<rect x="{x:.1}" y="{y:.1}" width="{wide:.1}" height="{high:.1}" fill="rgb({shade},{shade},245)"/><text x="{:.1}" y="{:.1}" text-anchor="middle" fill="{ink}">{mean:.2}</text>"#,
                x + wide / 2.0,
                y + high / 2.0 + 4.0
            );
        }
        let _ = writeln!(
            svg,
            r#"<text x="62" y="{:.1}" text-anchor="end">{depth}</text>"#,
            top(r) + high / 2.0 + 4.0
        );
    }
    for (c, &sigma) in sigmas.iter().enumerate() {
        let _ = writeln!(
            svg,
            r#"<text x="{:.1}" y="358" text-anchor="middle">{}</text>"#,
            column(c) + wide / 2.0,
            sigma as f64 / 1000.0
        );
    }
    let tanh = Activation::named("tanh")?;
    let height = |layers: f64| {
        // The depths are not evenly spaced: between two rows the curve is linear.
        let centre = |i: usize| top(i) + high / 2.0;
        let above = depths.iter().position(|&d| f64::from(d) >= layers);
        match above {
            None => 40.0,
            Some(0) => centre(0) + high / 2.0 * (1.0 - layers / f64::from(depths[0])),
            Some(i) => {
                let (low, up) = (f64::from(depths[i - 1]), f64::from(depths[i]));
                centre(i - 1) + (centre(i) - centre(i - 1)) * (layers - low) / (up - low)
            }
        }
    };
    let mut points = String::new();
    for (c, &sigma) in sigmas.iter().enumerate() {
        let field = MeanField {
            activation: &tanh,
            weight_variance: sigma as f64 / 1000.0,
            bias_variance: 0.05,
        };
        let reach = field.correlation_depth().map_or(f64::INFINITY, |xi| 6.0 * xi);
        let _ = write!(points, "{:.1},{:.1} ", column(c) + wide / 2.0, height(reach));
    }
    let _ = writeln!(
        svg,
        r##"<polyline points="{points}" fill="none" stroke="#c22" stroke-width="2.5"/><text x="560" y="60" fill="#c22">6 xi_c</text>"##
    );
    Ok(page(
        "Training accuracy after 150 steps of tanh networks: theory's six correlation lengths in red",
        "sigma_w^2 (sigma_b^2 = .05)",
        "hidden layers",
        &svg,
    ))
}

fn he_xavier(papers: &Path) -> Result<String> {
    // By scheme and optimizer, by replicate: accuracy at each epoch.
    let mut curves: BTreeMap<(String, u32), Vec<(u32, f64)>> = BTreeMap::new();
    for row in Reader::<EpochLine, _>::open(&papers.join("e01-he/epochs.csv"))? {
        let row = row?;
        let at = &row.coordinates;
        if at.architecture == "30x64" && at.optimizer == "sgd" {
            let accuracy = row.row.test_accuracy.unwrap_or(0.0);
            curves
                .entry((at.scheme.clone(), at.replicate))
                .or_default()
                .push((row.row.epoch, accuracy));
        }
    }
    let last = curves.values().flatten().map(|p| p.0).max().unwrap_or(1).max(1);
    let x = |epoch: u32| 70.0 + 480.0 * f64::from(epoch) / f64::from(last);
    let y = |accuracy: f64| 340.0 - 300.0 * accuracy;
    let mut svg = String::new();
    for tenth in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let _ = writeln!(
            svg,
            r##"<line x1="70" x2="550" y1="{0:.1}" y2="{0:.1}" stroke="#ddd"/><text x="62" y="{1:.1}" text-anchor="end">{tenth}</text>"##,
            y(tenth),
            y(tenth) + 4.0
        );
    }
    for epoch in (0..=last).step_by(5) {
        let _ = writeln!(
            svg,
            r#"<text x="{:.1}" y="358" text-anchor="middle">{epoch}</text>"#,
            x(epoch)
        );
    }
    for ((scheme, _), curve) in &curves {
        let colour = if scheme.starts_with("he") { "#b33" } else { "#36b" };
        let points: String = curve
            .iter()
            .map(|(e, a)| format!("{:.1},{:.1} ", x(*e), y(*a)))
            .collect();
        let _ = writeln!(
            svg,
            r#"<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>"#
        );
    }
    let _ = writeln!(
        svg,
        r##"<text x="560" y="{:.1}" fill="#b33">He</text><text x="560" y="{:.1}" fill="#36b">Xavier</text>"##,
        y(0.85),
        y(0.1)
    );
    Ok(page(
        "Test accuracy of 30-layer ReLU networks, SGD at .01: seven seeds each",
        "epochs",
        "test accuracy",
        &svg,
    ))
}

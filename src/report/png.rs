//! FigureList as PNG: their SVG, painted with a font of our own, so that a machine needs none.

use std::io;
use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::figure::Drawing;
use crate::support::error::{Error, Kind, Result};

/// Arimo Regular, the Latin and Greek parts. As wide as Arial, which the room for labels is
/// reckoned by.
const FONT: &[u8] = include_bytes!("font/arimo.ttf");

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_sans_serif_family("Arimo");
    Arc::new(fonts)
});

/// What `Software` says in a file of our making.
const SOFTWARE: &str = "goodinit";

/// `figure` as a PNG file, `scale` pixels to each CSS pixel, light on white.
///
/// # Errors
/// Only if painting itself fails, as for a figure too large for memory.
pub fn encode(figure: &Drawing, scale: f32) -> Result<Vec<u8>> {
    let failed = |e: String| {
        let message = format!("cannot paint the figure `{}` as PNG: {e}", figure.id);
        Error::new(Kind::Io, message)
    };
    let options = Options {
        fontdb: FONTS.clone(),
        ..Options::default()
    };
    let tree = Tree::from_str(&figure.standalone(), &options).map_err(|e| failed(e.to_string()))?;
    let pixels = |length: u32| (length as f32 * scale).round().max(1.0) as u32;
    let (width, height) = (pixels(figure.width), pixels(figure.height));
    let mut pixmap = Pixmap::new(width, height).ok_or_else(|| failed("it is too large".to_owned()))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    // The figure has an opaque ground, so that alpha says nothing.
    let opaque = pixmap.pixels().iter();
    let rgb: Vec<u8> = opaque.flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
    write(width, height, &rgb).map_err(|e| failed(e.to_string()))
}

fn write(width: u32, height: u32, rgb: &[u8]) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.add_text_chunk("Software".to_owned(), SOFTWARE.to_owned())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    writer.finish()?;
    Ok(file)
}

/// Whether a file that begins so is one of ours.
pub fn is_ours(start: &[u8]) -> bool {
    let mark = [b"tEXtSoftware\0", SOFTWARE.as_bytes()].concat();
    start.starts_with(b"\x89PNG") && start.windows(mark.len()).any(|w| w == mark)
}

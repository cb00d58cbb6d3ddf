//! The same images are the same data, whichever format they come in.

use super::*;

/// Images as IDX and the same images as CSV: the same data to every trial.
fn idx_and_csv_agree(dir: &std::path::Path) -> String {
    let idx = table(&[("kind", text("idx")), ("path", text(dir.to_str().unwrap()))]);
    let idx = DataSpec::parse(&idx).unwrap();
    let images = load(&idx, 5, &Environment::default()).unwrap();
    let Features::U8(pixels) = &images.features else {
        panic!()
    };
    let Targets::Classes { labels, .. } = &images.targets else {
        panic!()
    };
    let official = images.official_test.clone().unwrap();
    let tables = tempfile::tempdir().unwrap();
    let write = |name: &str, rows: std::ops::Range<usize>| {
        let mut out = String::new();
        for row in rows {
            for pixel in &pixels[row * images.cols..][..images.cols] {
                out.push_str(&pixel.to_string());
                out.push(',');
            }
            out.push_str(&format!("{}\n", labels[row]));
        }
        let path = tables.path().join(name);
        std::fs::write(&path, out).unwrap();
        text(path.to_str().unwrap())
    };
    let csv = table(&[
        ("kind", text("csv")),
        ("path", write("train.csv", 0..official.start)),
        ("test_path", write("test.csv", official)),
        ("scale", Value::Integer(255)),
        ("standardize", text("none")),
    ]);
    let csv = DataSpec::parse(&csv).unwrap();
    let rows = load(&csv, 5, &Environment::default()).unwrap();
    assert_eq!(images.digest, rows.digest);
    let hashes = [(&images, &idx), (&rows, &csv)].map(|(d, s)| prepare(d, s, 0.2, 5, 1).unwrap().hash);
    assert_eq!(hashes[0], hashes[1]);
    images.digest.clone()
}

#[test]
fn a_table_of_pixels_is_the_same_data_as_the_images() {
    use crate::data::idx::tests::file;
    let dir = tempfile::tempdir().unwrap();
    for (part, n) in [("train", 60u32), ("t10k", 20)] {
        let pixels: Vec<u8> = (0..n * 30)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 17) as u8)
            .collect();
        let labels: Vec<u8> = (0..n).map(|i| (i % 4) as u8).collect();
        std::fs::write(
            dir.path().join(format!("{part}-images-idx3-ubyte")),
            file(&[n, 6, 5], &pixels),
        )
        .unwrap();
        std::fs::write(
            dir.path().join(format!("{part}-labels-idx1-ubyte")),
            file(&[n], &labels),
        )
        .unwrap();
    }
    idx_and_csv_agree(dir.path());
}

#[test]
fn real_images_are_the_same_data_from_either_format() {
    let shared = std::env::var("GOODINIT_TEST_DATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data").to_owned());
    let dir = std::path::Path::new(&shared).join("mnist-10k");
    if !dir.is_dir() {
        println!("skipped: there is no {}", dir.display());
        return;
    }
    assert_eq!(idx_and_csv_agree(&dir)[..16], *"f1716cbbc74f3067");
}

//! The UCI digits, embedded: 1797 images of 8 x 8 with values from 0 to 16.

use std::io::Read as _;

use super::{Dataset, Environment, Features, KnownDataset, SplitRule, Targets};
use crate::support::catalog::{Entry, Spec};
use crate::support::error::{Error, Kind, Result};

/// The file as published with scikit-learn: 64 values and the label per line.
static FILE: &[u8] = include_bytes!("digits.csv.gz");

pub(super) static ITEM: KnownDataset = KnownDataset {
    entry: &Entry {
        name: "digits",
        aliases: &["uci-digits"],
        summary: "UCI optical recognition of handwritten digits, test part; embedded in the program",
        formula: "8 x 8 counts of set pixels, 0 to 16",
        citation: "E. Alpaydin, C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI ML repository, \
                   doi:10.24432/C50P49",
        parameters: &[],
    },
    shape: "1797 x 64, 10 classes",
    licence: "CC BY 4.0",
    source: "https://archive.ics.uci.edu/dataset/80 (as packed by scikit-learn)",
    mirrors: &[],
    files: &[super::SourceFile {
        name: "digits.csv.gz",
        bytes: 57_523,
        sha256: "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
        unpacked_bytes: 264_712,
    }],
    default_split: Some(SplitRule::WHOLE),
    tabular: false,
    load,
};

fn load(_: &Spec, _seed: u64, _: &Environment) -> Result<Dataset> {
    let broken = |why: String| Error::new(Kind::Data, format!("the embedded digits are broken: {why}"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(FILE)
        .read_to_string(&mut text)
        .map_err(|e| broken(e.to_string()))?;
    let (mut features, mut labels) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let (pixels, label) = line
            .rsplit_once(',')
            .ok_or_else(|| broken(format!("line `{line}`")))?;
        for pixel in pixels.split(',') {
            features.push(pixel.parse::<u8>().map_err(|e| broken(e.to_string()))?);
        }
        labels.push(label.parse::<u16>().map_err(|e| broken(e.to_string()))?);
    }
    let targets = Targets::Classes { labels, classes: 10 };
    let mut dataset = Dataset::new("digits", 64, Features::U8(features), targets)?;
    dataset.unit = Some(16.0);
    Ok(dataset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_digits_are_the_published_ones() {
        let item = &ITEM;
        let data = load(&Spec::plain(item.entry), 0, &Environment::default()).unwrap();
        assert_eq!((data.rows, data.cols), (1797, 64));
        let Targets::Classes { labels, classes: 10 } = &data.targets else {
            panic!()
        };
        let counts: Vec<usize> = (0..10)
            .map(|c| labels.iter().filter(|&&l| l == c).count())
            .collect();
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        assert_eq!(
            data.digest,
            "46fbaafe33057827fef1588f235ab76ecc75b4f5b4912d27eb2e7910804e95f3"
        );
    }
}

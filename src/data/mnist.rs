//! MNIST and Fashion-MNIST, read by the `mnist` crate from the data directory.
//!
//! That crate panics on whatever is wrong, so everything it assumes is checked before it is
//! called: that the four unpacked files are there, their magic numbers, counts and lengths, and
//! that the labels are below 10.

use std::path::Path;

use super::file::DataFile;
use super::idx::Idx;
use super::{Dataset, Environment, Features, KnownDataset, SourceFile, SplitRule, Targets};
use crate::support::catalog::{Entry, Spec};
use crate::support::error::{Error, Kind, Result};
use crate::support::text::megabytes;

const TRAIN: usize = 60_000;
const TEST: usize = 10_000;
const SIDE: usize = 28;

pub(super) static MNIST: KnownDataset = KnownDataset {
    entry: &Entry {
        name: "mnist",
        aliases: &[],
        summary: "handwritten digits; `goodinit fetch mnist` downloads them once",
        formula: "28 x 28 bytes, 0 to 255",
        citation: "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), Gradient-based learning applied to document \
                   recognition, Proc. IEEE 86(11)",
        parameters: &[],
    },
    shape: "60000 + 10000 x 784, 10 classes",
    licence: "CC BY-SA 3.0",
    source: "http://yann.lecun.com/exdb/mnist/",
    mirrors: &[
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
    files: &[
        SourceFile {
            name: "train-images-idx3-ubyte.gz",
            bytes: 9_912_422,
            sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            unpacked_bytes: 47_040_016,
        },
        SourceFile {
            name: "train-labels-idx1-ubyte.gz",
            bytes: 28_881,
            sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            unpacked_bytes: 60_008,
        },
        SourceFile {
            name: "t10k-images-idx3-ubyte.gz",
            bytes: 1_648_877,
            sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            unpacked_bytes: 7_840_016,
        },
        SourceFile {
            name: "t10k-labels-idx1-ubyte.gz",
            bytes: 4_542,
            sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            unpacked_bytes: 10_008,
        },
    ],
    default_split: Some(SplitRule::OFFICIAL),
    tabular: false,
    load: |_, _, environment| load(&MNIST, environment),
};

pub(super) static FASHION: KnownDataset = KnownDataset {
    entry: &Entry {
        name: "fashion-mnist",
        aliases: &["fashion_mnist"],
        summary: "pictures of clothes in MNIST's format; `goodinit fetch fashion-mnist` downloads them once",
        formula: "28 x 28 bytes, 0 to 255",
        citation: "H. Xiao, K. Rasul, R. Vollgraf (2017), Fashion-MNIST, arXiv:1708.07747",
        parameters: &[],
    },
    shape: "60000 + 10000 x 784, 10 classes",
    licence: "MIT",
    source: "https://github.com/zalandoresearch/fashion-mnist",
    mirrors: &[
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ],
    files: &[
        SourceFile {
            name: "train-images-idx3-ubyte.gz",
            bytes: 26_421_880,
            sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            unpacked_bytes: 47_040_016,
        },
        SourceFile {
            name: "train-labels-idx1-ubyte.gz",
            bytes: 29_515,
            sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            unpacked_bytes: 60_008,
        },
        SourceFile {
            name: "t10k-images-idx3-ubyte.gz",
            bytes: 4_422_102,
            sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            unpacked_bytes: 7_840_016,
        },
        SourceFile {
            name: "t10k-labels-idx1-ubyte.gz",
            bytes: 5_148,
            sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            unpacked_bytes: 10_008,
        },
    ],
    default_split: Some(SplitRule::OFFICIAL),
    tabular: false,
    load: |_: &Spec, _, environment| load(&FASHION, environment),
};

fn load(item: &KnownDataset, environment: &Environment) -> Result<Dataset> {
    let dir = environment.directory(item);
    for (file, dimensions) in
        item.files
            .iter()
            .zip([&[TRAIN, SIDE, SIDE][..], &[TRAIN], &[TEST, SIDE, SIDE], &[TEST]])
    {
        check(item, &dir.join(file.unpacked_name()), dimensions)?;
    }
    let Some(base) = dir.to_str() else {
        let message = format!(
            "{} is not valid UTF-8, which the reader of MNIST needs",
            dir.display()
        );
        return Err(Error::new(Kind::Data, message).help("choose another place with --data-dir"));
    };
    let mut read = ::mnist::MnistBuilder::new()
        .base_path(base)
        .label_format_digit()
        .training_set_length(TRAIN as u32)
        .validation_set_length(0)
        .test_set_length(TEST as u32)
        .finalize();
    let mut pixels = read.trn_img;
    pixels.append(&mut read.tst_img);
    let labels = read
        .trn_lbl
        .into_iter()
        .chain(read.tst_lbl)
        .map(u16::from)
        .collect();
    let targets = Targets::Classes { labels, classes: 10 };
    let mut dataset = Dataset::new(item.entry.name, SIDE * SIDE, Features::U8(pixels), targets)?;
    dataset.unit = Some(255.0);
    dataset.official_test = Some(TRAIN..TRAIN + TEST);
    Ok(dataset)
}

/// Everything that the reader takes for granted about one unpacked file.
fn check(item: &KnownDataset, path: &Path, dimensions: &[usize]) -> Result<()> {
    let name = item.entry.name;
    if !path.exists() {
        let message = format!("{name} is not on this machine: there is no {}", path.display());
        return Err(Error::new(Kind::Data, message)
            .help(format!(
                "`goodinit fetch {name}` downloads it once ({}), `goodinit grid --fetch` does so on the way",
                megabytes(item.bytes())
            ))
            .help("files elsewhere: --data-dir DIR, GOODINIT_DATA_DIR, or --set data.kind=idx --set data.path=DIR"));
    }
    let again = |e: Error| {
        e.help(format!(
            "remove the file, then `goodinit fetch {name}` gets it again"
        ))
    };
    let idx = Idx::open(DataFile::open(path)?).map_err(again)?;
    if idx.dimensions() != dimensions {
        let message = format!(
            "{}: dimensions {:?}, not {dimensions:?}",
            path.display(),
            idx.dimensions()
        );
        return Err(again(Error::new(Kind::Data, message)));
    }
    if idx.is_gzipped() {
        let message = format!("{} is still gzipped", path.display());
        return Err(again(Error::new(Kind::Data, message)));
    }
    if dimensions.len() == 1 {
        let mut labels = Vec::new();
        idx.read(&mut labels).map_err(again)?;
        if let Some(i) = labels.iter().position(|&l| l > 9) {
            let message = format!(
                "{}: label {} of sample {} is above 9",
                path.display(),
                labels[i],
                i + 1
            );
            return Err(again(Error::new(Kind::Data, message)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

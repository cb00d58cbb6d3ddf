use std::io::Write as _;
use std::path::Path;

use super::*;
use crate::support::catalog::Value;

/// An IDX file of bytes.
pub(in crate::data) fn file(dimensions: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dimensions.len() as u8];
    bytes.extend(dimensions.iter().flat_map(|d| d.to_be_bytes()));
    bytes.extend_from_slice(elements);
    bytes
}

pub(in crate::data) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn source(name: &str, bytes: Vec<u8>) -> DataFile {
    DataFile::from_bytes(Path::new(name), bytes).unwrap()
}

fn read(images: Vec<u8>, labels: Vec<u8>) -> Result<Dataset> {
    join(
        "idx",
        Pair::open(source("images", images), source("labels", labels))?,
        None,
        false,
    )
}

#[test]
fn plain_and_gzipped_files_make_the_same_dataset() {
    let (images, labels) = (file(&[3, 1, 2], &[1, 2, 3, 4, 5, 255]), file(&[3], &[0, 2, 1]));
    let plain = read(images.clone(), labels.clone()).unwrap();
    assert_eq!((plain.rows, plain.cols, plain.unit), (3, 2, Some(255.0)));
    assert_eq!(plain.features, Features::U8(vec![1, 2, 3, 4, 5, 255]));
    assert_eq!(
        plain.targets,
        Targets::Classes {
            labels: vec![0, 2, 1],
            classes: 3
        }
    );
    assert_eq!(plain.digest, read(gzip(&images), gzip(&labels)).unwrap().digest);
    // Two gzip members after each other are one file.
    let halves = [gzip(&images[..9]), gzip(&images[9..])].concat();
    assert_eq!(plain.digest, read(halves, labels).unwrap().digest);
}

#[test]
fn each_fault_is_named_with_file_and_place() {
    let images = file(&[3, 1, 2], &[1, 2, 3, 4, 5, 255]);
    let labels = file(&[3], &[0, 2, 1]);
    let cut = |bytes: &[u8], n: usize| bytes[..n].to_vec();
    let cases: Vec<(Vec<u8>, Vec<u8>, &str)> = vec![
        (
            b"PNG\x01....".to_vec(),
            labels.clone(),
            "images: wrong magic number 50 4e 47 01 at byte 0",
        ),
        (
            vec![0, 0, 13, 3],
            labels.clone(),
            "images: element type 0d at byte 2",
        ),
        (vec![0, 0, 8, 9], labels.clone(), "images: 9 dimensions at byte 3"),
        (
            vec![0, 0],
            labels.clone(),
            "images ends after 2 bytes, where 2 more",
        ),
        (vec![], labels.clone(), "images ends after 0 bytes"),
        (cut(&images, 9), labels.clone(), "images ends after 9 bytes"),
        (
            cut(&images, 20),
            labels.clone(),
            "its header promises 22 bytes, but the file has 20",
        ),
        (
            [&images[..], &[0]].concat(),
            labels.clone(),
            "promises 22 bytes, but the file has 23",
        ),
        (file(&[u32::MAX; 4], &[]), labels.clone(), "make no data"),
        (
            file(&[u32::MAX, 1, 2], &[]),
            labels.clone(),
            "promises 8589934606 bytes, but the file has 16",
        ),
        (
            gzip(&file(&[u32::MAX, 1, 2], &[])),
            labels.clone(),
            "bytes of gzip can hold",
        ),
        (
            file(&[0, 28, 28], &[]),
            labels.clone(),
            "[0, 28, 28] make no data",
        ),
        (labels.clone(), labels.clone(), "are not those of images"),
        (images.clone(), images.clone(), "are not those of labels"),
        (
            images.clone(),
            file(&[2], &[0, 1]),
            "images has 3 images but labels has 2 labels",
        ),
        (
            cut(&gzip(&images), 12),
            labels.clone(),
            "images: truncated or damaged gzip data",
        ),
        (
            cut(&gzip(&images), gzip(&images).len() - 5),
            labels.clone(),
            "images: truncated or damaged gzip",
        ),
        (
            gzip(&[&images[..], &[0]].concat()),
            labels.clone(),
            "images goes on after byte 22",
        ),
        (
            gzip(&images[..20]),
            labels.clone(),
            "images ends after 20 bytes, where 2 more",
        ),
    ];
    for (images, labels, says) in cases {
        let error = read(images, labels).unwrap_err().to_string();
        assert!(error.contains(says), "{error}\nshould say: {says}");
    }
}

#[test]
fn a_directory_is_read_with_its_test_pair_and_its_faults() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    let spec = |path: &Path| {
        let path = Value::Text(path.to_str().unwrap().to_owned());
        ITEM.entry.resolve([("path".to_owned(), path)].into()).unwrap()
    };
    let read = |path: &Path| load(&spec(path), 0, &Environment::default());
    let error = read(dir.path()).unwrap_err().to_string();
    assert!(error.contains("no train-images-idx3-ubyte in"), "{error}");
    write("train-images-idx3-ubyte.gz", &gzip(&file(&[2, 2, 2], &[7; 8])));
    let error = read(dir.path()).unwrap_err().to_string();
    assert!(
        error.contains("train-images-idx3-ubyte.gz is there, but not its counterpart"),
        "{error}"
    );
    write("train-labels.idx1-ubyte", &file(&[2], &[1, 0]));
    assert_eq!(read(dir.path()).unwrap().official_test, None);
    write("t10k-images-idx3-ubyte", &file(&[1, 2, 2], &[9; 4]));
    write("t10k-labels-idx1-ubyte", &file(&[1], &[4]));
    let error = read(dir.path()).unwrap_err().to_string();
    assert!(
        error.contains("t10k-labels-idx1-ubyte has classes that training never sees: `4`")
            && error.contains("train-labels.idx1-ubyte has: `0`, `1`"),
        "{error}"
    );
    let accepting = ITEM.entry.resolve(
        [
            (
                "path".to_owned(),
                Value::Text(dir.path().to_str().unwrap().to_owned()),
            ),
            ("unseen_classes".to_owned(), Value::Flag(true)),
        ]
        .into(),
    );
    let data = load(&accepting.unwrap(), 0, &Environment::default()).unwrap();
    assert_eq!(data.targets.outputs(), 5);
    // As EMNIST's letters begin at 1.
    assert!(
        data.notes[0].contains("no sample is of class `2`, `3`: the network has 5 outputs for 3 classes"),
        "{:?}",
        data.notes
    );
    write("t10k-labels-idx1-ubyte", &file(&[1], &[1]));
    let data = read(dir.path()).unwrap();
    assert_eq!((data.rows, data.official_test.clone()), (3, Some(2..3)));
    assert_eq!(
        data.targets,
        Targets::Classes {
            labels: vec![1, 0, 1],
            classes: 2
        }
    );
    write("t10k-images-idx3-ubyte", &file(&[1, 2, 3], &[9; 6]));
    let error = read(dir.path()).unwrap_err().to_string();
    assert!(
        error.contains("has images of 6 values, but") && error.contains("of 4"),
        "{error}"
    );
    let error = read(&dir.path().join("t10k-images-idx3-ubyte"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("is not a directory of IDX files"), "{error}");
    let error = read(&dir.path().join("nowhere")).unwrap_err().to_string();
    assert!(
        error.contains("cannot open") && error.contains("nowhere"),
        "{error}"
    );
    std::fs::remove_file(dir.path().join("t10k-images-idx3-ubyte")).unwrap();
    std::fs::create_dir(dir.path().join("t10k-images-idx3-ubyte")).unwrap();
    let error = read(dir.path()).unwrap_err().to_string();
    assert!(error.contains("is a directory, not a file"), "{error}");
}

#[test]
fn files_that_are_not_read_are_noted() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(directory.path().join(name), bytes).unwrap();
    let (images, labels) = (file(&[3, 1, 2], &[1, 2, 3, 4, 5, 255]), file(&[3], &[0, 2, 1]));
    let load_it = || {
        let path = Value::Text(directory.path().to_str().unwrap().to_owned());
        let spec = ITEM.entry.resolve([("path".to_owned(), path)].into()).unwrap();
        load(&spec, 0, &Environment::default())
    };
    for part in ["train", "t10k"] {
        write(&format!("{part}-images-idx3-ubyte"), &images);
        write(&format!("{part}-labels-idx1-ubyte"), &labels);
    }
    let notes = |dataset: &Dataset| {
        dataset
            .notes
            .iter()
            .filter(|n| n.contains("is read, not"))
            .count()
    };
    let dataset = load_it().unwrap();
    assert_eq!(notes(&dataset), 0, "{:?}", dataset.notes);
    write("train-images.idx3-ubyte.gz", &gzip(&images));
    write("test-images-idx3-ubyte", &images);
    let dataset = load_it().unwrap();
    assert_eq!(notes(&dataset), 2, "{:?}", dataset.notes);
    let says = |a: &str, b: &str| dataset.notes.iter().any(|n| n.contains(a) && n.ends_with(b));
    assert!(says(
        "train-images-idx3-ubyte is read",
        "train-images.idx3-ubyte.gz"
    ));
    assert!(says("t10k-images-idx3-ubyte is read", "test-images-idx3-ubyte"));
}

#[test]
fn a_file_that_was_gzipped_twice_is_named() {
    for content in [file(&[3], &[0, 2, 1]), b"1,0\n2,1\n".to_vec()] {
        let twice = DataFile::from_bytes(Path::new("x.gz"), gzip(&gzip(&content)));
        let error = twice.err().unwrap().to_string();
        assert!(error.contains("x.gz is gzipped twice"), "{error}");
    }
}

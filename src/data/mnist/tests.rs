use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};

use super::*;
use crate::data::idx::tests::{file, gzip};

/// A directory with files of the official shape; all pixels are 0 but a few.
fn official() -> (tempfile::TempDir, Environment) {
    let dir = tempfile::tempdir().unwrap();
    let environment = Environment::new(Some(dir.path().to_owned()));
    let home = environment.directory(&MNIST);
    fs::create_dir_all(&home).unwrap();
    for (source, rows) in MNIST.files.iter().zip([TRAIN, TRAIN, TEST, TEST]) {
        let path = home.join(source.unpacked_name());
        let bytes = if source.name.contains("labels") {
            file(
                &[rows as u32],
                &(0..rows).map(|i| (i % 10) as u8).collect::<Vec<u8>>(),
            )
        } else {
            file(&[rows as u32, 28, 28], &[9, 8, 7])
        };
        fs::write(&path, bytes).unwrap();
        let handle = OpenOptions::new().write(true).open(&path).unwrap();
        handle.set_len(source.unpacked_bytes).unwrap();
    }
    (dir, environment)
}

#[test]
fn files_of_the_official_shape_are_read_and_each_fault_is_named_before_the_reader_panics() {
    let (_dir, environment) = official();
    let home = environment.directory(&MNIST);
    let data = load(&MNIST, &environment).unwrap();
    assert_eq!((data.rows, data.cols, data.unit), (70_000, 784, Some(255.0)));
    assert_eq!(data.official_test, Some(60_000..70_000));
    let Features::U8(pixels) = &data.features else {
        panic!()
    };
    assert_eq!(
        (&pixels[..4], &pixels[60_000 * 784..][..4]),
        (&[9, 8, 7, 0][..], &[9, 8, 7, 0][..])
    );
    let Targets::Classes { labels, classes: 10 } = &data.targets else {
        panic!()
    };
    assert_eq!((labels[59_999], labels[60_003]), (9, 3));

    let overwrite = |name: &str, at: u64, bytes: &[u8]| {
        let mut handle = OpenOptions::new().write(true).open(home.join(name)).unwrap();
        handle.seek(SeekFrom::Start(at)).unwrap();
        handle.write_all(bytes).unwrap();
    };
    let fails = |says: &str| {
        let error = load(&MNIST, &environment).unwrap_err().to_string();
        assert!(error.contains(says), "{error}\nshould say: {says}");
    };
    overwrite("t10k-labels-idx1-ubyte", 8 + 4, &[10]);
    fails("t10k-labels-idx1-ubyte: label 10 of sample 5 is above 9");
    overwrite("train-labels-idx1-ubyte", 2, &[9]);
    fails("train-labels-idx1-ubyte: element type 09 at byte 2");
    overwrite("train-images-idx3-ubyte", 4, &[0, 0, 0, 1]);
    fails("its header promises 800 bytes, but the file has 47040016");
    overwrite("train-images-idx3-ubyte", 0, b"\x1f\x8b");
    fails("damaged gzip data");
    fs::write(
        home.join("train-images-idx3-ubyte"),
        gzip(&file(&[2, 2], &[1; 4])),
    )
    .unwrap();
    fails("dimensions [2, 2], not [60000, 28, 28]");
    fs::remove_file(home.join("train-images-idx3-ubyte")).unwrap();
    fs::create_dir(home.join("train-images-idx3-ubyte")).unwrap();
    fails("is a directory, not a file");
    fs::remove_dir(home.join("train-images-idx3-ubyte")).unwrap();
    fails("mnist is not on this machine: there is no ");
    fails("`goodinit fetch mnist` downloads it once (11.6 MB)");
    assert!(MNIST.is_missing(&environment));
}

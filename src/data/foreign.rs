//! Files that are something else than what was asked for, told by their first bytes: an archive, a
//! pointer in place of the file, a web page, another encoding of text.

use std::path::Path;

use crate::support::error::{Error, Kind, Result};

const UNPACK: &str = "unpack it first; plain and gzipped files are read";
const EXPORT: &str = "export it as CSV, for example by pandas' `to_csv(.., index=False)`";
const AGAIN: &str = "an error page in place of the file? download it again";
const UTF8: &str = "save it as UTF-8: iconv -f UTF-16 -t UTF-8 OLD > NEW";

/// First bytes, what has them, and what to do.
static SIGNATURES: &[(&[u8], &str, &str)] = &[
    (
        b"version https://git-lfs",
        "a Git LFS pointer in place of the file",
        "`git lfs pull` gets the file itself",
    ),
    (b"PK\x03\x04", "a zip archive", UNPACK),
    (b"\x1f\x8b", "compressed with gzip", "unpack it first"),
    (b"\xfd7zXZ\0", "compressed with xz", UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", UNPACK),
    (b"\x04\x22\x4d\x18", "compressed with lz4", UNPACK),
    (b"BZh", "compressed with bzip2", UNPACK),
    (b"7z\xbc\xaf", "a 7z archive", UNPACK),
    (b"\x1f\x9d", "compressed with compress (.Z)", UNPACK),
    (b"PAR1", "a Parquet file", EXPORT),
    (b"ARROW1", "an Arrow file", EXPORT),
    (b"\x93NUMPY", "a NumPy array", EXPORT),
    (b"\x89HDF", "an HDF5 file", EXPORT),
    (b"SQLite format 3", "an SQLite database", EXPORT),
    (b"\xd0\xcf\x11\xe0", "a workbook of old Excel", EXPORT),
    (b"\x80\x02", "a Python pickle", EXPORT),
    (b"\x80\x03", "a Python pickle", EXPORT),
    (b"\x80\x04", "a Python pickle", EXPORT),
    (b"\x80\x05", "a Python pickle", EXPORT),
    (b"\x89PNG", "a PNG image", EXPORT),
    (b"%PDF", "a PDF document", EXPORT),
    (b"\xff\xfe", "text in UTF-16", UTF8),
    (b"\xfe\xff", "text in UTF-16", UTF8),
    (b"{\"", "JSON", EXPORT),
    (b"[{", "JSON", EXPORT),
    (b"[[", "JSON", EXPORT),
];

/// First words of text files, in lower case.
static FIRST_WORDS: &[(&str, &str, &str)] = &[
    ("<!doctype", "a web page", AGAIN),
    ("<html", "a web page", AGAIN),
    ("<?xml", "XML", AGAIN),
    ("@relation", "an ARFF file", EXPORT),
];

/// Refuses the file at `path` if `start`, its first bytes, are those of another kind of file.
///
/// # Errors
/// They are; the message says what the file is.
pub(crate) fn refuse(path: &Path, start: &[u8]) -> Result<()> {
    let Some((what, help)) = recognized(start) else {
        return Ok(());
    };
    Err(Error::new(Kind::Data, format!("{} is {what}", path.display())).help(help))
}

fn recognized(start: &[u8]) -> Option<(&'static str, &'static str)> {
    if let Some((_, what, help)) = SIGNATURES.iter().find(|(bytes, ..)| start.starts_with(bytes)) {
        return Some((what, help));
    }
    if start.get(257..262) == Some(b"ustar") {
        return Some(("a tar archive", UNPACK));
    }
    // UTF-16 without a byte order mark: every second byte of ASCII text is zero.
    let text = |b: u8| b.is_ascii_graphic() || b.is_ascii_whitespace();
    if let [a, b, c, d, ..] = *start
        && ((text(a) && text(c) && b == 0 && d == 0) || (text(b) && text(d) && a == 0 && c == 0))
    {
        return Some(("text in UTF-16", UTF8));
    }
    let head = String::from_utf8_lossy(&start[..start.len().min(64)]).to_lowercase();
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let found = FIRST_WORDS.iter().find(|(word, ..)| head.starts_with(word));
    found.map(|(_, what, help)| (*what, *help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_kinds_of_files_are_named() {
        let cases: [(&[u8], &str); 10] = [
            (b"\x1f\x8b\x08\0", "gzip"),
            (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
            (b"PK\x03\x04\x14\0", "zip"),
            (b"\xfd7zXZ\0\0", "xz"),
            (b"\x28\xb5\x2f\xfd\0", "zstd"),
            (b"PAR1\x15", "Parquet"),
            (b"\xff\xfea\0,\0", "UTF-16"),
            (b"a\0,\0b\0", "UTF-16"),
            (b"\n <!DOCTYPE html>\n<html>", "web page"),
            (b"@RELATION iris", "ARFF"),
        ];
        for (start, says) in cases {
            let error = refuse(Path::new("x.csv"), start).unwrap_err().to_string();
            assert!(error.starts_with("x.csv is ") && error.contains(says), "{error}");
        }
        // Data files: text, IDX, safetensors, one byte.
        for start in [
            &b"a,b\n1,2\n"[..],
            &[0, 0, 8, 3, 0, 0, 0, 1],
            &[60, 0, 0, 0, 0, 0, 0, 0, b'{'],
            b"1",
        ] {
            assert!(refuse(Path::new("x"), start).is_ok(), "{start:?}");
        }
    }
}

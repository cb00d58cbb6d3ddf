//! The modules of the crate are floors: a file uses only lower floors or its own.

use std::path::{Path, PathBuf};

fn source_files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source_files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// The floors in the order in which `lib.rs` lists them.
fn floors(src: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(src.join("lib.rs")).unwrap();
    text.lines()
        .filter_map(|l| l.strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_file_uses_only_lower_floors_or_its_own() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let floors = floors(&src);
    assert!(floors.len() >= 10, "lib.rs lists the floors: {floors:?}");
    let mut files = Vec::new();
    source_files(&src, &mut files);
    let mut wrong = Vec::new();
    let mut uses = 0;
    for file in files {
        let relative = file.strip_prefix(&src).unwrap();
        let own = relative
            .iter()
            .next()
            .unwrap()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs");
        let Some(own_floor) = floors.iter().position(|f| f == own) else {
            continue;
        };
        if relative
            .iter()
            .any(|part| part.to_string_lossy().contains("tests"))
        {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        // Tests may draw on anything to check their floor.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for part in line.split("crate::").skip(1) {
                let end = part
                    .find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(part.len());
                let Some(used) = floors.iter().position(|f| *f == part[..end]) else {
                    continue;
                };
                uses += 1;
                if used > own_floor {
                    wrong.push(format!("{}:{}: {}", relative.display(), number + 1, line.trim()));
                }
            }
        }
    }
    assert!(
        uses > 20,
        "the scan found only {uses} uses: it no longer reads the code"
    );
    assert!(wrong.is_empty(), "upward uses:\n{}", wrong.join("\n"));
}

//! How much memory this process may still take, so that what cannot fit is refused before it begins.

use std::fs;
use std::path::Path;

use crate::support::error::{Error, Kind, Result};
use crate::support::text::megabytes;

/// Bytes that this process may still take: what the machine has left, or less where a control group
/// (a container, a scheduler's job) limits it. `None` where that is not known.
pub(crate) fn available() -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let machine = figure(&read("/proc/meminfo"), "MemAvailable:").map(|kilobytes| kilobytes << 10);
    let group = group_left(Path::new("/sys/fs/cgroup"), &read("/proc/self/cgroup"));
    machine.into_iter().chain(group).min()
}

/// The number that follows `name` on a line of `text`.
fn figure(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What the limits of the control groups in `groups` (the text of `/proc/self/cgroup`) leave; the
/// groups are directories below `root`. Inside a container their own path may not be there: then
/// a directory above it holds the limit.
fn group_left(root: &Path, groups: &str) -> Option<u64> {
    let left = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        let (root, path, limit, usage, cache) = match rest.split_once(':')? {
            ("", path) => (
                root.to_owned(),
                path,
                "memory.max",
                "memory.current",
                "inactive_file ",
            ),
            (names, path) if names.split(',').any(|name| name == "memory") => {
                let names = ("memory.limit_in_bytes", "memory.usage_in_bytes");
                (
                    root.join("memory"),
                    path,
                    names.0,
                    names.1,
                    "total_inactive_file ",
                )
            }
            _ => return None,
        };
        let of = |directory: &Path| {
            let read = |name| fs::read_to_string(directory.join(name)).ok();
            let number = |name| read(name)?.trim().parse::<u64>().ok();
            // The system takes back cached files when memory is short.
            let cached = read("memory.stat")
                .and_then(|text| figure(&text, cache))
                .unwrap_or(0);
            Some((number(limit)? + cached).saturating_sub(number(usage)?))
        };
        let path = root.join(path.trim_start_matches('/'));
        path.ancestors()
            .take_while(|p| p.starts_with(&root))
            .filter_map(of)
            .min()
    };
    groups.lines().filter_map(left).min()
}

/// Checks that `needed` more bytes fit; `what` says what for.
///
/// # Errors
/// They do not; the error has the figures.
pub(crate) fn check(needed: u64, available: Option<u64>, what: &str, help: &str) -> Result<()> {
    match available {
        Some(left) if needed > left => {
            let (needed, left) = (megabytes(needed), megabytes(left));
            let message = format!("not enough memory: {what} takes about {needed}, {left} is available");
            Err(Error::new(Kind::Io, message).help(help))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_both_versions_and_of_groups_above_count() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let left = |groups| group_left(dir.path(), groups);
        assert_eq!(left("0::/job/step\n"), None);
        write("job/memory.max", "1000\n");
        write("job/memory.current", "700\n");
        write("job/memory.stat", "anon 100\ninactive_file 200\n");
        write("job/step/memory.max", "max\n");
        write("job/step/memory.current", "600\n");
        assert_eq!(left("0::/job/step\n"), Some(500));
        write("job/step/memory.max", "900\n");
        assert_eq!(left("0::/job/step\n"), Some(300));
        write("memory/memory.limit_in_bytes", "5000\n");
        write("memory/memory.usage_in_bytes", "6000\n");
        // The group's path on the host is not there.
        assert_eq!(left("7:cpu,memory:/docker/abc\n"), Some(0));
        assert_eq!(left("7:cpu:/x\n"), None);
    }

    #[test]
    fn a_run_that_cannot_fit_is_refused_with_figures() {
        let error = check(3 << 30, Some(1 << 30), "x", "do less")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("x takes about") && error.contains("do less"),
            "{error}"
        );
        check(3 << 30, None, "x", "").unwrap();
        check(1 << 30, Some(1 << 30), "x", "").unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_memory() {
        assert!(available().unwrap() > 1 << 20);
    }
}

//! Where data lives on this machine.

use std::env;
use std::path::PathBuf;

use super::KnownDataset;

/// What loading may need to know about the machine; never part of a table.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Where downloaded datasets are kept, a folder each.
    pub data_dir: PathBuf,
}

impl Environment {
    /// The data directory given on the command line, else `GOODINIT_DATA_DIR`, else the user's
    /// cache directory.
    pub fn new(data_dir: Option<PathBuf>) -> Self {
        let data_dir = data_dir
            .or_else(|| variable("GOODINIT_DATA_DIR"))
            .unwrap_or_else(|| cache_dir().join("goodinit"));
        Environment { data_dir }
    }

    /// The directory of a dataset's downloaded files.
    pub fn directory(&self, item: &KnownDataset) -> PathBuf {
        self.data_dir.join(item.entry.name)
    }
}

impl Default for Environment {
    fn default() -> Self {
        Environment::new(None)
    }
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from)
}

#[cfg(target_os = "windows")]
fn cache_dir() -> PathBuf {
    variable("LOCALAPPDATA").unwrap_or_else(env::temp_dir)
}

#[cfg(target_os = "macos")]
fn cache_dir() -> PathBuf {
    variable("HOME").map_or_else(env::temp_dir, |home| home.join("Library").join("Caches"))
}

/// The XDG base directory specification: `$XDG_CACHE_HOME` if absolute, else `~/.cache`.
#[cfg(not(any(target_os = "windows", target_os = "macos")))]
fn cache_dir() -> PathBuf {
    variable("XDG_CACHE_HOME")
        .filter(|p| p.is_absolute())
        .or_else(|| variable("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(env::temp_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_comes_first_and_there_is_always_a_directory() {
        assert_eq!(
            Environment::new(Some("here".into())).data_dir,
            PathBuf::from("here")
        );
        assert!(!Environment::default().data_dir.as_os_str().is_empty());
    }
}

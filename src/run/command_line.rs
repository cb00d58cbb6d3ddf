//! Command lines for a person to copy.

use std::ffi::OsStr;

use os_display::Quotable as _;

use super::shard::Shard;

/// The command line `command` with the shard that it trains.
pub(crate) fn shard_command(command: &str, shard: Shard) -> String {
    match shard.is_whole() {
        true => command.to_owned(),
        false => format!("{command} --shard {shard}"),
    }
}

/// `goodinit` with `arguments`, quoted for the shell where they need it: also control characters
/// and names that are no UTF-8.
pub(crate) fn command_line<'a>(arguments: impl IntoIterator<Item = &'a OsStr>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    let mut line = "goodinit".to_owned();
    for argument in arguments {
        line.push(' ');
        match argument.to_str() {
            Some(word) if !word.is_empty() && word.chars().all(plain) => line.push_str(word),
            _ => line.push_str(&argument.quote().to_string()),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_the_arguments() {
        let words: [&[u8]; 8] = [
            b"grid",
            b"a b.toml",
            b"it's $HOME",
            b"\xe9t\xe9.toml",
            b"~x",
            b"--set",
            b"a=[1, 'x']",
            b"two\nlines",
        ];
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt as _;
            let line = command_line(words.map(OsStr::from_bytes));
            assert!(!line.contains('\n'), "{line}");
            let script = line.replacen("goodinit", r"printf '%s\0'", 1);
            let Ok(shell) = std::process::Command::new("bash").args(["-c", &script]).output() else {
                return;
            };
            let read: Vec<&[u8]> = shell
                .stdout
                .strip_suffix(b"\0")
                .unwrap()
                .split(|b| *b == 0)
                .collect();
            assert_eq!(read, words, "{line}");
        }
    }

    #[test]
    fn plain_words_stay_as_they_are() {
        let words = [
            "grid",
            "results/x-1_2.toml",
            "--out",
            "a=b",
            "x,y",
            "2/4",
            "a=[1, 2]",
        ];
        assert_eq!(
            command_line(words.map(OsStr::new)),
            "goodinit grid results/x-1_2.toml --out a=b x,y 2/4 'a=[1, 2]'"
        );
    }
}

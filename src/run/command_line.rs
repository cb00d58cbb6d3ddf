//! Command lines for a person to copy.

use std::fmt::Write as _;

use super::shard::Shard;

/// The command line that trains `shard`, for a person to copy.
pub fn shard_command(arguments: &[String], shard: Shard) -> String {
    let mut line = command_line(arguments);
    if !shard.is_whole() {
        let _ = write!(line, " --shard {shard}");
    }
    line
}

/// `goodinit` with `arguments`, quoted for a shell where they need it.
pub fn command_line(arguments: &[String]) -> String {
    let mut line = "goodinit".to_owned();
    for argument in arguments {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%\\".contains(c);
        if !argument.is_empty() && argument.chars().all(plain) {
            let _ = write!(line, " {argument}");
        } else {
            let _ = write!(line, " '{}'", argument.replace('\'', r"'\''"));
        }
    }
    line
}

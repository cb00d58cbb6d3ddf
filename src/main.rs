//! The command line of `goodinit`.
fn main() {}

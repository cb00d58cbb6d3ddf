//! One error type for the whole crate: a kind, a message, and what would put it right.
//!
//! Every error a user meets is one clear message that names the place (file, line, key, row,
//! trial), an optional excerpt of the file with a caret, and an optional line of help.

use std::fmt::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::support::text::{visible, wrap_quoted};

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, coarsely; decides the exit code and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A command-line argument makes no sense.
    Usage,
    /// An experiment file is wrong.
    Experiment,
    /// A dataset is missing, malformed or does not fit the experiment.
    Data,
    /// A results directory, journal or table is wrong, locked or belongs to something else.
    Store,
    /// The operating system refused a read or write.
    Io,
    /// A download failed.
    Network,
    /// A single trial could not be carried out.
    Trial,
    /// The user, or the scheduler, asked the program to stop.
    Interrupted,
}

/// A failure, with everything a person needs to mend it.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    message: String,
    context: Vec<String>,
    excerpt: Option<Excerpt>,
    help: Vec<String>,
}

/// The place in a text file that an error points at.
#[derive(Debug, Clone)]
struct Excerpt {
    path: PathBuf,
    source: String,
    span: Range<usize>,
    label: String,
}

impl Error {
    /// A new error of `kind`; `message` is one sentence without a trailing full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            context: Vec::new(),
            excerpt: None,
            help: Vec::new(),
        }))
    }

    /// An operating-system error while doing `what` to `path`.
    pub fn io(what: &str, path: &Path, source: &std::io::Error) -> Self {
        if path.as_os_str().is_empty() {
            return Error::new(Kind::Io, format!("cannot {what} ``: the path is empty"));
        }
        let error = Error::new(Kind::Io, format!("cannot {what} {}: {source}", path.display()));
        match source.kind() {
            std::io::ErrorKind::NotADirectory => error.help("a part of this path is a file, not a directory"),
            std::io::ErrorKind::AlreadyExists => {
                error.help("there is a file of that name, where a directory is needed")
            }
            std::io::ErrorKind::FileTooLarge => error.help("`ulimit -f` limits the size of files"),
            std::io::ErrorKind::NotFound if path.is_relative() => match std::env::current_dir() {
                Ok(here) => error.help(format!(
                    "the path counts from the working directory, {}",
                    here.display()
                )),
                Err(_) => error,
            },
            _ => error,
        }
    }

    /// Puts this error into a wider context ("while reading results/quick/trials.csv").
    #[must_use]
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.0.context.push(context.into());
        self
    }

    /// Adds a line that says what would be right.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help.push(help.into());
        self
    }

    /// Points at the bytes `span` of `source`, the text of the file at `path`.
    #[must_use]
    pub fn at(mut self, path: &Path, source: &str, span: Range<usize>, label: &str) -> Self {
        self.0.excerpt = Some(Excerpt {
            path: path.to_owned(),
            source: source.to_owned(),
            span,
            label: label.to_owned(),
        });
        self
    }

    /// The kind of this error.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The bare message, without context, excerpt or help.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The exit code of a program that ends with this error: 2, or 75 (`EX_TEMPFAIL`, "try
    /// again", which schedulers can requeue on) for an interruption.
    pub fn exit_code(&self) -> u8 {
        match self.0.kind {
            Kind::Interrupted => 75,
            _ => 2,
        }
    }
}

impl Error {
    /// Everything a person needs to mend it, behind `label` ("error: "). With a `width`, in lines
    /// of so many columns at most, as far as words, quotations and commands fit: those are never
    /// broken, so that they can be copied.
    pub fn text(&self, label: &str, width: Option<usize>) -> String {
        let inner = &*self.0;
        let mut message = String::new();
        for part in inner.context.iter().rev() {
            let _ = write!(message, "{}: ", visible(part));
        }
        message.push_str(&visible(&inner.message));
        let mut out = lines(label, &message, width, 0);
        if let Some(excerpt) = &inner.excerpt {
            let _ = write!(out, "\n{}", excerpt.render(width));
        }
        for help in &inner.help {
            const HELP: &str = "  help: ";
            let _ = write!(out, "\n{}", lines(HELP, &visible(help), width, HELP.len()));
        }
        out
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text("", None))
    }
}

/// `label` and `text`; with a `width` in lines of it, those after the first indented.
fn lines(label: &str, text: &str, width: Option<usize>, indent: usize) -> String {
    match width {
        Some(width) => wrap_quoted(label, text, width, indent),
        None => format!("{label}{text}"),
    }
}

impl Excerpt {
    /// The line with a caret; of a line longer than `width`, what is around the caret.
    fn render(&self, width: Option<usize>) -> String {
        use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
        // A span past the end or inside a character would make the renderer panic.
        let floor = |mut i: usize| {
            i = i.min(self.source.len());
            while !self.source.is_char_boundary(i) {
                i -= 1;
            }
            i
        };
        let (start, end) = (floor(self.span.start), floor(self.span.end));
        let path = self.path.display().to_string();
        let report = [annotate_snippets::Group::with_level(Level::ERROR).element(
            Snippet::source(&self.source).path(&path).annotation(
                AnnotationKind::Primary
                    .span(start..end.max(start))
                    .label(&self.label),
            ),
        )];
        let plain = Renderer::plain();
        match width {
            Some(width) => plain.term_width(width).render(&report),
            None => plain.render(&report),
        }
    }
}

impl std::error::Error for Error {}

/// Adds context to the error of a `Result`.
pub trait Context<T> {
    /// Wraps the error, if there is one, in `context()`.
    fn context<S: Into<String>>(self, context: impl FnOnce() -> S) -> Result<T>;
}

impl<T> Context<T> for Result<T> {
    fn context<S: Into<String>>(self, context: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|e| e.context(context()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_line_and_points_at_it() {
        let source = "name = \"x\"\nscheme = \"xaveir\"\n";
        let start = source.find("\"xaveir\"").unwrap();
        let error = Error::new(Kind::Experiment, "unknown scheme `xaveir`")
            .at(Path::new("a.toml"), source, start..start + 8, "not a scheme")
            .help("did you mean `xavier_uniform`?");
        let text = error.to_string();
        assert!(text.contains("a.toml:2:10"), "{text}");
        assert!(text.contains("^^^^^^^^ not a scheme"), "{text}");
        assert!(text.ends_with("help: did you mean `xavier_uniform`?"), "{text}");
    }

    #[test]
    fn what_a_message_quotes_commands_no_terminal() {
        let error = Error::new(Kind::Data, "no column `\u{1b}[2J\r`")
            .help("\u{7}")
            .context("a\tb");
        assert_eq!(
            error.to_string(),
            "a\\tb: no column `\\u{1b}[2J\\r`\n  help: \\u{7}"
        );
    }

    #[test]
    fn lines_are_broken_but_quotations_and_commands_are_not() {
        let error = Error::new(
            Kind::Interrupted,
            "interrupted after 3 s: 4 of 90 trials are kept",
        )
        .help("is `a b c d e f g h` meant, or something else")
        .help("go on with: goodinit grid x.toml --set a=1 --out somewhere/else");
        assert_eq!(
            error.text("error: ", Some(30)),
            "error: interrupted after 3 s:\n\
             4 of 90 trials are kept\n  help: is `a b c d e f g h`\n        meant, or something\n        \
             else\n  help: go on with:\n        \
             goodinit grid x.toml --set a=1 --out somewhere/else"
        );
    }

    #[test]
    fn a_span_outside_the_text_does_not_panic() {
        let error = Error::new(Kind::Experiment, "m").at(Path::new("a"), "é", 1..900, "here");
        assert!(error.to_string().contains("here"));
    }
}

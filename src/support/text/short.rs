//! Names cut to the room there is, and text without control characters.

use std::borrow::Cow;
use std::collections::BTreeMap;

use textwrap::core::display_width;

/// Stands for what was cut off.
const CUT: &str = "…";

/// `names` in at most `width` columns each, so that names that differ still do.
pub(crate) fn distinct_short<S: AsRef<str>>(names: &[S], width: usize) -> Vec<String> {
    let names: Vec<Cow<str>> = names.iter().map(|name| visible(name.as_ref())).collect();
    Room::columns(width, &columns).distinct(&names)
}

fn columns(text: &str) -> f64 {
    display_width(text) as f64
}

/// The room that a name has, in the unit of `measure`: columns of a terminal, or pixels.
pub(crate) struct Room<'m> {
    pub size: f64,
    pub measure: &'m dyn Fn(&str) -> f64,
}

impl<'m> Room<'m> {
    fn columns(width: usize, measure: &'m dyn Fn(&str) -> f64) -> Self {
        let size = width as f64;
        Room { size, measure }
    }

    fn holds(&self, text: &str) -> bool {
        (self.measure)(text) <= self.size
    }

    /// `text`, cut in the middle if there is no room for all of it: a scheme's name begins with what it
    /// is and ends with its parameters.
    fn shorten(&self, text: &str) -> String {
        self.cut(text, "").unwrap_or_else(|| CUT.to_owned())
    }

    /// `text` and `mark` behind it, `text` cut in the middle as far as needed.
    fn cut(&self, text: &str, mark: &str) -> Option<String> {
        let whole = format!("{text}{mark}");
        if self.holds(&whole) {
            return Some(whole);
        }
        let chars: Vec<char> = text.chars().collect();
        let part = |chars: &[char]| chars.iter().collect::<String>();
        (1..chars.len()).rev().find_map(|keep| {
            let (head, tail) = (keep.div_ceil(2), keep / 2);
            let (head, tail) = (part(&chars[..head]), part(&chars[chars.len() - tail..]));
            let cut = format!("{head}{CUT}{tail}{mark}");
            self.holds(&cut).then_some(cut)
        })
    }

    /// Each of `names`, cut as far as needed, so that names that differ still do: what tells them
    /// apart is kept, or, where there is no room for that, they are numbered.
    pub(crate) fn distinct<S: AsRef<str>>(&self, names: &[S]) -> Vec<String> {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        let mut short: BTreeMap<&str, String> = names.iter().map(|n| (*n, self.shorten(n))).collect();
        for alike in alike(&short) {
            let (head, tail) = (common(&alike, false), common(&alike, true));
            for name in alike {
                if let Some(text) = self.around(name, head, tail) {
                    short.insert(name, text);
                }
            }
        }
        for alike in alike(&short) {
            for (i, name) in alike.into_iter().enumerate() {
                if let Some(text) = self.cut(name, &format!("~{}", i + 1)) {
                    short.insert(name, text);
                }
            }
        }
        names.into_iter().map(|n| short[n].clone()).collect()
    }

    /// `name` without the middle of its first `head` and the last of its `tail` characters: the
    /// whole parameter that differs where there is room for it, else what differs.
    fn around(&self, name: &str, head: usize, tail: usize) -> Option<String> {
        let chars: Vec<char> = name.chars().collect();
        let (from, to) = (head, (chars.len() - tail).max(head));
        let ends = |c: &char| [' ', ',', '(', ')', '-', '|'].contains(c);
        let whole_from = chars[..from].iter().rposition(ends).map_or(0, |at| at + 1);
        let whole_to = chars[to..]
            .iter()
            .position(ends)
            .map_or(chars.len(), |at| to + at);
        let parts = [
            (whole_from, whole_to),
            (whole_from, to),
            (from, whole_to),
            (from, to),
        ];
        let candidates = parts.into_iter().flat_map(|(from, to)| {
            let after = if to < chars.len() { CUT } else { "" };
            let core: String = chars[from..to].iter().collect();
            let chars = &chars;
            (0..from).rev().map(move |keep| {
                let head: String = chars[..keep].iter().collect();
                format!("{head}{CUT}{core}{after}")
            })
        });
        candidates.into_iter().find(|text| self.holds(text))
    }
}

/// Groups of different names that are shortened alike.
fn alike<'n>(short: &BTreeMap<&'n str, String>) -> Vec<Vec<&'n str>> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, text) in short {
        groups.entry(text).or_default().push(name);
    }
    groups.into_values().filter(|names| names.len() > 1).collect()
}

/// How many characters all `names` have in common, from the start or from the end.
fn common(names: &[&str], from_end: bool) -> usize {
    let chars = |name: &str| -> Vec<char> {
        if from_end {
            name.chars().rev().collect()
        } else {
            name.chars().collect()
        }
    };
    let first = chars(names.first().unwrap_or(&""));
    let shared = |name: &&str| first.iter().zip(chars(name)).take_while(|(a, b)| *a == b).count();
    names.iter().map(shared).min().unwrap_or(0)
}

/// What a message quotes of a file: one line, at most 60 characters.
pub(crate) fn excerpt(text: &str) -> String {
    let start: String = text.chars().take(200).collect();
    Room::columns(60, &columns).shorten(&visible(&start).replace('\n', "\\n"))
}

/// `text` without the characters that would command a terminal (but for line ends), or turn the
/// direction in which text is read: these are written as escapes.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let commands = |c: char| {
        c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(commands) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if commands(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_short_name_keeps_both_ends() {
        let shorten = |text, width| distinct_short(&[text], width).concat();
        assert_eq!(shorten("he_normal", 9), "he_normal");
        assert_eq!(shorten("normal(std=0.01)", 9), "norm….01)");
        assert_eq!(shorten("normal", 1), "…");
    }

    #[test]
    fn names_shown_together_stay_distinct() {
        let names = [
            "he_normal",
            "normal(std=0.011 scale=fan_in)",
            "normal(std=0.012 scale=fan_in)",
            "normal(std=0.013 scale=fan_in)",
            "variance_scaling(mode=fan_in distribution=normal)",
            "variance_scaling(mode=fan_out distribution=normal)",
        ];
        for width in 4..60 {
            let short = distinct_short(&names, width);
            let distinct: BTreeSet<&String> = short.iter().collect();
            assert_eq!(distinct.len(), names.len(), "{width}: {short:?}");
            assert!(
                short.iter().all(|s| display_width(s) <= width),
                "{width}: {short:?}"
            );
        }
        assert_eq!(
            distinct_short(&names[..3], 16),
            ["he_normal", "norma…std=0.011…", "norma…std=0.012…"]
        );
        // Names that are the same stay the same.
        assert_eq!(distinct_short(&["abcdefgh"; 2], 4), ["ab…h"; 2]);
    }

    #[test]
    fn nothing_commands_the_terminal() {
        assert_eq!(visible("a\u{1b}[2Jb\r\n\u{9b}x"), "a\\u{1b}[2Jb\\r\n\\u{9b}x");
        assert_eq!(visible("a\u{202e}b"), "a\\u{202e}b");
        assert!(matches!(visible("he_normal · é"), Cow::Borrowed(_)));
        assert_eq!(excerpt("a\tb\nc"), "a\\tb\\nc");
        assert_eq!(excerpt(&"x".repeat(300)).chars().count(), 60);
    }
}

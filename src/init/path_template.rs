//! Paths with placeholders for coordinates: `inits/{architecture}/{weight_seed}.safetensors`.

use std::path::PathBuf;

use super::CoordinateText;
use crate::support::catalog::suggest;
use crate::support::error::{Error, Kind, Result};

/// What a path may name: the coordinates that the initial network depends on, but for the scheme
/// itself. A file is one for all trials that agree in the coordinates that its path names.
pub(crate) const PLACEHOLDERS: &[&str] = &[
    "dataset",
    "label_noise",
    "architecture",
    "activation",
    "bias",
    "optimizer",
    "replicate",
    "weight_seed",
    "data_seed",
];

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Coordinate(&'static str),
}

/// A path with placeholders.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PathTemplate(Vec<Part>);

impl PathTemplate {
    /// Reads one.
    ///
    /// # Errors
    /// A brace without its other, or a placeholder that is none of [`PLACEHOLDERS`].
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |message: String| Error::new(Kind::Experiment, message);
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(open) = rest.find(['{', '}']) {
            let (before, braced) = rest.split_at(open);
            let name = braced.strip_prefix('{').and_then(|name| name.split_once('}'));
            let Some((name, after)) = name else {
                let brace = &braced[..1];
                let message = format!("`{brace}` stands alone in the path `{text}`");
                return Err(wrong(message).help("a placeholder is a name in braces: {weight_seed}"));
            };
            let Some(known) = PLACEHOLDERS.iter().find(|known| **known == name) else {
                let message = format!("a path has no placeholder `{{{name}}}`");
                return Err(wrong(message).help(suggest(name, PLACEHOLDERS.iter().copied(), "placeholders")));
            };
            parts.extend([Part::Text(before.to_owned()), Part::Coordinate(known)]);
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(PathTemplate(parts))
    }

    /// Whether it names a coordinate.
    pub fn has_placeholders(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Coordinate(_)))
    }

    /// The path of a trial; a coordinate that is not known stays a placeholder.
    pub fn fill(&self, coordinate: &CoordinateText<'_>) -> PathBuf {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Coordinate(name) => {
                coordinate(name).map_or_else(|| format!("{{{name}}}"), |text| file_name(&text))
            }
        };
        self.0.iter().map(text).collect::<String>().into()
    }
}

/// `text` as part of a path: `_` for each character that some file system refuses in a name.
pub(crate) fn file_name(text: &str) -> String {
    let refused = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    text.chars().map(|c| if refused(c) { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_and_names_are_safe() {
        let template = PathTemplate::parse("a/{architecture}-{weight_seed}.safetensors").unwrap();
        let coordinate = |name: &str| match name {
            "architecture" => Some("csv(path=../x)".to_owned()),
            "weight_seed" => Some("3".to_owned()),
            _ => None,
        };
        assert_eq!(
            template.fill(&coordinate),
            PathBuf::from("a/csv(path=.._x)-3.safetensors")
        );
        assert!(template.has_placeholders());
        let plain = PathTemplate::parse("a.safetensors").unwrap();
        assert!(!plain.has_placeholders());
        assert_eq!(plain.fill(&coordinate), PathBuf::from("a.safetensors"));
    }

    #[test]
    fn what_is_no_placeholder_is_refused() {
        for (text, message) in [
            ("{weight_sed}", "no placeholder `{weight_sed}`"),
            ("{learning_rate}", "placeholders: dataset, label_noise"),
            ("{weight_sed}", "did you mean `weight_seed`?"),
            ("{}", "no placeholder `{}`"),
            ("a{", "`{` stands alone in the path `a{`"),
            ("a}b{", "`}` stands alone"),
        ] {
            let error = PathTemplate::parse(text).unwrap_err();
            let text = error.text("", None);
            assert!(text.contains(message), "{text}");
        }
    }
}

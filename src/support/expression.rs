//! Formulas in experiment files: `sqrt(2 / fan_in) * layers^-0.25`.
//!
//! Numbers, named variables, `+ - * / ^`, brackets, comparisons (1 where they hold, else 0), and
//! functions; arguments are parted by `,` or `;`. `^` binds to the right and tighter than a sign on
//! its left: `-x^2` is `-(x^2)`. The value is computed in f64, with every transcendental function
//! from `libm`, so that it is the same on every machine; the crates for expressions that let
//! functions be replaced do not say where in the text an error is.

use std::fmt;

use super::catalog::{number, suggest};
use super::error::{Error, Kind, Result};
use super::text::counted;

/// How deeply brackets and signs may be nested.
const MAX_DEPTH: usize = 64;

/// How many operators a formula has at most: its tree is walked by recursion.
const MAX_OPERATORS: usize = 1000;

/// Name, number of arguments, value.
type Function = (&'static str, usize, fn(&[f64]) -> f64);

/// Sign, binding power, value.
type Operator = (&'static str, u8, fn(f64, f64) -> f64);

const FUNCTIONS: &[Function] = &[
    ("sqrt", 1, |a| a[0].sqrt()),
    ("cbrt", 1, |a| libm::cbrt(a[0])),
    ("exp", 1, |a| libm::exp(a[0])),
    ("ln", 1, |a| libm::log(a[0])),
    ("log2", 1, |a| libm::log2(a[0])),
    ("log10", 1, |a| libm::log10(a[0])),
    ("sin", 1, |a| libm::sin(a[0])),
    ("cos", 1, |a| libm::cos(a[0])),
    ("tanh", 1, |a| libm::tanh(a[0])),
    ("abs", 1, |a| a[0].abs()),
    ("floor", 1, |a| a[0].floor()),
    ("ceil", 1, |a| a[0].ceil()),
    ("min", 2, |a| a[0].min(a[1])),
    ("max", 2, |a| a[0].max(a[1])),
    ("if", 3, |a| if a[0] != 0.0 { a[1] } else { a[2] }),
];

const CONSTANTS: &[(&str, f64)] = &[("pi", std::f64::consts::PI), ("e", std::f64::consts::E)];

/// Binary operators with their binding power; those of one power bind to the left but for `^`.
/// Longer signs stand before their beginnings.
const OPERATORS: &[Operator] = &[
    ("<=", 1, |a, b| f64::from(u8::from(a <= b))),
    (">=", 1, |a, b| f64::from(u8::from(a >= b))),
    ("==", 1, |a, b| f64::from(u8::from(a == b))),
    ("!=", 1, |a, b| f64::from(u8::from(a != b))),
    ("<", 1, |a, b| f64::from(u8::from(a < b))),
    (">", 1, |a, b| f64::from(u8::from(a > b))),
    ("+", 2, |a, b| a + b),
    ("-", 2, |a, b| a - b),
    ("*", 3, |a, b| a * b),
    ("/", 3, |a, b| a / b),
    ("^", POWER, libm::pow),
];

/// Binding power of a sign before a value: below `^`, above `*`.
const SIGN: u8 = 4;
const POWER: u8 = 5;

/// A parsed formula. Its text form is canonical: no blanks, `;` between arguments, brackets only
/// where they are needed.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    Constant(usize),
    Variable(String),
    Minus(Box<Node>),
    Operator(usize, Box<[Node; 2]>),
    Function(usize, Vec<Node>),
}

impl Expression {
    /// Reads `text`, in which `variables` may be named.
    ///
    /// # Errors
    /// It is not a formula, or names what is not there; the message marks the place.
    pub fn parse(text: &str, variables: &[&str]) -> Result<Self> {
        let mut parser = Parser {
            text,
            at: 0,
            variables,
            depth: 0,
            operators: 0,
        };
        let node = parser.operation(0)?;
        match parser.rest() {
            "" => Ok(Expression(node)),
            rest => {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                Err(parser.wrong(parser.at, length, "an operator must stand here".to_owned()))
            }
        }
    }

    /// The value, with each variable's from `variable`.
    pub fn value(&self, variable: &impl Fn(&str) -> f64) -> f64 {
        self.0.value(variable)
    }
}

impl Node {
    fn value(&self, variable: &impl Fn(&str) -> f64) -> f64 {
        match self {
            Node::Number(x) => *x,
            Node::Constant(i) => CONSTANTS[*i].1,
            Node::Variable(name) => variable(name),
            Node::Minus(a) => -a.value(variable),
            Node::Operator(i, sides) => {
                let [a, b] = &**sides;
                OPERATORS[*i].2(a.value(variable), b.value(variable))
            }
            Node::Function(i, arguments) => {
                let values: Vec<f64> = arguments.iter().map(|a| a.value(variable)).collect();
                FUNCTIONS[*i].2(&values)
            }
        }
    }

    /// How tightly its outermost operation binds.
    fn power(&self) -> u8 {
        match self {
            Node::Minus(_) => SIGN,
            Node::Operator(i, _) => OPERATORS[*i].1,
            _ => u8::MAX,
        }
    }

    /// In brackets if it binds less tightly than `least`.
    fn write(&self, least: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.power() < least {
            write!(f, "({self})")
        } else {
            write!(f, "{self}")
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Number(x) => f.write_str(&number(*x)),
            Node::Constant(i) => f.write_str(CONSTANTS[*i].0),
            Node::Variable(name) => f.write_str(name),
            Node::Minus(a) => {
                f.write_str("-")?;
                a.write(SIGN, f)
            }
            Node::Operator(i, sides) => {
                let (sign, power, _) = OPERATORS[*i];
                let [a, b] = &**sides;
                // A sign right of `^` needs no brackets: nothing else can be meant.
                let (left, right) = match (power, b) {
                    (POWER, Node::Minus(_)) => (power + 1, 0),
                    (POWER, _) => (power + 1, power),
                    _ => (power, power + 1),
                };
                a.write(left, f)?;
                f.write_str(sign)?;
                b.write(right, f)
            }
            Node::Function(i, arguments) => {
                write!(f, "{}(", FUNCTIONS[*i].0)?;
                for (n, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{argument}", if n > 0 { ";" } else { "" })?;
                }
                f.write_str(")")
            }
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    variables: &'t [&'t str],
    depth: usize,
    operators: usize,
}

impl<'t> Parser<'t> {
    /// What is not read yet, from its first character that is no blank.
    fn rest(&mut self) -> &'t str {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest
    }

    /// An error that marks `length` bytes from `at` on.
    fn wrong(&self, at: usize, length: usize, what: String) -> Error {
        let before = self.text[..at].chars().count();
        let marked = self.text[at..]
            .get(..length)
            .unwrap_or(" ")
            .chars()
            .count()
            .max(1);
        let message = format!(
            "{what}:\n    {}\n    {}{}",
            self.text,
            " ".repeat(before),
            "^".repeat(marked)
        );
        Error::new(Kind::Experiment, message)
    }

    fn expect(&mut self, signs: &[&str], what: &str) -> Result<&'t str> {
        let rest = self.rest();
        match signs.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => {
                self.at += sign.len();
                Ok(&rest[..sign.len()])
            }
            None => Err(self.wrong(self.at, 1, format!("{what} must stand here"))),
        }
    }

    /// Operations whose operators bind at least as tightly as `least`.
    fn operation(&mut self, least: u8) -> Result<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong(
                self.at,
                1,
                format!("brackets are nested more than {MAX_DEPTH} deep"),
            ));
        }
        let mut left = self.operand()?;
        loop {
            let rest = self.rest();
            let found = OPERATORS.iter().position(|(sign, ..)| rest.starts_with(sign));
            let Some(i) = found.filter(|&i| OPERATORS[i].1 >= least) else {
                break;
            };
            let (sign, power, _) = OPERATORS[i];
            self.operators += 1;
            if self.operators > MAX_OPERATORS {
                // Without the formula, which is long.
                let message = format!("a formula has more than {MAX_OPERATORS} operators");
                return Err(Error::new(Kind::Experiment, message));
            }
            self.at += sign.len();
            let right = self.operation(if power == POWER { power } else { power + 1 })?;
            left = Node::Operator(i, Box::new([left, right]));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Result<Node> {
        let rest = self.rest();
        let start = self.at;
        match rest.chars().next() {
            Some('-') => {
                self.at += 1;
                Ok(Node::Minus(Box::new(self.operation(SIGN)?)))
            }
            Some('(') => {
                self.at += 1;
                let inner = self.operation(0)?;
                self.expect(&[")"], "a closing bracket")?;
                Ok(inner)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(rest),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                self.at += end;
                self.named(&rest[..end], start)
            }
            Some(c) => {
                let what = "a number, a variable or a function must stand here".to_owned();
                Err(self.wrong(start, c.len_utf8(), what))
            }
            None => Err(self.wrong(start, 1, "the formula ends where a value must stand".to_owned())),
        }
    }

    fn number(&mut self, rest: &str) -> Result<Node> {
        let digits = |text: &str| {
            text.find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(text.len())
        };
        let mut end = digits(rest);
        // An exponent is one only if a digit follows: `2e` is 2 times nothing, and an error.
        if let Some(exponent) = rest[end..].strip_prefix(['e', 'E']) {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let length = unsigned
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(unsigned.len());
            if length > 0 {
                end += 1 + (exponent.len() - unsigned.len()) + length;
            }
        }
        let start = self.at;
        self.at += end;
        match rest[..end].parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(Node::Number(x)),
            _ => Err(self.wrong(start, end, format!("`{}` is not a finite number", &rest[..end]))),
        }
    }

    /// A function with its arguments, a constant or a variable.
    fn named(&mut self, name: &str, start: usize) -> Result<Node> {
        if let Some(i) = FUNCTIONS.iter().position(|(function, ..)| *function == name) {
            let count = FUNCTIONS[i].1;
            self.expect(&["("], &format!("`(` and the arguments of `{name}`"))?;
            let mut arguments = vec![self.operation(0)?];
            while self.expect(&[")", ",", ";"], "`)`, or `,` and another argument,")? != ")" {
                arguments.push(self.operation(0)?);
            }
            if arguments.len() != count {
                let what = format!(
                    "`{name}` takes {}, not {}",
                    counted(count as u64, "argument"),
                    arguments.len()
                );
                return Err(self.wrong(start, name.len(), what));
            }
            return Ok(Node::Function(i, arguments));
        }
        if let Some(i) = CONSTANTS.iter().position(|(constant, _)| *constant == name) {
            return Ok(Node::Constant(i));
        }
        if self.variables.contains(&name) {
            return Ok(Node::Variable(name.to_owned()));
        }
        let functions = FUNCTIONS.iter().map(|(name, ..)| *name);
        let constants = CONSTANTS.iter().map(|(name, _)| *name);
        let known = self.variables.iter().copied().chain(constants).chain(functions);
        let error = self.wrong(
            start,
            name.len(),
            format!("there is no variable or function `{name}`"),
        );
        Err(error.help(suggest(name, known, "names")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> f64 {
        let variable = |name: &str| if name == "fan_in" { 64.0 } else { 3.0 };
        Expression::parse(text, &["fan_in", "layers"])
            .unwrap()
            .value(&variable)
    }

    #[test]
    fn values_are_those_of_arithmetic() {
        for (text, expected) in [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("8 - 3 - 2", 3.0),
            ("8 / 4 / 2", 1.0),
            ("2^3^2", 512.0),
            ("-2^2", -4.0),
            ("2^-1", 0.5),
            ("2 * -3", -6.0),
            ("1e-3 * 1E3", 1.0),
            (".5", 0.5),
            ("sqrt(2 / fan_in)", (2.0f64 / 64.0).sqrt()),
            ("fan_in^-0.5", 0.125),
            ("if(fan_in > 10, 1, 2) + if(layers == 4; 10; 20)", 21.0),
            ("min(3, fan_in) + max(3; fan_in)", 67.0),
            ("ln(e) + cos(pi)", 0.0),
            ("2 <= 2", 1.0),
            (
                "cbrt(27) + log2(8) + log10(100) + floor(1.7) + ceil(1.2) + abs(-1)",
                12.0,
            ),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn the_text_is_canonical_and_reads_back() {
        for (text, canonical) in [
            (
                " sqrt( 2 / fan_in ) * layers ^ -0.25",
                "sqrt(2/fan_in)*layers^-0.25",
            ),
            ("((1)) + (2 * 3)", "1+2*3"),
            ("(1 + 2) * 3", "(1+2)*3"),
            ("8 - (3 - 2)", "8-(3-2)"),
            ("(2^3)^2", "(2^3)^2"),
            ("2^(3^2)", "2^3^2"),
            ("(-2)^2", "(-2)^2"),
            ("-(2^2)", "-2^2"),
            ("-(1 + 2)", "-(1+2)"),
            ("2^(-1)", "2^-1"),
            ("2^(-1 + 3)", "2^(-1+3)"),
            ("max(1, if(1 < 2, 3, 4))", "max(1;if(1<2;3;4))"),
            ("(1 < 2) < 3", "1<2<3"),
            ("1 < (2 < 3)", "1<(2<3)"),
            ("0.00000001", "1e-8"),
        ] {
            let read = Expression::parse(text, &["fan_in", "layers"]).unwrap();
            assert_eq!(read.to_string(), canonical, "{text}");
            assert_eq!(
                Expression::parse(canonical, &["fan_in", "layers"]).unwrap(),
                read,
                "{text}"
            );
        }
    }

    #[test]
    fn a_formula_of_any_length_is_answered() {
        let long = |count: usize| vec!["1"; count].join("+");
        assert_eq!(value(&long(MAX_OPERATORS + 1)), MAX_OPERATORS as f64 + 1.0);
        let error = Expression::parse(&long(100_000), &[]).unwrap_err().to_string();
        assert!(
            error.contains("more than 1000 operators") && error.len() < 100,
            "{error}"
        );
    }

    #[test]
    fn an_error_marks_its_place() {
        for (text, marked, what) in [
            (
                "sqrt(2 / fan_inn)",
                "fan_inn",
                "no variable or function `fan_inn`",
            ),
            ("2 fan_in", "f", "an operator must stand here"),
            ("2 * ", " ", "ends where a value must stand"),
            ("sqrt(2", " ", "`)`"),
            ("(2", " ", "a closing bracket"),
            ("sqrt 2", "2", "`(` and the arguments of `sqrt`"),
            ("max(1)", "max", "`max` takes 2 arguments, not 1"),
            ("1..2", "1..2", "not a finite number"),
            ("1e999", "1e999", "not a finite number"),
            ("2e", "e", "an operator must stand here"),
            ("é", "é", "a number, a variable or a function"),
            ("1 +* 2", "*", "a number, a variable or a function"),
            ("", " ", "ends where a value must stand"),
        ] {
            let error = Expression::parse(text, &["fan_in"]).unwrap_err().to_string();
            assert!(error.contains(what), "{text}: {error}");
            let lines: Vec<&str> = error.lines().collect();
            let line = lines
                .iter()
                .position(|l| l.trim_start().starts_with('^'))
                .expect(&error);
            let shown: String = lines[line - 1]
                .chars()
                .chain(std::iter::repeat(' '))
                .zip(lines[line].chars())
                .filter(|(_, mark)| *mark == '^')
                .map(|(c, _)| c)
                .collect();
            assert_eq!(shown, marked, "{error}");
        }
        let deep = "(".repeat(10_000);
        assert!(
            Expression::parse(&deep, &[])
                .unwrap_err()
                .to_string()
                .contains("nested more than 64")
        );
        let deep = "-".repeat(10_000);
        assert!(
            Expression::parse(&deep, &[])
                .unwrap_err()
                .to_string()
                .contains("nested more than 64")
        );
    }
}

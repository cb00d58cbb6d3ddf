use std::collections::BTreeMap;

use super::*;
use crate::data::idx::tests::gzip;

fn spec(keys: &[(&str, Value)]) -> Spec {
    let mut map = BTreeMap::from([("path".to_owned(), Value::Text("t.csv".into()))]);
    map.extend(keys.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
    ITEM.entry.resolve(map).unwrap()
}

fn text(word: &str) -> Value {
    Value::Text(word.to_owned())
}

fn parse(content: &str, keys: &[(&str, Value)]) -> Result<Dataset> {
    let source = DataFile::from_bytes(Path::new("t.csv"), content.as_bytes().to_vec())?;
    read(source, None, &spec(keys))
}

const IRIS: &str = "sepal,petal,species\n5.1,1.4,setosa\n7.0,4.7,versicolor\n4.9,1.4,setosa\n";

#[test]
fn categorical_labels_get_numbers_in_byte_order() {
    let data = parse(IRIS, &[]).unwrap();
    assert_eq!((data.rows, data.cols), (3, 2));
    assert_eq!(data.features, Features::F64(vec![5.1, 1.4, 7.0, 4.7, 4.9, 1.4]));
    assert_eq!(
        data.targets,
        Targets::Classes {
            labels: vec![0, 1, 0],
            classes: 2
        }
    );
    assert_eq!(data.class_names, ["setosa", "versicolor"]);
    let by_name = parse(IRIS, &[("label", text("species"))]).unwrap();
    let by_number = parse(IRIS, &[("label", Value::Integer(3))]).unwrap();
    assert_eq!((&data.digest, &data.digest), (&by_name.digest, &by_number.digest));
    let zipped = DataFile::from_bytes(Path::new("t.csv.gz"), gzip(IRIS.as_bytes())).unwrap();
    assert_eq!(data.digest, read(zipped, None, &spec(&[])).unwrap().digest);
    let tabs = IRIS.replace(',', "\t");
    assert_eq!(
        data.digest,
        parse(&tabs, &[("delimiter", text("tab"))]).unwrap().digest
    );
    let spaced = IRIS.replace(',', " , ").replace('\n', "\r\n");
    assert_eq!(data.digest, parse(&spaced, &[]).unwrap().digest);
    let marked = format!("\u{feff}{IRIS}");
    assert_eq!(
        data.digest,
        parse(&marked, &[("label", text("species"))]).unwrap().digest
    );
}

#[test]
fn numeric_labels_keep_their_order_whatever_their_spelling() {
    let data = parse("1,10\n2,9\n3,-1\n4,10.0\n", &[]).unwrap();
    assert_eq!(
        data.targets,
        Targets::Classes {
            labels: vec![2, 1, 0, 2],
            classes: 3
        }
    );
    assert_eq!(data.class_names, ["-1", "9", "10"]);
    assert_eq!(data.features, Features::U8(vec![1, 2, 3, 4]));
}

#[test]
fn regression_takes_one_or_more_targets() {
    let rows = "x,y,z,id\n1,0.5,2,a\n2,1.5,4,b\n";
    let keys = [
        ("task", text("regression")),
        ("label", Value::List(vec![text("z"), text("y")])),
        ("ignore", Value::List(vec![text("id")])),
    ];
    let data = parse(rows, &keys).unwrap();
    assert_eq!(
        data.targets,
        Targets::Values {
            values: vec![2.0, 0.5, 4.0, 1.5],
            outputs: 2
        }
    );
    assert_eq!((data.cols, data.features), (1, Features::U8(vec![1, 2])));
}

#[test]
fn a_second_file_is_the_official_test_part() {
    let open =
        |content: &str| DataFile::from_bytes(Path::new("test.csv"), content.as_bytes().to_vec()).unwrap();
    let data = read(
        open(IRIS),
        Some(open("sepal,petal,species\n6,5,virginica\n")),
        &spec(&[("unseen_classes", Value::Flag(true))]),
    )
    .unwrap();
    assert_eq!((data.rows, data.official_test.clone()), (4, Some(3..4)));
    assert_eq!(
        data.targets,
        Targets::Classes {
            labels: vec![0, 1, 0, 2],
            classes: 3
        }
    );
    for (content, says) in [
        ("sepal,petal\n1,2\n", "test.csv has 2 columns, but test.csv has 3"),
        (
            "petal,sepal,species\n1,2,setosa\n",
            "name their columns differently",
        ),
        ("sepal,petal,species\n", "test.csv has no rows"),
        ("", "test.csv has no rows"),
    ] {
        let error = read(open(IRIS), Some(open(content)), &spec(&[]))
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn each_fault_is_named_with_line_and_column() {
    let regression = ("task", text("regression"));
    type Case<'a> = (&'a str, Vec<(&'a str, Value)>, &'a str);
    let cases: Vec<Case<'_>> = vec![
        ("", vec![], "t.csv is empty"),
        ("a,b,c\n", vec![], "t.csv has no rows"),
        (
            "1,2,0\n1,0\n",
            vec![],
            "t.csv, line 2: 2 cells, but the first line has 3",
        ),
        (
            "a,b,c\n1,,0\n",
            vec![],
            "t.csv, line 2, column 2 (`b`): the value is missing",
        ),
        (
            "1,NA,0\n",
            vec![],
            "t.csv, line 1, column 2: the value is missing",
        ),
        ("1,NaN,0\n", vec![], "column 2: the value is missing"),
        (
            "1,inf,0\n",
            vec![],
            "column 2: `inf` is not a finite 32-bit number",
        ),
        (
            "1,1e39,0\n",
            vec![],
            "column 2: `1e39` is not a finite 32-bit number",
        ),
        ("1,x2,0\n", vec![], "column 2: `x2` is not a number"),
        (
            "a,b\n1,\n",
            vec![],
            "line 2, column 2 (`b`): the label is missing",
        ),
        ("1,0.5\n2,1.5\n", vec![], "the label 0.5 is no class"),
        ("1\n2\n", vec![], "no columns left for features"),
        (
            "a,b\n1,2\n",
            vec![("label", text("bb"))],
            "`label` names a column that is not there: `bb`",
        ),
        ("1,2\n", vec![("label", text("b"))], "the file has no header"),
        (
            "1,2\n",
            vec![("label", Value::Integer(3))],
            "numbered from 1 to 2",
        ),
        (
            "1,2\n",
            vec![("label", Value::Integer(0))],
            "numbered from 1 to 2",
        ),
        (
            "1,2\n",
            vec![("label", Value::List(vec![]))],
            "`label` names 0 columns",
        ),
        (
            "1,2\n",
            vec![("delimiter", text("::"))],
            "`delimiter` must be one ASCII character, \"tab\" or",
        ),
        (
            "a,b\n1,high\n",
            vec![regression.clone()],
            "line 2, column 2 (`b`): `high` is not a number",
        ),
        (
            "\"1\n2,3\n",
            vec![],
            "t.csv, line 1: the quote that opens a cell here is never closed",
        ),
    ];
    for (content, keys, says) in cases {
        let error = parse(content, &keys).unwrap_err().to_string();
        assert!(error.contains(says), "{error}\nshould say: {says}");
    }
    let mut zipped = gzip(IRIS.as_bytes());
    zipped.truncate(zipped.len() - 9);
    let source = DataFile::from_bytes(Path::new("t.csv.gz"), zipped).unwrap();
    let error = read(source, None, &spec(&[])).unwrap_err().to_string();
    assert!(
        error.contains("t.csv.gz: truncated or damaged gzip data"),
        "{error}"
    );
}

/// A device or a file of zeros has no end of line.
#[test]
fn a_line_without_end_is_refused_before_it_fills_the_memory() {
    let endless = "0".repeat((64 << 20) + (1 << 20));
    let error = parse(&endless, &[]).unwrap_err().to_string();
    assert!(
        error.contains("t.csv has a line of more than 67108864 bytes"),
        "{error}"
    );
    // Lines are measured one by one.
    let rows = "1.5,0\n2.5,1\n".repeat(1000);
    assert_eq!(parse(&rows, &[]).unwrap().rows, 2000);
}

fn header_of(content: &str) -> Result<Option<Vec<String>>> {
    let spec = spec(&[]);
    let dialect = Dialect::of(&spec)?;
    let source = DataFile::from_bytes(Path::new("t.csv"), content.as_bytes().to_vec())?;
    let mut lines = Lines::new(source, &dialect);
    let (first, sample) = begin(&mut lines)?.unwrap();
    Ok(Schema::decide(Path::new("t.csv"), &first, &sample, &dialect, &spec)?.names)
}

/// A first line of names is no sample, whatever the names look like.
#[test]
fn names_of_columns_are_told_from_samples_or_asked_for() {
    let floats = "5.1,3.5,0.4,0\n4.9,3.1,0.6,1\n6.2,3.3,0.5,0\n5.8,2.7,0.2,1\n5.5,2.9,0.3,1\n";
    let bytes = "12,0,3,1\n0,0,9,0\n7,200,1,1\n3,3,0,0\n1,255,8,1\n";
    let named = [
        ("a,b,2019,y\n", floats),
        ("1990,1991,1992,y\n", floats),
        ("0,1,2,3\n", floats),
        (",0,1,y\n", floats),
        ("400,410.5,435,y\n", floats),
        ("1901,1902,1903,1904\n", floats),
        ("700.25,801.5,950,1100\n", floats),
        ("# a,b,c,y\n", floats),
        ("0,1,2,y\n", bytes),
    ];
    for (first, rest) in named {
        let names = header_of(&format!("{first}{rest}")).unwrap();
        assert!(names.is_some(), "{first}");
        let data = parse(&format!("{first}{rest}"), &[]).unwrap();
        assert_eq!((data.rows, data.targets.outputs()), (5, 2), "{first}");
    }
    let names = header_of(&format!("# a,b,c,y\n{floats}")).unwrap().unwrap();
    assert_eq!(names, ["a", "b", "c", "y"]);
    for sample in [
        floats,
        bytes,
        "0,1,2,3\n4,5,6,7\n8,9,10,11\n",
        "NA,1.5,a\n1,2.5,b\n2,3.5,a\n",
    ] {
        assert_eq!(header_of(sample).unwrap(), None, "{sample}");
    }
    // A sample with a fault, counting numbers over whole ones, a word that no row repeats.
    for (first, rest) in [
        ("5.0,x2,0.3,0\n", floats),
        ("0,1,2,3\n", bytes),
        ("4,kind\n", "5,a\n6,b\n4,a\n3,b\n2,a\n"),
        ("900,70,-50,9\n", "1,2,3,0\n2,3,4,1\n3,4,5,0\n2,2,4,0\n3,3,3,1\n"),
    ] {
        let error = header_of(&format!("{first}{rest}")).unwrap_err().to_string();
        assert!(
            error.contains("t.csv, line 1: are these names of columns or a sample?")
                && error.contains("header = true"),
            "{first}{error}"
        );
        for (flag, rows) in [(true, 5), (false, 6)] {
            let data = parse(&format!("{first}{rest}"), &[("header", Value::Flag(flag))]);
            assert!(
                data.is_ok_and(|d| d.rows == rows) || first.contains("x2"),
                "{first}"
            );
        }
    }
}

/// Labels are whole numbers or words, never rounded.
#[test]
fn labels_are_exact() {
    let classes = |content: &str| parse(content, &[]).unwrap().class_names;
    let huge = "1,9007199254740992\n2,9007199254740993\n3,9007199254740994\n";
    assert_eq!(
        classes(huge),
        ["9007199254740992", "9007199254740993", "9007199254740994"]
    );
    assert_eq!(classes(&huge.replace('\n', ".0\n")), classes(huge));
    // Beyond 64 bits they are words.
    assert_eq!(
        classes("1,99999999999999999998\n2,99999999999999999999\n").len(),
        2
    );
    assert_eq!(classes("1,1.0\n2,1\n3,-0\n4,0\n5,1e1\n"), ["0", "1", "10"]);
    // Numbers in ascending order, words behind them.
    assert_eq!(classes("1,10\n2,other\n3,9\n4,2\n"), ["2", "9", "10", "other"]);
    assert_eq!(
        classes("a,y\n1,\" cat \"\n2, \"cat\"\n3,dog\n4,\u{a0}cat\n"),
        ["cat", "dog"]
    );
    let error = parse("1,1e20\n2,2\n", &[]).unwrap_err().to_string();
    assert!(error.contains("the label 1e20 is no class"), "{error}");
    let notes = parse("1,01\n2,1\n3,Cat\n4,cat\n", &[]).unwrap().notes.join("\n");
    for says in [
        "the labels `01` and `1` are one number",
        "`Cat` and `cat` are spelt almost alike",
        "numbers come first",
    ] {
        assert!(notes.contains(says), "{notes}");
    }
}

/// One rule of what is missing, for features, targets and labels.
#[test]
fn what_is_missing_is_missing_in_every_column() {
    for word in ["NA", "null", "None", "\\N", "", "NaN", "n/a", "<NA>", "?", "#N/A"] {
        for row in [format!("{word},0"), format!("3,{word}")] {
            let error = parse(&format!("a,y\n1,10\n2,9\n{row}\n"), &[])
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("t.csv, line 4, column") && error.contains("is missing"),
                "{error}"
            );
        }
    }
    // Unless the experiment says which words are.
    let none = [("missing", Value::List(vec![text("-")]))];
    assert_eq!(
        parse("1,none\n2,some\n", &none).unwrap().class_names,
        ["none", "some"]
    );
    let error = parse("1,-\n2,some\n", &none).unwrap_err().to_string();
    assert!(error.contains("the label is missing (`-`)"), "{error}");
}

#[test]
fn a_quote_that_is_not_closed_is_refused_where_it_opens() {
    let rows = "1,a\n2,b\n".repeat(80);
    let refused = |content: String| parse(&content, &[]).unwrap_err().to_string();
    let error = refused(format!("1,a\n2,\"b\n{}", &rows[..40]));
    assert!(
        error.contains("t.csv, line 2: the quote that opens a cell here is never closed"),
        "{error}"
    );
    let error = refused(format!("1,a\n2,\"b\n{rows}"));
    assert!(
        error.contains("line 2: the quote that opens a cell here is not closed within 100 lines"),
        "{error}"
    );
    let error = refused("1,a\n2,\"b\n3,a\n4,b\"\n".to_owned());
    assert!(
        error.contains("line 2, column 2: the label `b\\n3,a\\n4,b` goes on over several lines"),
        "{error}"
    );
    let error = refused("1,\"a\"b\n".to_owned());
    assert!(error.contains("line 1: text follows behind the quote"), "{error}");
    let literal = parse("1,\"a\n2,b\n", &[("quotes", Value::Flag(false))]).unwrap();
    assert_eq!(literal.class_names, ["\"a", "b"]);
    // An ignored text may have lines, and quotes written twice.
    let text = "t,x,y\n\"one\ntwo, \"\"three\"\"\",1,a\nfour,2,b\n";
    let data = parse(text, &[("ignore", Value::List(vec![Value::Integer(1)]))]).unwrap();
    assert_eq!(data.features, Features::U8(vec![1, 2]));
}

#[test]
fn decimal_commas_runs_of_blanks_and_ends_of_lines() {
    let plain = parse("1.5,2.25,0\n-3,4e1,1\n", &[]).unwrap();
    let commas = [("decimal", text(",")), ("delimiter", text(";"))];
    assert_eq!(
        parse("1,5;2,25;0\n-3;4e1;1\n", &commas).unwrap().digest,
        plain.digest
    );
    let blanks = [("delimiter", text("whitespace"))];
    assert_eq!(
        parse("  1.5   2.25\t 0\n -3 4e1  1  \n", &blanks).unwrap().digest,
        plain.digest
    );
    for end in ["\r", "\r\n", "\n\n", "\n  \n"] {
        let content = format!("1.5,2.25,0{end}-3,4e1,1{end}");
        assert_eq!(parse(&content, &[]).unwrap().digest, plain.digest, "{end:?}");
    }
    for (content, keys, says) in [
        ("1,5;2,25;0\n", vec![], "delimiter = \";\""),
        ("1 2 0\n3 4 1\n", vec![], "delimiter = \"whitespace\""),
        ("1;2;0\n", vec![], "delimiter = \";\""),
        ("1,5;0\n", vec![("delimiter", text(";"))], "decimal = \",\""),
        ("1.234,5;0\n", commas.to_vec(), "separates thousands"),
        (
            "1,2\n",
            vec![("decimal", text(","))],
            "`decimal` and `delimiter` are both `,`",
        ),
        ("1_000,0\n", vec![], "separators of thousands"),
        ("0x1F,0\n", vec![], "hexadecimal"),
        ("1 1:0.5 7:2\n", blanks.to_vec(), "LibSVM"),
        ("sep=;\n1,2\n", vec![], "a first line that is no row"),
        ("a,b\n1,1,2\n", vec![], "row.names = FALSE"),
        ("a,b\n1,2,\n", vec![], "the line ends in a delimiter"),
        ("1,2,0\n#3,4\n", vec![], "begin with # are not skipped"),
        (
            "1,a,\n2,b,\n",
            vec![("ignore", Value::List(vec![Value::Integer(2)]))],
            "does every line end in a delimiter?",
        ),
        ("a\0b,1\n", vec![], "line 1: a byte is zero"),
        ("PAR1....", vec![], "t.csv is a Parquet file"),
    ] {
        let error = parse(content, &keys).unwrap_err().to_string();
        assert!(error.contains(says), "{content}: {error}\nshould say: {says}");
    }
}

/// A class that training never sees is an error that shows both lists.
#[test]
fn the_label_sets_of_both_files_are_compared() {
    let open = |text: &str| DataFile::from_bytes(Path::new("x.csv"), text.as_bytes().to_vec()).unwrap();
    let train = "1,<=50K\n2,>50K\n3,<=50K\n";
    for test in ["1,<=50K.\n2,>50K.\n", "1,<=50k\n", "1,other\n"] {
        let error = read(open(train), Some(open(test)), &spec(&[]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("classes that training never sees: `") && error.contains("has: `<=50K`, `>50K`"),
            "{error}"
        );
    }
    let blank = read(open(train), Some(open("1, \"<=50K\"\n2, >50K \n")), &spec(&[])).unwrap();
    assert_eq!(blank.class_names, ["<=50K", ">50K"]);
    let numbers = read(open("1,1\n2,2\n"), Some(open("3,1.0\n4,2.0\n")), &spec(&[])).unwrap();
    assert_eq!(numbers.class_names, ["1", "2"]);
}

/// A test file that is the training file, or most of it, is said.
#[test]
fn test_rows_that_are_training_rows_are_noted() {
    let open = |text: &str| DataFile::from_bytes(Path::new("x.csv"), text.as_bytes().to_vec()).unwrap();
    let train = "1,0\n2,1\n3,0\n4,1\n";
    let notes = |test: &str| {
        read(open(train), Some(open(test)), &spec(&[]))
            .unwrap()
            .notes
            .join("\n")
    };
    assert!(notes(train).contains("4 of 4 samples of x.csv are samples of x.csv too"));
    assert!(notes("2,1\n3,0\n5,0\n").contains("2 of 3 samples"));
    // The same features under another label, and a half that is there by chance.
    assert!(!notes("1,1\n2,0\n2,1\n3,0\n").contains("samples of"));
}

/// Likely mistakes are said.
#[test]
fn doubts_are_noted() {
    let notes = |content: String, keys: &[(&str, Value)]| parse(&content, keys).unwrap().notes.join("\n");
    let rows = |f: &dyn Fn(usize) -> String| (0..20).map(f).collect::<String>();
    let index = rows(&|i| format!("{i},{}.5,{}\n", i * 7 % 5, i / 10));
    for names in [",x,y\n", "Unnamed: 0,x,y\n", "id,x,y\n", "n,x,y\n", ""] {
        let notes = notes(format!("{names}{index}"), &[("label", Value::Integer(3))]);
        assert!(
            notes.contains("counts the rows: an index? ignore = [1]"),
            "{names}{notes}"
        );
    }
    let label = notes(index.clone(), &[("label", Value::Integer(1))]);
    assert!(
        label.contains("20 classes in 20 samples: almost every sample has a class of its own"),
        "{label}"
    );
    let default = notes(rows(&|i| format!("{}.5,{}\n", i * 7 % 5, i % 2)), &[]);
    assert_eq!(
        default,
        "column 2 is the label, since it is the last and `label` is not given"
    );
    let twice = notes(
        format!("x,x,y\n{}", rows(&|i| format!("{}.5,3.5,{}\n", i * 7 % 5, i % 2))),
        &[("label", text("y"))],
    );
    assert_eq!(twice, "two columns have the name `x`");
    let reading = parse(IRIS, &[]).unwrap().reading;
    assert_eq!(
        reading,
        [
            "3 columns, separated by `,`",
            "line 1 has names: `sepal` in column 1 stands over numbers",
            "label: column 3 (`species`), the last, since `label` is not given",
        ]
    );
}

/// What may be meant where a number should stand: cells that other programs write.
#[test]
fn cells_that_are_no_numbers_get_advice() {
    for (cell, advice) in [
        ("True", "truth values as 1 and 0"),
        ("#1", "lines that begin with # are not skipped"),
        ("12%", "percent signs"),
        ("\u{2212}5", "U+2212"),
        ("\u{a0}5", "non-breaking space"),
        ("1.5D+03", "Fortran's exponents"),
        ("\"1,000\"", "separators of thousands"),
        ("0x1f", "hexadecimal"),
    ] {
        let error = parse(&format!("a,b,y\n1,2,0\n{cell},3,1\n"), &[])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 3, column 1 (`a`)") && error.contains(advice),
            "{error}"
        );
    }
}

/// Rows and columns without values, as spreadsheets leave them.
#[test]
fn empty_rows_and_columns_of_spreadsheets_are_named() {
    for (content, advice) in [
        (
            "a,b,y\n1,2,0\n3,4,1\n,,\n",
            "no cell of the line has a value: remove the line",
        ),
        ("a,b,y,,\n1,2,0,,\n3,4,1,,\n", "a spreadsheet's empty column?"),
    ] {
        let error = parse(content, &[("label", text("y"))]).unwrap_err().to_string();
        assert!(
            error.contains("the value is missing") && error.contains(advice),
            "{error}"
        );
    }
}

/// Codes for missing values and copies of the label are said; values that only look like them are not.
#[test]
fn codes_and_copies_of_the_label_are_noted() {
    let notes = |a: &dyn Fn(usize) -> String| {
        let rows: String = (0..30)
            .map(|i| format!("{},{}.5,{}\n", a(i), i % 7, i % 2))
            .collect();
        parse(&format!("a,b,y\n{rows}"), &[("label", text("y"))])
            .unwrap()
            .notes
            .join("\n")
    };
    for code in ["-9999", "-999.0", "-99", "9999"] {
        let notes = notes(&|i| {
            if i % 9 == 0 {
                code.to_owned()
            } else {
                format!("{}", 20 + i % 5)
            }
        });
        assert!(
            notes.contains("column 1 (`a`) has the value") && notes.contains("ignore = [1]"),
            "{notes}"
        );
    }
    // Values among others, and a column of nothing else.
    assert_eq!(notes(&|i| format!("{}", -99 + 11 * (i as i64 % 4))), "");
    assert_eq!(notes(&|i| format!("{}", [-999, -2000, 700][i % 3])), "");
    assert_eq!(notes(&|_| "-999".to_owned()), "");
    for words in [["7", "3"], ["0", "1"]] {
        let notes = notes(&|i| words[i % 2].to_owned());
        assert_eq!(
            notes,
            "column 1 (`a`) is the label in other words: each of its values stands at one class; ignore = [1]"
        );
    }
    // Each value stands at one class, but a class has several values: a feature may be that good.
    assert_eq!(notes(&|i| format!("{}", i % 4)), "");
}

/// gzip, Python and Node read a file with zeros behind its end, and so do we.
#[test]
fn zeros_behind_gzip_are_no_damage() {
    let mut zipped = gzip(IRIS.as_bytes());
    zipped.extend_from_slice(&[0; 700]);
    let open = |bytes: Vec<u8>| {
        read(
            DataFile::from_bytes(Path::new("t.csv.gz"), bytes)?,
            None,
            &spec(&[]),
        )
    };
    assert_eq!(
        open(zipped.clone()).unwrap().digest,
        parse(IRIS, &[]).unwrap().digest
    );
    zipped.extend_from_slice(b"5,5,setosa\n");
    let error = open(zipped).unwrap_err().to_string();
    assert!(
        error.contains("something else than gzip follows behind its end"),
        "{error}"
    );
}

#[test]
fn names_that_look_alike_are_one_whatever_their_bytes() {
    // The accent as a part of the letter, and apart.
    let content = "gr\u{f6}\u{df}e,y\n1,caf\u{e9}\n2,cafe\u{301}\n3,tea\n";
    let data = parse(content, &[]).unwrap();
    assert_eq!(data.class_names, ["caf\u{e9}", "tea"]);
    let data = parse(
        content,
        &[("ignore", Value::List(vec![text("gro\u{308}\u{df}e")]))],
    );
    assert!(data.unwrap_err().to_string().contains("no columns left"));
}

#[test]
fn labels_that_are_not_utf8_stay_apart_and_are_noted() {
    let content = b"a,y\n1,caf\xe9\n2,caf\xe8\n".to_vec();
    let source = DataFile::from_bytes(Path::new("t.csv"), content).unwrap();
    let data = read(source, None, &spec(&[])).unwrap();
    assert_eq!(data.class_names, ["caf\\xe8", "caf\\xe9"]);
    let says = "the label `caf\\xe8` is not UTF-8: is the file in Latin-1?";
    assert!(data.notes.iter().any(|n| n.contains(says)), "{:?}", data.notes);
    assert!(!data.notes.iter().any(|n| n.contains("almost alike")));
}

#[test]
fn a_header_in_the_middle_of_a_file_is_no_sample() {
    let error = parse("a,b,y\n1,2,0\n3,4,1\na,b,y\n5,6,0\n", &[])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("t.csv, line 4: the names of the columns again"),
        "{error}"
    );
    // Numbers as names may be a sample as well.
    let data = parse("0,1,2\n.5,.75,0\n.125,.5,1\n0,1,2\n.5,.5,0\n", &[]).unwrap();
    let says = "line 4 is the line of names again: a sample, or a header";
    assert!(data.notes.iter().any(|n| n.starts_with(says)), "{:?}", data.notes);
}

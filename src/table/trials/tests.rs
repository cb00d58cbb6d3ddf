use super::*;
use crate::table::example;
use crate::table::io::{Table, Writer};
use crate::table::record::TrialRecord;

fn at(scheme: &str, rate: f64, replicate: u32) -> Coordinates {
    let mut c = example::coordinates();
    (c.scheme, c.learning_rate, c.replicate) = (scheme.into(), rate, replicate);
    (c.weight_seed, c.order_seed) = (replicate, replicate);
    c
}

fn text(records: &[TrialRecord]) -> Vec<u8> {
    let mut writer = Writer::new(Table::Trials, Vec::new()).unwrap();
    records.iter().for_each(|r| writer.push(r).unwrap());
    writer.finish().unwrap()
}

fn frame(records: &[TrialRecord], manifest: Option<&Manifest>) -> Result<Trials> {
    let text = text(records);
    let rows = Reader::new("t/trials.csv", &text[..])?;
    Trials::read(rows, None::<Reader<EpochLine, &[u8]>>, manifest)
}

/// Two schemes, rates 0.5 and 10, replicates 0 to 2; `b` diverges at rate 10, but for replicate 2.
fn records() -> Vec<TrialRecord> {
    let mut records = Vec::new();
    for scheme in ["a", "b"] {
        for rate in [0.5, 10.0] {
            for replicate in 0..3 {
                let c = at(scheme, rate, replicate);
                let accuracy = 0.5 + f64::from(replicate) / 10.0;
                records.push(match (scheme, rate, replicate) {
                    ("b", 10.0, 0 | 1) => example::diverged(c, 2),
                    _ => example::record(c, accuracy),
                });
            }
        }
    }
    records
}

#[test]
fn every_field_of_a_row_is_found_again() {
    let mut records = records();
    records[1].trial.message = Some("slow".into());
    records[2].trial.trial_id = "other".into();
    let trials = frame(&records, Some(&example::manifest())).unwrap();
    assert_eq!(trials.len(), 12);
    for (row, record) in records.iter().enumerate() {
        for axis in Axis::ALL {
            assert_eq!(trials.text(row, axis), record.coordinates.text(axis));
        }
        assert_eq!(trials.seeds(row), record.coordinates.seeds());
        assert_eq!(trials.id(row), record.trial.trial_id);
        assert_eq!(trials.message(row), record.trial.message.as_deref());
        assert_eq!(trials.status(row), record.trial.status);
        assert_eq!(trials.number(row, Figure::TEST_LOSS), record.trial.test_loss);
        let steps = Figure::named("steps").unwrap();
        assert_eq!(trials.number(row, steps), Some(record.trial.steps as f64));
    }
    // As text, "10" would come before "0.5".
    assert_eq!(trials.values(Axis::LearningRate), ["0.5", "10"]);
    assert_eq!(trials.value(3, Axis::LearningRate), 10.0);
    assert!(trials.value(3, Axis::Scheme).is_nan());
    assert!(Figure::all().all(|f| Figure::named(f.name()) == Some(f)));
    assert_eq!(Figure::named("status"), None);
}

#[test]
fn a_diverged_trial_counts_as_chance_and_as_infinite_loss() {
    let trials = frame(&records(), Some(&example::manifest())).unwrap();
    assert_eq!(trials.score(8, Figure::TEST_ACCURACY), Some(0.7));
    assert_eq!(trials.score(9, Figure::TEST_ACCURACY), Some(0.1));
    assert_eq!(trials.score(9, Figure::VALIDATION_LOSS), Some(f64::INFINITY));
    // It had this loss before it diverged, and an early best epoch does not save it.
    assert_eq!(trials.score(9, Figure::INITIAL_LOSS), Some(2.5));
    assert_eq!(trials.number(9, Figure::BEST_TEST_ACCURACY), Some(0.1));
    assert_eq!(trials.score(9, Figure::BEST_TEST_ACCURACY), Some(0.1));
    assert_eq!(
        trials.score(9, Figure::named("stopped_epoch").unwrap()),
        Some(2.0)
    );
    assert_eq!(trials.score(0, Figure::named("stopped_epoch").unwrap()), None);
    // Without a manifest nothing says how many classes there are.
    let trials = frame(&records(), None).unwrap();
    assert_eq!(trials.score(9, Figure::TEST_ACCURACY), Some(0.0));
}

#[test]
fn what_is_not_measured_on_a_dataset_is_not_lost() {
    let mut records = records();
    for r in &mut records {
        let t = &mut r.trial;
        (t.validation_loss, t.validation_accuracy) = (None, None);
    }
    let trials = frame(&records, Some(&example::manifest())).unwrap();
    assert_eq!(trials.score(9, Figure::VALIDATION_ACCURACY), None);
    assert_eq!(trials.all().scores(Figure::VALIDATION_LOSS), None);
    assert_eq!(trials.score(9, Figure::TEST_ACCURACY), Some(0.1));
    // A trial that ended well and lacks what others have has lost it: its loss was not finite.
    records[0].trial.test_loss = None;
    let trials = frame(&records, Some(&example::manifest())).unwrap();
    assert_eq!(trials.score(0, Figure::TEST_LOSS), Some(f64::INFINITY));
    // Where no trial ended well, what is reported is lost and the rest is not measured.
    let lost = [example::diverged(at("a", 0.5, 0), 1)];
    let trials = frame(&lost, Some(&example::manifest())).unwrap();
    assert_eq!(trials.score(0, Figure::TRAIN_ACCURACY), Some(0.1));
    assert_eq!(trials.score(0, Figure::VALIDATION_ACCURACY), None);
    let trials = frame(&lost, None).unwrap();
    assert_eq!(trials.headline(0), Figure::TEST_LOSS);
    assert_eq!(trials.score(0, Figure::TEST_ACCURACY), None);
}

#[test]
fn subsets_are_selected_and_grouped_in_the_order_of_the_tables() {
    let trials = frame(&records(), Some(&example::manifest())).unwrap();
    let selector = Selector(BTreeMap::from([
        (Axis::Scheme, vec!["b".to_owned()]),
        (Axis::Replicate, vec!["0".to_owned(), "2".to_owned()]),
    ]));
    let selected = trials.all().select(&selector);
    assert_eq!(selected.rows().collect::<Vec<_>>(), [6, 8, 9, 11]);
    assert_eq!(selected.values(Axis::LearningRate), ["0.5", "10"]);
    let nothing = Selector(BTreeMap::from([(Axis::Scheme, vec!["c".to_owned()])]));
    assert!(trials.all().select(&nothing).is_empty());

    let rows =
        |groups: Vec<Subset>| -> Vec<Vec<usize>> { groups.iter().map(|g| g.rows().collect()).collect() };
    assert_eq!(
        rows(trials.all().group_by(&[Axis::LearningRate])),
        [vec![0, 1, 2, 6, 7, 8], vec![3, 4, 5, 9, 10, 11]]
    );
    // The axes in any order.
    let by = trials.all().group_by(&[Axis::Replicate, Axis::Scheme]);
    assert_eq!((by.len(), by[1].rows().collect::<Vec<_>>()), (6, vec![1, 4]));
    assert_eq!(trials.cells().len(), 4);
    assert_eq!(trials.cells()[3].count(Status::Diverged), 2);
    assert_eq!(
        trials.cells()[3].scores(Figure::TEST_ACCURACY),
        Some(vec![0.1, 0.1, 0.7])
    );
    assert_eq!(
        rows(trials.all().group_but(&[Axis::Scheme, Axis::LearningRate])).len(),
        1
    );
}

#[test]
fn trials_pair_by_their_seeds() {
    let trials = frame(&records(), Some(&example::manifest())).unwrap();
    let cells = trials.cells();
    assert_eq!(cells[1].pair_by_seeds(&cells[2], &[]), [(3, 6), (4, 7), (5, 8)]);
    assert_eq!(cells[1].pair_by_seeds(&cells[2], &[Axis::LearningRate]), []);
    let some = trials.all().filter(|row| [3, 5].contains(&row));
    assert_eq!(
        some.pair_by_seeds(&cells[3], &[Axis::LearningRate]),
        [(3, 9), (5, 11)]
    );
}

#[test]
fn rows_out_of_order_or_twice_are_refused_with_their_line() {
    let mut records = records();
    records.swap(0, 1);
    let error = frame(&records, None).unwrap_err().to_string();
    assert!(
        error.contains(
            "t/trials.csv:3: the trial digits,0,64-32,relu,a,zeros,sgd,0.5,32,0,0,0,0 is out of order"
        ),
        "{error}"
    );
    records[0] = records[1].clone();
    let error = frame(&records, None).unwrap_err().to_string();
    assert!(
        error.contains("t/trials.csv:3: ") && error.contains(" is there twice"),
        "{error}"
    );
}

#[test]
fn blocks_hold_the_rows_of_the_whole_table() {
    let records = records();
    let text = text(&records);
    let axes = &Axis::ALL[..=Axis::Scheme as usize];
    let mut blocks = Blocks::new(
        Reader::new("t", &text[..]).unwrap(),
        axes,
        Some(example::manifest()),
    )
    .unwrap();
    let mut rows = 0;
    for scheme in ["a", "b"] {
        assert_eq!(blocks.peek().map(|c| c.scheme.as_str()), Some(scheme));
        let block = blocks.next_block().unwrap();
        assert_eq!((block.len(), block.text(5, Axis::Scheme)), (6, scheme));
        assert_eq!(block.id(0), records[rows].trial.trial_id);
        rows += block.len();
    }
    assert_eq!((rows, blocks.peek()), (12, None));
    assert!(blocks.next_block().unwrap().is_empty());
}

#[test]
fn equal_trials_of_two_tables_are_known_by_what_they_count_with() {
    let (a, mut changed) = (records(), records());
    changed[0].trial.test_loss = Some(0.25);
    changed[9].trial.test_loss = Some(7.0);
    let of = |records: &[TrialRecord]| frame(records, Some(&example::manifest())).unwrap();
    let (old, new) = (of(&a), of(&changed));
    let (old, new) = (old.all(), new.all());
    assert!(old.same_scores(&new, &[Figure::TEST_ACCURACY]));
    assert!(!old.same_scores(&new, &[Figure::TEST_ACCURACY, Figure::TEST_LOSS]));
    // What a diverged trial wrote is not what it counts with.
    let rest = |subset: &Subset| -> Vec<Option<f64>> {
        subset
            .rows()
            .skip(1)
            .map(|row| subset.trials().score(row, Figure::TEST_LOSS))
            .collect()
    };
    assert_eq!(rest(&old), rest(&new));
    assert!(!old.same_scores(&old.filter(|row| row > 0), &[]));
}

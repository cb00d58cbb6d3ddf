use super::*;
use crate::table::example;

fn written(table: Table, records: &[TrialRecord]) -> String {
    // As of a grid that leaves every optional axis at its default.
    let optional = Axis::CELL
        .into_iter()
        .filter(|axis| axis.default_without_column().is_some());
    let optional: Vec<Axis> = optional.collect();
    let mut writer = Writer::without_column(table, &optional, Vec::new()).unwrap();
    for record in records {
        writer.push(record).unwrap();
    }
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

fn read<R: Row>(text: &str) -> Result<Vec<R>> {
    Reader::<R, _>::new(R::FILE, text.as_bytes())?.collect()
}

fn two() -> Vec<TrialRecord> {
    let mut second = example::coordinates();
    second.replicate = 1;
    let mut failed = example::diverged(second, 3);
    failed.trial.message = Some("said \"no\", twice".into());
    vec![example::record(example::coordinates(), 0.9), failed]
}

#[test]
fn the_bytes_of_a_table() {
    let text = written(Table::Epochs, &two()[..1]);
    assert_eq!(
        text,
        "dataset,label_noise,architecture,activation,scheme,bias,optimizer,learning_rate,batch_size,\
         replicate,weight_seed,order_seed,data_seed,trial_id,epoch,step,train_loss,train_accuracy,\
         validation_loss,validation_accuracy,test_loss,test_accuracy,weights_hash\n\
         digits,0,64-32,relu,he_normal,zeros,sgd,0.1,32,0,0,0,0,0123456789abcdef,0,0,0.9,0.1,0.9,0.1,\
         0.9,0.1,1111111111111111\n\
         digits,0,64-32,relu,he_normal,zeros,sgd,0.1,32,0,0,0,0,0123456789abcdef,1,41,\
         0.09999999999999998,0.9,0.09999999999999998,0.9,0.09999999999999998,0.9,2222222222222222\n"
    );
}

#[test]
fn what_is_written_reads_back() {
    let records = two();
    let trials: Vec<TrialLine> = read(&written(Table::Trials, &records)).unwrap();
    for (line, record) in trials.iter().zip(&records) {
        assert_eq!(
            (&line.coordinates, &line.trial),
            (&record.coordinates, &record.trial)
        );
    }
    let epochs: Vec<EpochLine> = read(&written(Table::Epochs, &records)).unwrap();
    assert_eq!(epochs.len(), 3);
    assert_eq!(epochs[1].row, records[0].epochs[1]);
    let layers: Vec<LayerLine> = read(&written(Table::Layers, &records)).unwrap();
    assert_eq!(layers[0].row, records[0].layers[0]);
    assert_eq!(layers[1].coordinates, records[1].coordinates);
}

#[test]
fn a_figure_that_is_not_finite_is_missing() {
    let mut record = example::record(example::coordinates(), 0.9);
    record.trial.test_loss = Some(f64::INFINITY);
    record.trial.train_loss = Some(f64::NAN);
    let back: Vec<TrialLine> = read(&written(Table::Trials, &[record])).unwrap();
    assert_eq!((back[0].trial.test_loss, back[0].trial.train_loss), (None, None));
}

#[test]
fn errors_name_file_line_and_column() {
    let good = written(Table::Trials, &two());
    let cases = [
        (
            good.replace("diverged", "gone"),
            "trials.csv:3: `status` is `gone`",
        ),
        (good.replacen(",41,", ",-1,", 1), "trials.csv:2: `steps` is `-1`"),
        (
            good.replacen(",0.9,", ",NaN,", 1),
            "trials.csv:2: `train_accuracy` is `NaN`",
        ),
        (good.replacen("digits", "", 1), "trials.csv:2: `dataset` is empty"),
        (
            good.replacen(",status", "", 1),
            "trials.csv:1: the column `status` is missing",
        ),
        (
            good.replacen("final_hash", "final_hash,extra", 1),
            "trials.csv:1: unknown column `extra`",
        ),
        (
            good[..good.len() - 40].to_owned(),
            "trials.csv:3: 30 cells where the header has 32",
        ),
        (String::new(), "trials.csv is empty"),
    ];
    for (text, expected) in cases {
        let error = read::<TrialLine>(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\nshould say: {expected}");
    }
}

mod property {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn a_mutated_table_never_panics(place in 0usize..100_000, bytes in proptest::collection::vec(any::<u8>(), 0..6), cut in 0usize..8) {
            for table in Table::ALL {
                let mut text = written(table, &two()).into_bytes();
                let place = place % text.len();
                let end = (place + cut).min(text.len());
                text.splice(place..end, bytes.iter().copied());
                for result in Reader::<TrialLine, _>::new("t", &text[..]).into_iter().flatten() {
                    let _ = result.map_err(|e| e.to_string());
                }
                for result in Reader::<EpochLine, _>::new("t", &text[..]).into_iter().flatten() {
                    let _ = result.map_err(|e| e.to_string());
                }
                for result in Reader::<LayerLine, _>::new("t", &text[..]).into_iter().flatten() {
                    let _ = result.map_err(|e| e.to_string());
                }
            }
        }
    }
}

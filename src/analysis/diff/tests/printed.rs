//! The forms in which a diff is printed.

use super::*;

/// One of everything, for the printed forms.
fn varied() -> Diff {
    let mut new = records();
    new[1].trial.initial_hash = Some("x".into());
    new[1].trial.test_accuracy = Some(0.79);
    new[1].trial.best_epoch = None;
    new.remove(5);
    let sides = Sides::new(&records(), &new);
    for side in ["old", "new"] {
        std::fs::remove_file(sides.path(side).join("layers.csv")).unwrap();
    }
    sides.report()
}

#[test]
fn in_print() {
    let style = Style {
        width: 90,
        colour: false,
    };
    insta::assert_snapshot!(print::text(&varied(), style), @r"
    old -> new

    epochs.csv: 0 of 12 rows changed, 0 added, 2 removed
      - line 12: digits 64-32 relu xavier_uniform zeros sgd learning_rate=0.1 batch_size=32
        replicate=2 weight_seed=2 order_seed=2 data_seed=0 epoch=0
      - line 13: digits 64-32 relu xavier_uniform zeros sgd learning_rate=0.1 batch_size=32
        replicate=2 weight_seed=2 order_seed=2 data_seed=0 epoch=1
    trials.csv: 1 of 6 rows changed, 0 added, 1 removed
      test_accuracy: 1 cell, at most 0.1124 relative
      best_epoch: 1 cell, 1 lost a value
      initial_hash: 1 cell
      ~ line 3: digits 64-32 relu he_normal zeros sgd learning_rate=0.1 batch_size=32
        replicate=1 weight_seed=1 order_seed=1 data_seed=0
          test_accuracy 0.89 -> 0.79  (0.1124 relative)
          best_epoch 1 -> (missing)
          initial_hash 1111111111111111 -> x
      - line 7: digits 64-32 relu xavier_uniform zeros sgd learning_rate=0.1 batch_size=32
        replicate=2 weight_seed=2 order_seed=2 data_seed=0
    where it started
      1 trial: the initial weights (initial_hash); he_normal 1
    conclusions
      interval: xavier_uniform no longer distinguishable from he_normal (digits 0 64-32 relu
        zeros sgd 32)
    ");
}

#[test]
fn in_a_pull_request() {
    insta::assert_snapshot!(print::markdown(&varied()), @r"
    ### `old` → `new`

    **Conclusions**

    - interval: xavier\_uniform no longer distinguishable from he\_normal (digits 0 64-32 relu zeros sgd 32)

    **Where it started**

    - 1 trial: the initial weights (initial\_hash); he\_normal 1

    epochs.csv: 0 of 12 rows changed, 0 added, 2 removed

    <details><summary>2 of 2 rows</summary>

    ```diff
    - digits 64-32 relu xavier_uniform zeros sgd learning_rate=0.1 batch_size=32 replicate=2 weight_seed=2 order_seed=2 data_seed=0 epoch=0
    - digits 64-32 relu xavier_uniform zeros sgd learning_rate=0.1 batch_size=32 replicate=2 weight_seed=2 order_seed=2 data_seed=0 epoch=1
    ```

    </details>

    trials.csv: 1 of 6 rows changed, 0 added, 1 removed

    | column | cells | lost a value | gained one | others at most, relative | ulp |
    |---|--:|--:|--:|--:|--:|
    | test\_accuracy | 1 | 0 | 0 | 0.1124 |  |
    | best\_epoch | 1 | 1 | 0 |  |  |
    | initial\_hash | 1 | 0 | 0 |  |  |

    <details><summary>2 of 2 rows</summary>

    ```diff
    ! digits 64-32 relu he_normal zeros sgd learning_rate=0.1 batch_size=32 replicate=1 weight_seed=1 order_seed=1 data_seed=0
    !     test_accuracy 0.89 -> 0.79  (0.1124 relative)
    !     best_epoch 1 -> (missing)
    !     initial_hash 1111111111111111 -> x
    - digits 64-32 relu xavier_uniform zeros sgd learning_rate=0.1 batch_size=32 replicate=2 weight_seed=2 order_seed=2 data_seed=0
    ```

    </details>
    ");
}

#[test]
fn for_machines() {
    let report = varied();
    let json = export::json(&report).unwrap();
    let table = &json["directories"][0]["tables"][1];
    assert_eq!(table["name"], "trials.csv");
    assert_eq!(table["rows"][0]["key"]["scheme"], "he_normal");
    assert_eq!(table["rows"][0]["cells"][0]["column"], "test_accuracy");
    assert_eq!(json["directories"][0]["origins"][0]["origin"], "initial_weights");
    let rows: Vec<_> = table_rows(&report);
    assert_eq!(rows[0][3..6], ["test_accuracy", "0.89", "0.79"]);
    assert_eq!(rows.last().unwrap()[1], "removed");
}

fn table_rows(report: &Diff) -> Vec<[String; 9]> {
    let sample = &table(report, "trials.csv").rows;
    sample
        .iter()
        .flat_map(|r| export::csv_rows("trials.csv", r))
        .collect()
}

//! The rows of layers that belong to one trial, as one figure.

use std::collections::BTreeMap;

use crate::experiment::claim::{Aggregate, Evaluation, Layers};

use super::aggregate::aggregate;

/// A number in a column of a row; `None` where there is none.
pub fn number(
    record: &csv::StringRecord,
    columns: &BTreeMap<&'static str, usize>,
    column: &str,
) -> Option<f64> {
    record.get(*columns.get(column)?)?.parse().ok()
}

/// The rows of `layers.csv` (or of a probe) that belong to one trial.
#[derive(Default)]
pub struct LayersOfTrial {
    pub id: String,
    /// Epoch, layer, cells.
    pub rows: Vec<(u32, u32, csv::StringRecord)>,
}

impl LayersOfTrial {
    /// The figure `column` at `at`, `across` the layers that are asked for. Their second part is the
    /// number of layers of the network, not all of which may have rows; where it is not known, the
    /// last row is that of the output layer.
    pub fn value(
        &self,
        column: &str,
        at: Evaluation,
        (which, depth): (&Layers, Option<u32>),
        across: Aggregate,
        columns: &BTreeMap<&'static str, usize>,
    ) -> Option<f64> {
        let epoch = match at {
            Evaluation::AfterEpoch(epoch) => epoch,
            Evaluation::Last => self.rows.iter().map(|(epoch, _, _)| *epoch).max()?,
        };
        let rows = || self.rows.iter().filter(|(e, _, _)| *e == epoch);
        let count = depth.or_else(|| rows().map(|(_, layer, _)| *layer).max())?;
        // A layer without a figure (the first has no ratio to one before) is left out.
        let values: Vec<f64> = rows()
            .filter(|(_, layer, _)| which.contain(*layer, count))
            .filter_map(|(_, _, cells)| number(cells, columns, column))
            .collect();
        (!values.is_empty()).then(|| aggregate(across, &values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_keep_their_names_where_not_all_have_rows() {
        let columns = BTreeMap::from([("x", 0)]);
        let value = |layers: &[u32], which: &Layers, depth| {
            let row = |layer: &u32| (0, *layer, csv::StringRecord::from(vec![layer.to_string()]));
            let trial = LayersOfTrial {
                id: "t".into(),
                rows: layers.iter().map(row).collect(),
            };
            trial.value("x", Evaluation::Last, (which, depth), Aggregate::Max, &columns)
        };
        // A network of five layers.
        assert_eq!(value(&[1, 2, 3, 4], &Layers::Hidden, Some(5)), Some(4.0));
        assert_eq!(value(&[4], &Layers::LastHidden, Some(5)), Some(4.0));
        assert_eq!(value(&[2, 5], &Layers::Hidden, Some(5)), Some(2.0));
        assert_eq!(value(&[5], &Layers::Output, Some(5)), Some(5.0));
        assert_eq!(value(&[4], &Layers::Output, Some(5)), None);
        // One that the experiment does not know.
        assert_eq!(value(&[1, 2, 3], &Layers::LastHidden, None), Some(2.0));
    }
}

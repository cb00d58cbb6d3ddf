//! Coordinates are the first columns of every table.

use crate::experiment::{CellCoordinates, Coordinates, axes};
use crate::row::cells;

macro_rules! coordinates {
    (
        cell { $($(#[doc = $cell_doc:literal])* $_a:ident $cell:ident: $cell_type:ty,)* }
        trial { $($(#[doc = $trial_doc:literal])* $_b:ident $trial:ident: $trial_type:ty,)* }
    ) => {
        cells!(Coordinates {
            $($(#[doc = $cell_doc])* $cell: $cell_type,)*
            $($(#[doc = $trial_doc])* $trial: $trial_type,)*
        });
        cells!(CellCoordinates { $($(#[doc = $cell_doc])* $cell: $cell_type,)* });
    };
}
axes!(coordinates);

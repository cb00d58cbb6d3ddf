//! Coordinates are the first columns of every table.

use crate::experiment::{CellCoordinates, Coordinates, axes};
use crate::row::cells;

macro_rules! coordinates {
    (
        cell { $($_a:ident $cell:ident: $cell_type:ty,)* }
        trial { $($(#[doc = $trial_doc:literal])* $_b:ident $trial:ident: $trial_type:ty [$($_c:tt)*],)* }
    ) => {
        cells!(Coordinates {
            $($cell: $cell_type,)*
            $($(#[doc = $trial_doc])* $trial: $trial_type,)*
        });
        cells!(CellCoordinates { $($cell: $cell_type,)* });
    };
}
axes!(coordinates);

//! Running trials: one (pure), many (rayon), kept (journal).

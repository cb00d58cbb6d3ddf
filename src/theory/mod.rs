//! Closed forms at initialization.

//! Tests over several formats.

mod mutation;

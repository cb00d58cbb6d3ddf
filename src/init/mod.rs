//! Initialization schemes.

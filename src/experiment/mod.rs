//! Experiment files: TOML text, checked, into an ordered plan of trials.

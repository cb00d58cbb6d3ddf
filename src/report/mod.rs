//! Tables to figures to one HTML page.

pub mod figure;
mod page;

//! From results to output: one file per form.
//!
//! Nothing here prints; a renderer makes a [`crate::ui::Text`] or a document, and the command hands it to the ui.

pub mod json;
pub mod lines;
pub mod paths;
pub mod report_human;
pub mod table;
mod text_change;
mod tree;
pub(crate) mod values;
pub(crate) mod wrap;

pub use report_human::{Detail, View, findings, report, selected, selection::Selection};

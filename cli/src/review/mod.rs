//! Showing somebody what they are asked to consent to, and asking.
//!
//! Where somebody is there, everything is gone through item by item, on the terminal that the questions are asked on, and
//! nothing can be acknowledged before its last line was shown. Where nobody is, the report is data on standard output.

mod acknowledged;
pub mod beside;
mod introduction;
mod items;
mod pages;
mod session;
mod subject;

pub(crate) use self::introduction::{labelled, labelled_digest};
pub use self::{
    acknowledged::Acknowledged,
    introduction::introduction,
    session::{Decision, decide},
    subject::Subject,
};
use crate::{
    context::Context,
    error::CommandError,
    render::{self, Detail, View},
    ui::Text,
};
use mcp_pin_diff::ChangeReport;

/// Shows a report on standard output.
///
/// # Errors
/// When standard output is gone.
pub fn show(context: &Context, subject: &str, report: &ChangeReport, detail: Detail) -> Result<(), CommandError> {
    let view = View { columns: context.ui.width(), detail, subject: Some(subject) };
    print(context, render::report(report, &view))
}

/// Shows what was found in a first admission, without the entries that nothing was found in.
///
/// # Errors
/// When standard output is gone.
pub fn show_findings(context: &Context, subject: &str, report: &ChangeReport) -> Result<(), CommandError> {
    let view = View { columns: context.ui.width(), detail: Detail::Summary, subject: Some(subject) };
    print(context, render::findings(report, &view))
}

/// Prints data.
///
/// # Errors
/// When standard output is gone.
pub fn print(context: &Context, text: impl Into<Text>) -> Result<(), CommandError> {
    context
        .ui
        .data(text)
        .map_err(|error| CommandError::could_not_check(format!("cannot write to standard output: {error}")))
}

/// Shows what stands beside a report on standard output; nothing where there is nothing.
///
/// # Errors
/// When standard output is gone.
pub fn print_beside(context: &Context, beside: &[beside::Beside<'_>]) -> Result<(), CommandError> {
    let text = beside::shown(beside, context.ui.width());
    if text.is_empty() { Ok(()) } else { print(context, text) }
}

//! What somebody is asked to decide about.

use mcp_pin_diff::{ChangeReport, EntryRef};
use mcp_pin_model::{Grade, Surface, json::Value};
use mcp_pin_policy::{Assessed, Assessment};

use super::beside::Beside;
use crate::ui::Text;

/// A change, or a first admission, with all that is known about it.
pub struct Subject<'a> {
    /// What it is called, and what is typed to accept what is graded `block`: an alias, or a server's name.
    pub name: &'a str,
    /// What it would become, such as "lock `weather` like this?".
    pub question: String,
    /// The report, with what its findings weigh here.
    pub assessment: &'a Assessment<'a>,
    /// What was found beside the report.
    pub beside: &'a [Beside<'a>],
    /// The surface that it would replace.
    pub before: Option<&'a Surface>,
    /// The surface that is to be accepted.
    pub after: &'a Surface,
    /// What else is to be known first, such as what is started; may be empty.
    pub introduction: Text,
}

impl<'a> Subject<'a> {
    pub(super) fn report(&self) -> &'a ChangeReport {
        self.assessment.report()
    }

    /// The gravest grade, as it weighs here.
    #[must_use]
    pub fn grade(&self) -> Grade {
        super::beside::gravest(self.beside).max(self.assessment.grade())
    }

    /// What a finding of the report weighs here.
    pub(super) fn assessed(&self, index: usize) -> Option<&Assessed<'a>> {
        self.assessment.findings().get(index)
    }

    /// An entry in full: as it is to be, or else as it was, and which of both.
    pub(super) fn entry(&self, entry: &EntryRef) -> Option<(&'static str, Value)> {
        let find = |surface: &Surface| surface.entry(entry.kind, &entry.key).map(|one| one.value().clone());
        match find(self.after) {
            Some(value) => Some(("as it would be", Value::Object(value))),
            None => self.before.and_then(find).map(|value| ("as it was", Value::Object(value))),
        }
    }
}

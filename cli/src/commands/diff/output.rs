//! How comparisons are printed, and what code they end with.

use mcp_pin_diff::{Bump, ChangeReport};
use mcp_pin_model::{Alias, Digest, Grade, json::Value};
use serde::Serialize;

use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::{self, Detail, View, json},
    ui::{Role, Text},
};

/// One comparison.
pub(super) struct Compared<'a> {
    /// The locked server, where it is one.
    pub(super) alias: Option<&'a Alias>,
    /// What came out.
    pub(super) report: &'a ChangeReport,
}

/// What a comparison comes to, in the JSON document. The outcome and the digest are what scripts need; the report is
/// the canonical one that the digest is of.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comparison {
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<Alias>,
    /// `unchanged` or `changed`.
    outcome: &'static str,
    grade: Grade,
    model_visible_changed: bool,
    required_bump: Bump,
    #[serde(skip_serializing_if = "Option::is_none")]
    declared_bump: Option<Bump>,
    /// What `update --accept <alias>@<digest>` and a consent refer to.
    report_digest: Digest,
    report: Value,
}

impl Comparison {
    pub(super) fn of(compared: &Compared<'_>) -> Self {
        let report = compared.report;
        Self {
            alias: compared.alias.cloned(),
            outcome: if report.is_unchanged() { "unchanged" } else { "changed" },
            grade: report.grade(),
            model_visible_changed: report.model_visible_changed(),
            required_bump: report.required_bump(),
            declared_bump: report.declared_bump(),
            report_digest: report.digest(),
            report: report.to_value(),
        }
    }
}

/// The code that a comparison ends with.
pub(super) fn status(report: &ChangeReport) -> Status {
    if report.is_unchanged() { Status::Passed } else { Status::Failed }
}

/// Prints one comparison.
pub(super) fn one(context: &Context, compared: &Compared<'_>, detail: Detail) -> CommandResult {
    match context.format {
        Format::Json => json::print(&context.ui, "diff", &Comparison::of(compared))?,
        Format::Human => {
            write(context, human(context, compared, detail))?;
        }
    }
    Ok(status(compared.report))
}

/// One comparison for people.
pub(super) fn human(context: &Context, compared: &Compared<'_>, detail: Detail) -> Text {
    let view = View { columns: context.ui.width(), detail, subject: compared.alias.map(Alias::as_str) };
    let mut text = render::report(compared.report, &view);
    if !compared.report.is_unchanged() {
        text.newline();
        text.push(Role::Dim, "change report ");
        text.plain(compared.report.digest().to_string());
        text.newline();
    }
    text
}

/// Prints, or says that standard output cannot be written.
pub(super) fn write(context: &Context, text: Text) -> Result<(), CommandError> {
    context.ui.data(text).map_err(|error| super::super::output_error(&error))
}

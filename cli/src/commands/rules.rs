//! `mcp-pin rules`.

use mcp_pin_diff::rules::{self, Rule};
use mcp_pin_model::Grade;
use serde::Serialize;

use crate::{
    cli::Format,
    context::Context,
    error::{CommandResult, Status},
    render::{json, table::table},
};

/// List the rules that changes, servers and their texts are judged by
///
/// The grade is the gravest one that a rule gives. `mcp-pin explain <id>` says what one is for.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Print the ids only, one a line (with `--format json`: leave the other members out)
    #[arg(long)]
    pub list: bool,
}

#[derive(Debug, Serialize)]
struct Document {
    rules: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    grade: Option<Grade>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reads: Option<&'static str>,
}

impl Row {
    fn of(rule: &Rule, list: bool) -> Self {
        let unless_listed = |text| (!list).then_some(text);
        Self {
            id: rule.id,
            grade: (!list).then_some(rule.grade),
            title: unless_listed(rule.title),
            reads: unless_listed(rule.reads),
        }
    }
}

/// Runs it.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let rules = rules::all();
    match context.format {
        Format::Json => {
            let rules = rules.into_iter().map(|rule| Row::of(rule, arguments.list)).collect();
            json::print(&context.ui, "rules", &Document { rules })?;
        }
        Format::Human if arguments.list => {
            let ids: Vec<&str> = rules.iter().map(|rule| rule.id).collect();
            context.ui.data(ids.join("\n")).map_err(|error| super::output_error(&error))?;
        }
        Format::Human => {
            let cells: Vec<Vec<String>> = rules
                .iter()
                .map(|rule| vec![rule.id.to_owned(), rule.grade.to_string(), rule.title.to_owned()])
                .collect();
            let table = table(&["RULE", "GRADE", "WHAT IT IS ABOUT"], &cells, context.ui.width());
            context.ui.data(table).map_err(|error| super::output_error(&error))?;
        }
    }
    Ok(Status::Passed)
}

//! `mcp-pin explain`.

use mcp_pin_diff::rules::{self, Example, Rule};
use mcp_pin_model::{
    Grade,
    json::{Limits, Value, parse_with, to_pretty_string},
};
use serde::Serialize;

use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::{
        json,
        report_human::{grade_role, grade_word, wrapped},
    },
    ui::{Role, Text, layout},
};

/// Explain a rule: what it reads, why, an example on which it fires and one on which it does not
///
/// Findings name their rule; `mcp-pin rules` lists all of them.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The rule's id, as a finding shows it
    #[arg(value_name = "RULE")]
    pub rule: String,
}

#[derive(Debug, Serialize)]
struct Document {
    id: &'static str,
    title: &'static str,
    grade: Grade,
    reads: &'static str,
    rationale: &'static str,
    reference: &'static str,
    fires: ExampleDocument,
    silent: ExampleDocument,
}

/// Both sides as they are compared; without `before`, a first admission.
#[derive(Debug, Serialize)]
struct ExampleDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    after: Value,
}

/// Runs it.
///
/// # Errors
/// Exit code 2 for an id that no rule has, with the nearest ones.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let rule = rules::find(&arguments.rule).ok_or_else(|| unknown(&arguments.rule))?;
    let document = document(rule)?;
    match context.format {
        Format::Json => json::print(&context.ui, "explain", &document)?,
        Format::Human => {
            let text = human(&document, context.ui.width());
            context.ui.data(text).map_err(|error| super::output_error(&error))?;
        }
    }
    Ok(Status::Passed)
}

/// The answer to an id that no rule has.
fn unknown(id: &str) -> CommandError {
    let error = CommandError::usage(format!("there is no rule `{id}`"));
    let near = rules::nearest(id);
    match near.as_slice() {
        [] => error.hint("list them with `mcp-pin rules`"),
        [nearest, ..] => error
            .detail(format!("similar: {}", near.join(", ")))
            .hint(format!("mcp-pin explain {nearest}, or list all of them with `mcp-pin rules`")),
    }
}

fn document(rule: &Rule) -> Result<Document, CommandError> {
    let side = |text: &str| {
        parse_with(text.as_bytes(), &Limits::OURS)
            .map_err(|error| CommandError::internal(format!("an example of `{}`: {error}", rule.id)))
    };
    let example = |example: &Example| {
        Ok::<_, CommandError>(ExampleDocument {
            before: example.before.map(side).transpose()?,
            after: side(example.after)?,
        })
    };
    Ok(Document {
        id: rule.id,
        title: rule.title,
        grade: rule.grade,
        reads: rule.reads,
        rationale: rule.rationale,
        reference: rule.reference,
        fires: example(&rule.fires)?,
        silent: example(&rule.silent)?,
    })
}

fn human(document: &Document, columns: usize) -> Text {
    let mut text = Text::new();
    text.push(Role::Strong, document.id);
    text.plain("  ");
    text.push(grade_role(document.grade), format!("at most {}", grade_word(document.grade)));
    text.newline();
    paragraph(&mut text, document.title, columns);
    text.newline();
    paragraph(&mut text, document.rationale, columns);
    text.newline();
    for (label, value) in [("reads      ", document.reads), ("reference  ", document.reference)] {
        for (index, line) in wrapped(value, columns, label.len()).into_iter().enumerate() {
            text.push(Role::Dim, if index == 0 { label.to_owned() } else { " ".repeat(label.len()) });
            text.plain(line);
            text.newline();
        }
    }
    for (title, example) in [("fires", &document.fires), ("stays silent", &document.silent)] {
        text.newline();
        text.push(Role::Strong, title);
        text.newline();
        match (&example.before, title) {
            (Some(before), "stays silent") if document.fires.before.as_ref() == Some(before) => {
                text.push(Role::Dim, "  before: the same\n");
            }
            (Some(before), _) => side(&mut text, "before", before, columns),
            (None, _) => {}
        }
        side(&mut text, if example.before.is_some() { "after" } else { "first admission" }, &example.after, columns);
    }
    text
}

fn paragraph(text: &mut Text, words: &str, columns: usize) {
    for line in wrapped(words, columns, 0) {
        text.plain(line);
        text.newline();
    }
}

/// One side of an example, as reviewed files are written.
fn side(text: &mut Text, label: &str, value: &Value, columns: usize) {
    text.push(Role::Dim, format!("  {label}\n"));
    for line in to_pretty_string(value).lines() {
        text.append(layout::shown_block(line, Role::Plain, 4, columns));
    }
}

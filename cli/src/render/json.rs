//! JSON output: one versioned document per command, on stdout.
//!
//! The first member to look at is `format`: `urn:mcp-pin:output:<command>:v1`. Within a version members are added, never
//! changed or removed. Characters that a viewer could hide are `\u` escapes, so that a log shows what is there.

use mcp_pin_model::json::{self, Value};
use serde::Serialize;

use crate::{error::CommandError, ui::Ui};

/// The `format` member of a command's document.
#[must_use]
pub fn format_of(command: &str) -> String {
    format!("urn:mcp-pin:output:{command}:v1")
}

/// A document with its `format`.
#[derive(Serialize)]
struct Document<'a, T: Serialize> {
    format: String,
    #[serde(flatten)]
    body: &'a T,
}

/// A command's result as its text: pretty-printed, hidden characters escaped, members sorted.
///
/// # Errors
/// When the result does not serialise to JSON, which is a fault of ours.
pub fn document<T: Serialize>(command: &str, body: &T) -> Result<String, CommandError> {
    let value: Value = json::to_value(&Document { format: format_of(command), body })
        .map_err(|error| CommandError::internal(format!("the result is not JSON: {error}")))?;
    Ok(text_of(&value))
}

/// A JSON document as it is printed and written.
#[must_use]
pub fn text_of(value: &Value) -> String {
    without_commands(&json::to_pretty_string(value))
}

/// The same in one line, for streams of documents.
#[must_use]
pub fn line_of(value: &Value) -> String {
    without_commands(&json::to_line_string(value))
}

/// A number sign stands in strings only, where an escape is the same to every reader of JSON and no command to a CI runner.
fn without_commands(text: &str) -> String {
    text.replace("##[", "#\\u0023[").replace("##vso[", "#\\u0023vso[")
}

/// Prints a command's result.
///
/// # Errors
/// When it does not serialise, or stdout cannot be written.
pub fn print<T: Serialize>(ui: &Ui, command: &str, body: &T) -> Result<(), CommandError> {
    let text = document(command, body)?;
    ui.data(text).map_err(|error| CommandError::could_not_check(format!("cannot write to standard output: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_holds_a_command_of_a_ci_runner_and_every_line_is_the_same_json() {
        let value = Value::from("##[add-mask]x ##vso[task.complete]\u{202e}\n::error::");
        for text in [line_of(&value), text_of(&value)] {
            assert!(text.is_ascii() && !text.contains("##[") && !text.contains("##vso["), "{text}");
            assert_eq!(json::parse(text.as_bytes()).unwrap(), value);
        }
        assert_eq!(line_of(&value).trim_end().lines().count(), 1);
    }
}

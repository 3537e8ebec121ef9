//! `mcp-pin pending`.

use jiff::{SignedDuration, Timestamp};
use mcp_pin_registry_client::WaitingRecord;
use serde::Serialize;

use super::registry::{
    connection::{Connection, ask},
    submissions::SubmissionDocument,
};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandResult, Status},
    render::{
        json,
        report_human::{grade_role, grade_word},
        table::item,
    },
    ui::{Role, Text},
};

/// List what waits in a registry for your consent
///
/// With --all also what waits for the consent of others. `mcp-pin review` shows what it is about, `mcp-pin approve` asks you
/// to decide, and `mcp-pin reject` decides against it.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Also what waits for others
    #[arg(long)]
    pub all: bool,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Serialize)]
struct Document {
    pending: Vec<PendingDocument>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PendingDocument {
    submission: SubmissionDocument,
    /// The ring that it would reach with the consents that it waits for.
    ring: String,
    needed: u8,
    approvers: Vec<String>,
    missing_acknowledgements: Vec<String>,
    age_seconds: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// Whether your own consent would count and was not given yet.
    is_mine: bool,
}

impl PendingDocument {
    fn of(record: &WaitingRecord, now: Timestamp) -> Self {
        Self {
            submission: SubmissionDocument::of(&record.submission),
            ring: record.ring.to_string(),
            needed: record.needed,
            approvers: record.approvers.clone(),
            missing_acknowledgements: record.missing_acknowledgements.clone(),
            age_seconds: age(record, now).as_secs(),
            expires_at: record.expires_at.map(|at| at.to_string()),
            is_mine: record.is_mine,
        }
    }
}

/// Never less than nothing, whatever the two clocks say.
fn age(record: &WaitingRecord, now: Timestamp) -> SignedDuration {
    now.duration_since(record.submission.submitted_at).max(SignedDuration::ZERO)
}

/// A duration in the largest unit that it is one of.
fn roughly(duration: SignedDuration) -> String {
    let (number, unit) = match duration.as_secs() {
        seconds if seconds < 60 => (seconds, "second"),
        seconds if seconds < 60 * 60 => (seconds / 60, "minute"),
        seconds if seconds < 48 * 60 * 60 => (seconds / (60 * 60), "hour"),
        seconds => (seconds / (24 * 60 * 60), "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

fn particulars(record: &WaitingRecord, now: Timestamp) -> Vec<String> {
    let submission = &record.submission;
    let have = if record.approvers.is_empty() { "nobody yet".to_owned() } else { record.approvers.join(", ") };
    let missing = record.missing_acknowledgements.len();
    vec![
        format!(
            "submitted {} ago by {}, {} changes",
            roughly(age(record, now)),
            submission.publisher,
            submission.change_count
        ),
        format!("takes {} for {}: {have}", people(record.needed), record.ring),
        if missing == 0 { String::new() } else { format!("{missing} findings are not acknowledged by enough of them") },
        record.expires_at.map_or_else(String::new, |at| format!("expires {}", at.strftime("%Y-%m-%d %H:%M UTC"))),
    ]
}

fn people(count: u8) -> String {
    if count == 1 { "1 approver".to_owned() } else { format!("{count} approvers") }
}

/// Runs it.
///
/// # Errors
/// When the registry cannot be asked, or does not let this token see it.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.authorized(context)?;
    let mut waiting = ask(context, "asking what waits", client.waiting())?;
    let others = waiting.iter().filter(|record| !record.is_mine).count();
    if !arguments.all {
        waiting.retain(|record| record.is_mine);
    }
    let now = context.now();
    if context.format == Format::Json {
        let pending = waiting.iter().map(|record| PendingDocument::of(record, now)).collect();
        json::print(&context.ui, "pending", &Document { pending })?;
        return Ok(Status::Passed);
    }
    if waiting.is_empty() {
        context.ui.talk(if arguments.all { "nothing waits" } else { "nothing waits for you" });
    } else {
        let mut text = Text::new();
        for record in &waiting {
            let title = [
                (Role::Strong, format!("{}@{}", record.submission.server, record.submission.version)),
                (grade_role(record.submission.grade), grade_word(record.submission.grade).to_owned()),
                (Role::Plain, if record.is_mine { "waits for you".to_owned() } else { "waits for others".to_owned() }),
            ];
            text.append(item(&title, &particulars(record, now), context.ui.width()));
        }
        context.ui.data(text).map_err(|error| super::output_error(&error))?;
    }
    if !arguments.all && others > 0 {
        context.ui.talk(format!("{others} more wait for others; --all lists them"));
    }
    Ok(Status::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_in_one_unit() {
        for (seconds, said) in
            [(0, "0 seconds"), (1, "1 second"), (61, "1 minute"), (7_200, "2 hours"), (172_800, "2 days")]
        {
            assert_eq!(roughly(SignedDuration::from_secs(seconds)), said);
        }
    }
}

//! `mcp-pin registry submissions`.

use clap::ValueEnum;
use mcp_pin_model::{Digest, Grade, ServerName, ServerVersion};
use mcp_pin_registry_client::{RegistryClient, SubmissionRecord, SubmissionState};
use serde::Serialize;

use super::connection::{Connection, ask};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::{
        json,
        report_human::{grade_role, grade_word},
        table::item,
    },
    ui::{Role, Text},
};

/// List what was submitted to a registry
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Only what stands like this
    #[arg(long, value_enum, default_value_t = State::Pending)]
    pub state: State,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

/// Where a submission stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// Waits for consent.
    Pending,
    /// Waits for its first ring.
    Approved,
    /// Is served in one ring or more.
    Live,
    /// Was replaced.
    Superseded,
    /// Was rejected.
    Rejected,
    /// Was revoked.
    Revoked,
    /// Its time passed.
    Expired,
    /// Anything.
    All,
}

impl State {
    fn wanted(self) -> Option<SubmissionState> {
        Some(match self {
            Self::Pending => SubmissionState::Pending,
            Self::Approved => SubmissionState::Approved,
            Self::Live => SubmissionState::Live,
            Self::Superseded => SubmissionState::Superseded,
            Self::Rejected => SubmissionState::Rejected,
            Self::Revoked => SubmissionState::Revoked,
            Self::Expired => SubmissionState::Expired,
            Self::All => return None,
        })
    }
}

/// A submission in JSON output.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubmissionDocument {
    id: String,
    server: ServerName,
    version: ServerVersion,
    manifest: Digest,
    state: &'static str,
    grade: Grade,
    changes: Digest,
    change_count: u32,
    replaces: Option<Digest>,
    publisher: String,
    submitted_by: String,
    submitted_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl SubmissionDocument {
    pub(crate) fn of(record: &SubmissionRecord) -> Self {
        Self {
            id: record.id.clone(),
            server: record.server.clone(),
            version: record.version.clone(),
            manifest: record.manifest,
            state: record.state.as_str(),
            grade: record.grade,
            changes: record.changes,
            change_count: record.change_count,
            replaces: record.replaces,
            publisher: record.publisher.clone(),
            submitted_by: record.submitted_by.clone(),
            submitted_at: record.submitted_at.to_string(),
            reason: record.reason.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Document {
    submissions: Vec<SubmissionDocument>,
}

/// More pages than any registry has; one that never ends is cut off as an error.
const MAX_PAGES: usize = 1_000;

/// All submissions in one state.
pub(crate) fn all(
    context: &Context,
    client: &RegistryClient,
    state: Option<SubmissionState>,
) -> Result<Vec<SubmissionRecord>, CommandError> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let page = ask(context, "reading submissions", client.submissions(state, after.as_deref()))?;
        all.extend(page.submissions);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
    Err(CommandError::could_not_check("the registry's list of submissions does not end"))
}

/// Runs it.
///
/// # Errors
/// When the registry cannot be asked, or does not let this token see them.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.authorized(context)?;
    let submissions = all(context, &client, arguments.state.wanted())?;
    match context.format {
        Format::Json => {
            let submissions = submissions.iter().map(SubmissionDocument::of).collect();
            json::print(&context.ui, "registry-submissions", &Document { submissions })?;
        }
        Format::Human if submissions.is_empty() => context.ui.talk("there are none"),
        Format::Human => {
            let mut text = Text::new();
            for submission in &submissions {
                let title = [
                    (Role::Strong, format!("{}@{}", submission.server, submission.version)),
                    (Role::Plain, submission.state.as_str().to_owned()),
                    (grade_role(submission.grade), grade_word(submission.grade).to_owned()),
                ];
                let at = submission.submitted_at.strftime("%Y-%m-%d %H:%M UTC");
                let particulars = [
                    format!("submitted {at} by {}, {} changes", submission.publisher, submission.change_count),
                    format!("id {}", submission.id),
                    submission.reason.as_ref().map(|reason| format!("reason: {reason}")).unwrap_or_default(),
                ];
                text.append(item(&title, &particulars, context.ui.width()));
            }
            context.ui.data(text).map_err(|error| super::super::output_error(&error))?;
        }
    }
    Ok(Status::Passed)
}

//! `mcp-pin registry mirror`.

mod state;
#[cfg(test)]
mod tests;
mod upstream;

use std::path::PathBuf;

use clap::ValueHint;
use jiff::SignedDuration;
use mcp_pin_registry_client::{ClientError, ClientOptions, RegistryClient};
use serde::Serialize;
use url::Url;

use super::connection::{Connection, client_error};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::json,
    ui::sanitize,
};
use state::{Known, MirrorState, Pass};
use upstream::{Entry, MAX_PAGES, Reader, UpstreamError};

/// How much of the past is read again: clocks differ, and what was read already costs nothing.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

/// Copy what another MCP Registry shows into this registry's quarantine (administrators)
///
/// Nothing of it becomes visible: what goes live is a signed manifest that approvers consented to. The next run reads what was
/// changed since this one, and a run that was cut off goes on where it was. What the other registry deleted leaves the quarantine.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The other registry, such as https://registry.modelcontextprotocol.io
    #[arg(value_name = "UPSTREAM", value_hint = ValueHint::Url)]
    pub upstream: Url,
    /// The file that keeps how far this came
    #[arg(long, value_name = "FILE", default_value = "mcp-pin-mirror.json", value_hint = ValueHint::FilePath)]
    pub state: PathBuf,
    /// Only servers of this namespace; may be repeated
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Vec<String>,
    /// How many pages to read in this run at most
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub pages: u32,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

/// What a run came to.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    pages: u32,
    quarantined: Vec<String>,
    withdrawn: Vec<String>,
    unchanged: usize,
    refused: Vec<Refused>,
    /// Whether everything that was changed was read.
    complete: bool,
}

#[derive(Debug, Serialize)]
struct Refused {
    server: String,
    problem: String,
}

/// Runs it.
///
/// # Errors
/// When the other registry cannot be read to its end, or this one does not take documents.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.authorized(context)?;
    // Whoever is copied from is told nothing about whoever copies.
    let from =
        RegistryClient::new(arguments.upstream.as_str(), None, &ClientOptions::default()).map_err(client_error)?;
    if from.base() == client.base() {
        return Err(CommandError::usage("a registry cannot be a mirror of itself"));
    }
    let path = context.directory.join(&arguments.state);
    let mut state = MirrorState::read(&path, from.base(), client.base())?;
    let mut document = Document::default();
    let progress = context.ui.progress(&format!("copying from {}", from.base()));
    let done = context.block_on(async {
        let mut reader = Reader::new(&from);
        while document.pages < arguments.pages {
            if page(arguments, context, &client, &mut reader, &mut state, &mut document).await? {
                document.complete = true;
                state.write(&path)?;
                break;
            }
            state.write(&path)?;
        }
        Ok::<(), CommandError>(())
    });
    progress.finish();
    report(context, &document)?;
    done?;
    if document.refused.is_empty() { Ok(Status::Passed) } else { Ok(Status::Failed) }
}

/// One page, and whether it was the last one. The state goes on only when the whole page was dealt with.
async fn page(
    arguments: &Arguments,
    context: &Context,
    client: &RegistryClient,
    reader: &mut Reader<'_>,
    state: &mut MirrorState,
    document: &mut Document,
) -> Result<bool, CommandError> {
    let mut pass =
        state.pass.clone().unwrap_or_else(|| Pass { began: context.now(), cursor: None, latest: None, pages: 0 });
    if pass.pages >= MAX_PAGES {
        return Err(upstream_error(UpstreamError::TooManyPages));
    }
    let page = reader.page(state.watermark, pass.cursor.as_deref()).await.map_err(upstream_error)?;
    for (name, error) in page.refused {
        document.refused.push(Refused { server: name, problem: error.to_string() });
    }
    for entry in page.entries {
        pass.latest = pass.latest.max(entry.updated_at);
        let wanted = arguments.namespace.is_empty()
            || arguments.namespace.iter().any(|namespace| namespace == entry.name.namespace());
        if wanted {
            take(client, entry, state, document).await?;
        }
    }
    pass.pages += 1;
    document.pages += 1;
    pass.cursor = page.next;
    if pass.cursor.is_some() {
        state.pass = Some(pass);
        return Ok(false);
    }
    // A time in the future would hide what is changed until then.
    let latest = pass.latest.map(|latest| latest.min(pass.began)).and_then(|latest| latest.checked_sub(OVERLAP).ok());
    state.watermark = state.watermark.max(latest);
    state.pass = None;
    Ok(true)
}

/// Puts one version into quarantine, or takes it out.
async fn take(
    client: &RegistryClient,
    entry: Entry,
    state: &mut MirrorState,
    document: &mut Document,
) -> Result<(), CommandError> {
    let key = format!("{}@{}", entry.name, entry.version);
    let known = state.versions.get(&key);
    if known.is_some_and(|known| known.digest == entry.digest && known.deleted == entry.deleted) {
        document.unchanged += 1;
        return Ok(());
    }
    if entry.deleted {
        if let Some(draft) = known.and_then(|known| known.draft.as_ref()) {
            match client.withdraw_draft(draft).await {
                // Its signed manifest came, or somebody took it out.
                Ok(()) | Err(ClientError::NotFound { .. }) => document.withdrawn.push(key.clone()),
                Err(error) => return Err(client_error(error)),
            }
        }
        state.versions.insert(key, Known { digest: entry.digest, draft: None, deleted: true });
        return Ok(());
    }
    let draft = match client.publish_draft(&entry.server).await {
        Ok(draft) => {
            document.quarantined.push(key.clone());
            Some(draft)
        }
        // About this document; the others are not held up by it.
        Err(ClientError::Refused { status: 400 | 409 | 413 | 422, code, detail, .. }) => {
            let code = code.unwrap_or_else(|| "refused".to_owned());
            document.refused.push(Refused { server: key.clone(), problem: format!("{code}: {detail}") });
            None
        }
        Err(error) => return Err(client_error(error)),
    };
    state.versions.insert(key, Known { digest: entry.digest, draft, deleted: false });
    Ok(())
}

fn upstream_error(error: UpstreamError) -> CommandError {
    match error {
        UpstreamError::Client(error) => client_error(error),
        other => CommandError::failed(format!("the other registry is not read any further: {other}")),
    }
}

fn report(context: &Context, document: &Document) -> Result<(), CommandError> {
    if context.format == Format::Json {
        return json::print(&context.ui, "registry-mirror", document);
    }
    for refused in &document.refused {
        context.ui.warn(format!("{}: {}", sanitize::line(&refused.server), sanitize::line(&refused.problem)));
    }
    let rest = if document.complete { "" } else { "; there is more: run it again" };
    context.ui.talk(format!(
        "{} pages: {} in quarantine, {} taken out, {} as before, {} refused{rest}",
        document.pages,
        document.quarantined.len(),
        document.withdrawn.len(),
        document.unchanged,
        document.refused.len()
    ));
    Ok(())
}

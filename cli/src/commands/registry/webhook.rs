//! `mcp-pin registry webhook`.

use mcp_pin_registry_client::{IssuedWebhook, NewWebhook, WebhookRecord};
use serde::Serialize;

use super::connection::{Connection, ask};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::{json, table::item},
    ui::{self, Text, sanitize},
};

/// Have a registry's decisions sent somewhere, signed (administrators)
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with webhooks.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Add a webhook and print its signing secret, the only time it is seen
    Add {
        /// Where to deliver: `https://…`
        #[arg(value_name = "URL")]
        url: String,
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        label: String,
        /// Only events of this type, such as `revoked`; may be repeated
        #[arg(long = "type", value_name = "TYPE")]
        types: Vec<String>,
        /// Only about servers of this namespace
        #[arg(long, value_name = "NAMESPACE")]
        namespace: Option<String>,
        /// Write events in the Open Cybersecurity Schema Framework
        #[arg(long)]
        ocsf: bool,
        /// Start after this sequence, 0 for everything [default: what is decided from now on]
        #[arg(long, value_name = "SEQUENCE")]
        after: Option<u64>,
        /// Which registry, and as whom.
        #[command(flatten)]
        connection: Connection,
    },
    /// List the webhooks: how far each was told, and what went wrong
    List {
        /// Which registry, and as whom.
        #[command(flatten)]
        connection: Connection,
    },
    /// Send a test message to a webhook now
    Test {
        /// The webhook's id
        #[arg(value_name = "ID")]
        id: String,
        /// Which registry, and as whom.
        #[command(flatten)]
        connection: Connection,
    },
    /// Give a webhook a new secret and print it; the one before signs too for a day
    Rotate {
        /// The webhook's id
        #[arg(value_name = "ID")]
        id: String,
        /// Which registry, and as whom.
        #[command(flatten)]
        connection: Connection,
    },
    /// Tell a disabled webhook again, from where it stood
    Enable {
        /// The webhook's id
        #[arg(value_name = "ID")]
        id: String,
        /// Which registry, and as whom.
        #[command(flatten)]
        connection: Connection,
    },
    /// Remove a webhook
    Remove {
        /// The webhook's id
        #[arg(value_name = "ID")]
        id: String,
        /// Which registry, and as whom.
        #[command(flatten)]
        connection: Connection,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Webhook {
    id: String,
    url: String,
    label: String,
    types: Option<Vec<String>>,
    namespace: Option<String>,
    format: String,
    position: u64,
    state: String,
    disabled_reason: Option<String>,
    failing_since: Option<String>,
    next_attempt: Option<String>,
    /// What deliveries are signed with, right after it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

#[derive(Debug, Serialize)]
struct Document {
    webhooks: Vec<Webhook>,
}

impl Webhook {
    fn of(record: WebhookRecord, secret: Option<String>) -> Self {
        Self {
            id: record.id,
            url: record.url,
            label: record.label,
            types: record.types,
            namespace: record.namespace,
            format: record.format,
            position: record.position,
            state: record.state,
            disabled_reason: record.disabled_reason,
            failing_since: record.failing_since.map(|at| at.to_string()),
            next_attempt: record.next_attempt.map(|at| at.to_string()),
            secret,
        }
    }
}

/// Runs it.
///
/// # Errors
/// When the registry refuses or cannot be asked, and when a test message was not accepted.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    match &arguments.action {
        Action::Add { url, label, types, namespace, ocsf, after, connection } => {
            let client = connection.authorized(context)?;
            let wanted = NewWebhook {
                url: url.clone(),
                label: label.clone(),
                types: (!types.is_empty()).then(|| types.clone()),
                namespace: namespace.clone(),
                format: ocsf.then(|| "ocsf".to_owned()),
                after: *after,
            };
            let issued = ask(context, "adding the webhook", client.add_webhook(&wanted))?;
            show_secret(context, "added", issued)?;
        }
        Action::List { connection } => {
            let client = connection.authorized(context)?;
            list(context, ask(context, "reading the webhooks", client.webhooks())?)?;
        }
        Action::Test { id, connection } => {
            let client = connection.authorized(context)?;
            let test = ask(context, "sending a test message", client.test_webhook(id))?;
            if !test.delivered {
                let problem = test.problem.unwrap_or_else(|| "the registry does not say why".to_owned());
                return Err(CommandError::failed(format!(
                    "the test message was not accepted: {}",
                    sanitize::line(&problem)
                )));
            }
            context.ui.talk(format!("accepted with status {}", test.status.unwrap_or_default()));
        }
        Action::Rotate { id, connection } => {
            let client = connection.authorized(context)?;
            let issued = ask(context, "making a new secret", client.rotate_webhook(id))?;
            show_secret(context, "has a new secret, and the one before signs too for a day", issued)?;
        }
        Action::Enable { id, connection } => {
            let client = connection.authorized(context)?;
            let webhook = ask(context, "enabling the webhook", client.enable_webhook(id))?;
            context.ui.talk(format!(
                "enabled the webhook {}; it goes on after event {}",
                sanitize::line(id),
                webhook.position
            ));
        }
        Action::Remove { id, connection } => {
            let client = connection.authorized(context)?;
            ask(context, "removing the webhook", client.remove_webhook(id))?;
            context.ui.talk(format!("removed the webhook {}", sanitize::line(id)));
        }
    }
    Ok(Status::Passed)
}

fn show_secret(context: &Context, what: &str, issued: IssuedWebhook) -> Result<(), CommandError> {
    let secret = issued.secret.to_string();
    if context.format == Format::Json {
        let webhooks = vec![Webhook::of(issued.record, Some(secret))];
        return json::print(&context.ui, "registry-webhooks", &Document { webhooks });
    }
    context.ui.talk(format!(
        "webhook {} {what}; its signing secret is never shown again:",
        sanitize::line(&issued.record.id)
    ));
    context.ui.data(secret).map_err(|error| super::super::output_error(&error))
}

fn list(context: &Context, webhooks: Vec<WebhookRecord>) -> Result<(), CommandError> {
    if context.format == Format::Json {
        let webhooks = webhooks.into_iter().map(|record| Webhook::of(record, None)).collect();
        return json::print(&context.ui, "registry-webhooks", &Document { webhooks });
    }
    if webhooks.is_empty() {
        context.ui.talk("there are none");
        return Ok(());
    }
    let mut text = Text::new();
    for webhook in &webhooks {
        let role = if webhook.state == "active" { ui::Role::Good } else { ui::Role::Warning };
        let title = [
            (ui::Role::Strong, if webhook.label.is_empty() { webhook.id.clone() } else { webhook.label.clone() }),
            (role, webhook.state.clone()),
            (ui::Role::Plain, format!("told up to {}", webhook.position)),
        ];
        let particulars = [
            webhook.url.clone(),
            webhook.types.as_ref().map(|types| format!("only {}", types.join(", "))).unwrap_or_default(),
            webhook.disabled_reason.clone().unwrap_or_default(),
            webhook.next_attempt.map(|at| format!("next attempt {at}")).unwrap_or_default(),
            format!("id {}", webhook.id),
        ];
        text.append(item(&title, &particulars, context.ui.width()));
    }
    context.ui.data(text).map_err(|error| super::super::output_error(&error))
}

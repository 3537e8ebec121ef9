//! Allow-lists of GitHub Copilot and Claude Code: the same entries, in files of their own.
//!
//! A local server is allowed by its exact command and arguments, a remote one by its address. Names are never used: both
//! clients say that a name is no security control. A list that is there and empty allows nothing; one that is missing allows
//! everything, so the list is always there.

use mcp_pin_model::{Launch, ServerName, json::Value};
use serde::Serialize;

use super::{Exported, Inexpressible};
use crate::render::json::text_of;

/// One entry: exactly one of the two.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Allowed {
    ServerCommand(Vec<String>),
    ServerUrl(String),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Copilot {
    allowed_mcp_servers: Vec<Allowed>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ClaudeCode {
    /// Lists of users and projects are not added to this one.
    allow_managed_mcp_servers_only: bool,
    allowed_mcp_servers: Vec<Allowed>,
}

/// `managed-settings.json` of GitHub Copilot.
pub(super) fn copilot(exported: &[Exported]) -> Result<String, Vec<(ServerName, Inexpressible)>> {
    Ok(text(&Copilot { allowed_mcp_servers: entries(exported)? }))
}

/// `managed-settings.json` of Claude Code.
pub(super) fn claude_code(exported: &[Exported]) -> Result<String, Vec<(ServerName, Inexpressible)>> {
    Ok(text(&ClaudeCode { allow_managed_mcp_servers_only: true, allowed_mcp_servers: entries(exported)? }))
}

fn text(document: &impl Serialize) -> String {
    // Text, lists and flags, which cannot fail to serialise.
    text_of(&mcp_pin_model::json::to_value(document).unwrap_or(Value::Null))
}

fn entries(exported: &[Exported]) -> Result<Vec<Allowed>, Vec<(ServerName, Inexpressible)>> {
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    for exported in exported {
        match entry(&exported.manifest.launch) {
            Ok(entry) => entries.push(entry),
            Err(problem) => problems.push((exported.manifest.name().clone(), problem)),
        }
    }
    if problems.is_empty() { Ok(entries) } else { Err(problems) }
}

fn entry(launch: &Launch) -> Result<Allowed, Inexpressible> {
    match launch {
        Launch::Stdio(stdio) => {
            let command: Vec<String> = std::iter::once(&stdio.command).chain(&stdio.args).cloned().collect();
            // What a variable is there decides the machine, so what would be allowed is not known here.
            if command.iter().any(|word| word.contains('$')) {
                return Err(Inexpressible("its launch holds a variable (`$`), which these lists resolve or block"));
            }
            Ok(Allowed::ServerCommand(command))
        }
        Launch::Http(http) if http.url.contains('*') => {
            Err(Inexpressible("its address holds a `*`, which is a pattern in these lists"))
        }
        Launch::Http(http) if http.url.contains('$') => {
            Err(Inexpressible("its address holds a variable (`$`), which these lists resolve or block"))
        }
        Launch::Http(http) => Ok(Allowed::ServerUrl(http.url.clone())),
    }
}

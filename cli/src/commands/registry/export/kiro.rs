//! The list that Amazon Q Developer and Kiro read: one file over HTTPS, with a part of what the catalogue has.

use mcp_pin_model::{
    ServerName,
    json::{Object, Value},
};
use serde::Serialize;

use super::{Exported, Inexpressible};
use crate::render::json::text_of;

/// The members of `server.json` that are read there.
const MEMBERS: [&str; 6] = ["name", "title", "description", "version", "packages", "remotes"];

#[derive(Debug, Serialize)]
struct List {
    servers: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    server: Value,
}

/// The list, from the signed documents.
pub(super) fn list(exported: &[Exported]) -> Result<String, Vec<(ServerName, Inexpressible)>> {
    let servers = exported.iter().map(|exported| {
        let document = &exported.manifest.server;
        let members = MEMBERS.iter().filter_map(|name| Some(((*name).to_owned(), document.get(name)?.clone())));
        Entry { server: Value::Object(members.collect::<Object>()) }
    });
    let list = List { servers: servers.collect() };
    Ok(text_of(&mcp_pin_model::json::to_value(&list).unwrap_or(Value::Null)))
}

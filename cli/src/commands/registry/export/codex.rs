//! `requirements.toml` of Codex: a server is enabled when its name and its identity are those of the file.

use std::fmt::Write as _;

use mcp_pin_model::{Launch, ServerName, json::is_hidden};

use super::{Exported, Inexpressible};

/// The file. Identities are exact matches, of the program and every argument, or of the address.
pub(super) fn requirements(exported: &[Exported]) -> Result<String, Vec<(ServerName, Inexpressible)>> {
    let mut out =
        String::from("# Written by `mcp-pin registry export --as codex`. Servers that are not here are not enabled.\n");
    let mut problems = Vec::new();
    for Exported { alias, manifest } in exported {
        let identity = match &manifest.launch {
            Launch::Stdio(stdio)
                if std::iter::once(&stdio.command).chain(&stdio.args).any(|word| word.contains('$')) =>
            {
                problems.push((manifest.name().clone(), Inexpressible("its launch holds a variable (`$`)")));
                continue;
            }
            Launch::Stdio(stdio) => {
                let args: Vec<String> =
                    stdio.args.iter().map(|arg| format!("{{ match = \"exact\", value = {} }}", quoted(arg))).collect();
                format!("command = {{ executable = {}, args = [{}] }}", quoted(&stdio.command), args.join(", "))
            }
            Launch::Http(http) => format!("url = {{ match = \"exact\", value = {} }}", quoted(&http.url)),
        };
        let _ = write!(
            out,
            "\n# {} {}\n[mcp_servers.{}.identity]\n{identity}\n",
            manifest.name(),
            manifest.version(),
            quoted(alias.as_str())
        );
    }
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

/// A basic string of TOML, in which everything that is not plain is an escape.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            plain if !is_hidden(plain) && !plain.is_control() => out.push(plain),
            hidden if u32::from(hidden) <= 0xffff => {
                let _ = write!(out, "\\u{:04X}", u32::from(hidden));
            }
            hidden => {
                let _ = write!(out, "\\U{:08X}", u32::from(hidden));
            }
        }
    }
    out.push('"');
    out
}

//! What a package says about the server it belongs to. Whoever can publish the package can say it, so it proves that the
//! package agrees to be this server's, and nothing about who built it.

use mcp_pin_model::{
    ServerName,
    json::{self, Value},
};

use super::{Absence, Fetched, Outcome, PackageFailure, Unsupported};

/// The label of an image.
const LABEL: &str = "io.modelcontextprotocol.server.name";

/// The words before the name in a description.
const MARK: &str = "mcp-name:";

/// `mcpName` in `package.json`.
pub(super) fn of_package_json(package_json: Fetched<&[u8]>, server: &ServerName) -> Outcome {
    judge(package_json, server, |bytes| {
        let document = json::parse(bytes).map_err(|_| Unsupported::Archive)?;
        Ok(document.get("mcpName").and_then(Value::as_str).map(str::to_owned).into_iter().collect())
    })
}

/// `mcp-name: <name>` anywhere in a description, as in an HTML comment of a README.
pub(super) fn of_description(description: Fetched<&[u8]>, server: &ServerName) -> Outcome {
    judge(description, server, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let names = text.split(MARK).skip(1).map(|rest| {
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
            let rest = rest.trim_start_matches([' ', '\t']);
            let name = rest.split(|c: char| !is_name(c)).next().unwrap_or_default();
            // A sentence may end behind it, or a comment.
            name.trim_end_matches("--").trim_end_matches('.').to_owned()
        });
        Ok(names.filter(|name| !name.is_empty()).collect())
    })
}

/// The label of an image's configuration.
pub(super) fn of_image(config: Fetched<&[u8]>, server: &ServerName) -> Outcome {
    judge(config, server, |bytes| {
        let document = json::parse(bytes).map_err(|_| Unsupported::Archive)?;
        let labels = document.get("config").and_then(|config| config.get("Labels"));
        Ok(labels.and_then(|labels| labels.get(LABEL)).and_then(Value::as_str).map(str::to_owned).into_iter().collect())
    })
}

fn judge(
    document: Fetched<&[u8]>,
    server: &ServerName,
    names: impl FnOnce(&[u8]) -> Result<Vec<String>, Unsupported>,
) -> Outcome {
    let bytes = match document {
        Fetched::Found(bytes) => bytes,
        Fetched::Absent => return Outcome::Absent(Absence::Ownership),
        Fetched::NotReached => return Outcome::Unsupported(Unsupported::Archive),
    };
    match names(bytes) {
        Err(reason) => Outcome::Unsupported(reason),
        // A package may hold several servers.
        Ok(names) if names.iter().any(|name| name == server.as_str()) => Outcome::Passed,
        Ok(names) => match names.into_iter().next() {
            Some(found) => PackageFailure::OtherServer { expected: server.to_string(), found }.into(),
            None => Outcome::Absent(Absence::Ownership),
        },
    }
}

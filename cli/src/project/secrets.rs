//! What must not be locked: literal secrets in a launch, and variables that decide which code runs.
//!
//! Few rules, meant to be right: a launch goes verbatim into a file that is committed, so a token in it is published.
//! * the password of a URL, and the query parameters of a URL that are named like a credential;
//! * the value of an option that is named like a credential (`--api-key x`, `--token=x`);
//! * an argument that begins like the well-known token forms.
//!
//! A reference to a variable (`${…}`) is never a secret.

use mcp_pin_model::{Launch, Surface};
use url::Url;

use super::Secret;

/// Words in a name that make its value a credential.
const CREDENTIAL_WORDS: [&str; 13] = [
    "token", "secret", "password", "passwd", "pwd", "apikey", "api-key", "api_key", "accesskey", "access-key",
    "access_key", "credential", "authorization",
];

/// How the tokens of widely used services begin.
const TOKEN_PREFIXES: [&str; 14] = [
    "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "sk-", "xoxb-", "xoxp-", "AKIA", "npm_", "pypi-", "hf_",
    "eyJ",
];

/// Shorter texts occur by chance.
const LEAST_TOKEN: usize = 16;

/// Shorter values of variables are found in ordinary text by chance.
const LEAST_SECRET: usize = 8;

/// Variables whose value decides which code runs, or where packages come from. A lock pins names of variables, not
/// values, so a launch that sets one of these is not pinned at all (threat T23).
const LOADER_VARIABLES: [&str; 46] = [
    "BASH_ENV",
    "DENO_DIR",
    "DYLD_FRAMEWORK_PATH",
    "DYLD_INSERT_LIBRARIES",
    "DYLD_LIBRARY_PATH",
    "ENV",
    "GCONV_PATH",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LD_AUDIT",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "NODE_EXTRA_CA_CERTS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NPM_CONFIG_GLOBALCONFIG",
    "NPM_CONFIG_REGISTRY",
    "NPM_CONFIG_USERCONFIG",
    "PATH",
    "PERL5LIB",
    "PERL5OPT",
    "PIP_CONFIG_FILE",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "RUBYLIB",
    "RUBYOPT",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "UV_CONFIG_FILE",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_OVERRIDE",
    "UV_PYTHON",
    "YARN_NPM_REGISTRY_SERVER",
    "_JAVA_OPTIONS",
];

/// Whether a variable's or header's value is a secret by its name.
pub(super) fn is_secret(name: &str, value: &str, is_header: bool) -> bool {
    value.len() >= LEAST_SECRET
        && (is_header || names_a_credential(name) || name.to_ascii_uppercase().ends_with("_KEY"))
}

fn names_a_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    CREDENTIAL_WORDS.iter().any(|word| name.contains(word))
}

/// A query parameter's whole name, since `sig` or `key` occur inside other words.
fn is_credential_parameter(name: &str) -> bool {
    names_a_credential(name) || ["key", "sig", "signature", "auth", "jwt"].contains(&name.to_ascii_lowercase().as_str())
}

fn is_literal(text: &str) -> bool {
    !text.is_empty() && !text.contains("${")
}

/// The literal secret in a launch, if there is one: where it stands, in our words. The secret itself is not repeated.
#[must_use]
pub fn literal_secret(launch: &Launch) -> Option<String> {
    match launch {
        Launch::Http(http) => in_url(&http.url).map(|what| format!("the `url` holds {what}")),
        Launch::Stdio(stdio) => {
            let mut named_before: Option<&str> = None;
            for (index, arg) in stdio.args.iter().enumerate() {
                let position = index + 1;
                if let Some(option) = named_before.take()
                    && is_literal(arg)
                    && !arg.starts_with('-')
                {
                    return Some(format!("argument {position} is the literal value of `{option}`"));
                }
                if let Some(option) = arg.strip_prefix('-') {
                    match arg.split_once('=') {
                        Some((name, value)) if names_a_credential(name) && is_literal(value) => {
                            return Some(format!("argument {position} holds a literal value of `{name}`"));
                        }
                        None if names_a_credential(option) => named_before = Some(arg),
                        _ => {}
                    }
                }
                let bare = arg.rsplit('=').next().unwrap_or(arg);
                if bare.len() >= LEAST_TOKEN
                    && is_literal(bare)
                    && bare.bytes().all(|byte| byte.is_ascii_graphic())
                    && !bare.contains('/')
                    && TOKEN_PREFIXES.iter().any(|prefix| bare.starts_with(prefix))
                {
                    return Some(format!("argument {position} looks like a token"));
                }
                let url = arg.find("://").and_then(|end| {
                    let start =
                        arg.get(..end)?.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '+').map_or(0, |at| at + 1);
                    arg.get(start..)
                });
                if let Some(what) = url.and_then(in_url) {
                    return Some(format!("argument {position} is a URL with {what}"));
                }
            }
            None
        }
    }
}

fn in_url(text: &str) -> Option<&'static str> {
    let url = Url::parse(text).ok()?;
    // The URL parser escapes braces, so variables are looked for in what was written.
    let authority = text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default())?;
    if let Some((user, _)) = authority.rsplit_once('@')
        && let Some((_, password)) = user.split_once(':')
        && is_literal(password)
    {
        return Some("a literal password");
    }
    if url.query_pairs().any(|(name, value)| is_credential_parameter(&name) && is_literal(&value)) {
        return Some("a literal credential in its query");
    }
    None
}

/// The variable of a launch that decides which code runs, if there is one.
#[must_use]
pub fn loader_variable(launch: &Launch) -> Option<&str> {
    match launch {
        Launch::Stdio(stdio) => stdio
            .env
            .iter()
            .find(|name| LOADER_VARIABLES.binary_search(&name.to_ascii_uppercase().as_str()).is_ok())
            .map(String::as_str),
        Launch::Http(_) => None,
    }
}

/// The name of the variable or header whose secret value a server repeats in what it declares, if it does.
#[must_use]
pub fn repeated_secret<'a>(surface: &Surface, secrets: &'a [(String, Secret)]) -> Option<&'a str> {
    if secrets.is_empty() {
        return None;
    }
    let text = surface.to_value().to_canonical_string();
    secrets
        .iter()
        .find(|(_, secret)| {
            // As it stands inside a JSON string.
            let written = mcp_pin_model::json::Value::from(secret.expose()).to_canonical_string();
            written.get(1..written.len().saturating_sub(1)).is_some_and(|inner| text.contains(inner))
        })
        .map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    use mcp_pin_model::launch::{HttpLaunch, StdioLaunch};

    use super::*;

    fn stdio(args: &[&str]) -> Launch {
        Launch::Stdio(StdioLaunch {
            command: "x".to_owned(),
            args: args.iter().map(ToString::to_string).collect(),
            env: Vec::new(),
            cwd: None,
        })
    }

    #[test]
    fn literal_secrets_are_found() {
        for args in [
            &["--api-key", "abc"][..],
            &["--token=abc"],
            &["ghp_abcdefghijklmnop"],
            &["--header=x", "eyJhbGciOiJIUzI1NiJ9.e30.x"],
            &["postgres://me:pw@db.example/x"],
            &["--db", "--url=postgres://me:pw@db.example/x"],
            &["https://a.example/?api_key=1"],
        ] {
            assert!(literal_secret(&stdio(args)).is_some(), "{args:?}");
        }
        let url = |url: &str| Launch::Http(HttpLaunch { url: url.to_owned(), headers: Vec::new() });
        assert!(literal_secret(&url("https://u:p@a.example/mcp")).is_some());
        assert!(literal_secret(&url("https://a.example/mcp?token=abc")).is_some());
        assert!(literal_secret(&url("https://a.example/mcp?token=${TOKEN}")).is_none());
        assert!(literal_secret(&url("https://a.example/mcp?keyword=abc")).is_none());
    }

    #[test]
    fn ordinary_arguments_pass() {
        for args in [
            &["-y", "@acme/weather@1.4.2", "--allow", "/data"][..],
            &["--token=${TOKEN}"],
            &["--api-key", "${env:KEY}"],
            &["--token-limit", "--other"],
            &["postgres://me:${PASSWORD}@db.example/x"],
            &["https://a.example/path?monkey=1"],
            &["sk-learn"],
        ] {
            assert_eq!(literal_secret(&stdio(args)), None, "{args:?}");
        }
    }

    #[test]
    fn t23_loader_variables_are_found_in_any_case() {
        let mut sorted = LOADER_VARIABLES;
        sorted.sort_unstable();
        assert_eq!(sorted, LOADER_VARIABLES, "looked up by binary search");
        let launch = |name: &str| {
            Launch::Stdio(StdioLaunch { command: "x".into(), args: vec![], env: vec![name.into()], cwd: None })
        };
        assert_eq!(loader_variable(&launch("npm_config_registry")), Some("npm_config_registry"));
        assert_eq!(loader_variable(&launch("LD_PRELOAD")), Some("LD_PRELOAD"));
        assert_eq!(loader_variable(&launch("WEATHER_API_KEY")), None);
    }
}

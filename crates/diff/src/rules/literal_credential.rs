//! `literal-credential`: a credential stands in the metadata.

use mcp_pin_model::Grade;
use std::sync::LazyLock;


use super::common::{parent, Pattern, pattern};
use super::{Example, Found, Rule};
use crate::compare::Comparison;

pub(super) const RULE: Rule = Rule {
    id: "literal-credential",
    title: "A credential stands in the metadata",
    rationale: "A key in a description or a default goes to every client, every model and every log. It is leaked, or it is bait: a model that uses it acts as somebody else, or sends its data to whoever owns the key.",
    grade: Grade::Review,
    reads: "every new string",
    reference: "CWE-798; OWASP MCP01 token mismanagement and secret exposure",
    fires: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"},"token":{"type":"string","default":"ghp_Zk3vQ1mW8yT5rB7nX2cL9pD4sF6gH0jK1aUe"}}}}]}"##,
    },
    silent: Example {
        before: Some(r##"{"tools":[{"name":"search","description":"Search the docs.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##),
        after: r##"{"tools":[{"name":"search","description":"Search the docs. Needs an API key such as ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx or password=<your password>.","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}}}]}"##,
    },
    detect,
};

/// What credentials look like: prefixes and lengths that their issuers chose.
static CREDENTIAL: LazyLock<Pattern> = LazyLock::new(|| {
    pattern(concat!(
        r"(?:\b(?:A3T[A-Z0-9]|AKIA|ASIA|AGPA|AIDA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{18,}",
        r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\b[rs]k_(?:live|test)_[A-Za-z0-9]{14,}|\bsk-(?:ant-|proj-|live-)?[A-Za-z0-9_-]{18,}|\bAIza[A-Za-z0-9_-]{30,}",
        r"|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[A-Za-z0-9_-]{20,}|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|\bhf_[A-Za-z0-9]{24,}|\bdop_v1_[a-f0-9]{40,}|\bshp(?:at|ca|pa)_[a-fA-F0-9]{24,}",
        r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{8,}|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----",
        r"|\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@<>{}$]{1,40}:[^\s/@<>{}$]{3,60}@[A-Za-z0-9.-]+|\b[Bb]earer [A-Za-z0-9_.~+/-]{24,}|\bya29\.[A-Za-z0-9_-]{20,}|\bEAAC[A-Za-z0-9]{20,}|\bAC[a-f0-9]{32}\b|\bkey-[a-f0-9]{32}\b)",
    ))
});
/// A name for a secret with its value.
static ASSIGNED: LazyLock<Pattern> = LazyLock::new(|| {
    pattern(r#"(?i)(?:password|passwd|secret|api[_-]?key|access[_-]?key|auth[_-]?token|private[_-]?key)[a-z_]{0,24}["']?\s*(?:[:=]|is)\s*["'`]?([^\s"'`<>{}$,;()\[\]]{8,})"#)
});

/// Parts of names that parameters for secrets have.
const SECRET_NAMES: [&str; 8] =
    ["password", "passwd", "secret", "api_key", "apikey", "access_key", "auth_token", "private_key"];

fn detect(comparison: &Comparison<'_>, found: &mut Found<'_>) {
    for passage in comparison.passages {
        let text: &str = &passage.after;
        if text.len() < SHORTEST {
            continue;
        }
        let known = |secret: &str| passage.before.is_some_and(|before| before.contains(secret));
        let typed = || CREDENTIAL.find_iter(text).map(|hit| hit.as_str()).find(|secret| !is_placeholder(secret) && !known(secret));
        let assigned = || {
            ASSIGNED.captures_iter(text).filter_map(|hit| hit.get(1)).map(|hit| hit.as_str()).find(|value| is_random(value) && !is_placeholder(value) && !known(value))
        };
        // A default for a parameter that is a secret by name.
        let default = || {
            if !passage.is_default() || text.contains(char::is_whitespace) || !is_random(text) || is_placeholder(text) {
                return None;
            }
            let name = parent(&passage.path).to_lowercase();
            SECRET_NAMES.iter().any(|part| name.contains(part)).then_some(text)
        };
        if let Some(secret) = long_word(text).then(typed).flatten().or_else(assigned).or_else(default) {
            found.passage(Grade::Review, passage, secret, "what looks like a credential stands in the metadata", "");
        }
    }
}

/// Whether there is anything without spaces that is long enough for an issuer's credential.
fn long_word(text: &str) -> bool {
    // A stretch of that length without white space, each begun behind the last white space of the one before.
    let mut start = 0;
    while let Some(stretch) = text.as_bytes().get(start..start + LONG) {
        match stretch.iter().rposition(u8::is_ascii_whitespace) {
            Some(space) => start += space + 1,
            None => return true,
        }
    }
    text.contains("PRIVATE KEY")
}

/// Credentials of issuers are at least this long.
const LONG: usize = 14;

/// No credential is shorter.
const SHORTEST: usize = 8;

/// What documentation writes in place of a secret.
fn is_placeholder(secret: &str) -> bool {
    let lower = secret.to_lowercase();
    let body = lower.rsplit(['_', '-', ':', '=']).next().unwrap_or_default();
    let one_letter = body.chars().next().is_some_and(|first| body.chars().all(|c| c == first));
    one_letter && !lower.contains("begin ")
        || ["your", "xxxx", "placeholder", "changeme", "redacted", "****", "....", "<", "dummy", "user:pass", "username:password", "user:password", "example.com", "localhost"].iter().any(|word| lower.contains(word))
}

/// Letters and digits mixed, as no word is.
fn is_random(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    digits >= 2 && letters >= 3 && !value.contains("://") && !value.contains('/') || value.bytes().any(|byte| b"!@#%^&*".contains(&byte)) && letters >= 3 && digits >= 1
}

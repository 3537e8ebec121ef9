//! What was checked, kept with the result.

use std::fmt;

use jiff::Timestamp;
use mcp_pin_model::{hostile, lockfile::KeyIdentity};
use serde::Serialize;

use crate::{IdentityClaims, InstanceName};

/// An entry of a transparency log whose inclusion was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// The log's id, in hexadecimal.
    pub log: String,
    /// The entry's index.
    pub index: u64,
}

/// What was checked of a signature beside what it signs, for people and logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Evidence {
    /// A signature by a key that the verifier trusts, and nothing else: no log says when it was made or that others
    /// could see it.
    KeyOnly {
        /// The key.
        key: KeyIdentity,
        /// Transparency log entries that came along. This mode neither needs nor checks them.
        log_entries_ignored: usize,
        /// RFC 3161 timestamps that came along. This mode neither needs nor checks them.
        timestamps_ignored: usize,
    },
    /// A signature by a key that the verifier trusts, in a transparency log of a root that it trusts.
    KeyInLog {
        /// The key.
        key: KeyIdentity,
        /// Whose root.
        instance: InstanceName,
        /// The entries.
        entries: Vec<LogEntry>,
        /// Verified times at which the signature existed.
        times: Vec<Timestamp>,
    },
    /// A signature by the key of a certificate, which was valid when the signature was made.
    Certificate {
        /// Whose root.
        instance: InstanceName,
        /// What the certificate says about the signer.
        claims: Box<IdentityClaims>,
        /// The certificate's beginning.
        not_before: Timestamp,
        /// The certificate's end.
        not_after: Timestamp,
        /// Whether a certificate transparency log had the certificate. Instances without a log have none.
        certificate_logged: bool,
        /// The entries of the transparency log. Empty for instances without one.
        entries: Vec<LogEntry>,
        /// Verified times at which the signature existed.
        times: Vec<Timestamp>,
    },
}

impl Evidence {
    /// The whole chain in words, one step a line, from the signature to the root. Foreign text in it is made visible.
    #[must_use]
    pub fn chain(&self) -> Vec<String> {
        match self {
            Self::KeyOnly { key, log_entries_ignored, timestamps_ignored } => {
                let mut lines = vec![
                    format!("the signature verifies with key {}", key.key),
                    "the key is trusted by this configuration, by its id".to_owned(),
                    "no transparency evidence was checked: the key's word alone says when it was signed".to_owned(),
                ];
                if log_entries_ignored + timestamps_ignored > 0 {
                    lines.push(format!(
                        "{log_entries_ignored} log entries and {timestamps_ignored} timestamps came along and were ignored"
                    ));
                }
                lines
            }
            Self::KeyInLog { key, instance, entries, times } => {
                let mut lines = vec![
                    format!("the signature verifies with key {}", key.key),
                    "the key is trusted by this configuration, by its id".to_owned(),
                ];
                push_entries(&mut lines, entries, instance);
                push_times(&mut lines, times);
                lines
            }
            Self::Certificate { instance, claims, not_before, not_after, certificate_logged, entries, times } => {
                let mut lines = vec!["the signature verifies with the key of a certificate".to_owned()];
                let subject = claims.subject.as_deref().map_or_else(|| "nobody".to_owned(), shown);
                let issuer = claims.issuer.as_deref().map_or_else(|| "the instance itself".to_owned(), shown);
                lines.push(format!("the certificate was given to {subject}, whom {issuer} authenticated"));
                push_claims(&mut lines, claims);
                lines.push(format!("it was valid from {not_before} to {not_after}"));
                lines.push(format!("it chains to a certificate authority of the root `{instance}`"));
                if *certificate_logged {
                    lines.push("a certificate transparency log of that root promised to publish it".to_owned());
                }
                push_entries(&mut lines, entries, instance);
                push_times(&mut lines, times);
                lines
            }
        }
    }
}

/// Foreign text in whole: whose identity it is must not depend on where a line was cut.
fn shown(text: &str) -> String {
    format!("`{}`", hostile::visible(text))
}

fn push_claims(lines: &mut Vec<String>, claims: &IdentityClaims) {
    let members = [
        ("repository", &claims.repository),
        ("repository id", &claims.repository_id),
        ("owner id", &claims.owner_id),
        ("workflow", &claims.workflow),
        ("ref", &claims.reference),
        ("commit", &claims.commit),
        ("environment", &claims.environment),
        ("runner", &claims.runner),
        ("trigger", &claims.trigger),
        ("run", &claims.run),
    ];
    for (name, value) in members {
        if let Some(value) = value {
            lines.push(format!("{name} {}", shown(value)));
        }
    }
}

fn push_entries(lines: &mut Vec<String>, entries: &[LogEntry], instance: &InstanceName) {
    for LogEntry { log, index } in entries {
        let log = log.get(..16).unwrap_or(log);
        lines.push(format!("it is entry {index} of the transparency log {log}… of the root `{instance}`"));
    }
    if entries.is_empty() {
        lines.push(format!("the instance `{instance}` has no public log: only it can see what was signed"));
    }
}

fn push_times(lines: &mut Vec<String>, times: &[Timestamp]) {
    for time in times {
        lines.push(format!("a log or timestamp authority saw the signature at {time}"));
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyOnly { key, log_entries_ignored, timestamps_ignored } => {
                write!(f, "signed with key {}; no transparency evidence checked", key.key)?;
                if log_entries_ignored + timestamps_ignored > 0 {
                    write!(f, " ({log_entries_ignored} log entries and {timestamps_ignored} timestamps ignored)")?;
                }
                Ok(())
            }
            Self::KeyInLog { key, instance, entries, .. } => {
                write!(f, "signed with key {}; in {} of the log `{instance}`", key.key, count(entries))
            }
            Self::Certificate { instance, entries, times, .. } => {
                f.write_str("signed with a certificate")?;
                if let Some(time) = times.first() {
                    write!(f, " at {time}")?;
                }
                if entries.is_empty() {
                    write!(f, "; timestamp of `{instance}`, no public log")
                } else {
                    write!(f, "; in {} of the log of `{instance}`", count(entries))
                }
            }
        }
    }
}

fn count(entries: &[LogEntry]) -> String {
    match entries {
        [LogEntry { index, .. }] => format!("entry {index}"),
        entries => format!("{} entries", entries.len()),
    }
}

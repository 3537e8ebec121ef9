//! What a pipeline is told: one model of findings, and every form that they are written in.
//!
//! A finding is a rule's judgement about a change, or a check that did not hold. Whatever form it is written in, it comes from
//! here: sorted, with one fingerprint, and with the same words. Text that somebody else chose (names of entries, values, what
//! errors quote) is made visible with [`crate::ui::sanitize`] first and then escaped for the form, in that form's own file.

pub mod annotations;
mod checks;
mod escape;
mod form;
pub mod gitlab;
pub mod human;
pub mod json;
pub mod junit;
mod lines;
pub mod markdown;
pub mod sarif;
mod text;

use std::collections::BTreeMap;

use mcp_pin_diff::EntryRef;
use mcp_pin_model::{
    Alias, Digest, Grade,
    json::{Object, Pointer, Value},
};
use serde::Serialize;

pub use checks::{About, Page, about, rule_of};
pub use form::{Form, Output};
pub use lines::LockLines;

use crate::{
    error::{CommandError, Place, Status},
    evidence::TrustInForce,
    state::verification::Failure,
};

/// Everything that a run of a pipeline came to.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it ended.
    pub outcome: Status,
    /// The least grade that fails a run although everything was consented to.
    pub fail_on: Grade,
    /// What the lock was compared with.
    pub base: Option<Base>,
    /// Whether servers were started or called.
    pub live: bool,
    /// Whose trust counted.
    pub trust: Option<TrustInForce>,
    /// The servers, sorted by alias.
    pub servers: Vec<Server>,
    /// What was found: the gravest first, what is exempted last.
    pub findings: Vec<Finding>,
    /// What is worth knowing.
    pub notes: Vec<String>,
    /// The project's folder within its repository, with a slash at the end; empty where it is the repository's root.
    pub prefix: String,
}

/// What a lock was compared with.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Base {
    /// What the base was called.
    pub revision: String,
    /// Its newest commit, by whose trust the run judged.
    pub commit: String,
    /// The commit whose lock was compared: where the pull request left the base.
    pub compared: String,
}

/// One server of a run.
#[derive(Clone, Debug)]
pub struct Server {
    /// What it is called here.
    pub alias: Alias,
    /// Its name, where it is locked.
    pub name: Option<String>,
    /// Its version, where it is locked.
    pub version: Option<String>,
    /// What checking it came to.
    pub outcome: Status,
    /// `added`, `removed`, `changed` or `signed-again`, against the base.
    pub change: Option<&'static str>,
    /// The digest of the change report against the base.
    pub report: Option<Digest>,
}

/// Something that was found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule: of [`mcp_pin_diff::rules`], or one of [`checks`](about) (`check-…`).
    pub rule: String,
    /// How much attention it takes.
    pub grade: Grade,
    /// What it makes of the run by itself: a check that did not hold has its own outcome; what a change brings is `Passed`,
    /// because signed consents decide about it.
    pub outcome: Status,
    /// What was found; may quote hostile text.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The server.
    pub server: Option<Alias>,
    /// The entry; its key is hostile text.
    pub entry: Option<EntryRef>,
    /// The place within the server; hostile text.
    pub path: Option<Pointer>,
    /// What stood there before; hostile text.
    pub before: Option<String>,
    /// What stands there now; hostile text.
    pub after: Option<String>,
    /// The line of the lock.
    pub lock: Option<Place>,
    /// The line of the configuration.
    pub config: Option<Place>,
    /// What a consent or an exemption calls it; none for checks.
    pub acknowledged_as: Option<String>,
    /// Stable over runs and unrelated edits: of the rule, the server and the entry, never of a line.
    pub fingerprint: String,
    /// Counts findings of one fingerprint, from 1.
    pub occurrence: usize,
    /// Why it does not count, where somebody decided so.
    pub exempted: Option<Exempted>,
    /// Why it weighs other than its rule says, where somebody decided so.
    pub overridden: Option<Overridden>,
}

/// How loudly a form tells a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Consented to, and grave enough to look at once more.
    Warning,
    /// It is why the run does not pass.
    Error,
}

/// Somebody decided that a finding does not count here, for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exempted {
    /// Why.
    pub reason: String,
    /// Who.
    pub author: String,
    /// Until when.
    pub expires: String,
}

/// Somebody decided that a rule weighs more or less here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overridden {
    /// What the rule says itself.
    pub from: Grade,
    /// Why.
    pub reason: String,
    /// Until when, where it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

impl Finding {
    /// A check that did not hold.
    #[must_use]
    pub fn of_failure(server: Option<&Alias>, failure: &Failure) -> Self {
        let grade = match failure.status {
            Status::Passed => Grade::Notice,
            Status::ConsentRequired => Grade::Review,
            Status::CouldNotCheck | Status::Failed | Status::Usage => Grade::Block,
        };
        Self::new(rule_of(failure.check), grade, failure.status, failure.message.clone())
            .with_hint(failure.hint.clone())
            .of_server(server)
    }

    /// An error that kept a check from being made.
    #[must_use]
    pub fn of_error(check: &'static str, error: CommandError) -> Self {
        let CommandError { status, message, place, details, hint } = error;
        let message = std::iter::once(message).chain(details).collect::<Vec<_>>().join("; ");
        let mut finding = Self::new(rule_of(check), Grade::Block, status, message).with_hint(hint);
        finding.lock = place;
        finding
    }

    /// Something new.
    #[must_use]
    pub fn new(rule: impl Into<String>, grade: Grade, outcome: Status, message: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            grade,
            outcome,
            message: message.into(),
            hint: None,
            server: None,
            entry: None,
            path: None,
            before: None,
            after: None,
            lock: None,
            config: None,
            acknowledged_as: None,
            fingerprint: String::new(),
            occurrence: 1,
            exempted: None,
            overridden: None,
        }
    }

    /// With what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// About a server.
    #[must_use]
    pub fn of_server(mut self, server: Option<&Alias>) -> Self {
        self.server = server.cloned();
        self
    }

    /// A rule's judgement about a change.
    #[must_use]
    pub fn of_change(server: &Alias, finding: &mcp_pin_diff::Finding) -> Self {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_canonical_string(),
        };
        let mut new = Self::new(finding.rule.clone(), finding.grade, Status::Passed, finding.message.clone())
            .with_hint(finding.hint.clone())
            .of_server(Some(server));
        new.entry = finding.location.entry.clone();
        new.path = Some(finding.location.path.clone());
        new.before = finding.before.as_ref().map(text);
        new.after = finding.after.as_ref().map(text);
        new.acknowledged_as = Some(finding.fingerprint.clone());
        new
    }

    /// What it makes of a run that fails on a grade.
    #[must_use]
    pub fn counts(&self, fail_on: Grade) -> Status {
        if self.exempted.is_some() {
            return Status::Passed;
        }
        let by_grade = if self.grade >= fail_on { Status::Failed } else { Status::Passed };
        self.outcome.and(if self.outcome == Status::Passed { by_grade } else { Status::Passed })
    }

    /// How loudly it is told: an error is what keeps the run from passing, and nothing else is one.
    #[must_use]
    pub fn level(&self, fail_on: Grade) -> Level {
        match self.grade {
            _ if self.counts(fail_on) != Status::Passed => Level::Error,
            _ if self.exempted.is_some() => Level::Note,
            Grade::Refuse | Grade::Block | Grade::Review => Level::Warning,
            Grade::Notice | Grade::None => Level::Note,
        }
    }

    /// SHA-256 over the rule, the server, and the entry's kind and name.
    fn identify(&self) -> String {
        let mut identity = Object::from_iter([("rule", Value::from(self.rule.as_str()))]);
        if let Some(server) = &self.server {
            identity.insert("server", server.as_str());
        }
        if let Some(entry) = &self.entry {
            identity.insert("kind", entry.kind.section());
            identity.insert("entry", entry.key.as_str());
        }
        Digest::of_canonical(&Value::Object(identity)).to_hex()
    }

    /// The fingerprint as one text that no other finding of the run has.
    #[must_use]
    pub fn unique_fingerprint(&self) -> String {
        format!("{}:{}", self.fingerprint, self.occurrence)
    }
}

impl Run {
    /// Sorts the findings, names each, and tells how the run ended.
    #[must_use]
    pub fn finished(mut self) -> Self {
        let key = |finding: &Finding| {
            (
                finding.exempted.is_some(),
                std::cmp::Reverse(finding.grade),
                std::cmp::Reverse(finding.outcome),
                finding.server.clone(),
                finding.entry.clone(),
                finding.rule.clone(),
                finding.path.clone(),
                finding.acknowledged_as.clone(),
                finding.message.clone(),
            )
        };
        self.findings.sort_by_cached_key(key);
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for finding in &mut self.findings {
            finding.fingerprint = finding.identify();
            let count = seen.entry(finding.fingerprint.clone()).or_default();
            *count += 1;
            finding.occurrence = *count;
        }
        self.outcome = self
            .findings
            .iter()
            .map(|finding| finding.counts(self.fail_on))
            .chain(self.servers.iter().map(|server| server.outcome))
            .fold(Status::Passed, Status::and);
        self
    }

    /// How many findings of a grade count.
    #[must_use]
    pub fn count(&self, grade: Grade) -> usize {
        self.findings.iter().filter(|finding| finding.grade == grade && finding.exempted.is_none()).count()
    }

    /// A place as a path from the repository's root, with `/` between folders.
    #[must_use]
    pub fn repository_path(&self, place: &Place) -> String {
        let path = place.path.to_string_lossy().replace('\\', "/");
        format!("{}{path}", self.prefix)
    }
}

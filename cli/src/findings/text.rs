//! The words that every form shares, made visible but not yet escaped for the form.

use std::collections::BTreeMap;

use mcp_pin_model::Grade;

use super::{Finding, Run, Server};
use crate::{error::Status, render::paths, ui::sanitize};

/// Columns of a value in one line. All of it stands in the lock's snapshots and in `mcp-pin diff`.
pub(super) const VALUE_COLUMNS: usize = 400;

/// The grades that findings are shown by, the gravest first.
pub(super) const GRADES: [Grade; 5] = [Grade::Refuse, Grade::Block, Grade::Review, Grade::Notice, Grade::None];

impl Finding {
    /// What was found, in one line.
    #[must_use]
    pub fn sentence(&self) -> String {
        sanitize::one_line(&self.message)
    }

    /// What to do about it, in one line.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        self.hint.as_deref().map(sanitize::one_line)
    }

    /// What it is about within its server: "`description` of tool `a`". Empty where it is about the whole server.
    #[must_use]
    pub fn place_in_words(&self) -> String {
        match (&self.path, &self.entry) {
            (Some(path), entry) if !path.as_str().is_empty() => paths::in_words(path, entry.as_ref()),
            (_, Some(entry)) => format!("{} {}", entry.kind.noun(), sanitize::name(&entry.key)),
            (_, None) => String::new(),
        }
    }

    /// The server and the place: "weather: tool `a`".
    #[must_use]
    pub fn subject(&self) -> String {
        let place = self.place_in_words();
        match &self.server {
            Some(server) if place.is_empty() => server.to_string(),
            Some(server) => format!("{server}: {place}"),
            None => "the project".to_owned(),
        }
    }

    /// Everything in one line: what, where.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{}: {}", self.subject(), self.sentence())
    }

    /// Everything in one paragraph: what, where, the values, what to do about it.
    #[must_use]
    pub fn paragraph(&self) -> String {
        let values = self.values_in_words().map(|values| format!("; {values}")).unwrap_or_default();
        let advice = self.advice().map(|advice| format!("; hint: {advice}")).unwrap_or_default();
        let decisions: String = self.decisions().map(|decision| format!(" ({decision})")).collect();
        format!("{}{values}{advice}{decisions}", self.line())
    }

    /// The value before and now, each visible and in one line.
    #[must_use]
    pub fn values(&self) -> (Option<String>, Option<String>) {
        let shown = |text: &Option<String>| text.as_deref().map(|text| sanitize::summary(text, VALUE_COLUMNS));
        (shown(&self.before), shown(&self.after))
    }

    /// The values in words: `was "a", is "b"`.
    #[must_use]
    pub fn values_in_words(&self) -> Option<String> {
        match self.values() {
            (Some(before), Some(after)) => Some(format!("was \"{before}\", is \"{after}\"")),
            (Some(before), None) => Some(format!("was \"{before}\"")),
            (None, Some(after)) => Some(format!("\"{after}\"")),
            (None, None) => None,
        }
    }

    /// Why it does not count, in one line.
    #[must_use]
    pub fn exemption(&self) -> Option<String> {
        let exempted = self.exempted.as_ref()?;
        let (author, expires) = (sanitize::one_line(&exempted.author), sanitize::one_line(&exempted.expires));
        Some(format!("exempted by {author} until {expires}: {}", sanitize::one_line(&exempted.reason)))
    }

    /// Why it weighs other than its rule says, in one line.
    #[must_use]
    pub fn reweighed(&self) -> Option<String> {
        let overridden = self.overridden.as_ref()?;
        let until = overridden.expires.as_deref().map(|at| format!(" until {}", sanitize::one_line(at)));
        let (from, reason) = (overridden.from, sanitize::one_line(&overridden.reason));
        Some(format!("weighs {} in place of {from} here{}: {reason}", self.grade, until.unwrap_or_default()))
    }

    /// What somebody decided about it, in one line each.
    pub fn decisions(&self) -> impl Iterator<Item = String> {
        self.reweighed().into_iter().chain(self.exemption())
    }
}

/// The outcome as people read it.
pub(super) fn outcome(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::ConsentRequired => "needs consent",
        Status::CouldNotCheck => "could not check",
        Status::Failed | Status::Usage => "failed",
    }
}

impl Server {
    /// What happened to it against the base.
    #[must_use]
    pub fn change_in_words(&self) -> &'static str {
        match self.change {
            Some("added") => "new",
            Some("removed") => "no longer locked",
            Some("changed") => "changed",
            Some("signed-again") => "same content, signed again",
            _ => "unchanged",
        }
    }
}

impl Run {
    /// How the run ended and why, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        format!("{}: {}", outcome(self.outcome), self.counted())
    }

    /// How many servers and findings there are, in one line.
    #[must_use]
    pub fn counted(&self) -> String {
        let counts: Vec<String> = GRADES
            .into_iter()
            .filter(|grade| self.count(*grade) > 0)
            .map(|grade| format!("{} {grade}", self.count(grade)))
            .collect();
        let exempted = self.findings.iter().filter(|finding| finding.exempted.is_some()).count();
        let mut findings =
            if counts.is_empty() { "no findings".to_owned() } else { format!("findings: {}", counts.join(", ")) };
        if exempted > 0 {
            findings.push_str(&format!(", {exempted} exempted"));
        }
        let servers = self.servers.len();
        format!("{servers} server{}, {findings}", if servers == 1 { "" } else { "s" })
    }

    /// What to make of the outcome, in one line; nothing where everything passed.
    #[must_use]
    pub fn meaning(&self) -> Option<String> {
        let checks = self.servers.iter().map(|server| server.outcome);
        let by_itself =
            checks.chain(self.findings.iter().map(|finding| finding.outcome)).fold(Status::Passed, Status::and);
        match self.outcome {
            Status::Passed => None,
            Status::Failed if by_itself == Status::Passed => Some(format!(
                "every check passed; it fails on what is graded `{}` or graver, although it was consented to (--fail-on)",
                self.fail_on
            )),
            Status::Failed | Status::Usage => Some("this must not be merged as it is".to_owned()),
            Status::CouldNotCheck => Some("what could not be checked is not a pass".to_owned()),
            Status::ConsentRequired => {
                Some("somebody who is trusted by the base branch has to consent first".to_owned())
            }
        }
    }

    /// The command that tells all of it, for where a form has not room enough.
    #[must_use]
    pub(super) fn command(&self) -> String {
        // What somebody types has no foreign text in it: a revision that is not plainly a name stands as a word of ours.
        let plain = |base: &&super::Base| {
            !base.revision.is_empty()
                && !base.revision.starts_with('-')
                && base.revision.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
        };
        let base = self.base.as_ref().filter(plain).map(|base| format!(" --base {}", base.revision));
        format!("mcp-pin ci{}", base.unwrap_or_default())
    }

    /// What it was compared with, in one line.
    #[must_use]
    pub fn compared_with(&self) -> Option<String> {
        let base = self.base.as_ref()?;
        let short = |id: &str| id.chars().take(12).collect::<String>();
        let at =
            if base.commit == base.compared { String::new() } else { format!(", left at {}", short(&base.compared)) };
        Some(format!("against {} ({}{at})", sanitize::one_line(&base.revision), short(&base.commit)))
    }
}

/// Findings that differ only in their place, together: the noise must not bury the one that matters.
pub(super) fn grouped<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Vec<&'a Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    for finding in findings {
        let decided = finding.exempted.as_ref().map(|it| (&it.reason, &it.author, &it.expires));
        let weighs = finding.overridden.as_ref().map(|it| (it.from, &it.reason, &it.expires));
        let key = (
            (finding.grade, &finding.rule, &finding.server),
            (&finding.message, &finding.before, &finding.after),
            (decided, weighs),
        );
        let at = *known.entry(key).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

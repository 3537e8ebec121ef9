//! What each rule is about: those of the change reports, and the checks that are no rules of a change.

use mcp_pin_diff::{TOO_LARGE_RULE, rules};
use mcp_pin_model::Grade;

/// What people are told about a rule. Our own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Its id.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// Why it exists.
    pub rationale: &'static str,
    /// The gravest grade it gives.
    pub grade: Grade,
    /// Its page below the repository's `docs`.
    pub page: Page,
}

/// Where a rule is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// A page of its own.
    Rule,
    /// The table of `docs/ci.md`.
    Checks,
}

const fn check(id: &'static str, grade: Grade, title: &'static str, rationale: &'static str) -> About {
    About { id, title, rationale, grade, page: Page::Checks }
}

/// The checks, by the word that [`crate::state::verification::Failure`] has for each.
const CHECKS: &[(&str, About)] = &[
    (
        "base",
        check(
            "check-base",
            Grade::Block,
            "the base branch cannot be compared with",
            "Without the lock of the base branch nobody can tell what a pull request changes in it.",
        ),
    ),
    (
        "configuration",
        check(
            "check-configuration",
            Grade::Block,
            "the configuration and the lock name different servers",
            "A server that is configured and not locked tells an agent what nobody consented to; one that is locked and not configured is a consent that nobody needs.",
        ),
    ),
    (
        "consent",
        check(
            "check-consent",
            Grade::Block,
            "a consent is missing, or does not count",
            "Nothing that a model can read goes live without the signed consent of somebody trusted to exactly these bytes.",
        ),
    ),
    (
        "drift",
        check(
            "check-drift",
            Grade::Block,
            "a live server does not declare what is locked",
            "What the server says now was never reviewed.",
        ),
    ),
    (
        "exemption",
        check(
            "check-exemption",
            Grade::Notice,
            "an exemption or an override has ended",
            "Exceptions end so that somebody looks at them again. What has ended no longer counts; it stays listed until it is renewed or removed.",
        ),
    ),
    (
        "internal",
        check(
            "check-internal",
            Grade::Block,
            "a check did not come to an end",
            "What was not checked is never a pass.",
        ),
    ),
    (
        "launch",
        check(
            "check-launch",
            Grade::Block,
            "a server is started otherwise than it is locked",
            "A changed command, argument or address runs other code than the one whose declarations were consented to.",
        ),
    ),
    (
        "live",
        check(
            "check-live",
            Grade::Block,
            "a live server could not be compared",
            "A server that does not answer, or answers incompletely, was not checked.",
        ),
    ),
    (
        "lock",
        check(
            "check-lock",
            Grade::Block,
            "the lock is not what mcp-pin wrote",
            "Every value of the lock follows from signed documents. A pull request that edits the lock, a merge that kept both sides, or a damaged file breaks that.",
        ),
    ),
    (
        "manifest",
        check(
            "check-manifest",
            Grade::Block,
            "the signed manifest is missing, or its signature does not count",
            "The manifest is what the lock follows from; whoever signed it has to be trusted by the base branch.",
        ),
    ),
    (
        "package",
        check(
            "check-package",
            Grade::Block,
            "a package is not the one that is locked",
            "A version that was published again, vanished, or lost its provenance runs code that nobody looked at.",
        ),
    ),
    (
        "protocol",
        check(
            "check-protocol",
            Grade::Block,
            "a lower protocol version was negotiated than is locked",
            "An older protocol has fewer declarations to hold a server to.",
        ),
    ),
    (
        "provenance",
        check(
            "check-provenance",
            Grade::Block,
            "what the lock says about where a package was built does not hold",
            "Provenance that does not follow from a filed attestation is only a claim.",
        ),
    ),
    (
        "removed",
        check(
            "check-removed",
            Grade::Notice,
            "a server is no longer locked",
            "What is not locked is not checked any more; its tombstones are gone too, so that it would come back as new.",
        ),
    ),
    (
        "rollback",
        check(
            "check-rollback",
            Grade::Block,
            "the lock goes back to a version that was live before",
            "An old version was consented to once, so every signature in it still holds, together with whatever was wrong with it. Going back takes a new consent relative to what is live now.",
        ),
    ),
    (
        "snapshot",
        check(
            "check-snapshot",
            Grade::Block,
            "the readable copy is not what was signed",
            "People review the snapshot; it has to be what the signatures are about.",
        ),
    ),
    (
        "source",
        check(
            "check-source",
            Grade::Block,
            "a server is locked from elsewhere than the project says",
            "What a registry publishes takes more consent than a lock of one's own project, and must not get by as one's own.",
        ),
    ),
    (
        "stray",
        check(
            "check-stray",
            Grade::Notice,
            "signed files that nothing in the lock asks for",
            "A consent that was prepared for later, or one that was left over.",
        ),
    ),
    (
        "trust",
        check(
            "check-trust",
            Grade::Block,
            "the pull request changes whom mcp-pin trusts",
            "Whoever can change the trust can approve anything from then on. The run is judged by the base branch, so such a change takes effect with the merge: it is to be reviewed as what it is, and merged by itself.",
        ),
    ),
];

/// The rule of a check, by the check's word.
#[must_use]
pub fn rule_of(check: &str) -> String {
    format!("check-{check}")
}

/// What is known about a rule.
#[must_use]
pub fn about(rule: &str) -> About {
    if let Some((_, about)) = CHECKS.iter().find(|(_, about)| about.id == rule) {
        return *about;
    }
    match rules::find(rule) {
        Some(rule) => {
            About { id: rule.id, title: rule.title, rationale: rule.rationale, grade: rule.grade, page: Page::Rule }
        }
        None if rule == TOO_LARGE_RULE => About {
            id: TOO_LARGE_RULE,
            title: "more changes than a report can hold",
            rationale: "What nobody can read nobody can consent to.",
            grade: Grade::Refuse,
            page: Page::Rule,
        },
        None => {
            check("check-other", Grade::Block, "a check that this mcp-pin has no description of", "See the message.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_that_the_program_makes_is_described() {
        for (word, about) in CHECKS {
            assert_eq!(about.id, rule_of(word));
            assert!(about.title.len() <= 100 && about.rationale.len() <= 1000);
        }
        let mut words: Vec<&str> = CHECKS.iter().map(|(word, _)| *word).collect();
        words.dedup();
        assert!(words.is_sorted() && words.len() == CHECKS.len());
    }

    #[test]
    fn every_check_is_in_the_documentation() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/ci.md")).unwrap();
        for (_, about) in CHECKS {
            let row = format!("| `{}` | {} | {} |", about.id, about.title, about.rationale);
            assert!(page.contains(&row), "docs/ci.md: {row}");
        }
    }
}

//! A change to decide about, and people to consent to it.

use jiff::Timestamp;
use mcp_pin_attest::Verified;
use mcp_pin_diff::{ChangeReport, REPORT_TYPE};
use mcp_pin_model::{
    Consent, Digest, Grade, Manifest, Ring,
    consent::Decision,
    json::{Object, Value},
    statement::Statement as _,
};
use mcp_pin_policy::{Case, Outcome, Requirements, decide};
use mcp_pin_test_support::keys::{self, Person};

pub(crate) const PUBLISHER: &str = "publisher";

/// A change: what it is from and to, and its report.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) before: Option<Manifest>,
    pub(crate) after: Manifest,
    pub(crate) report: ChangeReport,
    pub(crate) ring: Ring,
}

/// What a report is like.
pub(crate) struct Shape<'a> {
    /// Fingerprints with their grades.
    pub(crate) findings: &'a [(&'a str, Grade)],
    pub(crate) first: bool,
    /// The rule of all of them.
    pub(crate) rule: &'a str,
    pub(crate) model_visible_changed: bool,
    /// Who signed the version before.
    pub(crate) signer_before: &'a str,
}

impl Default for Shape<'_> {
    fn default() -> Self {
        Self { findings: &[], first: false, rule: "a-rule", model_visible_changed: true, signer_before: PUBLISHER }
    }
}

fn side(manifest: &Manifest, signer: &str) -> Value {
    let key = Object::from_iter([("key", Value::from(keys::key(signer).public_key().id().key))]);
    Value::Object(Object::from_iter([
        ("name", Value::from(manifest.name().as_str())),
        ("version", Value::from(manifest.version().to_string())),
        ("manifest", Value::from(manifest.digest())),
        ("surface", Value::from(manifest.surface.digest())),
        ("modelVisible", Value::from(manifest.surface.model_visible_digest())),
        ("signer", Value::Object(key)),
    ]))
}

/// A report as the diff crate writes it, with findings of our choice.
fn report(before: Option<&Manifest>, after: &Manifest, shape: &Shape<'_>) -> ChangeReport {
    let mut findings = shape.findings.to_vec();
    // The gravest first, as in every report.
    findings.sort_by_key(|(_, grade)| std::cmp::Reverse(*grade));
    let findings = findings.iter().map(|(fingerprint, grade)| {
        Value::Object(Object::from_iter([
            ("rule", Value::from(shape.rule)),
            ("grade", Value::from(grade.as_str())),
            ("message", Value::from("something was found")),
            ("location", Value::Object(Object::from_iter([("path", Value::from("/tools"))]))),
            ("fingerprint", Value::from(*fingerprint)),
        ]))
    });
    let grade = shape.findings.iter().map(|(_, grade)| *grade).max().unwrap_or_default();
    let document = Object::from_iter([
        ("_type", Value::from(REPORT_TYPE)),
        ("from", Value::from(before.map(|manifest| side(manifest, shape.signer_before)))),
        ("to", side(after, PUBLISHER)),
        ("tombstones", Value::Array(Vec::new())),
        ("grade", Value::from(grade.as_str())),
        ("modelVisibleChanged", Value::from(shape.model_visible_changed)),
        ("requiredBump", Value::from("minor")),
        ("changes", Value::Array(Vec::new())),
        ("findings", Value::Array(findings.collect())),
    ]);
    ChangeReport::parse(&Value::Object(document).to_canonical_bytes()).unwrap()
}

pub(crate) const NAME: &str = "io.github.example/weather";

impl Change {
    pub(crate) fn new(shape: &Shape<'_>) -> Self {
        let before = (!shape.first).then(|| keys::manifest(NAME, "1.4.1", [keys::tool("a", "Before.")], None));
        let previous = before.as_ref().map(mcp_pin_model::statement::Statement::digest);
        let after = keys::manifest(NAME, "1.4.2", [keys::tool("a", "After.")], previous);
        let report = report(before.as_ref(), &after, shape);
        Self { before, after, report, ring: Ring::stable() }
    }

    pub(crate) fn with_findings(findings: &[(&str, Grade)]) -> Self {
        Self::new(&Shape { findings, ..Shape::default() })
    }

    pub(crate) fn case(&self) -> Case<'_> {
        Case {
            report: &self.report,
            manifest: self.after.digest(),
            replaces: self.replaces(),
            name: self.after.name(),
            version: self.after.version(),
            publisher: PUBLISHER,
            ring: &self.ring,
            at: keys::now(),
        }
    }

    pub(crate) fn replaces(&self) -> Option<Digest> {
        self.before.as_ref().map(mcp_pin_model::statement::Statement::digest)
    }

    /// An approval of this change that acknowledges these findings.
    pub(crate) fn approval(&self, acknowledged: &[&str]) -> Consent {
        let acknowledged = acknowledged.iter().map(|text| (*text).to_owned());
        keys::approval(&self.after, self.replaces(), self.report.digest(), acknowledged)
    }

    /// A rejection of this change.
    pub(crate) fn rejection(&self, at: Timestamp) -> Consent {
        Consent { decision: Decision::Reject, reason: "not this".to_owned(), at, ..self.approval(&[]) }
    }

    pub(crate) fn decide(&self, consents: &[Verified<Consent>], requirements: &Requirements) -> Outcome {
        decide(&self.case(), consents, requirements)
    }
}

pub(crate) fn by(principal: &str, consent: &Consent) -> Verified<Consent> {
    Person::new(principal).signed(consent)
}

pub(crate) fn admitted(approvers: &[&str]) -> Outcome {
    Outcome::Admitted { approvers: owned(approvers) }
}

pub(crate) fn required(needed: u8, have: &[&str], missing: &[&str]) -> Outcome {
    Outcome::ConsentRequired { needed, have: owned(have), missing_acknowledgements: owned(missing) }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

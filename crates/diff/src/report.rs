//! The change report: canonical, self-contained, recomputable.

use std::sync::OnceLock;

use mcp_pin_model::{
    Digest, Grade, ServerName, ServerVersion,
    json::{self, ParseError, Pointer, TypedError, Value},
    lockfile::{SignerIdentity, Tombstone},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    Group, Side,
    bump::Bump,
    change::Change,
    extent::Extent,
    finding::{Finding, Location},
};

/// The `_type` of a change report.
pub const REPORT_TYPE: &str = "urn:mcp-pin:change-report:v1";

/// The rule of the one finding of a report that would be larger than anybody reads.
pub const TOO_LARGE_RULE: &str = "report-too-large";

/// What the parser takes, [`json::Limits::OURS`]: 20 MiB, 80 levels, 100,000 items of one list and a million values. A report
/// within these can be read again.
const READABLE: Extent = Extent { bytes: 20 << 20, depth: 80, values: 1_000_000 };
const READABLE_ITEMS: usize = 100_000;

/// One side of a report: what was compared, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReportSide {
    /// The server's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ServerName>,
    /// The version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<ServerVersion>,
    /// The digest of the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub manifest: Option<Digest>,
    /// The digest of the surface.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub surface: Digest,
    /// The digest of what the model reads of it.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub model_visible: Digest,
    /// The digest of the launch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub launch: Option<Digest>,
    /// Who signed the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<SignerIdentity>,
    /// The negotiated protocol version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
}

impl ReportSide {
    pub(crate) fn of(side: &Side<'_>) -> Self {
        Self::with_digests(side, side.surface.digest(), side.surface.model_visible_digest())
    }

    pub(crate) fn with_digests(side: &Side<'_>, surface: Digest, model_visible: Digest) -> Self {
        Self {
            name: side.name.cloned(),
            version: side.version.cloned(),
            manifest: side.manifest,
            surface,
            model_visible,
            launch: side.launch.map(mcp_pin_model::Launch::digest),
            signer: side.signer.cloned(),
            protocol: side.protocol.map(str::to_owned),
        }
    }
}

/// Why bytes are not a change report.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// Not strict JSON.
    #[error(transparent)]
    Json(#[from] ParseError),
    /// Another document, or a newer version.
    #[error("the document's `_type` is not `{REPORT_TYPE}`")]
    WrongType,
    /// Another shape.
    #[error("change report: {0}")]
    Shape(#[from] TypedError),
    /// Not as this program writes reports: an extra member, another order, or a grade that does not follow.
    #[error("the change report is not in its canonical form")]
    NotCanonical,
    /// Not the report that was signed.
    #[error("the change report has another digest than the one that was signed")]
    Another,
}

/// The report of one comparison. Its digest is what a consent binds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangeReport {
    #[serde(rename = "_type")]
    pub(crate) document_type: String,
    pub(crate) from: Option<ReportSide>,
    pub(crate) to: ReportSide,
    pub(crate) tombstones: Vec<Tombstone>,
    pub(crate) grade: Grade,
    pub(crate) model_visible_changed: bool,
    pub(crate) required_bump: Bump,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) declared_bump: Option<Bump>,
    pub(crate) changes: Vec<Change>,
    pub(crate) findings: Vec<Finding>,
    #[serde(skip)]
    pub(crate) computed: ComputedDigest,
}

/// The digest, once it was asked for: a decision asks once per consent, and a first admission's report is as large as
/// the surface. Nothing of a report changes after it was made, so this takes no part in comparing reports.
#[derive(Clone, Debug, Default)]
pub(crate) struct ComputedDigest(OnceLock<Digest>);

impl PartialEq for ComputedDigest {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ComputedDigest {}

impl ChangeReport {
    /// Reads a report.
    ///
    /// # Errors
    /// See [`ReportError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ReportError> {
        let value = json::parse_with(bytes, &json::Limits::OURS)?;
        if value.get("_type").and_then(Value::as_str) != Some(REPORT_TYPE) {
            return Err(ReportError::WrongType);
        }
        let report: Self = json::from_value(&value)?;
        let grade = report.findings.iter().map(|finding| finding.grade).max().unwrap_or_default();
        if report.to_value() == value && report.grade == grade {
            report.computed.0.get_or_init(|| Digest::of_canonical(&value));
            Ok(report)
        } else {
            Err(ReportError::NotCanonical)
        }
    }

    /// Reads a report whose digest is known from a statement that somebody signed.
    ///
    /// Bytes of that digest are the ones that were signed, so they need not be written again and compared; members that
    /// nobody knows are refused by the types. Anything else is read as [`ChangeReport::parse`] reads it.
    ///
    /// # Errors
    /// See [`ReportError`].
    pub fn parse_signed(bytes: &[u8], digest: &Digest) -> Result<Self, ReportError> {
        if Digest::of(bytes) != *digest {
            let report = Self::parse(bytes)?;
            return if report.digest() == *digest { Ok(report) } else { Err(ReportError::Another) };
        }
        let value = json::parse_with(bytes, &json::Limits::OURS)?;
        if value.get("_type").and_then(Value::as_str) != Some(REPORT_TYPE) {
            return Err(ReportError::WrongType);
        }
        let report: Self = json::from_value(&value)?;
        let grade = report.findings.iter().map(|finding| finding.grade).max().unwrap_or_default();
        if report.grade != grade {
            return Err(ReportError::NotCanonical);
        }
        report.computed.0.get_or_init(|| *digest);
        Ok(report)
    }

    /// Whether the report can be read again once it is written.
    pub(crate) fn can_be_read(&self) -> bool {
        // What lists there are beside these came through the strict parser, which allows fewer items.
        let items = self.changes.len().max(self.findings.len()).max(self.tombstones.len());
        // The extent is never too small and a little too large, so that a report at the edge is written to know.
        (items <= READABLE_ITEMS && Extent::of(self).is_within(&READABLE)) || json::to_value(self).is_ok()
    }

    /// In place of a report that cannot be read again: the same sides, and one finding that nobody can consent to.
    ///
    /// Nothing is cut out of a report, and two reports without a document of their own would share one digest: a consent
    /// to the one would be a consent to the other.
    pub(crate) fn too_large(self) -> Self {
        let finding = Finding {
            rule: TOO_LARGE_RULE.to_owned(),
            grade: Grade::Refuse,
            message: format!("{} changes are more than a report can hold", self.changes.len()),
            location: Location { path: Pointer::root(), entry: None },
            before: None,
            after: None,
            hint: Some("nobody can review this; ask the publisher for a smaller step".to_owned()),
            fingerprint: self.to.surface.to_hex().chars().take(32).collect(),
        };
        Self { grade: Grade::Refuse, changes: Vec::new(), findings: vec![finding], ..self }
    }

    /// The report as a value; its canonical bytes are what is stored and hashed.
    #[must_use]
    pub fn to_value(&self) -> Value {
        // Text, lists and values that came through the strict parser, which cannot fail to serialise, and not more of
        // them than it reads: `compare` sees to that.
        json::to_value(self).unwrap_or(Value::Null)
    }

    /// The digest of the canonical bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        *self.computed.0.get_or_init(|| Digest::of_canonical(&self.to_value()))
    }

    /// The highest grade of the findings.
    #[must_use]
    pub fn grade(&self) -> Grade {
        self.grade
    }

    /// The changes, sorted by place.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The findings, the gravest first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The findings as people read them: identical ones as one line, the gravest first.
    #[must_use]
    pub fn groups(&self) -> Vec<Group> {
        crate::group::groups(self)
    }

    /// The step that the changes ask for.
    #[must_use]
    pub fn required_bump(&self) -> Bump {
        self.required_bump
    }

    /// The step between the two versions, where both are known.
    #[must_use]
    pub fn declared_bump(&self) -> Option<Bump> {
        self.declared_bump
    }

    /// Whether nothing differs at all.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        // A report that is too large lists none of its changes.
        let too_large = || self.findings.iter().any(|finding| finding.rule == TOO_LARGE_RULE);
        self.from.is_some() && self.changes.is_empty() && !too_large()
    }

    /// Whether this is the first admission of a server: everything is new.
    #[must_use]
    pub fn is_first_admission(&self) -> bool {
        self.from.is_none()
    }

    /// Whether anything differs that the model reads.
    #[must_use]
    pub fn model_visible_changed(&self) -> bool {
        self.model_visible_changed
    }

    /// The side before; none on first admission.
    #[must_use]
    pub fn from(&self) -> Option<&ReportSide> {
        self.from.as_ref()
    }

    /// The side after.
    #[must_use]
    pub fn to(&self) -> &ReportSide {
        &self.to
    }

    /// The entries that were locked once and are gone.
    #[must_use]
    pub fn tombstones(&self) -> &[Tombstone] {
        &self.tombstones
    }
}

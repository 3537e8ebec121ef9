//! What a report weighs for somebody: its findings, with what is excepted there.

use jiff::Timestamp;
use mcp_pin_diff::{ChangeReport, Finding};
use mcp_pin_model::{Grade, ServerName};

use crate::exceptions::{EXEMPTED_GRADE, Exceptions, Exemption, Override, Standing};

/// A finding and what it weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assessed<'a> {
    /// The finding, as the rule left it.
    pub finding: &'a Finding,
    /// The effective grade: what decides how much attention it takes.
    pub grade: Grade,
    /// The exemption by which it takes less.
    pub exempted_by: Option<&'a Exemption>,
    /// The override by which its rule weighs more or less.
    pub overridden_by: Option<&'a Override>,
    /// An exemption of it that does not count, because it has ended.
    pub expired: Option<&'a Exemption>,
}

impl<'a> Assessed<'a> {
    fn grade_before_exemption(&self) -> Grade {
        match (self.exempted_by, self.overridden_by) {
            (None, _) => self.grade,
            (Some(_), Some(weighs)) => weighs.grade(),
            (Some(_), None) => self.finding.grade,
        }
    }

    fn of(finding: &'a Finding, server: Option<&ServerName>, exceptions: &'a Exceptions, now: Timestamp) -> Self {
        let mut assessed =
            Self { finding, grade: finding.grade, exempted_by: None, overridden_by: None, expired: None };
        let weighs = exceptions
            .overrides()
            .iter()
            .find(|weighs| weighs.rule() == finding.rule && weighs.standing(now) == Standing::InForce);
        if let Some(weighs) = weighs
            && weighs.grade() != finding.grade
            && finding.grade != Grade::Refuse
        {
            assessed.grade = weighs.grade();
            assessed.overridden_by = Some(weighs);
        }
        for exemption in exceptions.exemptions().iter().filter(|one| one.is_of(&finding.fingerprint, server)) {
            match exemption.standing(now) {
                // What cannot be locked at all stays so, whether a rule or a project says it.
                Standing::InForce if assessed.grade > EXEMPTED_GRADE && assessed.grade != Grade::Refuse => {
                    assessed.grade = EXEMPTED_GRADE;
                    assessed.exempted_by = Some(exemption);
                }
                Standing::Expired => assessed.expired = Some(exemption),
                Standing::InForce | Standing::TooFarAhead => {}
            }
        }
        assessed
    }
}

/// A report's findings with what they weigh. It decides how many people have to look; nothing is left out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment<'a> {
    report: &'a ChangeReport,
    findings: Vec<Assessed<'a>>,
    grade: Grade,
    before_exemptions: Grade,
}

impl<'a> Assessment<'a> {
    /// Weighs a report.
    #[must_use]
    pub fn of(report: &'a ChangeReport, exceptions: &'a Exceptions, now: Timestamp) -> Self {
        let findings = Self::of_findings(report.findings(), report.to().name.as_ref(), exceptions, now);
        let gravest = |of: fn(&Assessed<'_>) -> Grade| match report.grade() {
            // Whatever the findings say: a report that cannot be read holds none that would.
            Grade::Refuse => Grade::Refuse,
            _ => findings.iter().map(of).max().unwrap_or(Grade::None),
        };
        let grade = gravest(|assessed| assessed.grade);
        let before_exemptions = gravest(|assessed| assessed.grade_before_exemption());
        Self { report, findings, grade, before_exemptions }
    }

    /// A report as the rules left it.
    #[must_use]
    pub fn without_exceptions(report: &'a ChangeReport) -> Self {
        static NONE: Exceptions = Exceptions::NONE;
        Self::of(report, &NONE, Timestamp::UNIX_EPOCH)
    }

    /// Weighs findings that are in no report, such as those about a server among others. `server` is the one that they are
    /// about.
    #[must_use]
    pub fn of_findings(
        findings: &'a [Finding],
        server: Option<&ServerName>,
        exceptions: &'a Exceptions,
        now: Timestamp,
    ) -> Vec<Assessed<'a>> {
        findings.iter().map(|finding| Assessed::of(finding, server, exceptions, now)).collect()
    }

    /// As [`Assessment::of_findings`], as the rules left them.
    #[must_use]
    pub fn findings_without_exceptions(findings: &'a [Finding]) -> Vec<Assessed<'a>> {
        static NONE: Exceptions = Exceptions::NONE;
        Self::of_findings(findings, None, &NONE, Timestamp::UNIX_EPOCH)
    }

    /// The report that was weighed.
    #[must_use]
    pub fn report(&self) -> &'a ChangeReport {
        self.report
    }

    /// The findings, in the order of the report.
    #[must_use]
    pub fn findings(&self) -> &[Assessed<'a>] {
        &self.findings
    }

    /// The gravest effective grade.
    #[must_use]
    pub fn grade(&self) -> Grade {
        self.grade
    }

    /// The same without exemptions.
    pub(crate) fn grade_before_exemptions(&self) -> Grade {
        self.before_exemptions
    }

    /// The findings that are exempted.
    pub fn exempted(&self) -> impl Iterator<Item = &Assessed<'a>> {
        self.findings.iter().filter(|assessed| assessed.exempted_by.is_some())
    }

    /// The findings whose exemption has ended.
    pub fn expired(&self) -> impl Iterator<Item = &Assessed<'a>> {
        self.findings.iter().filter(|assessed| assessed.expired.is_some())
    }
}

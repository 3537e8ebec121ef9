//! What findings weigh here: by the exemptions and overrides of the policy that is in force, which is the base branch's.

use jiff::Timestamp;
use mcp_pin_diff::ChangeReport;
use mcp_pin_model::{Alias, Grade, ServerName};
use mcp_pin_policy::{Assessed, Assessment, Standing};

use crate::{
    error::{Place, Status},
    findings::{Exempted, Finding, Overridden, rule_of},
    project::{SETTINGS_FILE, settings::PolicySettings, settings::day},
};

/// A policy at a point in time.
#[derive(Clone, Debug)]
pub(super) struct Weighing {
    /// The policy in force.
    pub(super) policy: PolicySettings,
    /// When.
    pub(super) now: Timestamp,
}

impl Weighing {
    /// Every finding of a report, in its order.
    pub(super) fn of_report(&self, alias: &Alias, report: &ChangeReport) -> Vec<Finding> {
        let assessment = Assessment::of(report, &self.policy.exceptions, self.now);
        assessment.findings().iter().map(|assessed| weighed(alias, assessed)).collect()
    }

    /// Findings that are in no report.
    pub(super) fn of_findings(
        &self,
        alias: &Alias,
        server: Option<&ServerName>,
        findings: &[mcp_pin_diff::Finding],
    ) -> Vec<Finding> {
        Assessment::of_findings(findings, server, &self.policy.exceptions, self.now)
            .iter()
            .map(|assessed| weighed(alias, assessed))
            .collect()
    }

    /// What no longer counts, so that somebody renews or removes it.
    pub(super) fn expired(&self) -> Vec<Finding> {
        let exceptions = &self.policy.exceptions;
        let exemptions =
            exceptions.exemptions().iter().zip(&self.policy.exemption_places).filter_map(|(one, place)| {
                let is_over = one.standing(self.now) == Standing::Expired;
                let what = format!("the exemption of finding {} by {}", one.fingerprint(), one.author());
                is_over.then(|| over(&what, one.expires(), one.reason(), place))
            });
        let overrides = exceptions.overrides().iter().zip(&self.policy.override_places).filter_map(|(one, place)| {
            let expires = one.expires().filter(|_| one.standing(self.now) == Standing::Expired)?;
            Some(over(&format!("the override of rule `{}`", one.rule()), expires, one.reason(), place))
        });
        exemptions.chain(overrides).collect()
    }
}

fn over(what: &str, expires: Timestamp, reason: &str, place: &Place) -> Finding {
    let message = format!("{what} ended on {}, so it no longer counts: {reason}", day(expires));
    let mut finding = Finding::new(rule_of("exemption"), Grade::Notice, Status::Passed, message)
        .with_hint(Some(format!("remove it from {SETTINGS_FILE}, or renew it by a reviewed change of its own")));
    // The policy may be the base branch's; in the working tree it stands in the same file.
    finding.lock = Some(Place { path: SETTINGS_FILE.into(), line: place.line });
    finding
}

fn weighed(alias: &Alias, assessed: &Assessed<'_>) -> Finding {
    let mut finding = Finding::of_change(alias, assessed.finding);
    if let Some(weighs) = assessed.overridden_by {
        finding.overridden = Some(Overridden {
            from: finding.grade,
            reason: weighs.reason().to_owned(),
            expires: weighs.expires().map(|at| at.to_string()),
        });
        finding.grade = weighs.grade();
    }
    finding.exempted = assessed.exempted_by.map(|exemption| Exempted {
        reason: exemption.reason().to_owned(),
        author: exemption.author().to_owned(),
        expires: exemption.expires().to_string(),
    });
    finding
}

//! `[policy]`: how much consent a change takes, and what is excepted.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use mcp_pin_model::Grade;
use mcp_pin_policy::{Exceptions, Exemption, MAX_EXCEPTION_AHEAD, Override, Preset, Standing};
use toml::{Spanned, value::Datetime};

use super::{
    document::{ExemptTable, OverrideTable, PolicyTable},
    reader::Reader,
};
use crate::error::{CommandError, Place};

/// What `[policy]` says.
#[derive(Clone, Debug, Default)]
pub struct PolicySettings {
    /// What consent a version from a registry takes.
    pub preset: Preset,
    /// Findings and rules that weigh more or less here.
    pub exceptions: Exceptions,
    /// Where each exemption is written, in their order.
    pub exemption_places: Vec<Place>,
    /// Where each override is written, in their order.
    pub override_places: Vec<Place>,
}

impl PolicySettings {
    pub(super) fn parse(reader: &Reader<'_>, table: &PolicyTable) -> Result<Self, CommandError> {
        let mut policy = Self::default();
        if let Some(preset) = &table.preset {
            policy.preset = reader.parsed("preset", preset)?;
        }
        for table in &table.exempt {
            let exemption = exemption(reader, table)?;
            policy.exceptions.exempt(exemption).map_err(|error| {
                reader.error(&table.get_ref().fingerprint.span(), format!("`fingerprint`: {error}"))
            })?;
            policy.exemption_places.push(reader.place(&table.span()));
        }
        for table in &table.overrides {
            let weighs = weighs(reader, table)?;
            policy
                .exceptions
                .override_rule(weighs)
                .map_err(|error| reader.error(&table.get_ref().rule.span(), format!("`rule`: {error}")))?;
            policy.override_places.push(reader.place(&table.span()));
        }
        Ok(policy)
    }

    /// Refuses exceptions that would hold for longer than any may. Not at parsing, which has no clock.
    ///
    /// # Errors
    /// Exit code 2, at the place of the exception.
    pub fn check(&self, now: Timestamp) -> Result<(), CommandError> {
        let too_far = |standing: Standing| standing == Standing::TooFarAhead;
        let exemptions = self.exceptions.exemptions().iter().map(|one| one.standing(now)).zip(&self.exemption_places);
        let overrides = self.exceptions.overrides().iter().map(|one| one.standing(now)).zip(&self.override_places);
        match exemptions.chain(overrides).find(|(standing, _)| too_far(*standing)) {
            None => Ok(()),
            Some((_, place)) => {
                let latest = now.checked_add(MAX_EXCEPTION_AHEAD).unwrap_or(now).strftime("%Y-%m-%d").to_string();
                Err(CommandError::usage("`expires` is more than a year ahead, and no exception holds that long")
                    .at(&place.path, place.line)
                    .hint(format!("the latest that may stand there today is {latest}; it can be renewed")))
            }
        }
    }

    /// What no longer counts, as warnings.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> Vec<String> {
        let ended = |at: Timestamp, standing: Standing| {
            (standing == Standing::Expired).then(|| format!("ended on {}, so it no longer counts", day(at)))
        };
        let exemptions = self.exceptions.exemptions().iter().zip(&self.exemption_places).filter_map(|(one, place)| {
            let ended = ended(one.expires(), one.standing(now))?;
            Some(format!("{place}: the exemption of finding {} {ended}", one.fingerprint()))
        });
        let overrides = self.exceptions.overrides().iter().zip(&self.override_places).filter_map(|(one, place)| {
            let ended = ended(one.expires()?, one.standing(now))?;
            Some(format!("{place}: the override of rule `{}` {ended}", one.rule()))
        });
        exemptions.chain(overrides).collect()
    }

    /// Where an exemption is written.
    #[must_use]
    pub fn place_of(&self, exemption: &Exemption) -> Option<&Place> {
        let at = self.exceptions.exemptions().iter().position(|one| one == exemption)?;
        self.exemption_places.get(at)
    }

    /// Where an override is written.
    #[must_use]
    pub fn place_of_override(&self, weighs: &Override) -> Option<&Place> {
        let at = self.exceptions.overrides().iter().position(|one| one == weighs)?;
        self.override_places.get(at)
    }
}

/// A point in time as the file writes days.
#[must_use]
pub fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn exemption(reader: &Reader<'_>, table: &Spanned<ExemptTable>) -> Result<Exemption, CommandError> {
    let span = table.span();
    let ExemptTable { fingerprint, server, reason, author, expires } = table.get_ref();
    let exemption = Exemption::new(
        fingerprint.get_ref().as_str(),
        reason.get_ref().as_str(),
        author.get_ref().as_str(),
        time(reader, expires)?,
    )
    .map_err(|error| reader.error(&span, error.to_string()))?;
    Ok(match server {
        Some(server) => exemption.of_server(reader.parsed("server", server)?),
        None => exemption,
    })
}

fn weighs(reader: &Reader<'_>, table: &Spanned<OverrideTable>) -> Result<Override, CommandError> {
    let OverrideTable { rule, grade, reason, expires } = table.get_ref();
    let expires = expires.as_ref().map(|expires| time(reader, expires)).transpose()?;
    let word = grade.get_ref().as_str();
    let grade = [Grade::None, Grade::Notice, Grade::Review, Grade::Block, Grade::Refuse]
        .into_iter()
        .find(|grade| grade.as_str() == word)
        .ok_or_else(|| reader.error(&grade.span(), "`grade` is one of `notice`, `review`, `block` and `refuse`"))?;
    Override::new(rule.get_ref(), grade, reason.get_ref().as_str(), expires).map_err(|error| {
        reader.error(&rule.span(), error.to_string()).hint("list the rules and their grades with `mcp-pin rules`")
    })
}

/// A day, at whose beginning in UTC it ends, or a point in time with its offset.
fn time(reader: &Reader<'_>, text: &Spanned<Datetime>) -> Result<Timestamp, CommandError> {
    let wrong = || {
        reader.error(&text.span(), "`expires` is a day (2027-01-31, without quotes) or a time with its offset from UTC")
    };
    let datetime = text.get_ref();
    let written = datetime.to_string();
    match (datetime.date, datetime.time, datetime.offset) {
        (Some(_), None, None) => {
            let day: Date = written.parse().map_err(|_| wrong())?;
            day.to_zoned(TimeZone::UTC).map(|day| day.timestamp()).map_err(|_| wrong())
        }
        (Some(_), Some(_), Some(_)) => written.parse().map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

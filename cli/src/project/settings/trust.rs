//! `[trust]`: who may publish, who may consent, and whose word an identity is worth something by.

use std::collections::BTreeMap;

use mcp_pin_attest::{
    Evidence, IdentityPolicy, InstanceName, KeyEvidence, MAX_TRUSTED_ROOT_BYTES, PublicKey, RequiredEvidence, Roots,
    Trust, TrustedRoot, Verified,
};
use mcp_pin_model::{Digest, ServerName, lockfile::SignerIdentity};
use toml::Spanned;

use super::{
    Origin,
    document::{EntryTable, RootTable, TrustTable},
    names::NamePattern,
    reader::Reader,
};
use crate::{
    error::{CommandError, Place, Status},
    project::roots::{RootInForce, RootOrigin, UserRoots},
};

/// What somebody signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A key, and what has to come with its signature.
    Key {
        /// The key.
        key: PublicKey,
        /// What has to come with its signature.
        evidence: KeyEvidence,
    },
    /// An identity that an instance of Sigstore vouches for.
    Identity {
        /// Which identities.
        policy: Box<IdentityPolicy>,
        /// Which instance.
        instance: InstanceName,
    },
}

impl Credential {
    /// Whether the two are worn by the same person, whatever else is asked of them. Another instance makes no other person.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Key { key, .. }, Self::Key { key: other, .. }) => key == other,
            (Self::Identity { policy, .. }, Self::Identity { policy: other, .. }) => policy == other,
            (Self::Key { .. }, Self::Identity { .. }) | (Self::Identity { .. }, Self::Key { .. }) => false,
        }
    }

    /// The instance whose root it takes to check a signature.
    #[must_use]
    pub fn instance(&self) -> Option<&InstanceName> {
        match self {
            Self::Key { evidence: KeyEvidence::None, .. } => None,
            Self::Key { evidence: KeyEvidence::Log(instance), .. } | Self::Identity { instance, .. } => Some(instance),
        }
    }

    /// Whether this is what made a verified signature count.
    fn made(&self, signer: &SignerIdentity, evidence: &Evidence) -> bool {
        match (self, signer, evidence) {
            (Self::Key { key, .. }, SignerIdentity::Key(signer), _) => key.id() == *signer,
            (
                Self::Identity { policy, instance },
                SignerIdentity::Certificate(_),
                Evidence::Certificate { claims, instance: vouching, .. },
            ) => instance == vouching && policy.check(claims).is_ok(),
            _ => false,
        }
    }

    /// What a publisher without a name of their own is called. Identities of two issuers with one subject are one signer then,
    /// which lets less through than two.
    fn name(&self) -> String {
        match self {
            Self::Key { key, .. } => key.id().key,
            Self::Identity { policy, .. } => policy.subject().to_string(),
        }
    }

    fn add_to(&self, trust: &mut Trust, principal: &str) {
        match self {
            Self::Key { key, evidence } => trust.add_key_with(principal, key.clone(), evidence.clone()),
            Self::Identity { policy, instance } => {
                trust.add_identity(principal, policy.as_ref().clone(), instance.clone());
            }
        }
    }
}

/// Who may sign manifests of some servers.
#[derive(Clone, Debug)]
pub struct Publisher {
    /// The servers.
    pub names: Vec<NamePattern>,
    /// What it is called. All entries of one principal are one signer.
    pub principal: String,
    /// What it signs with.
    pub credential: Credential,
    /// Where that is written.
    pub place: Place,
}

/// Who may consent.
#[derive(Clone, Debug)]
pub struct Approver {
    /// What they are called. All entries of one name are one person.
    pub name: String,
    /// What they sign with.
    pub credential: Credential,
    /// Where that is written.
    pub place: Place,
}

/// What `[trust]` says, with the roots that it takes.
#[derive(Clone, Debug, Default)]
pub struct TrustSettings {
    /// Who may sign manifests of which servers.
    pub publishers: Vec<Publisher>,
    /// Who may consent, and sign what is locked without a registry.
    pub approvers: Vec<Approver>,
    /// The roots that are configured, or needed by an entry.
    pub roots: Vec<RootInForce>,
    approver_trust: Trust,
    root_set: Roots,
}

impl TrustSettings {
    pub(super) fn parse(
        reader: &Reader<'_>,
        table: &TrustTable,
        origin: &Origin,
        user_roots: &UserRoots,
    ) -> Result<Self, CommandError> {
        let mut approvers: Vec<Approver> = Vec::new();
        for table in &table.approver {
            let entry = table.get_ref();
            for (member, span) in [
                ("names", entry.names.as_ref().map(Spanned::span)),
                ("principal", entry.principal.as_ref().map(Spanned::span)),
            ] {
                if let Some(span) = span {
                    return Err(reader.error(&span, format!("`{member}` is of publishers; an approver has a `name`")));
                }
            }
            let name =
                entry.name.as_ref().ok_or_else(|| reader.error(&table.span(), "an approver without a `name`"))?;
            let name = reader.principal("name", name)?;
            let credential = credential(reader, table)?;
            // One key or identity under two names would count as two people.
            if approvers.iter().any(|other| other.credential.is_same(&credential) && other.name != name) {
                return Err(two_names(reader, table));
            }
            approvers.push(Approver { name, credential, place: reader.place(&table.span()) });
        }
        let mut publishers: Vec<Publisher> = Vec::new();
        for table in &table.publisher {
            let entry = table.get_ref();
            if let Some(name) = &entry.name {
                return Err(reader.error(&name.span(), "`name` is of approvers; a publisher has `names` of servers"));
            }
            let credential = credential(reader, table)?;
            let names = names(reader, table)?;
            // Whoever may also consent is known by that name, so that nobody consents to what they published.
            let known = approvers.iter().find(|approver| approver.credential.is_same(&credential));
            let known = known.map(|approver| approver.name.clone()).or_else(|| {
                let other = publishers.iter().find(|other| other.credential.is_same(&credential));
                other.map(|other| other.principal.clone())
            });
            let principal = match &entry.principal {
                Some(principal) => {
                    let principal = reader.principal("principal", principal)?;
                    if known.is_some_and(|known| known != principal) {
                        return Err(two_names(reader, table));
                    }
                    principal
                }
                None => known.unwrap_or_else(|| credential.name()),
            };
            publishers.push(Publisher { names, principal, credential, place: reader.place(&table.span()) });
        }
        let mut settings = Self { publishers, approvers, ..Self::default() };
        settings.take_roots(reader, table, origin, user_roots)?;
        for approver in &settings.approvers {
            approver.credential.add_to(&mut settings.approver_trust, &approver.name);
        }
        for root in &settings.roots {
            settings.root_set.insert(root.root.clone());
        }
        Ok(settings)
    }

    /// The configured roots, and those that an entry needs: nothing is read that nobody asks for.
    fn take_roots(
        &mut self,
        reader: &Reader<'_>,
        table: &TrustTable,
        origin: &Origin,
        user_roots: &UserRoots,
    ) -> Result<(), CommandError> {
        let mut roots: BTreeMap<InstanceName, RootInForce> = BTreeMap::new();
        for table in &table.root {
            let root = configured_root(reader, table, origin)?;
            let instance = root.root.instance().clone();
            if roots.insert(instance.clone(), root).is_some() {
                return Err(reader.error(&table.get_ref().instance.span(), format!("`{instance}` has two roots")));
            }
        }
        let entries = self.publishers.iter().map(|entry| (&entry.credential, &entry.place));
        let entries = entries.chain(self.approvers.iter().map(|entry| (&entry.credential, &entry.place)));
        for (credential, place) in entries {
            let Some(instance) = credential.instance() else { continue };
            if roots.contains_key(instance) {
                continue;
            }
            let root = user_roots.in_force(instance)?.ok_or_else(|| {
                CommandError::usage(format!("there is no [[trust.root]] of the instance `{instance}`"))
                    .at(&place.path, place.line)
                    .hint("an instance of one's own needs its trusted root: [[trust.root]] instance, file, digest")
            })?;
            roots.insert(instance.clone(), root);
        }
        self.roots = roots.into_values().collect();
        Ok(())
    }

    /// Who may consent.
    #[must_use]
    pub fn approvers(&self) -> &Trust {
        &self.approver_trust
    }

    /// Who may sign manifests of a server.
    #[must_use]
    pub fn publishers_of(&self, name: &ServerName) -> Trust {
        let mut trust = Trust::new();
        for publisher in &self.publishers {
            if publisher.names.iter().any(|pattern| pattern.matches(name)) {
                publisher.credential.add_to(&mut trust, &publisher.principal);
            }
        }
        trust
    }

    /// The roots that signatures are checked under.
    #[must_use]
    pub fn roots(&self) -> &Roots {
        &self.root_set
    }

    /// Where it is written that this approver's signature counts.
    #[must_use]
    pub fn place_of_approver<T>(&self, signed: &Verified<T>) -> Option<&Place> {
        let is_it = |approver: &&Approver| {
            approver.name == signed.principal() && approver.credential.made(signed.signer(), signed.evidence())
        };
        self.approvers.iter().find(is_it).map(|approver| &approver.place)
    }

    /// Where it is written that this publisher's signature counts for a server.
    #[must_use]
    pub fn place_of_publisher<T>(&self, name: &ServerName, signed: &Verified<T>) -> Option<&Place> {
        let is_it = |publisher: &&Publisher| {
            publisher.names.iter().any(|pattern| pattern.matches(name))
                && publisher.credential.made(signed.signer(), signed.evidence())
        };
        self.publishers.iter().find(is_it).map(|publisher| &publisher.place)
    }
}

fn two_names(reader: &Reader<'_>, table: &Spanned<EntryTable>) -> CommandError {
    let entry = table.get_ref();
    let (what, at) = match (&entry.key, &entry.subject) {
        (Some(key), _) => ("key", key.span()),
        (None, Some(subject)) => ("identity", subject.span()),
        (None, None) => ("entry", table.span()),
    };
    reader.error(&at, format!("this {what} stands under two names"))
}

fn names(reader: &Reader<'_>, table: &Spanned<EntryTable>) -> Result<Vec<NamePattern>, CommandError> {
    let names = match &table.get_ref().names {
        Some(names) if !names.get_ref().is_empty() => names.get_ref(),
        Some(names) => return Err(reader.error(&names.span(), "a publisher without `names` may sign nothing")),
        None => return Err(reader.error(&table.span(), "a publisher without `names` may sign nothing")),
    };
    names
        .iter()
        .map(|name| {
            NamePattern::parse(name.get_ref()).ok_or_else(|| {
                reader.error(&name.span(), "`names` holds server names, or whole namespaces as `namespace/*`")
            })
        })
        .collect()
}

fn credential(reader: &Reader<'_>, table: &Spanned<EntryTable>) -> Result<Credential, CommandError> {
    let entry = table.get_ref();
    let identity = entry.identity();
    if let Some(key) = &entry.key {
        let beside = identity.into_iter().chain([("instance", entry.instance.as_ref())]);
        for (member, text) in beside {
            if let Some(text) = text {
                return Err(reader.error(
                    &text.span(),
                    format!("`{member}` stands beside `key`: write a second entry of the same name"),
                ));
            }
        }
        let evidence = match &entry.evidence {
            None => KeyEvidence::None,
            Some(text) => match text.get_ref().strip_prefix("log:").map(str::parse) {
                Some(Ok(instance)) => KeyEvidence::Log(instance),
                Some(Err(error)) => return Err(reader.error(&text.span(), format!("`evidence`: {error}"))),
                None => {
                    return Err(reader.error(&text.span(), "`evidence` of a key is `log:<instance>`, or is left out"));
                }
            },
        };
        return Ok(Credential::Key { key: reader.key(key)?, evidence });
    }
    if let Some(evidence) = &entry.evidence {
        return Err(
            reader.error(&evidence.span(), "`evidence` is of keys; what an identity needs is up to its instance")
        );
    }
    if entry.issuer.is_none() || entry.subject.is_none() {
        let span = entry.issuer.as_ref().or(entry.subject.as_ref()).map_or(table.span(), Spanned::span);
        return Err(reader.error(&span, "say what is signed with: `key`, or both `issuer` and `subject`"));
    }
    let members = identity
        .into_iter()
        .filter_map(|(member, text)| Some((member.to_owned(), toml::Value::String(text?.get_ref().clone()))));
    let policy: IdentityPolicy =
        toml::Value::Table(members.collect()).try_into().map_err(|error: toml::de::Error| {
            // The message begins with the member that it is about.
            let message = error.message().trim().to_owned();
            let about = identity.into_iter().find(|(member, _)| message.starts_with(&format!("`{member}`")));
            let span = about.and_then(|(_, text)| text).map_or(table.span(), Spanned::span);
            reader.error(&span, message)
        })?;
    let instance = match &entry.instance {
        Some(instance) => reader.parsed("instance", instance)?,
        None => InstanceName::PublicGood,
    };
    Ok(Credential::Identity { policy: Box::new(policy), instance })
}

fn configured_root(
    reader: &Reader<'_>,
    table: &Spanned<RootTable>,
    origin: &Origin,
) -> Result<RootInForce, CommandError> {
    let entry = table.get_ref();
    let instance: InstanceName = reader.parsed("instance", &entry.instance)?;
    let required = match (entry.evidence.as_ref().map(|text| text.get_ref().as_str()), &instance) {
        (Some("log"), _) => RequiredEvidence::Log,
        (Some("timestamp"), _) | (None, InstanceName::GitHub) => RequiredEvidence::Timestamp,
        (None, _) => RequiredEvidence::Log,
        (Some(_), _) => {
            let span = entry.evidence.as_ref().map_or(table.span(), Spanned::span);
            return Err(reader.error(&span, "`evidence` of a root is `log` or `timestamp`"));
        }
    };
    let pinned: Option<Digest> = entry.digest.as_ref().map(|digest| reader.parsed("digest", digest)).transpose()?;
    let place = reader.place(&entry.file.span());
    let at = |error: CommandError| error.at(&place.path, place.line);
    let bytes = origin.beside(entry.file.get_ref(), MAX_TRUSTED_ROOT_BYTES as u64).map_err(at)?;
    let found = Digest::of(&bytes);
    if pinned.is_some_and(|pinned| pinned != found) {
        return Err(at(CommandError::failed(format!("the root of `{instance}` is not the one that `digest` names"))
            .detail(format!("found {found}"))));
    }
    let root = TrustedRoot::from_json(instance.clone(), &bytes, required)
        .map_err(|error| at(CommandError::new(Status::CouldNotCheck, format!("the root of `{instance}`: {error}"))))?;
    Ok(RootInForce { root, origin: RootOrigin::Configured(place) })
}

//! What is about the server and not about one entry.

use mcp_pin_model::{
    Artifact,
    json::{Object, Pointer, Value},
};

use super::{Collector, member_names};
use crate::{
    Side,
    change::{Change, ChangeKind, Direction},
};

pub(crate) fn compare(changes: &mut Vec<Change>, before: Option<&Side<'_>>, after: &Side<'_>) {
    let mut out = Collector::new(changes, None);
    if let Some(before) = before {
        identity(&mut out, before, after);
        launch(&mut out, before, after);
    }
    let place = |member| Pointer::root().child(member);
    let info = |side: &Side<'_>| side.surface.server_info().cloned();
    members(&mut out, ChangeKind::ServerInfo, "serverInfo", before.and_then(info).as_ref(), info(after).as_ref());
    members(
        &mut out,
        ChangeKind::Capability,
        "capabilities",
        before.map(|side| side.surface.capabilities()),
        Some(after.surface.capabilities()),
    );
    let text = |side: &Side<'_>| side.surface.instructions().map(Value::from);
    let (old, new) = (before.and_then(text), text(after));
    if old != new {
        out.push(ChangeKind::Instructions, &place("instructions"), old.as_ref(), new.as_ref(), None);
    }
}

/// Both absent and both present go member by member, so that each capability is its own change.
fn members(out: &mut Collector<'_>, kind: ChangeKind, name: &str, before: Option<&Object>, after: Option<&Object>) {
    let path = Pointer::root().child(name);
    let empty = Object::new();
    if before.is_some() != after.is_some() && before.or(after).is_some_and(Object::is_empty) {
        // On first admission an empty object says nothing; between two surfaces it is other bytes.
        let (old, new) = (before.cloned().map(Value::Object), after.cloned().map(Value::Object));
        out.push(kind, &path, old.as_ref(), new.as_ref(), None);
        return;
    }
    let (before, after) = (before.unwrap_or(&empty), after.unwrap_or(&empty));
    for member in member_names(before, after) {
        out.generic(kind, &path.child(member), before.get(member), after.get(member));
    }
}

/// Compared only where both sides know: not knowing is not a change.
fn identity(out: &mut Collector<'_>, before: &Side<'_>, after: &Side<'_>) {
    let mut text = |kind, member: &str, old: Option<String>, new: Option<String>, direction| {
        if let (Some(old), Some(new)) = (old, new)
            && old != new
        {
            out.push(kind, &Pointer::root().child(member), Some(&old.into()), Some(&new.into()), direction);
        }
    };
    let name = |side: &Side<'_>| side.name.map(ToString::to_string);
    text(ChangeKind::Name, "name", name(before), name(after), None);
    let version = |side: &Side<'_>| side.version.map(ToString::to_string);
    text(ChangeKind::Version, "version", version(before), version(after), None);
    let signer = |side: &Side<'_>| side.signer.map(ToString::to_string);
    text(ChangeKind::Signer, "signer", signer(before), signer(after), None);
    let protocol = |side: &Side<'_>| side.protocol.map(str::to_owned);
    // Protocol versions are dates, so their order is that of the text.
    let lowered = before.protocol > after.protocol;
    let direction = lowered.then_some(Direction::Narrowed);
    text(ChangeKind::Protocol, "protocol", protocol(before), protocol(after), direction);
}

fn launch(out: &mut Collector<'_>, before: &Side<'_>, after: &Side<'_>) {
    let (Some(old), Some(new)) = (before.launch, after.launch) else { return };
    out.generic(ChangeKind::Launch, &Pointer::root().child("launch"), Some(&old.to_value()), Some(&new.to_value()));
    let path = Pointer::root().child("artifacts");
    let package = |artifact: &Artifact| package_of(&artifact.purl);
    let mut packages: Vec<String> = before.artifacts.iter().chain(after.artifacts).map(package).collect();
    packages.sort();
    packages.dedup();
    for name in packages {
        let of = |side: &Side<'_>, value: fn(&Artifact) -> Option<Value>| {
            let mut found: Vec<Value> =
                side.artifacts.iter().filter(|artifact| package(artifact) == name).filter_map(value).collect();
            found.sort_by_key(Value::to_canonical_string);
            match found.len() {
                0 => None,
                1 => found.pop(),
                _ => Some(Value::Array(found)),
            }
        };
        let (old, new) = (of(before, artifact_value), of(after, artifact_value));
        if old != new {
            out.push(ChangeKind::Artifact, &path.child(&name), old.as_ref(), new.as_ref(), None);
        }
        // Of a package that came or went there is nothing more to say.
        if old.is_some() && new.is_some() {
            let (old, new) = (of(before, provenance_value), of(after, provenance_value));
            if old != new {
                let path = path.child(&name).child("provenance");
                out.push(ChangeKind::Provenance, &path, old.as_ref(), new.as_ref(), None);
            }
        }
    }
}

fn provenance_value(artifact: &Artifact) -> Option<Value> {
    let members = artifact.provenance.as_ref()?.members();
    Some(Value::Object(members.into_iter().map(|(name, value)| (name, Value::from(value))).collect()))
}

fn artifact_value(artifact: &Artifact) -> Option<Value> {
    let mut object = Object::from_iter([("purl", Value::from(artifact.purl.as_str()))]);
    if let Some(digest) = &artifact.digest {
        object.insert("digest", digest.as_str());
    }
    Some(Value::Object(object))
}

/// A package URL without its version and, for images, its tag: what stays the same when a package is updated. The
/// repository that an image comes from is part of it; which of the files of a version it is, is not.
pub(crate) fn package_of(purl: &str) -> String {
    let (path, rest) = purl.split_at(purl.find(['?', '#']).unwrap_or(purl.len()));
    let mut package = path.rsplit_once('@').map_or(path, |(package, _)| package).to_owned();
    let (qualifiers, subpath) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
    for (index, qualifier) in qualifiers
        .trim_start_matches('?')
        .split('&')
        .filter(|part| !part.is_empty() && !part.starts_with("tag=") && !part.starts_with("file_name="))
        .enumerate()
    {
        package.push(if index == 0 { '?' } else { '&' });
        package.push_str(qualifier);
    }
    package.push_str(subpath);
    package
}

//! Placeholders: what a capture replaces because it belongs to the machine, not to the server.
//!
//! Locks travel between machines. Some real servers repeat their own working directory, home or temporary folder, or
//! the local time zone, in what they declare. Such text is stored with `${cwd}`, `${home}`, `${tmp}` or `${tz}`, the
//! places are recorded, and digests are over the stored form. On another machine the same substitution is made with
//! that machine's values, at the recorded places and nowhere else, before anything is compared.

use serde::{Deserialize, Serialize};

use crate::{
    json::{Object, Pointer, Value},
    surface::{EntryKind, Surface, SurfaceError, SurfaceParts},
};

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PlaceholderName {
    /// The server's working directory.
    Cwd,
    /// The home directory.
    Home,
    /// The temporary directory.
    Tmp,
    /// The IANA name of the local time zone.
    Tz,
}

impl PlaceholderName {
    /// The text that is stored.
    #[must_use]
    pub fn token(self) -> &'static str {
        match self {
            Self::Cwd => "${cwd}",
            Self::Home => "${home}",
            Self::Tmp => "${tmp}",
            Self::Tz => "${tz}",
        }
    }
}

/// One place that holds a placeholder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Placeholder {
    /// What it stands for.
    pub name: PlaceholderName,
    /// Where: a pointer into the surface with entries named by key, such as `/tools/get_time/description`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: Pointer,
}

/// The values of the machine that runs the server.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// The server's working directory.
    pub cwd: Option<String>,
    /// The home directory.
    pub home: Option<String>,
    /// The temporary directory.
    pub tmp: Option<String>,
    /// The IANA name of the local time zone.
    pub tz: Option<String>,
}

impl Machine {
    /// Values that are specific enough to be recognised, the longest first so that a working directory below the home
    /// directory is not read as the home directory.
    fn values(&self) -> Vec<(PlaceholderName, &str)> {
        let mut values: Vec<(PlaceholderName, &str)> = [
            (PlaceholderName::Cwd, &self.cwd),
            (PlaceholderName::Home, &self.home),
            (PlaceholderName::Tmp, &self.tmp),
            (PlaceholderName::Tz, &self.tz),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        // `/` or `C:\` stand everywhere and say nothing.
        .filter(|(_, value)| value.len() >= 3)
        .collect();
        values.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        values
    }
}

/// Replaces the machine's values wherever they stand; gives back the surface in its stored form and the places.
///
/// # Errors
/// When two entries that differ only in such a value become the same entry.
pub fn substitute(surface: &Surface, machine: &Machine) -> Result<(Surface, Vec<Placeholder>), SurfaceError> {
    let mut found = Vec::new();
    let values = machine.values();
    let stored = rewrite(surface, &mut |text, at| {
        for (name, value) in &values {
            if let Some(replaced) = replace(text, *name, value) {
                *text = replaced;
                found.push(Placeholder { name: *name, at: at.clone() });
            }
        }
    })?;
    found.sort();
    found.dedup();
    Ok((stored, found))
}

/// Makes the same replacement on another machine, at the recorded places only.
///
/// # Errors
/// See [`substitute`].
pub fn substitute_at(surface: &Surface, machine: &Machine, places: &[Placeholder]) -> Result<Surface, SurfaceError> {
    if places.is_empty() {
        return Ok(surface.clone());
    }
    let values = machine.values();
    rewrite(surface, &mut |text, at| {
        for (name, value) in &values {
            if places.iter().any(|place| place.name == *name && place.at == *at)
                && let Some(replaced) = replace(text, *name, value)
            {
                *text = replaced;
            }
        }
    })
}

/// Replaces whole occurrences of a value: a path must end where a path segment ends, a zone name must stand alone. A
/// zone name that is an ordinary word (`UTC`) counts only in quotes.
fn replace(text: &str, name: PlaceholderName, value: &str) -> Option<String> {
    let ordinary_word = name == PlaceholderName::Tz && !value.contains('/');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut replaced = false;
    while let Some((before, after)) = rest.split_once(value) {
        out.push_str(before);
        let previous = out.chars().next_back();
        let next = after.chars().next();
        let stands_alone = if ordinary_word {
            matches!((previous, next), (Some('\'' | '"' | '`'), Some('\'' | '"' | '`')))
        } else {
            let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            !next.is_some_and(part) && !previous.is_some_and(|c| part(c) || c == '/')
        };
        out.push_str(if stands_alone { name.token() } else { value });
        replaced |= stands_alone;
        rest = after;
    }
    out.push_str(rest);
    replaced.then_some(out)
}

type Visit<'a> = dyn FnMut(&mut String, &Pointer) + 'a;

fn rewrite(surface: &Surface, visit: &mut Visit<'_>) -> Result<Surface, SurfaceError> {
    let root = Pointer::root();
    let mut instructions = surface.instructions().map(str::to_owned);
    if let Some(text) = &mut instructions {
        visit(text, &root.child("instructions"));
    }
    let mut object = |object: &Object, at: Pointer| {
        let mut object = object.clone();
        walk_object(&mut object, &at, visit);
        object
    };
    let server_info = surface.server_info().map(|info| object(info, root.child("serverInfo")));
    let capabilities = object(surface.capabilities(), root.child("capabilities"));
    let mut sections = Vec::new();
    for kind in EntryKind::ALL {
        if let Some(entries) = surface.section(kind) {
            let at = root.child(kind.section());
            let items =
                entries.iter().map(|entry| Value::Object(object(entry.value(), at.child(entry.key())))).collect();
            sections.push((kind, items));
        }
    }
    SurfaceParts { server_info, capabilities, instructions, sections }.into_surface()
}

fn walk_object(object: &mut Object, at: &Pointer, visit: &mut Visit<'_>) {
    for (name, member) in object.iter_mut() {
        let at = at.child(name);
        walk(member, &at, visit);
    }
}

fn walk(value: &mut Value, at: &Pointer, visit: &mut Visit<'_>) {
    match value {
        Value::String(text) => visit(text, at),
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                walk(item, &at.item(index), visit);
            }
        }
        Value::Object(object) => walk_object(object, at, visit),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

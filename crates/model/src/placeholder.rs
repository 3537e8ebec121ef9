//! Placeholders: what a capture replaces because it belongs to the machine, not to the server.
//!
//! Locks travel between machines. Some real servers repeat their own working directory, home or temporary folder, or
//! the local time zone, in what they declare. Such text is stored with `${cwd}`, `${home}`, `${tmp}` or `${tz}`, the
//! places are recorded, and digests are over the stored form. On another machine the same substitution is made with
//! that machine's values, at the recorded places and nowhere else, before anything is compared; [`fill`] goes the
//! other way and gives what the server must say on this machine.

use std::collections::BTreeSet;

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
    /// Where: a pointer into the surface with entries named by key, such as `/tools/get_time/description`. A key that
    /// holds a placeholder itself stands here in its stored form, so that no path of a machine is recorded.
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
        // Some systems end the temporary directory with a separator; what a server prints may lack it.
        .filter_map(|(name, value)| Some((name, value.as_deref()?.trim_end_matches(['/', '\\']))))
        // `/` or `C:\` stand everywhere and say nothing.
        .filter(|(_, value)| value.len() >= MIN_VALUE)
        .collect();
        values.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        values
    }
}

/// The shortest value that is looked for, in bytes: `UTC`, `/tm`. Shorter ones occur in any text.
const MIN_VALUE: usize = 3;

/// Replaces the machine's values wherever they stand; gives back the surface in its stored form and the places.
///
/// # Errors
/// When two entries that differ only in such a value become the same entry.
pub fn substitute(surface: &Surface, machine: &Machine) -> Result<(Surface, Vec<Placeholder>), SurfaceError> {
    let mut found = BTreeSet::new();
    let values = machine.values();
    let stored_key = |_: EntryKind, key: &str| stored(key, &values);
    let surface = rewrite(surface, &stored_key, &mut |text, at| {
        for (name, value) in &values {
            if let Some(replaced) = replace(text, *name, value) {
                *text = replaced;
                found.insert(Placeholder { name: *name, at: at.clone() });
            }
        }
    })?;
    Ok((surface, found.into_iter().collect()))
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
    let places: BTreeSet<(&str, PlaceholderName)> =
        places.iter().map(|place| (place.at.as_str(), place.name)).collect();
    // A key that became a placeholder was recorded under its stored form.
    let stored_key = |kind: EntryKind, key: &str| {
        let stored = stored(key, &values);
        let at = Pointer::root().child(kind.section()).child(&stored).child(kind.key_member());
        let recorded = values.iter().any(|(name, _)| places.contains(&(at.as_str(), *name)));
        if recorded { stored } else { key.to_owned() }
    };
    rewrite(surface, &stored_key, &mut |text, at| {
        for (name, value) in &values {
            if places.contains(&(at.as_str(), *name))
                && let Some(replaced) = replace(text, *name, value).or_else(|| replace_word(text, *name, value))
            {
                *text = replaced;
            }
        }
    })
}

/// Puts this machine's values back at the recorded places: what the server must declare here, word for word.
///
/// # Errors
/// See [`substitute`].
pub fn fill(stored: &Surface, machine: &Machine, places: &[Placeholder]) -> Result<Surface, SurfaceError> {
    let values = machine.values();
    let places: BTreeSet<(&str, PlaceholderName)> =
        places.iter().map(|place| (place.at.as_str(), place.name)).collect();
    rewrite(stored, &|_, key| key.to_owned(), &mut |text, at| {
        for (name, value) in &values {
            if places.contains(&(at.as_str(), *name)) {
                *text = text.replace(name.token(), value);
            }
        }
    })
}

/// A key with every value replaced.
fn stored(key: &str, values: &[(PlaceholderName, &str)]) -> String {
    values.iter().fold(key.to_owned(), |key, (name, value)| replace(&key, *name, value).unwrap_or(key))
}

/// Replaces whole occurrences of a value: a path must end where a path segment ends, a zone name must stand alone. A
/// zone name that is an ordinary word (`UTC`) counts only in quotes.
fn replace(text: &str, name: PlaceholderName, value: &str) -> Option<String> {
    let quote = |c: Option<char>| matches!(c, Some('\'' | '"' | '`'));
    if name == PlaceholderName::Tz && !value.contains('/') {
        replace_where(text, name, value, |before, after| {
            quote(before.chars().next_back()) && quote(after.chars().next())
        })
    } else {
        replace_word(text, name, value)
    }
}

/// Replaces a value wherever it stands alone. For a zone name that is an ordinary word this is right only where the
/// capturing machine, whose zone had a name of its own, put a placeholder.
fn replace_word(text: &str, name: PlaceholderName, value: &str) -> Option<String> {
    replace_where(text, name, value, |before, after| {
        let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let mut following = after.chars();
        let ends = match following.next() {
            Some(c) if part(c) => false,
            // `/home/ada.old` is another directory, `in /home/ada.` the end of a sentence.
            Some('.') => !following.next().is_some_and(part),
            Some('/') => name != PlaceholderName::Tz,
            _ => true,
        };
        let starts = match before.chars().next_back() {
            Some(c) if part(c) => false,
            // `./tmp` and `~/tmp` are other places than `/tmp`; `file:///tmp` is the same.
            Some('.' | '~' | '*' | '}') => false,
            Some('/') => before.ends_with("://"),
            _ => true,
        };
        starts && ends
    })
}

fn replace_where(
    text: &str,
    name: PlaceholderName,
    value: &str,
    stands_alone: impl Fn(&str, &str) -> bool,
) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    for (at, _) in text.match_indices(value) {
        let (before, rest) = text.split_at(at);
        let after = rest.get(value.len()..).unwrap_or_default();
        if stands_alone(before, after) {
            out.push_str(before.get(copied..).unwrap_or_default());
            out.push_str(name.token());
            copied = at + value.len();
        }
    }
    if copied == 0 {
        return None;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Some(out)
}

type Visit<'a> = dyn FnMut(&mut String, &Pointer) + 'a;

/// Visits every text of a surface. `key` says under which name an entry's places are recorded.
fn rewrite(
    surface: &Surface,
    key: &dyn Fn(EntryKind, &str) -> String,
    visit: &mut Visit<'_>,
) -> Result<Surface, SurfaceError> {
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
            let items = entries
                .iter()
                .map(|entry| Value::Object(object(entry.value(), at.child(&key(kind, entry.key())))))
                .collect();
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

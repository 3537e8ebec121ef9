//! The layers that settings come from: a file, and the environment over it. (Flags are over both, see
//! [`super::Config::resolve`].)

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use toml::{Table, Value, de::DeTable};

use super::{ConfigError, MAX_CONFIG_BYTES, introspect};

/// What variables of the environment start with that name a setting.
pub const PREFIX: &str = "MCP_PIN_REGISTRY__";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// A line of the file.
    File(PathBuf, usize),
    /// A variable of the environment.
    Variable(String),
    /// An option of the command line.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// The settings of file and environment.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// What was set.
    pub merged: Table,
    /// Where each setting comes from, by its dotted name.
    pub sources: BTreeMap<String, Source>,
}

/// Reads the file.
///
/// # Errors
/// When it cannot be read, or is not what `T` takes: with the place.
pub(super) fn file<T: DeserializeOwned>(path: &Path) -> Result<(T, String), ConfigError> {
    let fail = |source| ConfigError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(fail)?.len() > MAX_CONFIG_BYTES {
        return Err(ConfigError::TooLarge(path.to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(fail)?;
    let read = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(&text, span.start));
        ConfigError::Parse { path: path.to_owned(), line, problem: error.message().to_owned() }
    })?;
    Ok((read, text))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

impl Layers {
    /// Reads the file, if there is one, and the variables over it.
    ///
    /// # Errors
    /// See [`ConfigError`]; a variable with [`PREFIX`] that names no setting is refused like a key of the file.
    pub(super) fn read<T: DeserializeOwned>(
        path: Option<&Path>,
        variables: &[(String, String)],
    ) -> Result<(T, Self), ConfigError> {
        let mut layers = Self::default();
        if let Some(path) = path {
            let (_, text): (T, _) = file(path)?;
            layers.add_file(path, &text)?;
        }
        let settings = introspect::settings::<T>();
        for (name, text) in variables.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
            let setting = settings.iter().find(|setting| setting.variable() == *name).ok_or_else(|| {
                let problem = "names no setting; `mcp-pin-registry config example` lists them".to_owned();
                ConfigError::Variable { name: name.clone(), problem }
            })?;
            let value = typed::<T>(&setting.path, text)
                .map_err(|problem| ConfigError::Variable { name: name.clone(), problem })?;
            insert(&mut layers.merged, &setting.path, value);
            layers.sources.insert(setting.dotted(), Source::Variable(name.clone()));
        }
        let merged = Value::Table(layers.merged.clone()).try_into().map_err(|error: toml::de::Error| {
            let path = path.unwrap_or_else(|| Path::new("the environment")).to_owned();
            ConfigError::Parse { path, line: 1, problem: error.message().to_owned() }
        })?;
        Ok((merged, layers))
    }

    fn add_file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let fail = |error: toml::de::Error| ConfigError::Parse {
            path: path.to_owned(),
            line: error.span().map_or(1, |span| line_of(text, span.start)),
            problem: error.message().to_owned(),
        };
        self.merged = toml::from_str(text).map_err(fail)?;
        let spanned = DeTable::parse(text).map_err(fail)?;
        let mut lines = Vec::new();
        places(spanned.get_ref(), "", text, &mut lines);
        for (name, line) in lines {
            self.sources.insert(name, Source::File(path.to_owned(), line));
        }
        Ok(())
    }
}

/// Every name of a table with its line.
fn places(table: &DeTable<'_>, prefix: &str, text: &str, lines: &mut Vec<(String, usize)>) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        lines.push((name.clone(), line_of(text, key.span().start)));
        if let Some(inner) = value.get_ref().as_table() {
            places(inner, &name, text, lines);
        }
    }
}

fn insert(table: &mut Table, path: &[&'static str], value: Value) {
    match path {
        [] => {}
        [name] => {
            table.insert((*name).to_owned(), value);
        }
        [name, rest @ ..] => {
            let inner = table.entry((*name).to_owned()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// The value of a variable: its text where the setting takes text, else what the text is in TOML.
fn typed<T: DeserializeOwned>(path: &[&'static str], text: &str) -> Result<Value, String> {
    let accepts = |value: &Value| {
        let mut table = Table::new();
        insert(&mut table, path, value.clone());
        Value::Table(table).try_into::<T>().map(drop).map_err(|error| error.message().to_owned())
    };
    let plain = Value::String(text.to_owned());
    let Err(as_text) = accepts(&plain) else { return Ok(plain) };
    let parsed: Option<Value> =
        toml::from_str::<Table>(&format!("value = {text}")).ok().and_then(|mut table| table.remove("value"));
    match parsed.map(|value| (accepts(&value), value)) {
        Some((Ok(()), value)) => Ok(value),
        Some((Err(problem), _)) => Err(problem),
        None => Err(as_text),
    }
}

//! Where policies come from: a preset that this program was built with, and a directory.

use std::{
    collections::BTreeMap,
    io::Read as _,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    Policies, PolicyError,
    policies::{GUARD, is_word},
};

/// The largest file of policies.
const MAX_FILE_BYTES: u64 = 256 << 10;

/// The most files of a directory.
const MAX_FILES: usize = 200;

/// The name of the policy that closes the catalogue.
const CLOSED: &str = "closed";

/// A set that this program was built with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Preset {
    /// One role, one job; what is live is read without a token.
    #[default]
    Standard,
    /// Nothing without a token; people who just logged in decide; versions come from CI.
    Strict,
    /// Few people, several jobs each.
    SmallTeam,
    /// The directory alone.
    None,
}

impl Preset {
    /// All that hold policies.
    pub const ALL: [Self; 3] = [Self::Standard, Self::Strict, Self::SmallTeam];

    /// The word in configuration and in the ids of policies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Strict => "strict",
            Self::SmallTeam => "small-team",
            Self::None => "none",
        }
    }

    /// The text.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Standard => include_str!("policies/standard.cedar"),
            Self::Strict => include_str!("policies/strict.cedar"),
            Self::SmallTeam => include_str!("policies/small-team.cedar"),
            Self::None => "",
        }
    }
}

/// Where the policies of a registry come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicySource {
    /// The set to begin with.
    pub preset: Preset,
    /// A directory of `*.cedar` files that add to it.
    pub directory: Option<PathBuf>,
    /// Whether nothing is read without a token, whatever the others permit.
    pub closed: bool,
}

impl PolicySource {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// See [`PolicyError`]: one bad file, and none of it is used.
    pub fn load(&self) -> Result<Policies, PolicyError> {
        let mut texts = BTreeMap::new();
        if self.preset != Preset::None {
            texts.insert(self.preset.as_str().to_owned(), self.preset.text().to_owned());
        }
        if let Some(directory) = &self.directory {
            read_directory(directory, &mut texts)?;
        }
        if self.closed {
            texts.insert(CLOSED.to_owned(), include_str!("policies/closed.cedar").to_owned());
        }
        Policies::new(texts)
    }
}

impl Default for Policies {
    /// The preset `standard`.
    fn default() -> Self {
        PolicySource::default().load().expect("the presets are tested")
    }
}

fn read_directory(directory: &Path, texts: &mut BTreeMap<String, String>) -> Result<(), PolicyError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| PolicyError::Read { path, source }
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed(directory))? {
        let path = entry.map_err(failed(directory))?.path();
        // Other files may lie beside: tests, a README. A `.cedar` is always read, hidden or not.
        if path.extension().is_some_and(|extension| extension == "cedar") {
            paths.push(path);
        }
    }
    paths.sort();
    let bad = |path: &Path, problem| PolicyError::File { path: path.to_owned(), problem };
    if paths.len() > MAX_FILES {
        return Err(bad(directory, "holds more than 200 files of policies"));
    }
    // An empty directory is most likely the wrong one, and forbids that are not there protect nothing.
    if paths.is_empty() {
        return Err(bad(directory, "holds no `*.cedar` file"));
    }
    for path in paths {
        let name = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| is_word(stem));
        let name = name.ok_or_else(|| bad(&path, "is not named with small letters, digits and `-`"))?;
        if name == GUARD || name == CLOSED || Preset::ALL.iter().any(|preset| preset.as_str() == name) {
            return Err(bad(&path, "has the name of a set that this program was built with"));
        }
        let mut text = String::new();
        let file = std::fs::File::open(&path).map_err(failed(&path))?;
        file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(failed(&path))?;
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(bad(&path, "is larger than 256 KiB"));
        }
        texts.insert(name.to_owned(), text);
    }
    Ok(())
}

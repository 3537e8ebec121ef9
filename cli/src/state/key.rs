//! The signing key on disk.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use mcp_pin_attest::{EncryptedKey, KeyError, MAX_KEY_TEXT_BYTES, SigningKey};
use zeroize::Zeroizing;

use crate::error::CommandError;

/// Gives the password of an encrypted key; asked only where there is one.
pub type Password<'a> = &'a dyn Fn() -> Result<Zeroizing<String>, CommandError>;

/// Where the signing key is, or would be made.
#[derive(Clone, Debug)]
pub struct KeyFile {
    path: PathBuf,
    // A key that somebody named is never made for them: the name may be a mistake.
    chosen: bool,
}

impl KeyFile {
    /// A file that the user named.
    #[must_use]
    pub fn chosen(path: PathBuf) -> Self {
        Self { path, chosen: true }
    }

    /// `key.pem` in our configuration directory.
    #[must_use]
    pub fn default_of(directory: impl AsRef<Path>) -> Self {
        Self { path: directory.as_ref().join("key.pem"), chosen: false }
    }

    /// Whether the user named it.
    #[must_use]
    pub fn is_chosen(&self) -> bool {
        self.chosen
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the key, if there is one.
    ///
    /// # Errors
    /// A key that others may read, that is none, or that the password does not open.
    pub fn load(&self, password: Password<'_>) -> Result<Option<SigningKey>, CommandError> {
        let metadata = match std::fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CommandError::io("read the key", &self.path, &error)),
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(CommandError::usage(format!(
                    "the key {} can be read by others (mode {mode:03o})",
                    self.path.display()
                ))
                .hint(format!("make it private: chmod 600 {}", self.path.display())));
            }
        }
        if metadata.len() > MAX_KEY_TEXT_BYTES as u64 {
            return Err(CommandError::usage(format!("{} is too large to be a key", self.path.display())));
        }
        let text = Zeroizing::new(
            std::fs::read_to_string(&self.path)
                .map_err(|error| CommandError::io("read the key", &self.path, &error))?,
        );
        let unusable = |error| CommandError::usage(format!("the key {} cannot be used: {error}", self.path.display()));
        match SigningKey::from_pkcs8_pem(&text) {
            Err(KeyError::Encrypted) => {
                let key = EncryptedKey::from_pem(&text).map_err(unusable)?;
                key.decrypt(&password()?).map(Some).map_err(unusable)
            }
            key => key.map(Some).map_err(unusable),
        }
    }

    /// Reads the key; an error with a hint where there is none.
    ///
    /// # Errors
    /// See [`KeyFile::load`].
    pub fn require(&self, password: Password<'_>) -> Result<SigningKey, CommandError> {
        self.load(password)?.ok_or_else(|| {
            CommandError::usage(format!("there is no signing key at {}", self.path.display()))
                .hint("make one with `mcp-pin key generate`")
        })
    }

    /// Reads the key, or makes one; says whether it was made.
    ///
    /// # Errors
    /// See [`KeyFile::load`]; a key that was named and does not exist is not made.
    pub fn load_or_create(&self, password: Password<'_>) -> Result<(SigningKey, bool), CommandError> {
        if let Some(key) = self.load(password)? {
            return Ok((key, false));
        }
        if self.chosen {
            return self.require(password).map(|key| (key, false));
        }
        match self.create(None) {
            Ok(key) => Ok((key, true)),
            // Another mcp-pin, started at the same moment, made one first: then that is the key of both.
            Err(error) => self.load(password)?.map(|key| (key, false)).ok_or(error),
        }
    }

    /// Makes a new key, encrypted where a password is given; never over an existing file.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn create(&self, password: Option<&str>) -> Result<SigningKey, CommandError> {
        let internal = |error: KeyError| CommandError::internal(error.to_string());
        let key = SigningKey::generate().map_err(internal)?;
        let text = match password {
            Some(password) => Zeroizing::new(key.to_encrypted_pem(password).map_err(internal)?),
            None => key.to_pkcs8_pem(),
        };
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(directory)
            .map_err(|error| CommandError::io("make the directory", directory, &error))?;
        let io = |error: std::io::Error| CommandError::io("write the key", &self.path, &error);
        // Named temporary files have mode 0600 from the start.
        let mut file = tempfile::Builder::new().prefix(".key").tempfile_in(directory).map_err(io)?;
        file.write_all(text.as_bytes()).map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist_noclobber(&self.path).map_err(|error| {
            if error.error.kind() == std::io::ErrorKind::AlreadyExists {
                CommandError::usage(format!("{} exists already and is never overwritten", self.path.display()))
            } else {
                io(error.error)
            }
        })?;
        Ok(key)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn nobody() -> Result<Zeroizing<String>, CommandError> {
        Err(CommandError::internal("asked for a password that is not needed"))
    }

    #[test]
    fn a_made_key_is_private_and_read_back_and_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::default_of(directory.path().join("mcp-pin"));
        assert!(file.load(&nobody).unwrap().is_none());
        let (key, made) = file.load_or_create(&nobody).unwrap();
        assert!(made);
        assert_eq!(std::fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
        let (again, made) = file.load_or_create(&nobody).unwrap();
        assert!(!made);
        assert_eq!(again.public_key().id(), key.public_key().id());
        assert!(file.create(None).is_err());
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::default_of(directory.path());
        file.create(None).unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = file.load(&nobody).err().unwrap();
        assert!(error.message.contains("read by others"), "{error}");
    }

    #[test]
    fn an_encrypted_key_is_opened_with_its_password_only() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::default_of(directory.path());
        let key = file.create(Some("right")).unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"), "{text}");
        let opened = file.load(&|| Ok(Zeroizing::new("right".to_owned()))).unwrap().unwrap();
        assert_eq!(opened.public_key(), key.public_key());
        let error = file.load(&|| Ok(Zeroizing::new("wrong".to_owned()))).err().unwrap();
        assert!(error.message.contains("the password is wrong"), "{error}");
    }

    #[test]
    fn a_key_that_was_named_is_not_made() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::chosen(directory.path().join("other.pem"));
        assert!(file.load_or_create(&nobody).is_err());
        assert!(!file.path().exists());
    }
}

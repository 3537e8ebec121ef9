//! Where the signing key is: in a file, or with an external signer.

use std::{fmt, path::Path};

use mcp_pin_attest::Signer;
use mcp_pin_signing::{ExternalSigner, ExternalSignerError, SignerCommand};
use zeroize::Zeroizing;

use crate::{
    context::{Context, Environment},
    error::{CommandError, Status},
    state::key::KeyFile,
    ui::sanitize,
};

/// What `--key` begins with when it names a command.
const COMMAND: &str = "exec:";

/// The variables that hold the password of an encrypted key: ours, then cosign's.
const PASSWORDS: [&str; 2] = ["MCP_PIN_KEY_PASSWORD", "COSIGN_PASSWORD"];

/// Where the signing key is.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// In a file, where it is or would be made.
    File(KeyFile),
    /// With a program that signs.
    Command(SignerCommand),
}

impl From<KeyFile> for KeySource {
    fn from(file: KeyFile) -> Self {
        Self::File(file)
    }
}

impl KeySource {
    /// What somebody named: a file, or `exec:` and a command.
    ///
    /// # Errors
    /// A command that is none.
    pub fn chosen(named: &Path) -> Result<Self, CommandError> {
        match named.to_str().and_then(|text| text.strip_prefix(COMMAND)) {
            Some(command) => command.parse().map(Self::Command).map_err(|error| external_error(&error)),
            None => Ok(Self::File(KeyFile::chosen(named.to_owned()))),
        }
    }

    /// Whether somebody named it, rather than it being the one where nothing is said.
    #[must_use]
    pub fn is_chosen(&self) -> bool {
        match self {
            Self::File(file) => file.is_chosen(),
            Self::Command(_) => true,
        }
    }

    /// The file.
    ///
    /// # Errors
    /// When it is with an external signer.
    pub fn file(&self) -> Result<&KeyFile, CommandError> {
        match self {
            Self::File(file) => Ok(file),
            Self::Command(_) => {
                Err(CommandError::usage("--key names an external signer (`exec:`), and a key file is needed"))
            }
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => f.write_str(&sanitize::one_line(&file.path().display().to_string())),
            // Its arguments are left out: they may hold what should not be printed.
            Self::Command(command) => write!(f, "{COMMAND}{}", sanitize::one_line(command.program())),
        }
    }
}

impl Context {
    /// The signing key.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub fn signing_key(&self) -> Result<Box<dyn Signer>, CommandError> {
        match &self.key {
            KeySource::File(file) => Ok(Box::new(file.require(&|| self.key_password(file.path()))?)),
            KeySource::Command(command) => Ok(Box::new(open(command)?)),
        }
    }

    /// The signing key; makes one where there is none and none was named. Says whether it was made.
    ///
    /// # Errors
    /// When it cannot be used or made.
    pub fn signing_key_or_new(&self) -> Result<(Box<dyn Signer>, bool), CommandError> {
        match &self.key {
            KeySource::File(file) => {
                let (key, made) = file.load_or_create(&|| self.key_password(file.path()))?;
                Ok((Box::new(key), made))
            }
            KeySource::Command(command) => Ok((Box::new(open(command)?), false)),
        }
    }

    /// The password of the encrypted key in a file.
    fn key_password(&self, path: &Path) -> Result<Zeroizing<String>, CommandError> {
        if let Some(password) = password_variable(&self.environment) {
            return Ok(password);
        }
        let shown = sanitize::one_line(&path.display().to_string());
        if !self.ui.is_interactive() {
            return Err(CommandError::usage(format!(
                "the key {shown} is encrypted, and nobody can be asked for its password"
            ))
            .hint(format!("put it into the variable {} or {}", PASSWORDS[0], PASSWORDS[1])));
        }
        self.ui
            .ask_hidden(&format!("password of {shown}"))
            .map_err(|error| CommandError::usage(format!("the key {shown} stays locked: {error}")))
    }

    /// A password for a new key: from a variable, or typed twice.
    ///
    /// # Errors
    /// When nobody can be asked, it is empty, or the two differ.
    pub(crate) fn new_password(&self) -> Result<Zeroizing<String>, CommandError> {
        let password = match password_variable(&self.environment) {
            Some(password) => password,
            None if !self.ui.is_interactive() => {
                return Err(CommandError::usage("nobody can be asked for a password of the new key")
                    .hint(format!("put it into the variable {} or {}", PASSWORDS[0], PASSWORDS[1])));
            }
            None => {
                let unanswered = |error: crate::ui::PromptError| CommandError::usage(error.to_string());
                let password = self.ui.ask_hidden("password of the new key").map_err(unanswered)?;
                if *self.ui.ask_hidden("the same again").map_err(unanswered)? != *password {
                    return Err(CommandError::usage("the two passwords differ"));
                }
                password
            }
        };
        if password.is_empty() {
            return Err(CommandError::usage("the password is empty, which protects nothing")
                .hint("leave out --encrypt for a key without a password"));
        }
        Ok(password)
    }
}

fn password_variable(environment: &Environment) -> Option<Zeroizing<String>> {
    PASSWORDS.iter().find_map(|name| environment.get(name)).map(|password| Zeroizing::new(password.to_owned()))
}

fn open(command: &SignerCommand) -> Result<ExternalSigner, CommandError> {
    command.clone().open().map_err(|error| external_error(&error))
}

fn external_error(error: &ExternalSignerError) -> CommandError {
    let status = if error.is_could_not_check() { Status::CouldNotCheck } else { Status::Usage };
    CommandError::new(status, error.to_string())
}

//! External signers: a program that holds the key, or reaches the device or service that does.
//!
//! The protocol is documented for their authors in `docs/signing.md`: `PROGRAM ARGUMENTS… public-key` prints the public
//! key in PEM; `PROGRAM ARGUMENTS… sign` reads the 32 bytes of a SHA-256 digest and prints the signature, ASN.1 DER in
//! base64. Nothing that the program prints is trusted: `mcp_pin_attest::sign` verifies every signature.

use std::{
    io::{Read, Write as _},
    process::{Child, Command, Stdio},
    str::FromStr,
    sync::mpsc,
    thread,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_attest::{KeyError, PublicKey, SignError, Signer};
use mcp_pin_model::{Digest, hostile};
use thiserror::Error;
use tokio::time::Instant;

/// How long the program may take: a person may have to touch a device or type a PIN.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The most bytes of what it prints. A signature takes a hundred, a public key two hundred.
const MAX_OUTPUT_BYTES: u64 = 8 * 1024;

/// The most bytes of its standard error that are kept; fewer are shown.
const MAX_STDERR_BYTES: u64 = 8 * 1024;

/// The pause between looks at whether the program has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// Variables that the program is not given: our own, which may hold a registry's token or a password of another key.
const WITHHELD_PREFIX: &str = "MCP_PIN_";
const WITHHELD: [&str; 1] = ["COSIGN_PASSWORD"];

/// Why an external signer is of no use. What the program printed is quoted, made harmless and short.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExternalSignerError {
    /// No command.
    #[error("`exec:` is not followed by a command")]
    Empty,
    /// A quote that does not end.
    #[error("the command after `exec:` has a quote that does not end")]
    Quotes,
    /// The program cannot be started.
    #[error("the external signer {} cannot be started: {source}", hostile::quoted(.program))]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// The program took too long and was ended.
    #[error("the external signer did not answer `{request}` within {} seconds", .limit.as_secs())]
    TimedOut {
        /// What was asked.
        request: &'static str,
        /// How long it had.
        limit: Duration,
    },
    /// The program printed more than any answer has.
    #[error("the external signer printed more than {MAX_OUTPUT_BYTES} bytes for `{request}`")]
    TooMuchOutput {
        /// What was asked.
        request: &'static str,
    },
    /// The program failed.
    #[error("the external signer failed at `{request}`{}", shown(.stderr))]
    Failed {
        /// What was asked.
        request: &'static str,
        /// What it said about it.
        stderr: String,
    },
    /// What it printed is no public key.
    #[error("the external signer printed no public key that can be used: {0}")]
    PublicKey(#[from] KeyError),
    /// What it printed is not base64.
    #[error("the external signer printed no signature in base64")]
    NotBase64,
    /// It could not be waited for.
    #[error("the external signer could not be waited for")]
    Io(#[from] std::io::Error),
}

impl ExternalSignerError {
    /// Whether it says that the signer was not there, rather than that it is configured wrongly or answers nonsense.
    #[must_use]
    pub fn is_could_not_check(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::Failed { .. } | Self::Io(_))
    }
}

fn shown(stderr: &str) -> String {
    match stderr.trim() {
        "" => String::new(),
        text => format!(", and said: {}", hostile::visible(text)),
    }
}

/// The command of an external signer, split into words as a shell splits them; no shell ever sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerCommand {
    program: String,
    arguments: Vec<String>,
    time_limit: Duration,
}

impl FromStr for SignerCommand {
    type Err = ExternalSignerError;

    fn from_str(text: &str) -> Result<Self, ExternalSignerError> {
        let mut words = shell_words::split(text).map_err(|_| ExternalSignerError::Quotes)?.into_iter();
        let program = words.next().filter(|program| !program.is_empty()).ok_or(ExternalSignerError::Empty)?;
        Ok(Self { program, arguments: words.collect(), time_limit: TIME_LIMIT })
    }
}

impl SignerCommand {
    /// With another limit for each answer.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// The program's name or path.
    #[must_use]
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Asks the program for its public key.
    ///
    /// # Errors
    /// See [`ExternalSignerError`].
    pub fn open(self) -> Result<ExternalSigner, ExternalSignerError> {
        let printed = self.ask("public-key", None)?;
        let text = String::from_utf8(printed).map_err(|_| KeyError::NotPem)?;
        let public = PublicKey::from_spki_pem(text.trim())?;
        Ok(ExternalSigner { command: self, public })
    }

    /// Runs the program once.
    fn ask(&self, request: &'static str, input: Option<&[u8]>) -> Result<Vec<u8>, ExternalSignerError> {
        let mut command = Command::new(&self.program);
        // It stays in our process group, so that it may ask for a PIN on the terminal.
        command
            .args(&self.arguments)
            .arg(request)
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with(WITHHELD_PREFIX) || WITHHELD.contains(&name)) {
                command.env_remove(name);
            }
        }
        let child =
            command.spawn().map_err(|source| ExternalSignerError::Start { program: self.program.clone(), source })?;
        let mut running = Running(child);
        let (stdout, stderr) = (running.0.stdout.take(), running.0.stderr.take());
        let output = collect(stdout, MAX_OUTPUT_BYTES);
        let errors = collect(stderr, MAX_STDERR_BYTES);
        if let (Some(mut stdin), Some(input)) = (running.0.stdin.take(), input) {
            // 32 bytes always fit into a pipe. A program that does not read them has its own reasons.
            let _ = stdin.write_all(input);
        }

        let deadline = Instant::now() + self.time_limit;
        let timed_out = || ExternalSignerError::TimedOut { request, limit: self.time_limit };
        let left = || deadline.saturating_duration_since(Instant::now());
        let output = output.recv_timeout(left()).map_err(|_| timed_out())?;
        if output.len() as u64 > MAX_OUTPUT_BYTES {
            return Err(ExternalSignerError::TooMuchOutput { request });
        }
        let status = loop {
            match running.0.try_wait()? {
                Some(status) => break status,
                None if left().is_zero() => return Err(timed_out()),
                None => thread::sleep(PAUSE),
            }
        };
        if !status.success() {
            let errors = errors.recv_timeout(left()).unwrap_or_default();
            return Err(ExternalSignerError::Failed { request, stderr: String::from_utf8_lossy(&errors).into_owned() });
        }
        Ok(output)
    }
}

/// A running program that does not outlive the question.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads a stream to its end or to one byte more than `limit`, on a thread of its own: whoever waits for it may stop
/// waiting. A grandchild that keeps the stream open keeps the thread, until this program ends.
fn collect(stream: Option<impl Read + Send + 'static>, limit: u64) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(stream) = stream {
            // What came before a failure is what there is; a cut answer is no answer and is refused as such.
            let _ = stream.take(limit + 1).read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

/// A signer in another program, with the key that it says it signs with.
#[derive(Debug)]
pub struct ExternalSigner {
    command: SignerCommand,
    public: PublicKey,
}

impl ExternalSigner {
    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, ExternalSignerError> {
        let printed = self.command.ask("sign", Some(Digest::of(message).as_bytes()))?;
        // `base64` breaks lines.
        let text: Vec<u8> = printed.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let signature = STANDARD.decode(text).map_err(|_| ExternalSignerError::NotBase64)?;
        if signature.is_empty() { Err(ExternalSignerError::NotBase64) } else { Ok(signature) }
    }
}

impl Signer for ExternalSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.signature(message).map_err(|error| SignError::Signer(error.to_string()))
    }
}

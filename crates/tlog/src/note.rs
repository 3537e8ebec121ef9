//! Signed notes (C2SP `signed-note`): text, and below it who signed it.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// The largest note: room for 16 post-quantum signatures of others, which a verifier has to skip.
pub const MAX_NOTE_BYTES: usize = 128 * 1024;

/// The most signatures of a note; a verifier has to accept 16.
pub const MAX_SIGNATURES: usize = 64;

/// The longest name of a key: it is shown in lists.
pub const MAX_NAME_BYTES: usize = 255;

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// The text of the note: Ed25519, type `0x01`.
    Ed25519,
    /// The text of the note and the time: a cosignature with Ed25519, type `0x04`.
    Cosignature,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }
}

/// A key that signatures are verified with, and its name. Its text is a `vkey`: `<name>+<id>+<type and key>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: [u8; 32],
}

/// A text that is not the key of a note.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not the key of a log or a witness: `<name>+<8 hexadecimal digits>+<base64>` with an Ed25519 key")]
pub struct KeyError;

impl VerifierKey {
    /// A key under a name.
    ///
    /// # Errors
    /// When the name cannot be one: empty, too long, or with spaces, control characters or a plus sign.
    pub fn new(name: &str, kind: KeyKind, key: [u8; 32]) -> Result<Self, KeyError> {
        if is_name(name) { Ok(Self { name: name.to_owned(), kind, key }) } else { Err(KeyError) }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The 32 bytes of the public key.
    #[must_use]
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The same key for what another kind of signature signs.
    #[must_use]
    pub fn of_kind(&self, kind: KeyKind) -> Self {
        Self { kind, ..self.clone() }
    }

    /// The first bytes of the hash of name, type and key. It tells keys apart; it proves nothing.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let hash = self.full_id();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// The whole hash, which Sigstore's clients name a log by.
    #[must_use]
    pub fn full_id(&self) -> [u8; 32] {
        let hash = Sha256::new().chain_update(&self.name).chain_update([b'\n', self.kind.byte()]);
        hash.chain_update(self.key).finalize().into()
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key).verify(message, signature).is_ok()
    }
}

impl std::str::FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        // Base64 can hold plus signs, names cannot.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError);
        };
        let bytes = STANDARD.decode(key).map_err(|_| KeyError)?;
        let (kind, key) = bytes.split_first().ok_or(KeyError)?;
        let kind = [KeyKind::Ed25519, KeyKind::Cosignature].into_iter().find(|known| known.byte() == *kind);
        let key = Self::new(name, kind.ok_or(KeyError)?, key.try_into().map_err(|_| KeyError)?)?;
        if hexadecimal(key.id()) == id { Ok(key) } else { Err(KeyError) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[self.kind.byte()], self.key.as_slice()].concat());
        write!(f, "{}+{}+{key}", self.name, hexadecimal(self.id()))
    }
}

fn hexadecimal(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

fn is_name(name: &str) -> bool {
    let refused = |character: char| character.is_whitespace() || character.is_control() || character == '+';
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && !name.chars().any(refused)
}

/// A key that signs.
pub struct Signer {
    // The library wipes its copy when it frees it.
    pair: Ed25519KeyPair,
    key: VerifierKey,
}

impl Signer {
    /// A key under a name, from the 32 bytes of its seed, which stay the caller's to wipe.
    ///
    /// # Errors
    /// When the name cannot be one.
    pub fn from_seed(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| KeyError)?;
        Ok(Self { pair, key: VerifierKey::new(name, kind, public)? })
    }

    /// What its signatures are verified with.
    #[must_use]
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Signs bytes; gives back the line of a note for what was made of them. `before` is put before the signature proper.
    pub(crate) fn line(&self, before: &[u8], message: &[u8]) -> String {
        let signature = self.pair.sign(message);
        let bytes = [&self.key.id(), before, signature.as_ref()].concat();
        format!("— {} {}\n", self.key.name, STANDARD.encode(bytes))
    }

    /// Signs a text; gives back the line that goes below it.
    ///
    /// # Errors
    /// When the text cannot be that of a note, or the key is one for cosignatures.
    pub fn sign(&self, text: &str) -> Result<String, NoteError> {
        if self.key.kind != KeyKind::Ed25519 {
            return Err(NoteError::Kind);
        }
        check_text(text)?;
        Ok(self.line(&[], text.as_bytes()))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("key", &self.key.to_string()).finish_non_exhaustive()
    }
}

/// Why bytes are no note, or nobody known signed it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteError {
    /// Larger than a note may be.
    #[error("a note of more than {MAX_NOTE_BYTES} bytes")]
    TooLarge,
    /// Not text, or with control characters.
    #[error("a note that is not plain UTF-8 text")]
    Text,
    /// The text does not end with a newline, or there is no empty line below it.
    #[error("a note without an empty line between its text and its signatures")]
    Layout,
    /// A line below the text is no signature.
    #[error("line {0} below the text of the note is no signature")]
    SignatureLine(usize),
    /// More signatures than a note may have.
    #[error("a note with more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// A known key's signature that is not one of this text.
    #[error("the signature by `{0}` is not one of this note")]
    Forged(String),
    /// No key that is known signed.
    #[error("the note is not signed by a key that is trusted for it")]
    NotSigned,
    /// A key for another kind of signature.
    #[error("a key for another kind of signature")]
    Kind,
}

/// A signature of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

/// A note as it was read. Its text is hostile until somebody known was found to have signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLarge);
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NoteError::Text)?;
        // The text may have empty lines of its own: the last one is the one that separates.
        let (before, lines) = whole.rsplit_once("\n\n").ok_or(NoteError::Layout)?;
        let text = format!("{before}\n");
        check_text(&text)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Layout)?;
        let mut signatures = Vec::new();
        for (at, line) in lines.split('\n').enumerate() {
            if at == MAX_SIGNATURES {
                return Err(NoteError::TooManySignatures);
            }
            signatures.push(signature(line).ok_or(NoteError::SignatureLine(at + 1))?);
        }
        Ok(Self { text, signatures })
    }

    /// The text, with its final newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What this key signed of the note: the bytes of each of its signatures.
    pub(crate) fn signatures_of<'n>(&'n self, key: &VerifierKey) -> impl Iterator<Item = &'n [u8]> + use<'n> {
        let (name, id) = (key.name.clone(), key.id());
        self.signatures.iter().filter(move |one| one.name == name && one.id == id).map(|one| one.bytes.as_slice())
    }

    /// Which of these keys signed the text.
    ///
    /// # Errors
    /// When none did, or a signature that claims to be by one of them is not.
    pub fn signed_by<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers = Vec::new();
        for key in keys.iter().filter(|key| key.kind == KeyKind::Ed25519) {
            let mut signed = false;
            for signature in self.signatures_of(key) {
                if !key.verifies(self.text.as_bytes(), signature) {
                    return Err(NoteError::Forged(key.name.clone()));
                }
                signed = true;
            }
            if signed {
                signers.push(key);
            }
        }
        if signers.is_empty() { Err(NoteError::NotSigned) } else { Ok(signers) }
    }
}

/// Puts signature lines below a text.
///
/// # Errors
/// When the text cannot be that of a note.
pub fn write(text: &str, lines: &[String]) -> Result<Vec<u8>, NoteError> {
    check_text(text)?;
    Ok(format!("{text}\n{}", lines.concat()).into_bytes())
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if !text.ends_with('\n') {
        return Err(NoteError::Layout);
    }
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') { Err(NoteError::Text) } else { Ok(()) }
}

fn signature(line: &str) -> Option<Signature> {
    let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (id, bytes) = bytes.split_first_chunk()?;
    (is_name(name) && !bytes.is_empty()).then(|| Signature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
}

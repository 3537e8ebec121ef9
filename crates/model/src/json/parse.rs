//! The strict parser: the only way foreign JSON enters.
//!
//! Stricter than RFC 8259 where readers are known to disagree: duplicate member names, lone surrogates, numbers that
//! a double does not hold, byte order marks. Every refusal has its own kind and a byte offset; text of the document
//! is never part of a message beyond the name of a doubled member.

use thiserror::Error;

use super::{Number, NumberError, Object, Value};
use crate::hostile::quoted;

/// How much a document may hold. Crossing a limit is a refusal, never a truncation.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the whole document.
    pub bytes: usize,
    /// Nested lists and objects.
    pub depth: usize,
    /// Items of one list, or members of one object.
    pub entries: usize,
}

impl Limits {
    /// For everything that a server, a registry or a file of another program says.
    ///
    /// * 16 MiB: the largest real surface seen has 0.14 MiB; official SDKs cap one message at 16 MiB.
    /// * depth 64: real schemas nest about 12 deep; the parser recurses, and 64 frames are safe on any stack.
    /// * 10,000 entries: 100 times the largest real tool list.
    pub const FOREIGN: Self = Self { bytes: 16 << 20, depth: 64, entries: 10_000 };

    /// For documents that wrap a foreign one, such as a manifest around a surface: a little more of each, so that
    /// what was accepted alone is accepted in its envelope.
    pub const OURS: Self = Self { bytes: 20 << 20, depth: 80, entries: 100_000 };
}

/// Values in one document, of whatever kind: a document of two bytes per value would otherwise take 30 times its size in
/// memory. The largest real surface seen has fewer than 20,000.
const MAX_VALUES: usize = 1_000_000;

/// A refused document: what is wrong and at which byte.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{kind} at byte {offset} (line {line}, column {column})")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Byte offset from the start of the document.
    pub offset: usize,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in bytes, counted from 1.
    pub column: usize,
}

/// What is wrong with a document.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// More bytes than [`Limits::bytes`].
    #[error("document is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// Deeper than [`Limits::depth`].
    #[error("lists and objects are nested deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More items or members than [`Limits::entries`].
    #[error("a list or an object has more than {limit} entries")]
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
    /// More values in the whole document than it could sensibly hold.
    #[error("the document holds more than {limit} values")]
    TooManyValues {
        /// The limit.
        limit: usize,
    },
    /// The document starts with U+FEFF.
    #[error("byte order mark")]
    ByteOrderMark,
    /// Not UTF-8.
    #[error("invalid UTF-8")]
    InvalidUtf8,
    /// The same member name twice in one object.
    #[error("member name {} occurs twice in one object", quoted(.name))]
    DuplicateMember {
        /// The name, as the server wrote it.
        name: String,
    },
    /// A `\ud8xx` escape without its partner.
    #[error("lone surrogate in a string")]
    LoneSurrogate,
    /// A raw control character in a string.
    #[error("unescaped control character in a string")]
    ControlCharacter,
    /// A backslash followed by something that is no escape.
    #[error("invalid escape in a string")]
    InvalidEscape,
    /// A number that is not one thing to all readers.
    #[error(transparent)]
    Number(NumberError),
    /// Not JSON.
    #[error("{expected} expected")]
    Syntax {
        /// What would have been right.
        expected: &'static str,
    },
    /// The document ends in the middle.
    #[error("unexpected end of the document")]
    UnexpectedEnd,
    /// Something follows the value.
    #[error("text after the end of the document")]
    TrailingText,
}

/// Parses a foreign document within [`Limits::FOREIGN`].
///
/// # Errors
/// See [`ParseErrorKind`].
pub fn parse(bytes: &[u8]) -> Result<Value, ParseError> {
    parse_with(bytes, &Limits::FOREIGN)
}

/// Parses a document within the given limits.
///
/// # Errors
/// See [`ParseErrorKind`].
pub fn parse_with(bytes: &[u8], limits: &Limits) -> Result<Value, ParseError> {
    let mut parser = Parser { bytes, at: 0, depth: 0, values: 0, limits };
    let parsed = parser.document();
    parsed.map_err(|kind| {
        let offset = parser.at.min(bytes.len());
        let before = bytes.get(..offset).unwrap_or_default();
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        #[expect(clippy::naive_bytecount, reason = "runs once, on the way to an error")]
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        ParseError { kind, offset, line, column: offset - line_start + 1 }
    })
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    values: usize,
    limits: &'a Limits,
}

type Parsed<T> = Result<T, ParseErrorKind>;

impl Parser<'_> {
    fn document(&mut self) -> Parsed<Value> {
        if self.bytes.len() > self.limits.bytes {
            return Err(ParseErrorKind::TooLarge { limit: self.limits.bytes });
        }
        if self.bytes.starts_with(b"\xef\xbb\xbf") {
            return Err(ParseErrorKind::ByteOrderMark);
        }
        // Checked once for the whole document, so that strings below are slices of valid text.
        if let Err(error) = std::str::from_utf8(self.bytes) {
            self.at = error.valid_up_to();
            return Err(ParseErrorKind::InvalidUtf8);
        }
        self.white_space();
        let value = self.value()?;
        self.white_space();
        if self.at < self.bytes.len() { Err(ParseErrorKind::TrailingText) } else { Ok(value) }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Parsed<()> {
        match self.peek() {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(ParseErrorKind::Syntax { expected }),
            None => Err(ParseErrorKind::UnexpectedEnd),
        }
    }

    fn word(&mut self, word: &'static str, value: Value) -> Parsed<Value> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else if word.as_bytes().starts_with(rest) {
            Err(ParseErrorKind::UnexpectedEnd)
        } else {
            Err(ParseErrorKind::Syntax { expected: "a JSON value" })
        }
    }

    fn value(&mut self) -> Parsed<Value> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(ParseErrorKind::TooManyValues { limit: MAX_VALUES });
        }
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::String),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err(ParseErrorKind::Syntax { expected: "a JSON value" }),
            None => Err(ParseErrorKind::UnexpectedEnd),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Parsed<Value>) -> Parsed<Value> {
        if self.depth >= self.limits.depth {
            return Err(ParseErrorKind::TooDeep { limit: self.limits.depth });
        }
        self.depth += 1;
        self.at += 1;
        self.white_space();
        let value = read(self);
        self.depth -= 1;
        value
    }

    /// After a value inside a list or object: true at a comma, false at the closing bracket.
    fn more(&mut self, close: u8, expected: &'static str) -> Parsed<bool> {
        self.white_space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.white_space();
                Ok(true)
            }
            Some(found) if found == close => {
                self.at += 1;
                Ok(false)
            }
            Some(_) => Err(ParseErrorKind::Syntax { expected }),
            None => Err(ParseErrorKind::UnexpectedEnd),
        }
    }

    fn array(&mut self) -> Parsed<Value> {
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            if items.len() >= self.limits.entries {
                return Err(ParseErrorKind::TooManyEntries { limit: self.limits.entries });
            }
            items.push(self.value()?);
            if !self.more(b']', "`,` or `]`")? {
                return Ok(Value::Array(items));
            }
        }
    }

    fn object(&mut self) -> Parsed<Value> {
        let start = self.at;
        let mut members = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(Object::new()));
        }
        loop {
            if members.len() >= self.limits.entries {
                return Err(ParseErrorKind::TooManyEntries { limit: self.limits.entries });
            }
            if self.peek() != Some(b'"') {
                return Err(match self.peek() {
                    Some(_) => ParseErrorKind::Syntax { expected: "a member name" },
                    None => ParseErrorKind::UnexpectedEnd,
                });
            }
            let name = self.string()?;
            self.white_space();
            self.expect(b':', "`:`")?;
            self.white_space();
            members.push((name, self.value()?));
            if !self.more(b'}', "`,` or `}`")? {
                break;
            }
        }
        Object::from_members(members).map(Value::Object).map_err(|name| {
            self.at = start.saturating_sub(1);
            ParseErrorKind::DuplicateMember { name }
        })
    }

    fn string(&mut self) -> Parsed<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let start = self.at;
            while self.peek().is_some_and(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            // The document is valid UTF-8 and the run ends at ASCII bytes, so the slice is valid too.
            let run = self.bytes.get(start..self.at).unwrap_or_default();
            text.push_str(std::str::from_utf8(run).map_err(|_| ParseErrorKind::InvalidUtf8)?);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(ParseErrorKind::ControlCharacter),
                None => return Err(ParseErrorKind::UnexpectedEnd),
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        self.at += 1;
        let escape = self.peek().ok_or(ParseErrorKind::UnexpectedEnd)?;
        let plain = match escape {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode_escape();
            }
            _ => return Err(ParseErrorKind::InvalidEscape),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode_escape(&mut self) -> Parsed<char> {
        let high = self.hex4()?;
        if let Some(c) = char::from_u32(high) {
            return Ok(c);
        }
        // What is not a scalar value is a surrogate; only a high one followed by a low one is a character.
        if high >= 0xdc00 || self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
            return Err(ParseErrorKind::LoneSurrogate);
        }
        self.at += 2;
        let low = self.hex4()?;
        if !(0xdc00..=0xdfff).contains(&low) {
            return Err(ParseErrorKind::LoneSurrogate);
        }
        let scalar = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        char::from_u32(scalar).ok_or(ParseErrorKind::LoneSurrogate)
    }

    fn hex4(&mut self) -> Parsed<u32> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or(ParseErrorKind::UnexpectedEnd)?;
        let mut value = 0;
        for &digit in digits {
            let digit = char::from(digit).to_digit(16).ok_or(ParseErrorKind::InvalidEscape)?;
            value = value * 16 + digit;
        }
        self.at += 4;
        Ok(value)
    }

    fn number(&mut self) -> Parsed<Value> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            Some(_) => return Err(ParseErrorKind::Syntax { expected: "a digit" }),
            None => return Err(ParseErrorKind::UnexpectedEnd),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        let lexeme = self.bytes.get(start..self.at).and_then(|bytes| std::str::from_utf8(bytes).ok());
        Number::from_lexeme(lexeme.unwrap_or_default()).map(Value::Number).map_err(|error| {
            self.at = start;
            ParseErrorKind::Number(error)
        })
    }

    fn some_digits(&mut self) -> Parsed<()> {
        match self.peek() {
            Some(b'0'..=b'9') => {
                self.digits();
                Ok(())
            }
            Some(_) => Err(ParseErrorKind::Syntax { expected: "a digit" }),
            None => Err(ParseErrorKind::UnexpectedEnd),
        }
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }
}

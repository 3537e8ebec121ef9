//! RFC 8785 (JSON Canonicalization Scheme).

use std::fmt::{self, Write as _};

use super::{Object, Value};

impl Value {
    /// The canonical bytes (RFC 8785). The only source of bytes that are hashed or signed.
    #[must_use]
    pub fn to_canonical_bytes(&self) -> Vec<u8> {
        self.to_canonical_string().into_bytes()
    }

    /// The canonical form as text.
    #[must_use]
    pub fn to_canonical_string(&self) -> String {
        // A text is nearly always written as it is, in quotes.
        let capacity = if let Self::String(text) = self { text.len() + 16 } else { 256 };
        let mut out = String::with_capacity(capacity);
        write_value(&mut out, self, &mut ryu_js::Buffer::new());
        out
    }
}

fn write_value(out: &mut String, value: &Value, numbers: &mut ryu_js::Buffer) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(number.spelled(numbers)),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(out, item, numbers);
            }
            out.push(']');
        }
        Value::Object(object) => write_object(out, object, numbers),
    }
}

fn write_object(out: &mut String, object: &Object, numbers: &mut ryu_js::Buffer) {
    write_members(out, object.iter(), numbers);
}

/// An object of these members, in canonical order.
fn write_members<'a>(
    out: &mut String,
    members: impl Iterator<Item = (&'a str, &'a Value)>,
    numbers: &mut ryu_js::Buffer,
) {
    out.push('{');
    for (index, (name, member)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(out, name);
        out.push(':');
        write_value(out, member, numbers);
    }
    out.push('}');
}

/// Writes an object member by member, for documents that are hashed without being built as one value first.
pub struct CanonicalObject {
    out: String,
    numbers: ryu_js::Buffer,
    empty: bool,
}

impl fmt::Debug for CanonicalObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CanonicalObject").field(&self.out).finish()
    }
}

impl CanonicalObject {
    /// Opens the object. `capacity` is how many bytes it will have, about.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let mut out = String::with_capacity(capacity);
        out.push('{');
        Self { out, numbers: ryu_js::Buffer::new(), empty: true }
    }

    fn name(&mut self, name: &str) {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        write_string(&mut self.out, name);
        self.out.push(':');
    }

    /// Writes a member. Callers pass names in canonical order.
    pub fn member(&mut self, name: &str, value: &Value) {
        self.name(name);
        write_value(&mut self.out, value, &mut self.numbers);
    }

    /// Writes a member that is text or null.
    pub fn text(&mut self, name: &str, text: Option<&str>) {
        self.name(name);
        match text {
            Some(text) => write_string(&mut self.out, text),
            None => self.out.push_str("null"),
        }
    }

    /// Writes a member that is an object or null.
    pub(crate) fn object(&mut self, name: &str, object: Option<&Object>) {
        self.name(name);
        match object {
            Some(object) => write_object(&mut self.out, object, &mut self.numbers),
            None => self.out.push_str("null"),
        }
    }

    /// Writes a member that is a list of objects or null.
    pub(crate) fn objects<'a>(&mut self, name: &str, objects: Option<impl Iterator<Item = &'a Object>>) {
        self.list(name, objects, write_object);
    }

    /// Writes a member that is a list of the named members of objects, as far as each has them, or null. Callers pass the
    /// names in canonical order.
    pub(crate) fn selected<'a>(
        &mut self,
        name: &str,
        objects: Option<impl Iterator<Item = &'a Object>>,
        members: &[&'static str],
    ) {
        self.list(name, objects, |out, object, numbers| {
            write_members(out, members.iter().filter_map(|&name| Some((name, object.get(name)?))), numbers);
        });
    }

    fn list<'a>(
        &mut self,
        name: &str,
        objects: Option<impl Iterator<Item = &'a Object>>,
        write: impl Fn(&mut String, &Object, &mut ryu_js::Buffer),
    ) {
        self.name(name);
        let Some(objects) = objects else {
            self.out.push_str("null");
            return;
        };
        self.out.push('[');
        for (index, object) in objects.enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            write(&mut self.out, object, &mut self.numbers);
        }
        self.out.push(']');
    }

    /// Closes the object.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.out.push('}');
        self.out
    }
}

/// The first byte that is written as an escape. Most blocks have none, which is told for all their bytes at once.
fn first_escaped(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 32;
    let is_escaped = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    let mut start = 0;
    for block in bytes.chunks(BLOCK) {
        // Without a way out of the loop, so that it becomes a few instructions.
        if block.iter().fold(false, |any, &byte| any | is_escaped(byte)) {
            return block.iter().position(|&byte| is_escaped(byte)).map(|at| start + at);
        }
        start += block.len();
    }
    None
}

/// RFC 8785 section 3.2.2.2: two-character escapes where JSON has one, `\u00xx` in lower case for the other controls,
/// everything else as it is.
pub(super) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    // Runs without anything to escape, the usual case, are copied whole. What is escaped is ASCII, so bytes are
    // enough to find it and every cut is at a character's edge.
    while let Some(at) = first_escaped(rest.as_bytes()) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = tail.chars();
        if let Some(special) = chars.next() {
            match special {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\u{8}' => out.push_str("\\b"),
                '\u{9}' => out.push_str("\\t"),
                '\u{a}' => out.push_str("\\n"),
                '\u{c}' => out.push_str("\\f"),
                '\u{d}' => out.push_str("\\r"),
                control => {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{:04x}", u32::from(control));
                }
            }
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

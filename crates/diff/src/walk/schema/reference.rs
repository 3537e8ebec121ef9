//! References inside one document. Nothing is ever fetched: what is not in the document does not resolve.

use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_model::json::{Pointer, Value};

/// The keywords that hold a reference.
pub(crate) const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// Keywords whose values are data: what looks like a reference in there is none.
const DATA: [&str; 5] = ["enum", "const", "default", "examples", "example"];

/// A schema document with what its references name.
pub(super) struct Document<'d> {
    root: &'d Value,
    references: BTreeSet<&'d str>,
    anchors: BTreeMap<&'d str, &'d Value>,
}

impl<'d> Document<'d> {
    pub(super) fn of(root: &'d Value) -> Self {
        let mut out = Self { root, references: BTreeSet::new(), anchors: BTreeMap::new() };
        let mut open = vec![root];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(object) => {
                    for (name, member) in object.iter().filter(|(name, _)| !DATA.contains(name)) {
                        match member {
                            Value::String(text) if REFERENCES.contains(&name) => {
                                out.references.insert(text);
                            }
                            Value::String(text) if matches!(name, "$anchor" | "$dynamicAnchor") => {
                                out.anchors.entry(text).or_insert(value);
                            }
                            member => open.push(member),
                        }
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        out
    }

    pub(super) fn root(&self) -> &'d Value {
        self.root
    }

    pub(super) fn references(&self) -> impl Iterator<Item = &'d str> + '_ {
        self.references.iter().copied()
    }

    /// The schema that a reference names.
    pub(super) fn resolve(&self, reference: &str) -> Option<&'d Value> {
        let fragment = reference.strip_prefix('#')?;
        if fragment.is_empty() || fragment.starts_with('/') {
            return pointer(fragment).resolve(self.root);
        }
        self.anchors.get(fragment).copied()
    }

    /// The schemas that are referred to, by address.
    pub(super) fn targets(&self) -> BTreeSet<usize> {
        self.references().filter_map(|reference| self.resolve(reference)).map(address).collect()
    }
}

/// A value of a document by its place in memory, which stays while the document is borrowed.
pub(super) fn address(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}

/// The pointer of a fragment (RFC 6901, section 6): its bytes may be percent-encoded.
pub(super) fn pointer(fragment: &str) -> Pointer {
    let mut out = Pointer::root();
    for token in percent_decoded(fragment).split('/').skip(1) {
        out = out.child(&token.replace("~1", "/").replace("~0", "~"));
    }
    out
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

//! RFC 8785 (JSON Canonicalization Scheme).

use std::fmt::Write as _;

use super::Value;

impl Value {
    /// The canonical bytes (RFC 8785). The only source of bytes that are hashed or signed.
    #[must_use]
    pub fn to_canonical_bytes(&self) -> Vec<u8> {
        self.to_canonical_string().into_bytes()
    }

    /// The canonical form as text.
    #[must_use]
    pub fn to_canonical_string(&self) -> String {
        let mut out = String::with_capacity(256);
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
        Value::Object(object) => {
            out.push('{');
            for (index, (name, member)) in object.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(out, name);
                out.push(':');
                write_value(out, member, numbers);
            }
            out.push('}');
        }
    }
}

/// RFC 8785 section 3.2.2.2: two-character escapes where JSON has one, `\u00xx` in lower case for the other controls,
/// everything else as it is.
pub(super) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    // Runs without anything to escape, the usual case, are copied whole.
    while let Some(at) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\') {
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

//! Whether a parameter can carry any text.

use mcp_pin_model::json::{Number, Object, Value};

use super::reference::Document;

/// So many schemas are looked at for one parameter; whatever is larger counts as free text, because nobody can tell any
/// more what may stand there. Real parameters have a few dozen.
const MAX_SCHEMAS: usize = 1_000;

/// References and wrappers nest at most so deep before a parameter counts as free text.
const MAX_DEPTH: usize = 64;

/// So few characters hold a code or a unit, and nothing that anybody would want carried out.
const FEW_CHARACTERS: u64 = 16;

/// Whether a string may only be a few characters long.
fn is_short(object: &Object) -> bool {
    object
        .get("maxLength")
        .and_then(Value::as_number)
        .and_then(Number::as_u64)
        .is_some_and(|length| length <= FEW_CHARACTERS)
}

/// Whether a pattern gives a string its shape, and does not let any text through.
fn has_shape(object: &Object) -> bool {
    let pattern = object.get("pattern").and_then(Value::as_str);
    pattern.is_some_and(|pattern| ![".*", ".+", r"[\s\S]", ".{"].iter().any(|any| pattern.contains(any)))
}

/// Judges the parameters of one schema, in which their references are resolved.
pub(crate) struct FreeText<'d> {
    document: Option<Document<'d>>,
    left: usize,
}

impl<'d> FreeText<'d> {
    /// For the parameters of a schema; none for the arguments of a prompt, which have no schema.
    pub(crate) fn of(root: Option<&'d Value>) -> Self {
        Self { document: root.map(Document::of), left: 0 }
    }

    /// Whether a parameter accepts any text.
    pub(crate) fn is(&mut self, schema: &Value) -> bool {
        self.left = MAX_SCHEMAS;
        self.accepts(schema, MAX_DEPTH)
    }

    fn accepts(&mut self, schema: &Value, depth: usize) -> bool {
        let Some(object) = schema.as_object() else { return matches!(schema, Value::Bool(true)) };
        let (Some(depth), Some(left)) = (depth.checked_sub(1), self.left.checked_sub(1)) else { return true };
        self.left = left;
        if ["enum", "const", "format"].iter().any(|name| object.contains(name)) || has_shape(object) {
            return false;
        }
        if let Some(reference) = object.get("$ref") {
            let document = self.document.as_ref();
            let target = reference.as_str().zip(document).and_then(|(reference, document)| document.resolve(reference));
            return target.is_none_or(|target| self.accepts(target, depth));
        }
        for name in ["anyOf", "oneOf"] {
            if let Some(Value::Array(branches)) = object.get(name) {
                return branches.iter().any(|branch| self.accepts(branch, depth));
            }
        }
        if let Some(Value::Array(parts)) = object.get("allOf") {
            return parts.iter().all(|part| self.accepts(part, depth));
        }
        match object.get("type") {
            Some(Value::String(name)) => self.of_type(object, name, depth),
            Some(Value::Array(names)) => {
                names.iter().filter_map(Value::as_str).any(|name| self.of_type(object, name, depth))
            }
            // A prompt's argument has no schema: it is text.
            _ => true,
        }
    }

    fn of_type(&mut self, object: &Object, name: &str, depth: usize) -> bool {
        match name {
            "string" => !is_short(object),
            "array" => object.get("items").is_none_or(|items| self.accepts(items, depth)),
            "object" => {
                let open = object.get("additionalProperties").is_some_and(|rest| self.accepts(rest, depth));
                let properties = object.get("properties").and_then(Value::as_object);
                open || properties.is_none_or(|members| members.iter().any(|(_, member)| self.accepts(member, depth)))
            }
            _ => false,
        }
    }
}

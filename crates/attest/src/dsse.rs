//! The Dead Simple Signing Envelope's signed form.

/// The pre-authentication encoding of a payload (DSSE v1.0.2, protocol.md, section "Signature Definition"):
/// `"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body`. It is what is signed, so that neither the type nor the
/// boundary between type and body can be reinterpreted.
pub(crate) fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut encoded = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    encoded.extend_from_slice(payload);
    encoded
}

#[cfg(test)]
mod tests {
    use super::pre_authentication_encoding;

    #[test]
    fn the_example_of_the_specification() {
        // DSSE v1.0.2, protocol.md, section "Test Vectors".
        assert_eq!(
            pre_authentication_encoding("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn lengths_are_bytes_and_keep_type_and_body_apart() {
        assert_eq!(pre_authentication_encoding("é", b""), "DSSEv1 2 é 0 ".as_bytes());
        assert_ne!(pre_authentication_encoding("a", b"b c"), pre_authentication_encoding("a b", b"c"));
    }
}

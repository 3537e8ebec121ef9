//! One side of a comparison.

use mcp_pin_model::{
    Artifact, Digest, Launch, Manifest, ServerName, ServerVersion, Surface, lockfile::SignerIdentity,
    placeholder::Placeholder, statement::Statement as _,
};

/// What is known about one version of a server. What is not known on either side is not compared.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The surface.
    pub surface: &'a Surface,
    /// Where the surface holds placeholders instead of what the server said. Not compared: the text is.
    pub placeholders: &'a [Placeholder],
    /// How it is started or reached.
    pub launch: Option<&'a Launch>,
    /// The packages that the launch runs; compared where both launches are known.
    pub artifacts: &'a [Artifact],
    /// The server's name.
    pub name: Option<&'a ServerName>,
    /// The version.
    pub version: Option<&'a ServerVersion>,
    /// The digest of the manifest.
    pub manifest: Option<Digest>,
    /// Who signed the manifest.
    pub signer: Option<&'a SignerIdentity>,
    /// The negotiated protocol version.
    pub protocol: Option<&'a str>,
}

impl<'a> Side<'a> {
    /// A surface of which nothing else is known.
    #[must_use]
    pub fn of_surface(surface: &'a Surface) -> Self {
        Self {
            surface,
            placeholders: &[],
            launch: None,
            artifacts: &[],
            name: None,
            version: None,
            manifest: None,
            signer: None,
            protocol: None,
        }
    }

    /// A manifest, with whoever signed it.
    #[must_use]
    pub fn of_manifest(manifest: &'a Manifest, signer: Option<&'a SignerIdentity>) -> Self {
        Self {
            surface: &manifest.surface,
            placeholders: &manifest.capture.placeholders,
            launch: Some(&manifest.launch),
            artifacts: &manifest.artifacts,
            name: Some(manifest.name()),
            version: Some(manifest.version()),
            manifest: Some(manifest.digest()),
            signer,
            protocol: Some(&manifest.capture.protocol_version),
        }
    }
}

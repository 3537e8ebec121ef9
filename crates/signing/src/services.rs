//! Which services sign.

use mcp_pin_attest::InstanceName;
use mcp_pin_model::json::{self, Limits};
use sigstore_sign::{
    ConfigError, Error, SigningServices, SigstoreInstance,
    trust_root::{SIGNING_CONFIG_MEDIA_TYPE, SigningConfig},
};
use thiserror::Error;
use url::{Host, Url};

use crate::Service;

/// The most bytes of a signing config. The public good one has 2 kB.
pub const MAX_SIGNING_CONFIG_BYTES: usize = 256 * 1024;

/// Why a signing config names no services to sign with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServicesError {
    /// More bytes than one has.
    #[error("the signing config is larger than {MAX_SIGNING_CONFIG_BYTES} bytes")]
    TooLarge,
    /// Not JSON that all readers read alike.
    #[error("the signing config is not acceptable JSON: {0}")]
    Json(#[from] json::ParseError),
    /// Another document.
    #[error("not a Sigstore signing config (`{SIGNING_CONFIG_MEDIA_TYPE}`)")]
    NotASigningConfig,
    /// A service is not in it, or not now, or only with a version of its interface that is not spoken here.
    #[error("the signing config names no {service} that can be used now")]
    Missing {
        /// Which.
        service: Service,
    },
    /// It asks for several services of a kind, and one is used here.
    #[error("the signing config asks for more than one service of a kind, which is not supported")]
    SeveralServices,
    /// A service is reached by something else than HTTPS. Plain HTTP is for this machine only: requests carry tokens.
    #[error("the address of {service} is not an `https` one without user name and password")]
    Address {
        /// Which.
        service: Service,
    },
    /// The instance has no public services to sign with.
    #[error("the instance `{0}` offers no services to sign with")]
    NoServices(InstanceName),
}

/// The services of one Sigstore instance.
#[derive(Clone, Debug)]
pub struct Services(pub(crate) SigningServices);

impl Services {
    /// Those of a public instance, as this program was built with.
    ///
    /// # Errors
    /// [`ServicesError::NoServices`] for an instance without.
    pub fn of_instance(instance: &InstanceName) -> Result<Self, ServicesError> {
        let known = match instance {
            InstanceName::PublicGood => SigstoreInstance::PublicGood,
            InstanceName::Staging => SigstoreInstance::Staging,
            InstanceName::GitHub | InstanceName::Private(_) => {
                return Err(ServicesError::NoServices(instance.clone()));
            }
        };
        let json = known.embedded_signing_config_json().ok_or_else(|| ServicesError::NoServices(instance.clone()))?;
        Self::from_signing_config(json.as_bytes())
    }

    /// Those that a `signing_config.json` names (sigstore/protobuf-specs, `sigstore_trustroot.proto`, `SigningConfig`).
    ///
    /// # Errors
    /// See [`ServicesError`].
    pub fn from_signing_config(bytes: &[u8]) -> Result<Self, ServicesError> {
        if bytes.len() > MAX_SIGNING_CONFIG_BYTES {
            return Err(ServicesError::TooLarge);
        }
        // Strictly first: two readers that differ would send the token to different services.
        json::parse_with(bytes, &Limits { bytes: MAX_SIGNING_CONFIG_BYTES, ..Limits::FOREIGN })?;
        let text = std::str::from_utf8(bytes).map_err(|_| ServicesError::NotASigningConfig)?;
        let config = SigningConfig::from_json(text).map_err(|_| ServicesError::NotASigningConfig)?;
        let services = SigningServices::from_signing_config(&config).map_err(|error| of_library(&error))?;
        let addresses = [
            (Service::Fulcio, Some(services.fulcio_url())),
            (Service::Rekor, Some(services.rekor_url())),
            (Service::TimestampAuthority, services.tsa_url()),
            (Service::IdentityProvider, services.oidc_url()),
        ];
        for (service, address) in addresses {
            if address.is_some_and(|address| !is_acceptable(address)) {
                return Err(ServicesError::Address { service });
            }
        }
        Ok(Self(services))
    }
}

fn is_acceptable(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(domain)) => domain == "localhost",
        None => return false,
    };
    let secure = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    secure && url.username().is_empty() && url.password().is_none()
}

fn of_library(error: &Error) -> ServicesError {
    let Error::Config(error) = error else { return ServicesError::NotASigningConfig };
    match error {
        ConfigError::MissingService(sigstore_sign::Service::Fulcio) => {
            ServicesError::Missing { service: Service::Fulcio }
        }
        ConfigError::MissingService(sigstore_sign::Service::Rekor)
        | ConfigError::MissingRekorVersion(_)
        | ConfigError::UnsupportedRekorVersion(_) => ServicesError::Missing { service: Service::Rekor },
        ConfigError::MissingService(sigstore_sign::Service::Tsa) | ConfigError::TimestampAuthorityRequired => {
            ServicesError::Missing { service: Service::TimestampAuthority }
        }
        ConfigError::UnsatisfiableSelector { .. } => ServicesError::SeveralServices,
        _ => ServicesError::NotASigningConfig,
    }
}

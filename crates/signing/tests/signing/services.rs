//! Signing configs: which are taken, and which are refused before anything is sent.

use mcp_pin_attest::InstanceName;
use mcp_pin_signing::{MAX_SIGNING_CONFIG_BYTES, Service, Services, ServicesError};
use mcp_pin_test_support::sigstore::TestSigstore;
use serde_json::{Value, json};

fn config(change: impl Fn(&mut Value)) -> Result<Services, ServicesError> {
    let text = TestSigstore::new("acme").signing_config_json("https://sigstore.acme.example");
    #[expect(clippy::disallowed_methods, reason = "our own document, in a test")]
    let mut config: Value = serde_json::from_str(&text).unwrap();
    change(&mut config);
    Services::from_signing_config(config.to_string().as_bytes())
}

#[test]
fn the_public_instances_have_services_and_others_do_not() {
    assert!(Services::of_instance(&InstanceName::PublicGood).is_ok());
    assert!(Services::of_instance(&InstanceName::Staging).is_ok());
    let error = Services::of_instance(&InstanceName::GitHub).unwrap_err();
    assert!(matches!(error, ServicesError::NoServices(_)), "{error}");
}

#[test]
fn a_private_instance_is_taken_from_its_signing_config() {
    assert!(config(|_| ()).is_ok());
}

#[test]
fn a_missing_service_is_named() {
    for (name, service) in
        [("caUrls", Service::Fulcio), ("rekorTlogUrls", Service::Rekor), ("tsaUrls", Service::TimestampAuthority)]
    {
        for emptied in [false, true] {
            let error = config(|config| {
                if emptied {
                    config[name] = json!([]);
                } else {
                    // Over since long ago.
                    config[name][0]["validFor"] =
                        json!({"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"});
                }
            })
            .unwrap_err();
            assert!(matches!(error, ServicesError::Missing { service: which } if which == service), "{name}: {error}");
        }
    }
}

#[test]
fn tokens_are_sent_over_https_only_but_to_this_machine() {
    for (name, service) in [("caUrls", Service::Fulcio), ("rekorTlogUrls", Service::Rekor)] {
        for address in [
            "http://sigstore.acme.example",
            "http://127.0.0.1.acme.example",
            "https://user:password@sigstore.acme.example",
            "ftp://sigstore.acme.example",
            "sigstore.acme.example",
        ] {
            let error = config(|config| config[name][0]["url"] = json!(address)).unwrap_err();
            assert!(
                matches!(error, ServicesError::Address { service: which } if which == service),
                "{address}: {error}"
            );
        }
        for address in ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080"] {
            assert!(config(|config| config[name][0]["url"] = json!(address)).is_ok(), "{address}");
        }
    }
}

#[test]
fn several_services_at_once_are_refused_and_not_reduced_to_one() {
    let error = config(|config| config["rekorTlogConfig"] = json!({"selector": "EXACT", "count": 2})).unwrap_err();
    assert!(matches!(error, ServicesError::SeveralServices), "{error}");
}

#[test]
fn what_is_no_signing_config_is_refused() {
    let error = |bytes: &[u8]| Services::from_signing_config(bytes).unwrap_err();
    assert!(matches!(error(b"{"), ServicesError::Json(_)));
    assert!(matches!(error(b"{}"), ServicesError::NotASigningConfig));
    // T42: the second list would be the one that is used.
    assert!(matches!(error(br#"{"caUrls": [], "caUrls": []}"#), ServicesError::Json(_)));
    assert!(matches!(error(&vec![b' '; MAX_SIGNING_CONFIG_BYTES + 1]), ServicesError::TooLarge));
}

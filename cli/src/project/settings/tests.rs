use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use mcp_pin_attest::{InstanceName, KeyEvidence, PublicKey, TrustedRoot};

use mcp_pin_policy::Preset;

use super::*;
use crate::error::Status;

fn parse_in(folder: &Path, text: &str) -> Result<Settings, CommandError> {
    let path = folder.join("mcp-pin.toml");
    Settings::parse(Origin::File(path.clone()), &path, text, &UserRoots::default())
}

fn parse(text: &str) -> Result<Settings, CommandError> {
    parse_in(Path::new("."), text)
}

fn key() -> (PublicKey, String) {
    let key = mcp_pin_attest::SigningKey::generate().unwrap().public_key().clone();
    let text = BASE64.encode(key.spki_der());
    (key, text)
}

const ISSUER: &str = "https://token.actions.githubusercontent.com";
const SUBJECT: &str = "https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/*";

fn identity() -> String {
    format!("issuer = \"{ISSUER}\"\nsubject = \"{SUBJECT}\"\n")
}

#[track_caller]
fn refused(text: &str, line: usize, says: &str) {
    let error = parse(text).unwrap_err();
    assert_eq!(error.place.as_ref().and_then(|place| place.line), Some(line), "{text}: {error}");
    assert_eq!(error.status, Status::Usage, "{text}: {error}");
    assert!(error.message.contains(says), "{text}: {error}");
}

#[test]
fn the_initial_file_trusts_its_key() {
    let (key, _) = key();
    let settings = parse(&initial("anna \"the\" \\ first", &key)).unwrap();
    assert_eq!(settings.approvers().principal_of(&key), Some("anna \"the\" \\ first"));
}

#[test]
fn what_the_initial_file_says_in_comments_can_be_taken_in() {
    let (key, text) = key();
    let initial = initial("anna", &key);
    let all: String =
        initial.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).fold(String::new(), |mut out, line| {
            // Sentences stay comments; tables and values do not.
            let is_toml = line.starts_with('[') || line.split_once(" = ").is_some_and(|(name, _)| !name.contains(' '));
            if is_toml && !line.contains("digest") {
                out.push_str(&line.replace("\"…\"", &format!("\"{text}\"")));
            }
            out.push('\n');
            out
        });
    // But for the root, which has to be there.
    let error = parse(&all).unwrap_err();
    assert!(error.message.contains("`sigstore/trusted_root.json` is missing"), "{error}\n{all}");
    let (before, _) = all.split_once("[[trust.root]]").unwrap();
    let settings = parse(
        &before
            .replace("name = \"anna\"\nissuer", "name = \"ben\"\nissuer")
            .replace(
                &format!("names = [\"com.example/*\"]\nkey = \"{text}\""),
                "names = [\"com.example/*\"]\nprincipal = \"anna\"\nkey = \"KEY\"",
            )
            .replace("KEY", &text),
    )
    .unwrap();
    assert_eq!(settings.trust.publishers.len(), 2);
    assert_eq!(settings.trust.approvers.len(), 2);
}

#[test]
fn everything_is_read() {
    let (key, text) = key();
    let settings = parse(&format!(
        "[[registry]]\nurl = \"https://mcp.example\"\n[[trust.publisher]]\nnames = [\"io.github.acme/*\"]\nkey = '''{}'''\n\
         [[trust.approver]]\nname = \"anna\"\nkey = \"{text}\"\n[servers.weather]\nname = \"io.github.acme/weather\"\nversion = \"^1.4\"\nring = \"canary\"\n\
         [policy]\npreset = \"strict\"\n",
        key.to_spki_pem()
    ))
    .unwrap();
    assert!(!settings.publishers_of(&"io.github.acme/other".parse().unwrap()).is_empty());
    assert!(settings.publishers_of(&"io.github.acmeevil/other".parse().unwrap()).is_empty());
    assert_eq!(settings.policy.preset, Preset::Strict);
    assert_eq!(settings.servers.values().next().unwrap().ring.as_str(), "canary");
    // Nobody named an instance, so no root is read.
    assert!(settings.trust.roots.is_empty());
}

#[test]
fn identities_are_read_with_everything_that_is_asked_of_them() {
    let text = format!(
        "[[trust.publisher]]\nnames = [\"io.github.acme/weather\"]\nprincipal = \"acme\"\n{}repository-id = \"123\"\nowner-id = \"4\"\n\
         workflow = \"{SUBJECT}\"\nref = \"refs/tags/*\"\nenvironment = \"release\"\nrunner = \"github-hosted\"\n\
         [[trust.approver]]\nname = \"anna\"\nissuer = \"https://accounts.example\"\nsubject = \"anna@example.com\"\ninstance = \"staging\"\n",
        identity()
    );
    let settings = parse(&text).unwrap();
    let publishers = settings.publishers_of(&"io.github.acme/weather".parse().unwrap());
    let (principal, policy, instance) = publishers.identities().next().unwrap();
    assert_eq!((principal, instance), ("acme", &InstanceName::PublicGood));
    for part in [ISSUER, SUBJECT, "repository id 123", "owner id 4", "release", "github-hosted", "refs/tags/*"] {
        assert!(policy.to_string().contains(part), "{part}: {policy}");
    }
    let (name, _, instance) = settings.approvers().identities().next().unwrap();
    assert_eq!((name, instance), ("anna", &InstanceName::Staging));
    let roots: Vec<_> = settings.roots().iter().map(|root| root.instance().to_string()).collect();
    assert_eq!(roots, ["public-good", "staging"], "those that are needed, and no others");
}

#[test]
fn a_key_may_need_a_log() {
    let (key, text) = key();
    let settings =
        parse(&format!("[[trust.approver]]\nname = \"anna\"\nkey = \"{text}\"\nevidence = \"log:public-good\""))
            .unwrap();
    assert_eq!(settings.approvers().principal_of(&key), Some("anna"));
    let Credential::Key { evidence, .. } = &settings.trust.approvers[0].credential else { panic!() };
    assert_eq!(*evidence, KeyEvidence::Log(InstanceName::PublicGood));
    refused(&format!("[[trust.approver]]\nname = \"anna\"\nkey = \"{text}\"\nevidence = \"log\""), 4, "log:<instance>");
    refused(
        &format!("[[trust.approver]]\nname = \"anna\"\nkey = \"{text}\"\nevidence = \"log:no such\""),
        4,
        "evidence",
    );
}

#[test]
fn several_entries_of_one_name_are_one_person() {
    let ((_, first), (_, second)) = (key(), key());
    let settings = parse(&format!(
        "[[trust.approver]]\nname = \"anna\"\nkey = \"{first}\"\n[[trust.approver]]\nname = \"anna\"\nkey = \"{second}\"\n\
         [[trust.approver]]\nname = \"anna\"\n{}",
        identity()
    ))
    .unwrap();
    assert!(settings.approvers().principals().all(|(name, _)| name == "anna"));
    assert!(settings.approvers().identities().all(|(name, ..)| name == "anna"));
    assert_eq!(settings.trust.approvers.len(), 3);
}

#[test]
fn t69_the_same_key_or_identity_under_two_names_is_refused() {
    let (_, key) = key();
    let identity = identity();
    let approver = |name: &str, with: &str| format!("[[trust.approver]]\nname = \"{name}\"\n{with}\n");
    let publisher = |principal: &str, with: &str| {
        format!("[[trust.publisher]]\nnames = [\"io.github.acme/*\"]\nprincipal = \"{principal}\"\n{with}\n")
    };
    let key = format!("key = \"{key}\"");
    refused(&(approver("anna", &key) + &approver("ben", &key)), 6, "key stands under two names");
    refused(&(approver("anna", &identity) + &approver("ben", &identity)), 9, "identity stands under two names");
    // Another instance that vouches for the same identity makes no second person.
    let staging = format!("{identity}instance = \"staging\"");
    refused(&(approver("anna", &identity) + &approver("ben", &staging)), 9, "identity stands under two names");
    refused(&(publisher("acme", &key) + &publisher("evil", &key)), 8, "key stands under two names");
    refused(&(approver("anna", &identity) + &publisher("acme", &identity)), 10, "identity stands under two names");
    parse(&(approver("anna", &identity) + &publisher("anna", &identity))).unwrap();
}

#[test]
fn t69_a_publisher_who_may_also_consent_is_known_by_that_name() {
    let (_, key) = key();
    for with in [format!("key = \"{key}\""), identity()] {
        let text = format!(
            "[[trust.publisher]]\nnames = [\"io.github.acme/*\"]\n{with}\n[[trust.approver]]\nname = \"anna\"\n{with}\n"
        );
        assert_eq!(parse(&text).unwrap().trust.publishers[0].principal, "anna");
    }
}

#[test]
fn t67_patterns_that_are_wider_than_they_look_are_refused_at_their_line() {
    let table = |more: &str| format!("[[trust.approver]]\nname = \"anna\"\n{more}");
    for (more, line, says) in [
        (format!("issuer = \"{ISSUER}\""), 3, "both `issuer` and `subject`"),
        (format!("subject = \"{SUBJECT}\""), 3, "both `issuer` and `subject`"),
        (String::new(), 1, "`key`, or both"),
        (format!("issuer = \"{ISSUER}\"\nsubject = \"*\""), 4, "`subject`"),
        (format!("issuer = \"{ISSUER}\"\nsubject = \"\""), 4, "`subject`"),
        (format!("issuer = \"{ISSUER}\"\nsubject = \".*@example.com\""), 4, "`subject`"),
        (format!("issuer = \"{ISSUER}\"\nsubject = \"https://github.com/acme*/**\""), 4, "`subject`"),
        ("issuer = \"*\"\nsubject = \"a@example.com\"".to_owned(), 3, "`issuer`"),
        (format!("{}repository-id = \"acme/weather\"", identity()), 5, "`repository-id`"),
        (format!("{}ref = \"main\"", identity()), 5, "`ref`"),
        (format!("{}runner = \"*\"", identity()), 5, "`runner`"),
        (format!("{}instance = \"Public Good\"", identity()), 5, "instance"),
        (format!("{}evidence = \"log:github\"", identity()), 5, "of keys"),
        (format!("{}sub = \"x\"", identity()), 5, "unknown field"),
    ] {
        refused(&table(&more), line, says);
    }
    let (_, key) = key();
    refused(&table(&format!("key = \"{key}\"\nissuer = \"{ISSUER}\"")), 4, "beside `key`");
    refused(&table(&format!("key = \"{key}\"\nnames = [\"a/b\"]")), 4, "of publishers");
    refused(&table(&format!("key = \"{key}\"\nprincipal = \"b\"")), 4, "of publishers");
    refused(&format!("[[trust.publisher]]\nname = \"acme\"\nkey = \"{key}\""), 2, "of approvers");
    refused(&format!("[[trust.publisher]]\nnames = []\nkey = \"{key}\""), 2, "may sign nothing");
    refused(&format!("[[trust.publisher]]\nkey = \"{key}\""), 1, "may sign nothing");
    refused(&format!("[[trust.approver]]\nname = \"an\\u200bna\"\nkey = \"{key}\""), 2, "cannot be seen");
    // An instance of one's own needs a root.
    refused(&table(&format!("{}instance = \"ours\"", identity())), 1, "no [[trust.root]]");
}

#[test]
fn a_root_of_ones_own_is_read_from_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let json = TrustedRoot::embedded_json(&InstanceName::Staging).unwrap();
    std::fs::create_dir(folder.path().join("roots")).unwrap();
    std::fs::write(folder.path().join("roots/ours.json"), json).unwrap();
    let digest = mcp_pin_model::Digest::of(json.as_bytes());
    let text = |more: &str| {
        format!(
            "[[trust.approver]]\nname = \"anna\"\n{}instance = \"ours\"\n[[trust.root]]\ninstance = \"ours\"\n{more}",
            identity()
        )
    };
    let settings =
        parse_in(folder.path(), &text(&format!("file = \"roots/ours.json\"\ndigest = \"{digest}\""))).unwrap();
    let root = settings.roots().get(&"ours".parse().unwrap()).unwrap();
    assert_eq!(root.digest(), digest);
    parse_in(folder.path(), &text("file = \"roots/ours.json\"\nevidence = \"timestamp\"")).unwrap();

    let zeros = "0".repeat(64);
    for (more, status) in [
        (format!("file = \"roots/ours.json\"\ndigest = \"sha256:{zeros}\""), Status::Failed),
        ("file = \"roots/none.json\"".to_owned(), Status::CouldNotCheck),
        ("file = \"../ours.json\"".to_owned(), Status::CouldNotCheck),
        ("file = \"roots/../roots/ours.json\"".to_owned(), Status::CouldNotCheck),
        (format!("file = '{}'", folder.path().join("roots/ours.json").display()), Status::CouldNotCheck),
        ("file = \"mcp-pin.toml\"".to_owned(), Status::CouldNotCheck),
        ("file = \"roots/ours.json\"\nevidence = \"none\"".to_owned(), Status::Usage),
        (
            "file = \"roots/ours.json\"\n[[trust.root]]\ninstance = \"ours\"\nfile = \"roots/ours.json\"".to_owned(),
            Status::Usage,
        ),
    ] {
        let error = parse_in(folder.path(), &text(&more)).unwrap_err();
        assert_eq!(error.status, status, "{more}: {error}");
        assert!(error.place.as_ref().is_some_and(|place| place.line >= Some(8)), "{more}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn a_root_that_is_a_link_out_of_the_project_is_refused() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let json = TrustedRoot::embedded_json(&InstanceName::Staging).unwrap();
    std::fs::write(outside.path().join("root.json"), json).unwrap();
    std::os::unix::fs::symlink(outside.path().join("root.json"), folder.path().join("root.json")).unwrap();
    let error = parse_in(folder.path(), "[[trust.root]]\ninstance = \"ours\"\nfile = \"root.json\"").unwrap_err();
    assert_eq!(error.status, Status::CouldNotCheck);
    assert!(error.message.contains("out of the project"), "{error}");
}

#[test]
fn the_digest_of_the_trust_says_whether_the_same_signatures_count() {
    let ((_, first), (_, second)) = (key(), key());
    let anna = format!("[[trust.approver]]\nname = \"anna\"\nkey = \"{first}\"\n");
    let ben = format!("[[trust.approver]]\nname = \"ben\"\nkey = \"{second}\"\n");
    let digest = |text: &str| parse(text).unwrap().trust_digest().unwrap();
    let both = digest(&format!("{anna}{ben}"));
    assert_eq!(both, digest(&format!("# sorted otherwise\n{ben}\n\n{anna}")));
    let registry = "[[registry]]\nurl = \"https://mcp.example\"\n";
    let server = |more: &str| format!("{registry}[servers.a]\nname = \"io.github.acme/aa\"\n{more}\n");
    let mut digests = vec![
        both,
        digest(&anna),
        digest(&anna.replace("anna", "eve")),
        digest(&format!("{anna}evidence = \"log:public-good\"\n")),
        digest(&format!("{anna}{registry}")),
        digest(&format!("{anna}[policy]\npreset = \"observe\"")),
        digest(&format!("{anna}{}", server("ring = \"canary\""))),
        digest(&format!("{anna}[[trust.publisher]]\nnames = [\"io.github.acme/*\"]\nkey = \"{second}\"")),
        digest(&format!("{anna}[[trust.publisher]]\nnames = [\"io.github.acme/aa\"]\nkey = \"{second}\"")),
        digest(""),
    ];
    let count = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), count);
    // Which servers are wanted is no trust.
    assert_eq!(digest(&format!("{anna}{registry}")), digest(&format!("{anna}{}", server("version = \"^2\""))));
}

#[test]
fn under_other_trust_only_the_wanted_servers_are_the_projects_own() {
    let ((_, ours), (theirs_key, theirs)) = (key(), key());
    let file = |name: &str, key: &str, more: &str| {
        format!(
            "[[registry]]\nurl = \"https://{name}.example\"\n[[trust.approver]]\nname = \"{name}\"\nkey = \"{key}\"\n{more}"
        )
    };
    let project = parse(&file(
        "evil",
        &ours,
        "[servers.a]\nname = \"xx.yy/aa\"\nring = \"canary\"\n[servers.b]\nname = \"xx.yy/bb\"\nring = \"canary\"\n[policy]\npreset = \"observe\"",
    ))
    .unwrap();
    let base = parse(&file(
        "base",
        &theirs,
        "[servers.b]\nname = \"xx.yy/bb\"\nring = \"nightly\"\n[servers.c]\nname = \"xx.yy/cc\"",
    ))
    .unwrap();
    let merged = project.under_the_trust_of(base);
    assert_eq!(merged.approvers().principal_of(&theirs_key), Some("base"));
    assert_eq!(merged.approvers().principals().count(), 1);
    assert_eq!(merged.policy.preset, Preset::Standard);
    assert_eq!(merged.registries.iter().map(|url| url.as_str()).collect::<Vec<_>>(), ["https://base.example/"]);
    let rings: Vec<_> = merged.servers.iter().map(|(alias, server)| (alias.as_str(), server.ring.as_str())).collect();
    assert_eq!(rings, [("a", "stable"), ("b", "nightly")]);
}

#[test]
fn mistakes_are_refused_at_their_line() {
    let (_, key) = key();
    for (text, line) in [
        ("\n[policy]\npreset = \"lax\"".to_owned(), 3),
        ("[policy]\nunknown = 1".to_owned(), 2),
        ("[policy]\n[[policy.exempt]]\nunknown = 1".to_owned(), 3),
        ("\n\nunknown = 1".to_owned(), 3),
        ("[[registry]]\nurl = \"http://mcp.example\"".to_owned(), 2),
        ("[[registry]]\nurl = \"ftp://mcp.example\"".to_owned(), 2),
        ("[[trust.approver]]\nname = \"a\"\nkey = \"AAAA\"".to_owned(), 3),
        (format!("[[trust.approver]]\nname = \" \"\nkey = \"{key}\""), 2),
        (format!("[[trust.publisher]]\nnames = [\n\"*\"]\nkey = \"{key}\""), 3),
        ("[servers.a]\nname = \"io.github.acme/weather\"".to_owned(), 2),
        ("[[registry]]\nurl = \"https://mcp.example\"\n[servers.a]\nname = \"io.github.acme/weather\"\nversion = \"latest\"".to_owned(), 5),
    ] {
        refused(&text, line, "");
    }
}

const EXEMPT: &str = "[[policy.exempt]]\nfingerprint = \"0123456789abcdef0123456789abcdef\"\nreason = \"the tool lists keys, it never reads them\"\n\
                      author = \"anna\"\nexpires = 2027-01-31\n";
const OVERRIDE: &str =
    "[[policy.override]]\nrule = \"coercion\"\ngrade = \"block\"\nreason = \"never in our servers\"\n";

#[test]
fn exceptions_are_read_with_their_places() {
    let settings = parse(&format!("{EXEMPT}\n{OVERRIDE}")).unwrap();
    let policy = &settings.policy;
    let exemption = &policy.exceptions.exemptions()[0];
    assert_eq!(exemption.expires().to_string(), "2027-01-31T00:00:00Z");
    assert_eq!((exemption.author(), exemption.server()), ("anna", None));
    assert_eq!(policy.place_of(exemption).and_then(|place| place.line), Some(1));
    let weighs = &policy.exceptions.overrides()[0];
    assert_eq!((weighs.rule(), weighs.grade().as_str(), weighs.expires()), ("coercion", "block", None));
    assert_eq!(policy.place_of_override(weighs).and_then(|place| place.line), Some(7));
    let timed = EXEMPT.replace("2027-01-31", "2027-01-31T12:00:00+02:00");
    assert_eq!(parse(&timed).unwrap().policy.exceptions.exemptions()[0].expires().to_string(), "2027-01-31T10:00:00Z");
}

#[test]
fn t85_exceptions_without_reason_author_or_end_are_refused_at_their_line() {
    for member in ["fingerprint", "reason", "author", "expires"] {
        let text: Vec<&str> = EXEMPT.lines().filter(|line| !line.starts_with(member)).collect();
        refused(&text.join("\n"), 1, &format!("missing field `{member}`"));
    }
    refused(&format!("{EXEMPT}{EXEMPT}"), 7, "another exception for the same");
    refused(&EXEMPT.replace("0123456789abcdef0", "*"), 1, "32 hexadecimal digits");
    refused(&EXEMPT.replace("2027-01-31", "\"2027-01-31\""), 5, "");
    refused(&EXEMPT.replace("2027-01-31", "2027-01-31T12:00:00"), 5, "its offset");
    refused(&EXEMPT.replace("2027-01-31", "12:00:00"), 5, "its offset");
    refused(&format!("\n{}", OVERRIDE.replace("coercion", "coersion")), 3, "similar: coercion");
    refused(&OVERRIDE.replace("\"block", "\"lethal"), 3, "`grade` is one of");
    refused(&OVERRIDE.replace("\"block", "\"notice"), 2, "needs an end");
    refused(&OVERRIDE.replace("\"block", "\"none"), 2, "pass unseen");
    refused(&OVERRIDE.replace("coercion", "confusable-twin"), 2, "cannot be locked at all");
    refused(&format!("{OVERRIDE}{OVERRIDE}"), 6, "another exception for the same");
}

#[test]
fn exceptions_hold_at_most_a_year_and_end_audibly() {
    let policy = parse(EXEMPT).unwrap().policy;
    let at = |day: &str| format!("{day}T00:00:00Z").parse().unwrap();
    policy.check(at("2026-02-01")).unwrap();
    let error = policy.check(at("2026-01-01")).unwrap_err();
    assert_eq!((error.status, error.place.and_then(|place| place.line)), (Status::Usage, Some(1)));
    assert!(error.hint.unwrap().contains("2027-01-02"));
    assert!(policy.expired(at("2027-01-30")).is_empty());
    let warnings = policy.expired(at("2027-01-31"));
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("0123456789abcdef0123456789abcdef ended on 2027-01-31"), "{warnings:?}");
}

#[test]
fn t80_exceptions_are_part_of_the_trust_and_come_from_the_base() {
    let digest = |text: &str| parse(text).unwrap().trust_digest().unwrap();
    let other = EXEMPT.replace("anna", "ben");
    let all = ["", EXEMPT, OVERRIDE, &other, &format!("{EXEMPT}{OVERRIDE}")].map(digest);
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
    let merged = parse(&format!("{EXEMPT}{OVERRIDE}")).unwrap().under_the_trust_of(parse("").unwrap());
    assert!(merged.policy.exceptions.is_empty() && merged.policy.exemption_places.is_empty());
}

//! A registry, or somebody between it and us, who says something else: what it serves is checked, as if it were anybody.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::Value;

use crate::{
    http::{self, Answer},
    organisation::{NAME, Organisation, release},
    world::Person,
};

/// What becomes of an answer, given the path that was asked for.
type Change = Box<dyn FnMut(&str, Answer) -> Answer + Send>;

/// A proxy before the real registry that changes its answers.
struct Between {
    address: String,
    change: Arc<Mutex<Change>>,
}

impl Between {
    fn start(registry: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let change: Arc<Mutex<Change>> = Arc::new(Mutex::new(Box::new(|_, answer| answer)));
        let (theirs, registry) = (Arc::clone(&change), registry.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A client that hangs up is no failure.
                let _ = pass_on(stream, &registry, &theirs);
            }
        });
        Self { address, change }
    }

    fn changing(&self, change: impl FnMut(&str, Answer) -> Answer + Send + 'static) {
        *self.change.lock().unwrap() = Box::new(change);
    }
}

fn pass_on(stream: TcpStream, registry: &str, change: &Mutex<Change>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut head, mut length, mut token) = (String::new(), 0, None);
    reader.read_line(&mut head)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap(),
            "authorization" => token = value.trim().strip_prefix("Bearer ").map(str::to_owned),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let answer = http::send(registry, method, path, token.as_deref(), (length > 0).then_some(body.as_slice()))?;
    // The digest's colon may be written either way.
    let answer = (change.lock().unwrap())(&path.replace("%3A", ":"), answer);
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.body.len()
    )?;
    stream.write_all(&answer.body)
}

fn with(answer: &Answer, change: impl FnOnce(&mut Value)) -> Answer {
    let mut document = answer.json();
    change(&mut document);
    Answer { status: answer.status, body: document.to_string().into_bytes() }
}

/// Three versions, the newest live; somebody who locked the second; and a proxy before the registry.
struct Stage {
    organisation: Organisation,
    between: Between,
    manifests: Vec<String>,
    /// What the registry showed when the second version was live.
    earlier: Answer,
}

impl Stage {
    fn new() -> (Self, Person) {
        let organisation = Organisation::new();
        let mut manifests = Vec::new();
        let mut publish = |version| {
            let submission = organisation.publish(version);
            manifests.push(submission["manifest"].as_str().unwrap().to_owned());
        };
        publish("1.0.0");
        publish("1.1.0");
        let early = organisation.developer("early");
        early.run(&["lock", "--accept", "first-use"]).expect(0);
        let path = format!("/v0.1/servers/{}/versions", NAME.replace('/', "%2F"));
        let earlier = organisation.registry.get(&path, None).unwrap().expect(200);
        publish("1.2.0");
        let between = Between::start(&organisation.registry.address);
        (Self { organisation, between, manifests, earlier }, early)
    }

    /// Somebody new, who asks through the proxy.
    fn developer(&self, name: &str) -> Person {
        let person = self.organisation.developer(name);
        self.through(&person);
        person
    }

    fn through(&self, person: &Person) {
        let settings = person.read("mcp-pin.toml");
        person.write("mcp-pin.toml", &settings.replace(&self.organisation.registry.address, &self.between.address));
    }
}

#[test]
fn t82_what_a_registry_makes_up_is_not_locked() {
    let (stage, _) = Stage::new();
    stage.developer("honest").run(&["lock", "--accept", "first-use"]).expect(0);
    let registry = stage.organisation.registry.address.clone();
    let [first, second, third] = <[String; 3]>::try_from(stage.manifests.clone()).unwrap();
    let get = move |path: &str| http::send(&registry, "GET", path, None, None).unwrap();
    let manifest_of = |digest: &str| format!("/v1/manifests/{digest}");
    let is_manifest = {
        let third = manifest_of(&third);
        move |path: &str| path == third
    };
    type Attack = (&'static str, &'static [i32], Change);
    let attacks: Vec<Attack> = vec![
        ("another version's manifest", &[1, 3], {
            let (is_manifest, get, other) = (is_manifest.clone(), get.clone(), manifest_of(&second));
            Box::new(move |path, answer| if is_manifest(path) { get(&other) } else { answer })
        }),
        ("a manifest with one byte changed", &[1, 3], {
            let is_manifest = is_manifest.clone();
            Box::new(move |path, answer| {
                if !is_manifest(path) {
                    return answer;
                }
                with(&answer, |bundle| {
                    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
                    let text = String::from_utf8(BASE64.decode(payload).unwrap()).unwrap();
                    let text = text.replacen("one city", "own city", 1);
                    bundle["dsseEnvelope"]["payload"] = BASE64.encode(text).into();
                })
            })
        }),
        ("a manifest without its signature", &[1, 3], {
            let is_manifest = is_manifest.clone();
            Box::new(move |path, answer| {
                if !is_manifest(path) {
                    return answer;
                }
                with(&answer, |bundle| bundle["dsseEnvelope"]["signatures"] = Value::Array(Vec::new()))
            })
        }),
        ("no consents", &[4], {
            Box::new(|path, answer| {
                if !path.ends_with("/consents") {
                    return answer;
                }
                with(&answer, |document| document["consents"] = Value::Array(Vec::new()))
            })
        }),
        ("the consents of another version", &[1, 3, 4], {
            let (get, other) = (get.clone(), format!("/v1/manifests/{second}/consents"));
            Box::new(move |path, answer| if path.ends_with("/consents") { get(&other) } else { answer })
        }),
        ("a milder change report", &[1, 3], {
            Box::new(|path, answer| {
                if !path.contains("/changes?") {
                    return answer;
                }
                with(&answer, |report| report["findings"] = Value::Array(Vec::new()))
            })
        }),
        ("another predecessor", &[1, 3], {
            let (get, before, other) = (get.clone(), manifest_of(&second), manifest_of(&first));
            Box::new(move |path, answer| if path == before { get(&other) } else { answer })
        }),
        ("another server under the name", &[1, 3], {
            Box::new(|path, answer| {
                if !path.starts_with("/v0.1/") {
                    return answer;
                }
                let text = answer.text().replace(NAME, "io.github.acme/other");
                Answer { body: text.into_bytes(), ..answer }
            })
        }),
        ("a page of a hotel's network", &[1, 3], {
            Box::new(|_, _| Answer { status: 200, body: b"<html>Please log in</html>".to_vec() })
        }),
        ("nothing at all", &[1, 3], Box::new(|_, _| Answer { status: 200, body: Vec::new() })),
        ("faults", &[3], Box::new(|_, _| Answer { status: 500, body: b"{}".to_vec() })),
        ("a redirect", &[1, 3], Box::new(|_, _| Answer { status: 302, body: Vec::new() })),
    ];
    for (number, (name, codes, change)) in attacks.into_iter().enumerate() {
        let person = stage.developer(&format!("victim-{number}"));
        let before = person.files();
        stage.between.changing(change);
        let ran = person.run(&["lock", "--accept", "first-use"]);
        println!("{name}: {} {}", ran.code, ran.err.lines().next().unwrap_or_default());
        assert!(codes.contains(&ran.code), "{name}\n{ran}");
        assert_eq!(person.files(), before, "{name}: something was written\n{ran}");
    }
}

#[test]
fn t71_a_registry_that_goes_back_in_time_moves_no_lock() {
    let (stage, early) = Stage::new();
    let victim = stage.developer("victim");
    victim.run(&["lock", "--accept", "first-use"]).expect(0);
    let before = victim.files();
    let earlier = stage.earlier.clone();
    let nothing = with(&earlier, |list| list["servers"] = Value::Array(Vec::new()));
    for (shown, code, says) in [(earlier, 1, "which is not newer than the locked"), (nothing, 4, "is not admitted")] {
        stage.between.changing(move |path, answer| if path.contains("/versions") { shown.clone() } else { answer });
        let ran = victim.run(&["update"]).expect(code).says(says);
        assert_eq!(victim.files(), before, "{ran}");
        victim.run(&["verify"]).expect(0);
    }
    // Another address in the project file is another registry, not the one that was locked from.
    let lock = early.read("mcp-pin.lock");
    stage.through(&early);
    early.run(&["verify"]).expect(1).says("which is no registry of mcp-pin.toml");
    early.run(&["update"]).expect(1);
    assert_eq!(early.read("mcp-pin.lock"), lock);
}

#[test]
fn a_registry_that_is_gone_could_not_be_checked() {
    let (mut stage, early) = Stage::new();
    let late = stage.organisation.developer("late");
    stage.organisation.submit("1.3.0", &release("1.3.0"));
    stage.organisation.registry.kill_nine();
    early.run(&["verify"]).expect(0);
    early.run(&["update"]).expect(3);
    late.run(&["lock", "--accept", "first-use"]).expect(3);
    assert!(!late.path("mcp-pin.lock").exists());
    let Organisation { publisher, approver, .. } = &stage.organisation;
    publisher.run(&["submit", "weather", "--server-json", "server.json"]).expect(3);
    approver.run(&["approve", &format!("{NAME}@1.3.0")]).expect(3);
    approver.run(&["registry", "submissions"]).expect(3);
    approver.run(&["registry", "show"]).expect(3);
}

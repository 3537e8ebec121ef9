//! A registry that tells a receiver of its decisions, and is killed while it does.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    registry::RegistryProcess,
    world::{Numbers, World, now},
};

/// How long everything may take to arrive: a lease of a killed process has to end first.
const PATIENCE: Duration = Duration::from_secs(90);

/// How often it is killed.
const KILLS: usize = 5;

/// Notes the sequence of every event that arrives, as it arrives.
fn receive(listener: TcpListener, arrived: Arc<Mutex<Vec<u64>>>) {
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = answer(stream, &arrived);
        }
    });
}

fn answer(mut stream: TcpStream, arrived: &Mutex<Vec<u64>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    // Connections are kept: one request after the other.
    loop {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            let count = stream.read(&mut chunk)?;
            if count == 0 {
                return Ok(());
            }
            bytes.extend_from_slice(&chunk[..count]);
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .and_then(|length| length.trim().parse().ok())
            .unwrap_or(0);
        while bytes.len() < end + 4 + length {
            let count = stream.read(&mut chunk)?;
            if count == 0 {
                return Ok(());
            }
            bytes.extend_from_slice(&chunk[..count]);
        }
        let body: Value = String::from_utf8_lossy(&bytes[end + 4..end + 4 + length]).parse().unwrap();
        arrived.lock().unwrap().push(body["data"]["sequence"].as_u64().unwrap());
        bytes.drain(..end + 4 + length);
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
    }
}

#[test]
fn what_was_decided_arrives_in_order_although_the_registry_is_killed() {
    let world = World::new();
    let data = world.path("data");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let arrived = Arc::new(Mutex::new(Vec::new()));
    receive(listener, Arc::clone(&arrived));

    let options = ["--insecure-dev"];
    let mut registry = RegistryProcess::start_with(&data, &options);
    registry.administer("/v1/webhooks", &json!({ "url": url, "after": 0 }));
    let mut numbers = Numbers(7);
    for round in 0..KILLS {
        for number in 0..10 {
            registry.token(&format!("somebody-{round}-{number}"), "reader");
        }
        std::thread::sleep(Duration::from_millis(numbers.below(120)));
        registry.kill_nine();
        registry = RegistryProcess::start_with(&data, &options);
    }
    let last = registry.events().len() as u64;
    let started = now();
    while arrived.lock().unwrap().last() != Some(&last) {
        assert!(started.elapsed() < PATIENCE, "{last} events, and these arrived: {:?}", arrived.lock().unwrap());
        std::thread::sleep(Duration::from_millis(100));
    }
    let arrived = arrived.lock().unwrap().clone();
    let mut unique = arrived.clone();
    unique.dedup();
    // Each at least once; what came again came right after itself, so a receiver that remembers one id would do.
    assert_eq!(unique, (1..=last).collect::<Vec<_>>(), "{arrived:?}");
    assert!(arrived.len() <= unique.len() + KILLS, "at most what was under way is told again: {arrived:?}");
}

//! A clock that is set back: decisions go on, in the order in which they are made, and nothing is damaged.

use axum::http::StatusCode;
use mcp_pin_registry::service::{Settings, examine};
use mcp_pin_storage::Store as _;
use mcp_pin_storage_sqlite::SqliteStore;

use crate::support::{TestRegistry, WEATHER_PATH, weather};

#[tokio::test]
async fn a_clock_that_is_set_back_changes_no_order() {
    let registry = TestRegistry::new().await;
    registry.clock.advance_seconds(3600);
    let people = registry.people().await;
    let first = weather("1.0.0", "Forecasts the weather.", None);
    let before = registry.make_live(&people, &first).await;
    registry.clock.advance_seconds(-1800);
    let second = weather("1.1.0", "Forecasts the weather. Also for tomorrow.", Some(&first));
    let after = registry.make_live(&people, &second).await;
    assert!(after["id"].as_str() < before["id"].as_str(), "the ids follow the clock: {after} {before}");

    let latest = registry.anonymous().get(&format!("{WEATHER_PATH}/versions/latest")).await;
    assert_eq!(latest.json()["server"]["version"], "1.1.0");
    let path = format!("/v1/submissions/{}", before["id"].as_str().unwrap());
    assert_eq!(registry.admin().get(&path).await.json()["state"], "superseded");
    // Events are in the order of the decisions, whatever their times say.
    let events = registry.admin().get("/v1/events?limit=1000").await.json();
    let events = events["events"].as_array().unwrap();
    let moved: Vec<&str> = events
        .iter()
        .filter(|event| event["leaf"]["type"] == "ring-moved")
        .map(|event| event["leaf"]["version"].as_str().unwrap())
        .collect();
    assert_eq!(moved, ["1.0.0", "1.1.0"]);
    // A third version is compared with the second, and the store is sound, also for a start.
    let third = weather("1.2.0", "Forecasts the weather. Also for the day after.", Some(&second));
    let submitted = people.publisher.submit(&third).await;
    assert_eq!(submitted.status, StatusCode::CREATED, "{submitted:?}");
    assert_eq!(submitted.json()["replaces"], after["manifest"]);
    drop(people);
    let registry = registry.restart().await;
    let latest = registry.anonymous().get(&format!("{WEATHER_PATH}/versions/latest")).await;
    assert_eq!(latest.json()["server"]["version"], "1.1.0");
    let store = SqliteStore::open_as_it_is(&registry.data_dir().join("registry.sqlite")).await.unwrap();
    let found = examine(&mut *store.read().await.unwrap(), &Settings::default()).await.unwrap();
    assert_eq!((found.submissions, found.live, found.findings.as_slice()), (3, 1, &[][..]));
}

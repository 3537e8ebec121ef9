//! Whole tables.

use std::{collections::BTreeSet, sync::Arc};

use mcp_pin_model::leaf::{Leaf, LeafType};

use super::samples::{at, parse, principal, submitted};
use crate::{
    Role, Roles, Store, Token,
    archive::{Cell, Table},
};

pub(super) async fn everything_comes_out_and_goes_in_again(store: Arc<dyn Store>) {
    let mut tx = store.begin().await.expect("a transaction");
    let stored = submitted(&mut *tx, 1, "io.example/weather", "1.0.0").await;
    tx.insert_evidence(&stored.id, &[b"two", b"\x00one", b"two"]).await.expect("evidence");
    principal(&mut *tx, "alice").await;
    let token = Token {
        roles: Roles::from([Role::Reader]),
        namespaces: Some(BTreeSet::from(["io.example".to_owned()])),
        groups: BTreeSet::from(["a \"group\"".to_owned()]),
        label: "für später ✓ \u{2028}\"\\".to_owned(),
        expires_at: None,
        revoked_at: Some(at(1)),
        last_used_at: None,
        ..super::access::token(5, "alice")
    };
    tx.insert_token(&token).await.expect("a token");
    tx.append_event(&Leaf::new(LeafType::TokenIssued, at(0), "alice")).await.expect("an event");
    tx.commit().await.expect("a commit");

    let mut snapshot = store.read().await.expect("a snapshot");
    let tables = snapshot.tables().await.expect("tables");
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let place = |name: &str| names.iter().position(|other| *other == name).expect("a table of this name");
    assert!(place("principals") < place("tokens") && place("submissions") < place("submission_evidence"), "{names:?}");
    assert!(!names.contains(&"_sqlx_migrations"), "what is a database's own stays there");
    let mut all: Vec<(Table, Vec<Vec<Cell>>)> = Vec::new();
    for table in tables {
        // By twos, so that there are pages.
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        loop {
            let after = rows.last().map(|row| table.key_of(row));
            let more = snapshot.rows(&table, after.as_deref(), 2).await.expect("rows");
            if more.is_empty() {
                break;
            }
            rows.extend(more);
        }
        all.push((table, rows));
    }
    let evidence = all.iter().find(|(table, _)| table.name == "submission_evidence").expect("a table");
    assert_eq!(evidence.1.len(), 3);
    let documents = all.iter().find(|(table, _)| table.name == "evidence").expect("a table");
    assert!(documents.1.iter().any(|row| row.contains(&Cell::Bytes(b"\x00one".to_vec()))), "{:?}", documents.1);
    let tokens = all.iter().find(|(table, _)| table.name == "tokens").expect("a table");
    assert!(tokens.1[0].contains(&Cell::Text(token.label.clone())) && tokens.1[0].contains(&Cell::Null));
    assert!(tokens.1[0].contains(&Cell::Integer(at(1).as_millisecond())), "{:?}", tokens.1);
    drop(snapshot);

    // A row that is there already is refused, as it is there.
    let mut tx = store.begin().await.expect("a transaction");
    let (table, rows) = all.iter().find(|(table, _)| table.name == "principals").expect("a table");
    assert!(tx.insert_row(table, &rows[0]).await.is_err(), "it is there already");
    let mut other = rows[0].clone();
    for cell in &mut other {
        if let Cell::Text(name) = cell {
            "zoe".clone_into(name);
        }
    }
    tx.insert_row(table, &other).await.expect("a row that is not there");
    for (table, _) in &all {
        tx.go_on_after(table).await.expect("nothing to do");
    }
    assert!(tx.principal(&parse("zoe")).await.expect("an answer").is_some());
}

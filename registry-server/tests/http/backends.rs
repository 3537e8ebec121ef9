//! The two backends beside each other: what one gives, the other one takes.

use std::collections::BTreeSet;

use mcp_pin_storage::{Store, archive::Table};
use mcp_pin_storage_postgres::{PostgresStore, scratch::Scratch};
use mcp_pin_storage_sqlite::SqliteStore;

/// A table without what the backends call things, and in which order a migration added them.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    columns: BTreeSet<(String, String)>,
    key: Vec<String>,
    refers_to: BTreeSet<String>,
}

async fn shapes(store: &dyn Store) -> Vec<(String, Shape)> {
    let shape = |table: Table| {
        let columns = table.columns.iter().map(|column| (column.name.clone(), format!("{:?}", column.kind))).collect();
        let key = table.key.iter().map(|index| table.columns[*index].name.clone()).collect();
        (table.name, Shape { columns, key, refers_to: table.refers_to })
    };
    let tables = store.read().await.unwrap().tables().await.unwrap();
    tables.into_iter().map(shape).collect()
}

#[tokio::test]
async fn both_have_the_same_tables_and_columns() {
    let Some(scratch) = Scratch::new("the tables of both backends").await else { return };
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(&folder.path().join("registry.sqlite")).await.unwrap();
    let postgres = PostgresStore::open(&scratch.url()).await.unwrap();
    let (left, right) = (shapes(&sqlite).await, shapes(&postgres).await);
    assert!(left.len() > 15, "{left:?}");
    let names = |shapes: &[(String, Shape)]| shapes.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&left), names(&right), "also in this order, so that archives are the same");
    for ((name, left), (_, right)) in left.iter().zip(&right) {
        assert_eq!(left, right, "{name}");
    }
}

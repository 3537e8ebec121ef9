//! Whole tables. The statements are made from the names in the file's own schema, never from what is imported.

use async_trait::async_trait;
use mcp_pin_storage::{
    StorageError,
    archive::{ArchiveReader, ArchiveWriter, Cell, Column, ColumnKind, Table},
    rows::columns::unavailable,
};
use sqlx::{
    AssertSqlSafe, Row as _, Sqlite,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::{connection::Connection, insert_error};

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list(names: impl IntoIterator<Item = String>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}

fn marks(count: usize) -> String {
    list((0..count).map(|_| "?".to_owned()))
}

fn bind<'q>(query: Query<'q, Sqlite, SqliteArguments>, cell: &Cell) -> Query<'q, Sqlite, SqliteArguments> {
    match cell {
        Cell::Null => query.bind(None::<i64>),
        Cell::Integer(number) => query.bind(*number),
        Cell::Text(text) => query.bind(text.clone()),
        Cell::Bytes(bytes) => query.bind(bytes.clone()),
    }
}

fn cell(row: &SqliteRow, index: usize, kind: ColumnKind) -> Result<Cell, StorageError> {
    let cell = match kind {
        ColumnKind::Integer => row.try_get::<Option<i64>, _>(index).map(|cell| cell.map(Cell::Integer)),
        ColumnKind::Text => row.try_get::<Option<String>, _>(index).map(|cell| cell.map(Cell::Text)),
        ColumnKind::Bytes => row.try_get::<Option<Vec<u8>>, _>(index).map(|cell| cell.map(Cell::Bytes)),
    };
    Ok(cell.map_err(unavailable)?.unwrap_or(Cell::Null))
}

impl Connection {
    async fn table(&mut self, name: String) -> Result<Table, StorageError> {
        let found: Vec<(String, String, i64)> =
            sqlx::query_as("SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid")
                .bind(&name)
                .fetch_all(self.db())
                .await
                .map_err(unavailable)?;
        let mut key: Vec<(i64, usize)> = Vec::new();
        let mut columns = Vec::new();
        for (index, (column, declared, position)) in found.into_iter().enumerate() {
            let kind = match declared.as_str() {
                "INTEGER" => ColumnKind::Integer,
                "TEXT" => ColumnKind::Text,
                "BLOB" => ColumnKind::Bytes,
                _ => return Err(StorageError::Unsuitable(format!("{name}.{column} is of the type {declared}"))),
            };
            if position > 0 {
                key.push((position, index));
            }
            columns.push(Column { name: column, kind, declared });
        }
        if key.is_empty() {
            return Err(StorageError::Unsuitable(format!("the table {name} has no primary key")));
        }
        key.sort_unstable();
        let refers_to: Vec<String> = sqlx::query_scalar("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?)")
            .bind(&name)
            .fetch_all(self.db())
            .await
            .map_err(unavailable)?;
        let refers_to = refers_to.into_iter().filter(|other| *other != name).collect();
        Ok(Table { name, columns, key: key.into_iter().map(|(_, index)| index).collect(), refers_to })
    }
}

#[async_trait]
impl ArchiveReader for Connection {
    #[tracing::instrument(name = "db.archive.tables", skip_all)]
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError> {
        let names: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM sqlite_schema
             WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '_sqlx_migrations'",
        )
        .fetch_all(self.db())
        .await
        .map_err(unavailable)?;
        let mut tables = Vec::new();
        for name in names {
            tables.push(self.table(name).await?);
        }
        Table::sorted(tables)
    }

    #[tracing::instrument(name = "db.archive.rows", skip_all)]
    async fn rows(
        &mut self,
        table: &Table,
        after: Option<&[Cell]>,
        limit: u32,
    ) -> Result<Vec<Vec<Cell>>, StorageError> {
        let columns = list(table.columns.iter().map(|column| quoted(&column.name)));
        let key = list(table.key.iter().filter_map(|index| Some(quoted(&table.columns.get(*index)?.name))));
        let beyond = after.map_or_else(String::new, |after| format!("WHERE ({key}) > ({})", marks(after.len())));
        let text = format!("SELECT {columns} FROM {} {beyond} ORDER BY {key} LIMIT ?", quoted(&table.name));
        let mut query = sqlx::query(AssertSqlSafe(text));
        for cell in after.unwrap_or_default() {
            query = bind(query, cell);
        }
        let rows = query.bind(limit).fetch_all(self.db()).await.map_err(unavailable)?;
        rows.iter()
            .map(|row| {
                let kinds = table.columns.iter().enumerate();
                kinds.map(|(index, column)| cell(row, index, column.kind)).collect()
            })
            .collect()
    }
}

#[async_trait]
impl ArchiveWriter for Connection {
    #[tracing::instrument(name = "db.archive.insert", skip_all)]
    async fn insert_row(&mut self, table: &Table, row: &[Cell]) -> Result<(), StorageError> {
        let columns = list(table.columns.iter().map(|column| quoted(&column.name)));
        let text = format!("INSERT INTO {} ({columns}) VALUES ({})", quoted(&table.name), marks(row.len()));
        let mut query = sqlx::query(AssertSqlSafe(text));
        for cell in row {
            query = bind(query, cell);
        }
        query.execute(self.db()).await.map_err(insert_error("a row"))?;
        Ok(())
    }

    async fn go_on_after(&mut self, _: &Table) -> Result<(), StorageError> {
        // The next number is always one more than the highest.
        Ok(())
    }
}

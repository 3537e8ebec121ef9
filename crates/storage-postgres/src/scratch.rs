//! Databases for tests, on the server that `MCP_PIN_TEST_POSTGRES` names.
//!
//! Without the variable there is no database and the test is skipped, aloud; with it, a server that cannot be reached is a
//! failure of the test.

#![expect(clippy::panic, clippy::print_stderr, reason = "for tests")]

use std::{io::Write as _, time::Duration};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, postgres::PgConnectOptions};

use crate::DatabaseUrl;

/// The variable that names the server: the URL of a database on it, as somebody who may create others.
pub const VARIABLE: &str = "MCP_PIN_TEST_POSTGRES";

/// An empty database of a test's own. It is gone when this is dropped.
pub struct Scratch {
    server: PgConnectOptions,
    name: String,
    url: String,
}

impl Scratch {
    /// Makes one; `None`, and a line that says so, when no server is named.
    ///
    /// # Panics
    /// When a server is named and cannot make one.
    pub async fn new(test: &str) -> Option<Self> {
        let Ok(server) = std::env::var(VARIABLE) else {
            // Past the capture of test output: what was not tested is said also when everything passes.
            let why = format!("{VARIABLE} names no PostgreSQL (`.ci/postgres <command>` runs one)");
            let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: {why}");
            return None;
        };
        match Self::on(&server).await {
            Ok(scratch) => Some(scratch),
            Err(error) => panic!("the PostgreSQL that {VARIABLE} names cannot be used: {error}"),
        }
    }

    /// As [`Scratch::new`], for a test without a runtime.
    ///
    /// # Panics
    /// When a server is named and cannot make one.
    pub fn blocking(test: &str) -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(Self::new(test))
    }

    async fn on(server: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let url: DatabaseUrl = server.parse()?;
        let options = url.options()?;
        let connect = PgConnection::connect_with(&options);
        let mut connection = tokio::time::timeout(Duration::from_secs(20), connect).await??;
        let name: String = sqlx::query_scalar("SELECT 'mcp_pin_test_' || replace(gen_random_uuid()::text, '-', '')")
            .fetch_one(&mut connection)
            .await?;
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))).await?;
        connection.close().await?;
        let mut own = url::Url::parse(server)?;
        own.set_path(&name);
        Ok(Self { server: options, name, url: own.to_string() })
    }

    /// Its address, with the password.
    #[must_use]
    pub fn url_text(&self) -> &str {
        &self.url
    }

    /// Its address.
    ///
    /// # Panics
    /// Never: it is that of the server with another database.
    #[must_use]
    pub fn url(&self) -> DatabaseUrl {
        self.url.parse().expect("it is that of the server with another database")
    }

    /// A connection beside the store, as somebody with access to the server would open.
    ///
    /// # Panics
    /// When there is none.
    pub async fn intruder(&self) -> PgConnection {
        PgConnection::connect_with(&self.server.clone().database(&self.name)).await.expect("a connection")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // The runtime of the test may be the one that waits for this.
        let thread = std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                if let Ok(mut connection) = PgConnection::connect_with(&server).await {
                    let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                    if let Err(error) = connection.execute(AssertSqlSafe(drop)).await {
                        eprintln!("the database {name} of a test stays: {error}");
                    }
                }
            });
        });
        // Whether it worked is said above.
        let _ = thread.join();
    }
}

//! A `server.json` as a request's body.

use axum::extract::{FromRequest, Request};
use mcp_pin_model::json::{self, Object, Value};

use crate::http::{
    body::{MAX_JSON_BYTES, read},
    error::Problem,
    state::AppState,
};

/// The document, read strictly. Whether it is acceptable is decided elsewhere.
#[derive(Clone, Debug)]
pub struct ServerDocument(pub Object);

impl FromRequest<AppState> for ServerDocument {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let bytes = read(request, MAX_JSON_BYTES, state.limits().timeout).await?;
        match json::parse(&bytes) {
            Ok(Value::Object(server)) => Ok(Self(server)),
            Ok(_) => Err(Problem::refused("the document is not an object")),
            Err(error) => Err(Problem::bad_request(error.to_string())),
        }
    }
}

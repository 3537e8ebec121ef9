//! What every operation of the OpenAPI document has, added in one place.

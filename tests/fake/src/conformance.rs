//! Holds exchanges against an OpenAPI document.

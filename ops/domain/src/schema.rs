//! The schemas of words that are written as text: one schema for each, by the name of its type.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, ObjectBuilder, RefOr, SchemaFormat, Type,
        schema::{Object, Schema},
    },
};

use crate::{
    actor::{Actor, Names},
    hash::Hash,
    id::RecommendationId,
    inspection::UnitName,
    journal::Cursor,
    review::DueDate,
    signal::Signal,
    subject::Subject,
    time::Timestamp,
    unit::Unit,
};

fn text(description: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .examples([example])
}

macro_rules! described {
    ($type:ty, $name:literal, $object:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                let object: Object = $object.build();
                RefOr::T(Schema::Object(object))
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    };
}

described!(
    Timestamp,
    "Timestamp",
    text("A time, RFC 3339, in UTC.", "2026-11-22T10:00:00.000000Z")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
);
described!(
    Signal,
    "Signal",
    text("A named quantity: lower-case words joined by dots.", "queue.depth")
        .max_length(Some(80))
        .pattern(Some("^[a-z][a-z0-9_-]*(\\.[a-z][a-z0-9_-]*)*$"))
);
described!(
    Subject,
    "Subject",
    text("The subject of a signal: 'kind:name' or 'kind:name@host'.", "disk:/var@web-1")
        .max_length(Some(200))
        .pattern(Some("^[a-z][a-z0-9-]*:.+$"))
);
described!(UnitName, "UnitName", text("A systemd service.", "nginx.service").max_length(Some(100)));
described!(
    Unit,
    "Unit",
    text("The unit of a value; empty for a plain number.", "ms").max_length(Some(16))
);
described!(
    Hash,
    "Hash",
    text(
        "SHA-256 in hexadecimal.",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    .pattern(Some("^[0-9a-f]{64}$"))
);
described!(
    Cursor,
    "Cursor",
    text("A position in the journal: its lineage and a number.", "1:42")
        .pattern(Some("^[0-9]+:[0-9]+$"))
);
described!(
    DueDate,
    "DueDate",
    text("A day of the calendar, in UTC.", "2026-12-04")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
);
described!(
    RecommendationId,
    "RecommendationId",
    text("A recommendation: its incident's number and its place there.", "42-1")
        .pattern(Some("^[1-9][0-9]*-[1-9][0-9]*$"))
);
described!(
    Names,
    "Names",
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("Names of actors, by their identifiers."))
        .additional_properties(Some(ObjectBuilder::new().schema_type(Type::String)))
        .examples([serde_json::json!({ "account:7": "Ada" })])
);
described!(
    Actor,
    "Actor",
    text("The actor of a change; people and programs by their ids.", "account:7")
        .pattern(Some("^(agent|system|local|(account|token):[0-9]+)$"))
);

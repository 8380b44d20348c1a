//! Schemas of what routes take and answer, as the description of the interface refers to them.

use utoipa::{
    ToSchema,
    openapi::{Ref, RefOr, schema::Schema},
};

/// Schemas by their names.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// Schema of a type; what it refers to is added to the list of all.
pub type SchemaOf = fn(&mut Schemas) -> RefOr<Schema>;

/// The schema of a type.
pub fn of<T: ToSchema>(all: &mut Schemas) -> RefOr<Schema> {
    T::schemas(all);
    match T::schema() {
        RefOr::T(Schema::Object(object))
            if object.properties.is_empty()
                && object.enum_values.is_none()
                && T::name() == "String" =>
        {
            RefOr::T(Schema::Object(object))
        }
        schema => {
            let name = T::name().into_owned();
            all.push((name.clone(), schema));
            RefOr::Ref(Ref::from_schema_name(name))
        }
    }
}

/// A parameter of a query.
#[derive(Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its meaning.
    pub meaning: &'static str,
    /// True if it must be there.
    pub required: bool,
    /// Schema of its value.
    pub schema: SchemaOf,
}

impl Parameter {
    /// One that may be left out.
    pub const fn optional<T: ToSchema>(name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, required: false, schema: of::<T> }
    }

    /// One that must be there.
    pub const fn required<T: ToSchema>(name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, required: true, schema: of::<T> }
    }
}

/// Content of a good answer.
#[derive(Clone, Copy)]
pub enum Content {
    /// JSON of a type.
    Json(SchemaOf),
    /// JSON of a shape that is described elsewhere.
    Free,
    /// JSON Lines.
    Lines,
    /// Comma-separated values.
    Csv,
    /// Plain text.
    Text,
    /// Markdown.
    Markdown,
    /// Server-sent events.
    Stream,
    /// A page for people.
    Page,
}

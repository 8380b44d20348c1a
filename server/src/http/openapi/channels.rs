//! Schemas of the notification channels, made from what they declare.

use commands::notifications::{ChannelInfo, ChannelKind, ChannelSettings, FieldInfo};
use utoipa::{
    ToSchema,
    openapi::{
        Object, ObjectBuilder, OneOfBuilder, RefOr, Type,
        schema::{AdditionalProperties, Schema, SchemaType},
    },
};

use crate::notifications::channels;

/// The schemas that take the place of what the types say by themselves.
pub(super) fn schemas() -> [(String, RefOr<Schema>); 2] {
    let names = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("Name of a channel."))
        .enum_values(Some(channels::all().map(|info| info.kind)));
    let every = channels::all().fold(OneOfBuilder::new(), |every, info| every.item(channel(info)));
    let every = every.description(Some("A notification channel with its settings."));
    [
        (ChannelKind::name().into_owned(), RefOr::T(Schema::Object(names.build()))),
        (ChannelSettings::name().into_owned(), RefOr::T(Schema::OneOf(every.build()))),
    ]
}

fn channel(info: &ChannelInfo) -> Object {
    let kind = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([info.kind]));
    let object = ObjectBuilder::new()
        .description(Some(info.description))
        .property("kind", kind)
        .required("kind")
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
    let object = info.fields.iter().fold(object, |object, one| {
        let object = object.property(one.name, field(one));
        if one.required { object.required(one.name) } else { object }
    });
    object.build()
}

fn field(field: &FieldInfo) -> Object {
    let length = |limit: Option<u16>| limit.map(usize::from);
    let kind = if field.required {
        SchemaType::new(Type::String)
    } else {
        SchemaType::from_iter([Type::String, Type::Null])
    };
    let choices = field.input.choices();
    let values = choices.iter().map(|choice| choice.value);
    ObjectBuilder::new()
        .schema_type(kind)
        .description(Some(field.description))
        .examples([field.example])
        .min_length(length(field.min_length))
        .max_length(length(field.max_length))
        // A browser compares the whole text, a schema any part of it.
        .pattern(field.pattern.map(|pattern| format!("^(?:{pattern})$")))
        .enum_values((!choices.is_empty()).then_some(values))
        .build()
}

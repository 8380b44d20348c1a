//! Settings of a notification channel as a person gives them: texts by the names of its fields.
//! The server declares the channels and the meaning of their fields.

use std::{collections::BTreeMap, fmt};

use domain::name::{BadName, bad};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
    ser::SerializeMap as _,
};

/// The longest name of a channel or of a field, in bytes.
const LONGEST_NAME: usize = 40;

/// The most fields of one channel.
const MOST_FIELDS: usize = 20;

/// The longest text of a field, in characters. A channel sets its own limits below this one.
const LONGEST_TEXT: usize = 4_000;

/// True if a text can be the name of a channel or of a field.
fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Name of a channel, such as `ntfy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(value_type = String))]
#[serde(try_from = "String")]
pub struct ChannelKind(String);

impl ChannelKind {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ChannelKind {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        if is_name(&text) {
            Ok(Self(text))
        } else {
            Err(bad(&text, "channel", "the name of a channel, such as 'ntfy'"))
        }
    }
}

/// Settings of a channel: its name and the texts of its fields. As JSON it is one object:
/// `{"kind": "mail", "address": "ada@example.com"}`; a field that is `null` counts as left out.
/// The number and length of fields are bounded; everything else is checked by the channel.
#[derive(Clone, PartialEq, Eq)]
pub struct ChannelSettings {
    kind: ChannelKind,
    fields: BTreeMap<String, String>,
}

impl ChannelSettings {
    /// Settings without fields.
    pub fn new(kind: &str) -> Result<Self, BadName> {
        Ok(Self { kind: kind.to_owned().try_into()?, fields: BTreeMap::new() })
    }

    /// Adds a field; the error of one that is out of bounds or there already.
    pub fn with(mut self, name: &str, text: String) -> Result<Self, BadName> {
        add(&mut self.fields, name, text)?;
        Ok(self)
    }

    /// Name of the channel.
    pub const fn kind(&self) -> &ChannelKind {
        &self.kind
    }

    /// Text of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// Names and texts of the fields.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

/// Adds a field within the bounds of settings. No text is repeated in an error: it may be a secret.
fn add(fields: &mut BTreeMap<String, String>, name: &str, text: String) -> Result<(), BadName> {
    let expected = if !is_name(name) || name == "kind" {
        "a name of 1 to 40 of a-z, 0-9 and _"
    } else if fields.len() >= MOST_FIELDS {
        "at most 20 fields"
    } else if text.chars().count() > LONGEST_TEXT {
        "a text of at most 4000 characters"
    } else if fields.contains_key(name) {
        "one text for each field"
    } else {
        fields.insert(name.to_owned(), text);
        return Ok(());
    };
    Err(bad(name, "field", expected))
}

/// Shows no text of a field: it may let in whoever knows it.
impl fmt::Debug for ChannelSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<&String> = self.fields.keys().collect();
        f.debug_struct("ChannelSettings")
            .field("kind", &self.kind.0)
            .field("fields", &fields)
            .finish()
    }
}

impl Serialize for ChannelSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + self.fields.len()))?;
        map.serialize_entry("kind", &self.kind)?;
        for (name, text) in &self.fields {
            map.serialize_entry(name, text)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for ChannelSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

/// Reads settings field by field.
struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = ChannelSettings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with 'kind' and the fields of that channel")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ChannelSettings, A::Error> {
        let (mut kind, mut fields) = (None, BTreeMap::new());
        while let Some(name) = map.next_key::<String>()? {
            if name == "kind" {
                if kind.replace(map.next_value::<ChannelKind>()?).is_some() {
                    return Err(A::Error::duplicate_field("kind"));
                }
            } else if let Some(text) = map.next_value::<Option<String>>()? {
                add(&mut fields, &name, text).map_err(A::Error::custom)?;
            }
        }
        let kind = kind.ok_or_else(|| A::Error::missing_field("kind"))?;
        Ok(ChannelSettings { kind, fields })
    }
}

#[cfg(feature = "schema")]
mod schema {
    use std::borrow::Cow;

    use utoipa::{
        PartialSchema, ToSchema,
        openapi::{ObjectBuilder, Ref, RefOr, schema::Schema},
    };

    use super::{ChannelKind, ChannelSettings};

    /// The part that every channel has; the server, which knows them, describes each.
    impl PartialSchema for ChannelSettings {
        fn schema() -> RefOr<Schema> {
            let object = ObjectBuilder::new()
                .property("kind", Ref::from_schema_name(ChannelKind::name()))
                .required("kind")
                .build();
            RefOr::T(Schema::Object(object))
        }
    }

    impl ToSchema for ChannelSettings {
        fn name() -> Cow<'static, str> {
            Cow::Borrowed("Channel")
        }

        fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            schemas.push((ChannelKind::name().into_owned(), ChannelKind::schema()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<ChannelSettings, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_are_one_object_and_null_counts_as_left_out() {
        let json = r#"{"kind":"ntfy","server":"https://ntfy.sh","topic":"hunter2"}"#;
        let settings = read(json).unwrap();
        assert_eq!(serde_json::to_string(&settings).unwrap(), json);
        assert_eq!((settings.kind().as_str(), settings.get("token")), ("ntfy", None));
        let old = r#"{"topic":"hunter2","token":null,"server":"https://ntfy.sh","kind":"ntfy"}"#;
        assert_eq!(read(old).unwrap(), settings);
        assert!(!format!("{settings:?}").contains("hunter2"), "{settings:?}");
    }

    #[test]
    fn settings_are_bounded() {
        let many: Vec<String> =
            (0..=MOST_FIELDS).map(|number| format!(r#""f{number}":"x""#)).collect();
        for (json, expected) in [
            (r#"{"server":"x"}"#.to_owned(), "missing field `kind`"),
            (r#"{"kind":"a","kind":"b"}"#.to_owned(), "duplicate field `kind`"),
            (
                r#"{"kind":"a","x":"1","x":"2"}"#.to_owned(),
                "\"x\" is not a field: expected one text",
            ),
            (r#"{"kind":"a","x":5}"#.to_owned(), "expected a string"),
            (r#"{"kind":"a","x":{"y":"z"}}"#.to_owned(), "expected a string"),
            (r#""ntfy""#.to_owned(), "expected an object"),
            (r#"{"kind":"<b>"}"#.to_owned(), "\"<b>\" is not a channel: expected the name"),
            (r#"{"kind":"a","<b>":"x"}"#.to_owned(), "expected a name of 1 to 40"),
            (format!(r#"{{"kind":"a","{}":"x"}}"#, "x".repeat(41)), "expected a name of 1 to 40"),
            (format!(r#"{{"kind":"a",{}}}"#, many.join(",")), "expected at most 20 fields"),
            (
                format!(r#"{{"kind":"a","x":"{}"}}"#, "y".repeat(4_001)),
                "expected a text of at most 4000",
            ),
        ] {
            let problem = read(&json).unwrap_err();
            assert!(problem.contains(expected), "{json}: {problem}");
        }
    }
}

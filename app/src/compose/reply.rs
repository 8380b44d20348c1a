//! The reply of a server function: a page with its place.

use domain::journal::Cursor;

use crate::{
    door::in_document,
    page::{Html, Sheet},
};

/// A sheet of this place.
pub(super) fn sheet(cursor: Option<Cursor>, place: impl Into<String>, text: String) -> Sheet {
    Sheet { cursor, place: place.into(), html: Html { text, in_document: in_document() } }
}

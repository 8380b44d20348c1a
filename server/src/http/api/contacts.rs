//! Contacts: the channels by which oneself is notified.

use commands::{
    command::{RemoveContact, SetContact, TestContact},
    reading::ListContacts,
};

use crate::http::{
    api::route::{Empty, Route},
    extract::{ApiJson, IdPath},
};

// Setting one asks for a fresh sign-in: an address that calls go to may let in whoever knows it, and
// is asked from this machine.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/people/contacts", || ListContacts {})
            .summary("Your contacts for notifications. Secrets are never shown, only that they are set.")
            .answer("The contacts, each with its last notification."),
        Route::post("/api/people/contacts", |ApiJson(wanted)| SetContact { contact: None, wanted })
            .summary("Add a contact for notifications. `kind` of `way` names the channel. Warnings wait during quiet hours; critical incidents always notify.")
            .example(r#"{"label":"Phone","way":{"kind":"ntfy","server":"https://ntfy.sh","topic":"calm-ops-8f3k"},"least":"warning","quiet":{"from":"22:00","to":"07:00","zone":"Europe/Berlin"},"enabled":true}"#)
            .answer("The journal position after it; its number is the contact's."),
        Route::post("/api/people/contacts/{id}", |IdPath(contact), ApiJson(wanted)| SetContact {
            contact: Some(contact),
            wanted,
        })
        .summary("Change a contact. Without `way` the channel keeps its settings and secrets. `reports` are the stability reports that an e-mail address gets when they are made by themselves; left out, it gets none.")
        .example(r#"{"label":"Phone","least":"critical","enabled":true,"reports":["weekly"]}"#),
        Route::post("/api/people/contacts/{id}/remove", |IdPath(contact)| RemoveContact { contact })
            .summary("Remove a contact. Pending notifications to it are dropped.")
            .body::<Empty>("{}"),
        Route::post("/api/people/contacts/{id}/test", |IdPath(contact)| TestContact { contact })
            .summary("Send a test. The list shows the result a moment later.")
            .body::<Empty>("{}")
            .answer("The journal position; a test is not journalled."),
    ]
}

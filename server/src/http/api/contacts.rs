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
            .summary("The ways by which oneself is called. What lets someone in is never shown, only that there is one.")
            .answer("The contacts, each with its last call."),
        Route::post("/api/people/contacts", |ApiJson(wanted)| SetContact { contact: None, wanted })
            .summary("Set a way by which oneself is called: `kind` of `way` names the channel. In quiet hours warnings wait; what is critical always comes through.")
            .example(r#"{"label":"Phone","way":{"kind":"ntfy","server":"https://ntfy.sh","topic":"calm-ops-8f3k"},"least":"warning","quiet":{"from":"22:00","to":"07:00","zone":"Europe/Berlin"},"enabled":true}"#)
            .answer("The journal position after it; its number is the contact's."),
        Route::post("/api/people/contacts/{id}", |IdPath(contact), ApiJson(wanted)| SetContact {
            contact: Some(contact),
            wanted,
        })
        .summary("Change a way by which oneself is called. Without `way` that stays as it is, with its secrets.")
        .example(r#"{"label":"Phone","least":"critical","enabled":true}"#),
        Route::post("/api/people/contacts/{id}/remove", |IdPath(contact)| RemoveContact { contact })
            .summary("Remove a way by which oneself is called. What waits for it is dropped.")
            .body::<Empty>("{}"),
        Route::post("/api/people/contacts/{id}/test", |IdPath(contact)| TestContact { contact })
            .summary("Send a test. A moment later the list says whether it went out.")
            .body::<Empty>("{}")
            .answer("The journal position; a test is not journalled."),
    ]
}

//! Pages for people who are not signed in: documents without Wasm. Within a page that is alive,
//! such an address is loaded from the server.

#[cfg(not(feature = "ssr"))]
use leptos::prelude::*;

#[cfg(feature = "ssr")]
pub(crate) use document::{Refusal, document, password, said};

/// Loads the address as a document.
#[cfg(not(feature = "ssr"))]
pub(crate) fn load() -> AnyView {
    let location = leptos_router::hooks::use_location();
    Effect::new(move |_| {
        let address = location.pathname.get() + &location.search.get();
        let _ = window().location().assign(&address);
    });
    view! { <p>"Loading ..."</p> }.into_any()
}

#[cfg(feature = "ssr")]
mod document {
    use std::future::Future;

    use leptos::prelude::*;
    use serde::{Deserialize, Serialize, de::DeserializeOwned};

    use crate::{
        accounts::EntryRefused,
        backend,
        components::{awaited::awaited, error},
        problem::Problem,
        pulse::{self, Shared},
    };

    /// The name typed into a form that was refused, and the reason.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub(crate) struct Refusal {
        /// The name that was typed.
        pub name: String,
        /// The reason, if it was refused.
        pub sentence: Option<String>,
    }

    impl Refusal {
        /// Of the request that is being answered.
        pub(crate) fn of_request() -> Self {
            use_context::<EntryRefused>().map_or_else(Self::default, |refused| Self {
                name: refused.name,
                sentence: Some(refused.sentence),
            })
        }
    }

    /// A document named `name`: `read` looks up what it shows, and `show` makes it.
    pub(crate) fn document<V, F>(
        name: &'static str,
        read: impl Fn() -> F + Send + Sync + 'static,
        show: fn(V) -> AnyView,
    ) -> AnyView
    where
        V: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        F: Future<Output = Result<V, Problem>> + Send + 'static,
    {
        let path = leptos_router::hooks::use_location().pathname.get_untracked();
        let shared = expect_context::<Shared>();
        // The name is asked for when the document is complete.
        pulse::head_of_entrance(shared);
        let resource = Resource::new(
            || (),
            move |()| {
                // It names an account, or a secret of a link.
                backend::header(http::header::CACHE_CONTROL, "private, no-store");
                let read = read();
                async move { read.await.map_err(backend::refuse) }
            },
        );
        awaited(move || {
            let path = path.clone();
            async move {
                match resource.await {
                    Ok(value) => {
                        shared.place.set(name.to_owned());
                        show(value)
                    }
                    Err(problem) => error::problem(&problem, &path),
                }
            }
        })
    }

    /// The reason for a refusal.
    pub(crate) fn said(sentence: Option<String>) -> AnyView {
        sentence
            .map(|sentence| view! { <p role="alert" class="said refused">{sentence}</p> })
            .into_any()
    }

    /// A field for a password.
    pub(crate) fn password(label: &'static str, is_new: bool) -> AnyView {
        let autocomplete = if is_new { "new-password" } else { "current-password" };
        view! {
            <label for="password">{label}</label>
            <input id="password" name="password" type="password" autocomplete=autocomplete required minlength=is_new.then_some("10") maxlength="200"/>
        }
        .into_any()
    }
}

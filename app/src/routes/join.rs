//! The page behind an invitation: a document without places, stream and Wasm. The server answers
//! the form, with this page where it is refused.

use leptos::prelude::*;

/// The page.
#[component]
pub(crate) fn JoinPage() -> AnyView {
    #[cfg(feature = "ssr")]
    return page::document();
    #[cfg(not(feature = "ssr"))]
    crate::components::entrance::load()
}

#[cfg(feature = "ssr")]
mod page {
    use domain::access::Role;
    use leptos::prelude::*;
    use serde::{Deserialize, Serialize};

    use crate::{
        accounts::backend,
        backend,
        components::entrance::{self, Refusal, password, said},
        problem::Problem,
        roles::may,
    };

    /// The data of the page.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub(super) struct View {
        /// Role of whoever joins; `None` if the link is not valid.
        pub role: Option<Role>,
        /// The last part of the link.
        pub secret: String,
        /// The earlier refusal.
        pub refusal: Refusal,
    }

    pub(super) fn document() -> AnyView {
        let params = leptos_router::hooks::use_params_map();
        let secret = params.with_untracked(|params| params.get("secret").unwrap_or_default());
        entrance::document("Join", move || read(secret.clone()), show)
    }

    async fn read(secret: String) -> Result<View, Problem> {
        let (backend, refusal) = (backend()?, Refusal::of_request());
        let role = backend.invited(secret.clone()).await?;
        if role.is_none() {
            backend::mark_not_found();
        }
        Ok(View { role, secret, refusal })
    }

    pub(super) fn show(view: View) -> AnyView {
        let View { role, secret, refusal: Refusal { name, sentence } } = view;
        let Some(role) = role else {
            return view! {
                <h1>"This link is not valid"</h1>
                <p class="lead">"It was already used or withdrawn, or it has expired. Ask for a new one."</p>
                <p class="quiet">"Owners create invitation links in the settings. For the first owner, run " <code>"calm-ops owner-link"</code> " on the server."</p>
                <p><a class="button" href="/sign-in">"Sign in"</a></p>
            }
            .into_any();
        };
        view! {
            <h1>"Join"</h1>
            <p class="lead">{format!("You are joining as {}: {}.", role.one(), may(role))}</p>
            {said(sentence)}
            <form method="post" action=format!("/join/{secret}")>
                <label for="name">"Your name, as your team knows you"</label>
                <input id="name" name="name" autocomplete="username" required maxlength="60" autofocus value=name/>
                {password("Password (at least 10 characters)", true)}
                <p class="quiet">"A few random words are strong and easy to remember. You can add a passkey later."</p>
                <button class="button primary" type="submit">"Create account"</button>
            </form>
        }
        .into_any()
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use domain::access::Role;

    use leptos::prelude::*;

    use super::page::{View, show};
    use crate::components::entrance::Refusal;

    #[test]
    fn what_stands_in_the_link_or_was_typed_is_never_markup() {
        let hostile = "\"><script>x</script>".to_owned();
        let refusal = Refusal { name: hostile.clone(), sentence: Some(hostile.clone()) };
        let html = show(View { role: Some(Role::Owner), secret: hostile, refusal }).to_html();
        assert!(
            !html.contains("<script>") && html.contains("You are joining as an owner"),
            "{html}"
        );
        let html = show(View::default()).to_html();
        assert!(html.contains("This link is not valid") && !html.contains("<form"), "{html}");
    }
}

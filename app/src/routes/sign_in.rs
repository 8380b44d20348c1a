//! Sign-in: a document without places, stream and Wasm, so that it is complete on any connection. A
//! passkey needs a few lines of script. The server answers the form, with this page where it is
//! refused.

use leptos::prelude::*;

/// The page.
#[component]
pub(crate) fn SignInPage() -> AnyView {
    #[cfg(feature = "ssr")]
    return page::document();
    #[cfg(not(feature = "ssr"))]
    crate::components::entrance::load()
}

#[cfg(feature = "ssr")]
mod page {
    use leptos::prelude::*;
    use serde::{Deserialize, Serialize};

    use crate::{
        accounts::backend,
        address::{own_page, reason},
        components::entrance::{self, Refusal, password, said},
        problem::Problem,
    };

    /// The data of the page.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub(super) struct View {
        /// Address that it leads to.
        pub to: String,
        /// The earlier refusal.
        pub refusal: Refusal,
        /// True if the browser can have passkeys for this address.
        pub can_have_passkeys: bool,
        /// True if there is an owner already.
        pub has_owner: bool,
    }

    pub(super) fn document() -> AnyView {
        let query = leptos_router::hooks::use_query_map();
        let to = query.with_untracked(|query| query.get("to").unwrap_or_default());
        entrance::document("Sign in", move || read(own_page(&to).to_owned()), show)
    }

    async fn read(to: String) -> Result<View, Problem> {
        let (backend, refusal) = (backend()?, Refusal::of_request());
        let can_have_passkeys = backend.can_have_passkeys();
        let has_owner = backend.has_owner().await?;
        Ok(View { to, refusal, can_have_passkeys, has_owner })
    }

    pub(super) fn show(view: View) -> AnyView {
        let View { to, refusal: Refusal { name, sentence }, can_have_passkeys, has_owner } = view;
        if !has_owner {
            return view! {
                <h1>"This Calm Ops has no owner yet"</h1>
                {said(sentence)}
                <p class="lead">"Open the " <code>"/join/"</code> " link that was printed at startup to become the owner. If the name of a file was printed instead, the link is in that file. It works once and expires in a day."</p>
                <p>"To create a new link, run on the server:"</p>
                <pre><code>"calm-ops owner-link"</code></pre>
                <p class="quiet">"Monitoring is already running."</p>
            }
            .into_any();
        }
        let with_passkey = can_have_passkeys.then(|| {
            view! {
                <form class="passkey" name="sign-in">
                    <input type="hidden" name="to" value=to.clone()/>
                    <button class="button primary" type="submit" disabled>"Sign in with a passkey"</button>
                    <p role="status" class="quiet">"Fingerprint, face or device PIN."</p>
                </form>
                <p class="or">"or"</p>
            }
        });
        let why = reason(&to).map(|why| view! { <p class="lead">{why}</p> });
        let button = if can_have_passkeys { "button" } else { "button primary" };
        view! {
            <h1>"Sign in"</h1>
            {why}
            {said(sentence)}
            {with_passkey}
            <form method="post" action="/sign-in">
                <input type="hidden" name="to" value=to/>
                <label for="name">"Name"</label>
                <input id="name" name="name" autocomplete="username webauthn" required maxlength="60" autofocus=!can_have_passkeys value=name/>
                {password("Password", false)}
                <button class=button type="submit">"Sign in"</button>
            </form>
            <p class="quiet">"No account? An owner can invite you."</p>
        }
        .into_any()
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use leptos::prelude::*;

    use super::page::{View, show};
    use crate::components::entrance::Refusal;

    #[test]
    fn what_was_typed_is_never_markup_and_it_says_why_one_is_here() {
        let hostile = "\"><script>x</script>".to_owned();
        let refusal = Refusal { name: hostile.clone(), sentence: Some(hostile.clone()) };
        let view = View { to: hostile, refusal, can_have_passkeys: true, has_owner: true };
        let html = show(view.clone()).to_html();
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"), "{html}");
        let html = show(View { to: "/ops/approve/1-1".into(), ..view }).to_html();
        assert!(html.contains("Sign in to decide about incident 1."), "{html}");
    }

    #[test]
    fn without_an_owner_it_says_where_the_link_is_and_offers_no_sign_in() {
        let html = show(View::default()).to_html();
        assert!(html.contains("calm-ops owner-link") && !html.contains("<form"), "{html}");
    }
}

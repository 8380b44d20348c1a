//! The fields of the search. They act as one types, and the address follows them. Without Wasm they
//! are a form that is sent.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::view::Search;
use crate::routes::period::{Offset, zone};

/// The address that typing led to, and what is on its way there.
#[derive(Clone, Copy)]
pub(super) struct Typed {
    /// The search of the address.
    search: StoredValue<Search>,
    /// Query of the address that typing led to last, while that is the address.
    query: StoredValue<Option<String>>,
    /// Counts what was typed.
    #[cfg(feature = "hydrate")]
    turns: StoredValue<u32>,
}

impl Typed {
    /// Fields as the address gives them. They follow it when it changes otherwise than by typing.
    pub(super) fn follow(query: Memo<String>) -> Self {
        let search = query.with_untracked(|query| Search::read(query).unwrap_or_default());
        let typed = Self {
            search: StoredValue::new(search),
            query: StoredValue::new(None),
            #[cfg(feature = "hydrate")]
            turns: StoredValue::new(0),
        };
        #[cfg(feature = "hydrate")]
        {
            let navigate = use_navigate();
            Effect::new(move |before: Option<()>| {
                let query = query.get();
                if before.is_none() {
                    // What was typed before the page was alive acts now.
                    typed.go(&navigate);
                } else if !typed.led_to(&query) {
                    typed.fill(Search::read(&query).unwrap_or_default());
                }
            });
        }
        typed
    }

    /// True if typing led to this query.
    pub(super) fn led_to(self, query: &str) -> bool {
        let query = query.trim_start_matches('?');
        self.query.try_with_value(|led| led.as_deref() == Some(query)) == Some(true)
    }
}

#[cfg(feature = "hydrate")]
impl Typed {
    /// Puts what the address says into the fields.
    fn fill(self, search: Search) {
        let Search { text, severity, subject, from, to, practice, .. } = &search;
        let fields = [
            ("text", text),
            ("severity", severity),
            ("subject", subject),
            ("from", from),
            ("to", to),
            ("practice", practice),
        ];
        for (id, value) in fields {
            if let Some(field) = field(id) {
                let _ = js_sys::Reflect::set(&field, &"value".into(), &value.as_str().into());
            }
        }
        self.query.set_value(None);
        self.search.set_value(search);
    }

    /// The search that the fields hold; `None` where they are not on the page.
    fn held(self) -> Option<Search> {
        let value = |id: &str| {
            let field = field(id)?;
            js_sys::Reflect::get(&field, &"value".into()).ok()?.as_string()
        };
        let kept = self.search.with_value(|search| search.offset.clone());
        Some(Search {
            text: value("text")?,
            severity: value("severity")?,
            subject: value("subject")?,
            from: value("from")?,
            to: value("to")?,
            practice: value("practice")?,
            offset: if kept.is_empty() { crate::clock::offset_minutes() } else { kept },
            before: String::new(),
        })
    }

    /// Goes to the address of what is typed, in place of the present one.
    fn go(self, navigate: &impl Fn(&str, NavigateOptions)) {
        // The page may be gone.
        let Some(here) = self.search.try_with_value(|search| search.address("")) else { return };
        let Some(search) = self.held() else { return };
        let address = search.address("");
        if address == here {
            return;
        }
        let query = address.split_once('?').map_or("", |(_, query)| query).to_owned();
        self.query.set_value(Some(query));
        self.search.set_value(search);
        let options =
            NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        navigate(&address, options);
    }

    /// Goes there when typing rests.
    fn go_soon(self, navigate: impl Fn(&str, NavigateOptions) + 'static) {
        const REST: std::time::Duration = std::time::Duration::from_millis(250);
        self.turns.update_value(|turns| *turns = turns.wrapping_add(1));
        let turn = self.turns.get_value();
        set_timeout(
            move || {
                if self.turns.try_get_value() == Some(turn) {
                    self.go(&navigate);
                }
            },
            REST,
        );
    }
}

/// A field of the form.
#[cfg(feature = "hydrate")]
fn field(id: &str) -> Option<leptos::web_sys::Element> {
    document().query_selector(&format!("form.filters #{id}")).ok()?
}

/// Without a browser nobody types.
#[cfg(not(feature = "hydrate"))]
impl Typed {
    fn go(self, _: &impl Fn(&str, NavigateOptions)) {}

    fn go_soon(self, _: impl Fn(&str, NavigateOptions) + 'static) {}
}

fn input(name: &'static str, kind: &'static str, value: String) -> impl IntoView {
    view! { <input id=name name=name type=kind maxlength="200" autocomplete="off" value=value/> }
}

/// The fields: words first, the others folded unless one of them is set.
#[component]
pub(super) fn Fields(typed: Typed) -> impl IntoView {
    let search = typed.search.get_value();
    let is_filtered = search.is_filtered();
    let Search { text, severity, subject, from, to, practice, offset, before: _ } = search;
    let option = |value: &'static str, word: &'static str| view! { <option value=value selected=severity == value>{word}</option> };
    let practised = |value: &'static str, word: &'static str| view! { <option value=value selected=practice == value>{word}</option> };
    let (from_zone, to_zone) = (zone(&offset), zone(&offset));
    let navigate = use_navigate();
    let on_typed = {
        let navigate = navigate.clone();
        move |_| typed.go_soon(navigate.clone())
    };
    let on_sent = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        typed.go(&navigate);
    };
    view! {
        <form class="filters" method="get" action="/ops/history" role="search" on:input=on_typed on:submit=on_sent>
            <label for="text">"Words"</label>
            <div class="first">
                {input("text", "search", text)}
                <button class="button" type="submit">"Search"</button>
            </div>
            <details class="fold" id="filters" open=is_filtered>
                <summary>"More filters"</summary>
                <div class="search">
                    <div>
                        <label for="severity">"Severity"</label>
                        <select id="severity" name="severity">{option("", "any")} {option("warning", "warning")} {option("critical", "critical")}</select>
                    </div>
                    <div>
                        <label for="practice">"Practices"</label>
                        <select id="practice" name="practice">{practised("", "shown")} {practised("none", "left out")} {practised("only", "only")}</select>
                    </div>
                    <div><label for="subject">"Subject begins with"</label>{input("subject", "text", subject)}</div>
                    <div><label for="from">"From " {from_zone}</label>{input("from", "date", from)}</div>
                    <div><label for="to">"To " {to_zone}</label>{input("to", "date", to)}</div>
                    <Offset kept=offset/>
                </div>
            </details>
        </form>
    }
}

//! The pulse: what title, icon and places say on every page.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    page::{Mood, Pulse},
    problem::Problem,
};

/// The pulse as the pages share it.
#[derive(Clone, Copy)]
pub(crate) struct Shared {
    /// The overall state; `None` until it is known.
    pub pulse: RwSignal<Option<Pulse>>,
    /// The name of the page that is shown.
    pub place: RwSignal<String>,
    #[cfg(feature = "ssr")]
    told: StoredValue<bool>,
}

/// Reads the overall state.
#[server(prefix = "/api/pages", endpoint = "pulse", input = GetUrl)]
pub async fn get_pulse() -> Result<Pulse, Problem> {
    let health = crate::backend::execute(commands::reading::GetHealth {}).await?;
    let restriction = health.overview.restriction;
    let now = &health.now;
    Ok(Pulse::of(&health.active, &now.readings, now.checked_at, restriction, &now.troubles))
}

/// The title of the browser's tab.
pub(crate) fn title(pulse: Option<Pulse>, place: &str) -> String {
    let state = pulse.map(|pulse| match (pulse.mood, pulse.active) {
        (Mood::Calm, _) => "Calm".to_owned(),
        (Mood::Blind, _) => "No data".to_owned(),
        (Mood::Warning | Mood::Critical, 0) => "Past a threshold".to_owned(),
        (Mood::Warning, 1) => "1 warning".to_owned(),
        (Mood::Critical, 1) => "1 critical".to_owned(),
        (Mood::Warning | Mood::Critical, active) => format!("{active} incidents"),
    });
    let parts = [state.as_deref().unwrap_or(""), place, "Calm Ops"];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

impl Shared {
    /// Provides the pulse, and keeps title and icon in step with it.
    pub(crate) fn provide() -> Self {
        let shared = Self {
            pulse: RwSignal::new(None),
            place: RwSignal::new(String::new()),
            #[cfg(feature = "ssr")]
            told: StoredValue::new(false),
        };
        provide_context(shared);
        #[cfg(feature = "hydrate")]
        Effect::new(move |_| {
            document().set_title(&title(shared.pulse.get(), &shared.place.get()));
            if let (Some(pulse), Ok(Some(icon))) =
                (shared.pulse.get(), document().query_selector("link[rel=icon]"))
            {
                let _ = icon.set_attribute("href", &format!("/icons/{}.svg", pulse.mood.as_str()));
            }
        });
        shared
    }

    /// The overall state; `None` until it is known. On the server what is awaited may come when the
    /// page and its signals are gone: then it is not known, and the document goes on without it.
    pub(crate) fn known(self) -> Option<Pulse> {
        self.pulse.try_get().flatten()
    }
}

/// Names the page that is shown.
pub(crate) fn place(name: impl Into<String>) {
    if let Some(shared) = use_context::<Shared>() {
        shared.place.set(name.into());
    }
}

/// The document's title as the framework writes it into the head, which it does as it is.
#[cfg(feature = "ssr")]
fn title_html(pulse: Option<Pulse>, place: &str) -> String {
    title(pulse, place).replace('&', "&amp;").replace('<', "&lt;")
}

/// Writes title and icon into the document's head, once: a page is rendered in several passes.
#[cfg(feature = "ssr")]
fn write_head(shared: Shared, mood: Mood, pulse: Option<Pulse>) {
    use leptos_meta::{Link, Title};
    if shared.told.try_update_value(|told| !std::mem::replace(told, true)) != Some(true) {
        return;
    }
    let href = format!("/icons/{}.svg", mood.as_str());
    // Rendering these registers them for the document's head; they leave nothing in its body.
    let _ = view! { <Link rel="icon" type_="image/svg+xml" href/> }.to_html();
    // Asked for when the document is complete: the page and its signals may be gone by then.
    let place = ArcRwSignal::from(shared.place);
    let _ = view! { <Title text=move || title_html(pulse, &place.get_untracked())/> };
}

/// Writes the head of a page for people who are not signed in: its name, and nothing of how things
/// stand.
#[cfg(feature = "ssr")]
pub(crate) fn head_of_entrance(shared: Shared) {
    write_head(shared, Mood::Calm, None);
}

/// Takes a pulse that was read; on the server it becomes the document's title and icon.
pub(crate) fn take(shared: Shared, pulse: Option<Pulse>) {
    #[cfg(feature = "ssr")]
    write_head(shared, pulse.map_or(Mood::Blind, |pulse| pulse.mood), pulse);
    let Some(known) = shared.pulse.try_get_untracked() else { return };
    // The stream tells of it a moment later than of the rest.
    let restriction = |pulse: Pulse| pulse.restriction.or(known.and_then(|one| one.restriction));
    let pulse = pulse.map(|pulse| Pulse { restriction: restriction(pulse), ..pulse });
    if known != pulse {
        shared.pulse.set(pulse);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Timestamp;

    #[cfg(feature = "ssr")]
    #[test]
    fn what_comes_when_the_page_is_gone_harms_nothing() {
        let owner = Owner::new();
        let shared = owner.with(|| {
            leptos_meta::provide_meta_context();
            Shared::provide()
        });
        assert_eq!(shared.known(), None);
        owner.cleanup();
        take(shared, None);
        assert_eq!(shared.known(), None);
    }

    #[test]
    fn the_tab_tells_how_things_stand() {
        let pulse = |mood, active| {
            let (checked_at, restriction) = (Timestamp::default(), None);
            Some(Pulse { mood, active, checked_at, restriction, is_generated: false })
        };
        assert_eq!(title(pulse(Mood::Calm, 0), "Health"), "Calm · Health · Calm Ops");
        assert_eq!(
            title(pulse(Mood::Critical, 1), "Incident 7"),
            "1 critical · Incident 7 · Calm Ops"
        );
        assert_eq!(title(pulse(Mood::Warning, 3), ""), "3 incidents · Calm Ops");
        assert_eq!(title(None, "History"), "History · Calm Ops");
        assert_eq!(title_html(None, "</title>&"), "&lt;/title>&amp; · Calm Ops");
    }
}

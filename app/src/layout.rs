//! The frame around every page: the places, the live mark, and the routes.

use commands::protection::Restriction;
use leptos::prelude::*;
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    hooks::use_location,
    path,
};
use wording::generated::MARK;

use crate::{
    address,
    clock::Clock,
    codec::Json,
    components::{
        awaited::awaited,
        error::LostPage,
        live_indicator::LiveIndicator,
        palette::{Palette, PaletteDialog, SearchLink},
        theme_switch::{ChosenTheme, ThemeSwitch},
        time::read_at,
    },
    live::Live,
    page::{Mood, Pulse},
    problem::Problem,
    pulse::{self, Shared, get_pulse},
    routes::{
        approve::ApprovePage,
        health::HealthPage,
        history::HistoryPage,
        home::HomePage,
        incident::IncidentPage,
        incidents::IncidentsPage,
        join::JoinPage,
        journal::JournalPage,
        messages::MessagesPage,
        organization::OrganizationPage,
        prevention::PreventionPage,
        protection::ProtectionPage,
        report::ReportPage,
        reports::ReportsPage,
        review::ReviewPage,
        runbook::RunbookPage,
        settings::{
            AboutPage, AccountPage, MembersPage, NotificationsPage, ReadinessPage, SourcesPage,
            TokensPage,
        },
        shares::SharesPage,
        sign_in::SignInPage,
        signal::SignalPage,
        status_page::StatusPage,
        threshold::ThresholdPage,
        uptime::UptimePage,
    },
};

/// The overall state when the document is made; later the stream tells.
type Loaded = Resource<Result<Pulse, Problem>, Json>;

/// The whole app.
#[component]
pub fn App() -> impl IntoView {
    #[cfg(feature = "ssr")]
    leptos_meta::provide_meta_context();
    let live = Live::provide();
    ChosenTheme::provide();
    Palette::provide();
    // In the browser the stream opens as soon as the page is alive.
    #[cfg(feature = "hydrate")]
    crate::state::start(live);
    #[cfg(not(feature = "hydrate"))]
    let _ = live;
    view! { <Router><Frame/></Router> }
}

/// The places, and the page.
#[component]
fn Frame() -> impl IntoView {
    let pulse = (!is_entrance())
        .then(|| Resource::<_, Json>::new_with_options(|| (), |()| get_pulse(), false));
    view! {
            <a class="skip" href="#main">"Skip to content"</a>
            <div class=frame_class()>
                {header(pulse)}
                <main id="main" tabindex="-1">
                    {pulse.map(restriction)}
                    <FlatRoutes fallback=LostPage>
                        <Route path=path!("/") view=HomePage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/health") view=HealthPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/incidents") view=IncidentsPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/incidents/:id") view=IncidentPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/incidents/:id/share") view=SharesPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/incidents/:id/messages") view=MessagesPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/incidents/:id/review") view=ReviewPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/reports") view=ReportsPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/reports/:id") view=ReportPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/prevention") view=PreventionPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/journal") view=JournalPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/approve/:id") view=ApprovePage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/history") view=HistoryPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/uptime") view=UptimePage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/protection") view=ProtectionPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/organizations/:id") view=OrganizationPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/status") view=StatusPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/signals/:signal") view=SignalPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/signals/:signal/threshold") view=ThresholdPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/runbook") view=RunbookPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/settings") view=AccountPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/settings/notifications") view=NotificationsPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/settings/members") view=MembersPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/settings/tokens") view=TokensPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/settings/readiness") view=ReadinessPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/settings/sources") view=SourcesPage ssr=SsrMode::Async/>
                        <Route path=path!("/ops/settings/about") view=AboutPage ssr=SsrMode::Async/>
                        <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async/>
                        <Route path=path!("/join/:secret") view=JoinPage ssr=SsrMode::Async/>
                    </FlatRoutes>
                </main>
                {(!is_entrance()).then(|| view! { <footer class="frame-foot"><ThemeSwitch to=here()/></footer> })}
            </div>
            {(!is_entrance()).then(|| view! { <PaletteDialog/> })}
    }
}

/// Address of the page that is shown.
fn here() -> Signal<String> {
    let location = use_location();
    Signal::derive(move || {
        let (path, query) = (location.pathname.get(), location.search.get());
        match query.trim_start_matches('?') {
            "" => path,
            query => format!("{path}?{query}"),
        }
    })
}

/// True if this document is for people who are not signed in: they have no places.
fn is_entrance() -> bool {
    use_location().pathname.with_untracked(|path| address::is_entrance(path))
}

fn frame_class() -> &'static str {
    if is_entrance() { "entrance" } else { "frame" }
}

fn header(pulse: Option<Loaded>) -> AnyView {
    if let Some(pulse) = pulse {
        return places(pulse);
    }
    view! { <header class="entrance-head"><p class="brand"><a href="/">"Calm Ops"</a></p></header> }
        .into_any()
}

/// The places, with how things stand: a column on a desktop, a bar at the bottom of a phone.
fn places(pulse: Loaded) -> AnyView {
    let shared = expect_context::<Shared>();
    let checked_at = Signal::derive(move || shared.known().map(|pulse| pulse.checked_at));
    let class = move || match shared.known() {
        None | Some(Pulse { active: 0, .. }) => "count none",
        Some(Pulse { mood: Mood::Critical, .. }) => "count critical",
        Some(_) => "count warning",
    };
    let active = move || shared.known().map_or(0, |pulse| pulse.active);
    let count = awaited(move || async move {
        let first = pulse.await.ok();
        if shared.pulse.try_get_untracked() == Some(None) {
            pulse::take(shared, first);
        }
        view! { <span class=class><span>{active}</span><span class="away">" active"</span></span> }
    });
    // Paper does not change: it says of when it is.
    let clock = expect_context::<Clock>();
    let printed = awaited(move || async move {
        let first = pulse.await.ok().map(|pulse| pulse.checked_at);
        let at = move || shared.known().map(|pulse| pulse.checked_at).or(first);
        move || at().map(|at| format!("Printed from Calm Ops, as of {}.", read_at(clock, at)))
    });
    let path = use_location().pathname;
    let place = move |href: &'static str,
                      icon: &'static str,
                      word: &'static str,
                      beside: AnyView| {
        // A page below a place belongs to it.
        let here = move || path.with(|path| path.starts_with(href)).then_some("page");
        view! { <li><a href=href aria-current=here><i class=icon aria-hidden="true"></i>{word}{beside}</a></li> }.into_any()
    };
    view! {
        <header class="places">
            <p class="brand"><a href="/">"Calm Ops"</a></p>
            <SearchLink/>
            <nav aria-label="Places">
                <ul>
                    {place("/ops/health", "icon health", "Health", ().into_any())}
                    {place("/ops/incidents", "icon incidents", "Incidents ", count)}
                    {place("/ops/history", "icon history", "History", ().into_any())}
                    {place("/ops/journal", "icon journal", "Journal", ().into_any())}
                    {place("/ops/runbook", "icon runbook", "Runbook", ().into_any())}
                </ul>
            </nav>
            <a class="me" href="/ops/protection" aria-current=move || path.with(|path| path.starts_with("/ops/protection")).then_some("page")>
                <i class="icon protection" aria-hidden="true"></i><span>"Protection"</span>
            </a>
            <a class="me wide" href="/ops/status" aria-current=move || path.with(|path| path.starts_with("/ops/status")).then_some("page")>
                <i class="icon published" aria-hidden="true"></i><span>"Status page"</span>
            </a>
            <a class="me" href="/ops/settings" aria-current=move || path.with(|path| path.starts_with("/ops/settings")).then_some("page")>
                <i class="icon settings" aria-hidden="true"></i><span>"Settings"</span>
            </a>
            <ThemeSwitch to=here()/>
            <LiveIndicator path=path loaded=checked_at/>
        </header>
        <p class="on-paper">{printed}</p>
    }
    .into_any()
}

/// The place on every page for what protection restricts, and for the mark of generated data.
fn restriction(pulse: Loaded) -> AnyView {
    let shared = expect_context::<Shared>();
    let path = use_location().pathname;
    let told = awaited(move || async move {
        let first = pulse.await.ok();
        move || {
            let known = shared.known().or(first);
            let restriction = known.and_then(|pulse| pulse.restriction);
            let restriction = restriction.or(first.and_then(|pulse| pulse.restriction));
            let is_generated = known.is_some_and(|pulse| pulse.is_generated);
            // The pages themselves tell more.
            let is_at = |place: &str| path.with(|path| path == place);
            [
                restricted(restriction.filter(|_| !is_at("/ops/protection"))),
                generated(is_generated && !is_at("/ops/health")),
            ]
            .into_iter()
            .flatten()
            .collect_view()
        }
    });
    view! { <div class="restricted" aria-live="polite">{told}</div> }.into_any()
}

/// The mark of generated data.
fn generated(is_generated: bool) -> Option<AnyView> {
    is_generated.then(|| {
        view! { <p class="notice">{MARK} " " <a href="/ops/health">"Open health"</a></p> }
            .into_any()
    })
}

/// Safe mode, and that automatic measures are suspended, on every page.
fn restricted(restriction: Option<Restriction>) -> Option<AnyView> {
    let Restriction { is_suspended, safe_mode } = restriction?;
    let sentence = match (safe_mode, is_suspended) {
        (Some(stage), _) => {
            format!("Safe mode is in force: {}.", wording::protection::stage(stage))
        }
        (None, true) => "Automatic measures are suspended.".to_owned(),
        (None, false) => return None,
    };
    Some(
        view! { <p class="notice">{sentence} " " <a href="/ops/protection">"Open protection"</a></p> }
            .into_any(),
    )
}

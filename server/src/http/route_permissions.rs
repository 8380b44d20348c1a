//! Everything that is served beside [`api::ROUTES`](super::api::ROUTES): pages, the functions that
//! a page which is alive asks, forms, and the ways in. The framework makes most of these routes, so
//! that this table is held against what is really there by a test; another one tries every row as
//! everyone.

use domain::access::{Permission, Role};

/// One way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoutePermission {
    /// The method, in lower case.
    pub method: &'static str,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// The contents of a form: an address may do several things.
    pub body: &'static str,
    /// The demand on its caller.
    pub need: Permission,
}

const fn get(path: &'static str, need: Permission) -> RoutePermission {
    RoutePermission { method: "get", path, body: "", need }
}

const fn post(path: &'static str, body: &'static str, need: Permission) -> RoutePermission {
    RoutePermission { method: "post", path, body, need }
}

const fn person(role: Role, recently_authenticated: bool) -> Permission {
    Permission::Person { role, recently_authenticated }
}

/// The function that carries out every form of the settings.
const CHANGE_SETTINGS: &str = "/api/pages/change-settings";

/// All of them.
pub const ROUTE_PERMISSIONS: &[RoutePermission] = &[
    get("/", Permission::Read),
    get("/ops/health", Permission::Read),
    get("/ops/incidents", Permission::Read),
    get("/ops/incidents/{id}", Permission::Read),
    get("/ops/incidents/{id}/share", Permission::Read),
    get("/ops/incidents/{id}/messages", Permission::Read),
    get("/ops/incidents/{id}/review", Permission::Read),
    get("/ops/prevention", Permission::Read),
    get("/ops/signals/{signal}/threshold", Permission::Read),
    get("/ops/reports", Permission::Read),
    get("/ops/reports/{id}", Permission::Read),
    get("/ops/journal", Permission::Read),
    get("/ops/approve/{id}", Permission::Read),
    get("/ops/protection", Permission::Read),
    get("/ops/organizations/{id}", Permission::Read),
    get("/ops/status", Permission::Read),
    get("/ops/history", Permission::Read),
    get("/ops/uptime", Permission::Read),
    get("/ops/signals/{signal}", Permission::Read),
    get("/ops/runbook", Permission::Read),
    get("/ops/settings", person(Role::Viewer, false)),
    get("/ops/settings/notifications", person(Role::Viewer, false)),
    get("/ops/settings/members", person(Role::Viewer, false)),
    get("/ops/settings/tokens", person(Role::Viewer, false)),
    get("/ops/settings/readiness", Permission::Read),
    get("/ops/settings/sources", Permission::Read),
    get("/ops/settings/about", Permission::Read),
    get("/api/pages/home", Permission::Read),
    get("/api/pages/pulse", Permission::Read),
    get("/api/pages/health", Permission::Read),
    get("/api/pages/incidents", Permission::Read),
    get("/api/pages/incident", Permission::Read),
    get("/api/pages/approve", Permission::Read),
    get("/api/pages/protection", Permission::Read),
    get("/api/pages/organization", Permission::Read),
    get("/api/pages/organization-impact", Permission::Read),
    get("/api/pages/status", Permission::Read),
    get("/api/pages/history", Permission::Read),
    get("/api/pages/uptime", Permission::Read),
    get("/api/pages/signal", Permission::Read),
    get("/api/pages/journal", Permission::Read),
    get("/api/pages/shares", Permission::Read),
    get("/api/pages/messages", Permission::Read),
    get("/api/pages/review", Permission::Read),
    get("/api/pages/prevention", Permission::Read),
    get("/api/pages/threshold", Permission::Read),
    get("/api/pages/reports", Permission::Read),
    get("/api/pages/report", Permission::Read),
    get("/api/pages/runbook", Permission::Read),
    get("/api/pages/settings", person(Role::Viewer, false)),
    get("/api/pages/contacts", person(Role::Viewer, false)),
    get("/api/pages/readiness", Permission::Read),
    get("/api/pages/sources", Permission::Read),
    get("/api/pages/about", Permission::Read),
    post("/api/pages/act", "incident={number}&what=acknowledge", Permission::Respond),
    post("/api/pages/act", "incident={number}&what=comment&text=x", Permission::Respond),
    post(
        "/api/pages/act",
        "incident={number}&what=inspect&inspection=top_processes",
        Permission::Respond,
    ),
    post("/api/pages/act", "incident={number}&what=resolve&text=x", Permission::Respond),
    post("/api/pages/act", "incident={number}&what=reopen&text=x", Permission::Respond),
    post(
        "/api/pages/act",
        "incident={number}&what=approve&place=1&binding={hash}",
        person(Role::Approver, true),
    ),
    post(
        "/api/pages/act",
        "incident={number}&what=decline&place=1&text=x",
        person(Role::Approver, false),
    ),
    post("/api/pages/act", "incident={number}&what=cancel&place=1", person(Role::Approver, false)),
    post(
        "/ops/incidents/{id}/share",
        "what=make&label=x&audience=customer&days=1&summary=on",
        person(Role::Responder, false),
    ),
    post("/ops/incidents/{id}/share", "what=end&share={number}", person(Role::Responder, false)),
    post(
        "/ops/incidents/{id}/messages",
        "what=save&audience=all&stage=first&text=x",
        person(Role::Responder, false),
    ),
    post(
        "/ops/incidents/{id}/messages",
        "what=review&audience=all&version=1&binding={hash}",
        person(Role::Responder, false),
    ),
    post(
        "/ops/incidents/{id}/messages",
        "what=sent&audience=all&version=1&binding={hash}&destination=x",
        person(Role::Responder, false),
    ),
    post(
        "/ops/incidents/{id}/review",
        "what=save&factors=x&went_well=x&to_change=x",
        person(Role::Responder, false),
    ),
    post(
        "/ops/incidents/{id}/review",
        "what=rate&place=1&rating=fixed",
        person(Role::Approver, false),
    ),
    post(
        "/ops/incidents/{id}/review",
        "what=add&text=x&plan=drop&reason=x",
        person(Role::Responder, false),
    ),
    post(
        "/ops/prevention",
        "what=done&incident={number}&step=1&evidence=x",
        person(Role::Responder, false),
    ),
    post(
        "/ops/prevention",
        "what=drop&incident={number}&step=1&reason=x",
        person(Role::Responder, false),
    ),
    post(
        "/ops/signals/{signal}/threshold",
        "what=try&subject=service:x&signal=queue.depth&document={hash}&line=9&warning=above+1&critical=-&for=0+s&recovers_at=-&days=7",
        person(Role::Responder, false),
    ),
    post(
        "/ops/signals/{signal}/threshold",
        "what=change&subject=service:x&signal=queue.depth&document={hash}&line=9&warning=above+1&critical=-&for=0+s&recovers_at=-&reason=x",
        person(Role::Approver, true),
    ),
    post(
        "/ops/signals/{signal}/threshold",
        "what=decline&subject=service:x&signal=queue.depth&proposal=1&reason=x",
        person(Role::Approver, false),
    ),
    post("/ops/reports", "what=make&kind=daily", person(Role::Responder, false)),
    post("/ops/reports", "what=review&report=1", person(Role::Approver, false)),
    post("/ops/health", "what=begin&subjects=host:nowhere&minutes=1&reason=x", Permission::Respond),
    post("/ops/protection", "what=suspend&reason=x", Permission::Respond),
    post("/ops/protection", "what=resume", person(Role::Approver, false)),
    post("/ops/protection", "what=begin&reason=x", person(Role::Approver, true)),
    post("/ops/protection", "what=end", person(Role::Approver, true)),
    post("/ops/settings/readiness", "what=begin&minutes=1", person(Role::Approver, false)),
    post("/ops/settings/readiness", "what=end", person(Role::Responder, false)),
    post(
        "/ops/organizations",
        "what=begin&organization=organization:acme&plan=large&hours=1&reason=x",
        person(Role::Approver, false),
    ),
    post(
        "/ops/organizations",
        "what=end&organization=organization:acme",
        person(Role::Approver, false),
    ),
    post(
        "/ops/status",
        "what=notice&step=publish&state=identified&title=x&text=x",
        person(Role::Approver, false),
    ),
    // Whose text it is decides the service.
    post("/ops/journal/{entry}/redact", "reason=x", Permission::Read),
    post(CHANGE_SETTINGS, "what=password&fields[password]=x", person(Role::Viewer, true)),
    post(CHANGE_SETTINGS, "what=remove-passkey&id={number}", person(Role::Viewer, false)),
    post(CHANGE_SETTINGS, "what=end-session&id={number}", person(Role::Viewer, false)),
    post(
        CHANGE_SETTINGS,
        "what=contact&fields[kind]=ntfy&fields[server]=http://127.0.0.1:1&fields[topic]=calm-ops-8f3k&fields[label]=x&fields[least]=critical",
        person(Role::Viewer, true),
    ),
    post(CHANGE_SETTINGS, "what=remove-contact&id={number}", person(Role::Viewer, false)),
    post(CHANGE_SETTINGS, "what=test-contact&id={number}", person(Role::Viewer, false)),
    post(CHANGE_SETTINGS, "what=invite&fields[role]=viewer", person(Role::Owner, true)),
    post(CHANGE_SETTINGS, "what=withdraw&id={number}", person(Role::Owner, false)),
    post(CHANGE_SETTINGS, "what=role&id={number}&fields[role]=viewer", person(Role::Owner, true)),
    post(CHANGE_SETTINGS, "what=close&id={number}", person(Role::Owner, true)),
    post(CHANGE_SETTINGS, "what=open&id={number}", person(Role::Owner, true)),
    post(
        CHANGE_SETTINGS,
        "what=token&fields[label]=x&chosen[]=read&fields[days]=1",
        person(Role::Owner, true),
    ),
    post(CHANGE_SETTINGS, "what=revoke&id={number}", person(Role::Owner, false)),
    get("/sign-in", Permission::Nothing),
    post("/sign-in", "name=Nobody&password=x", Permission::Nothing),
    get("/join/{secret}", Permission::Nothing),
    post("/join/{secret}", "name=Nobody&password=x", Permission::Nothing),
    post("/sign-out", "", Permission::Nothing),
    post("/theme", "theme=dark&to=/ops/health", Permission::Nothing),
    get("/passkeys.js", Permission::Nothing),
    get("/share/{token}", Permission::Nothing),
    get("/status", Permission::Nothing),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::http::{shared, sign_in, status_page, theme};

    // The framework looks at each page inside of a runtime.
    #[tokio::test]
    async fn nothing_is_served_that_is_not_in_the_table() {
        let pages = leptos_axum::generate_route_list(app::App)
            .into_iter()
            .map(|page| ("get".to_owned(), page.path().to_owned()));
        let functions = leptos::server_fn::axum::server_fn_paths()
            .map(|(path, method)| (method.as_str().to_lowercase(), path.to_owned()));
        let forms = app::FORMS.into_iter().map(|path| ("post".to_owned(), path.to_owned()));
        let others = sign_in::ROUTES
            .iter()
            .chain([&shared::ROUTE, &status_page::ROUTE, &theme::ROUTE])
            .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()));
        let served: BTreeSet<(String, String)> =
            pages.chain(functions).chain(forms).chain(others).collect();
        let listed: BTreeSet<(String, String)> = ROUTE_PERMISSIONS
            .iter()
            .map(|row| (row.method.to_owned(), row.path.to_owned()))
            .collect();
        assert_eq!(served, listed);
        assert!(served.len() > 30, "{served:?}");
    }
}

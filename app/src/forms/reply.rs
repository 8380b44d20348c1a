//! Parts that all forms share: who asks, and how they are answered.

use std::{str::FromStr, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use commands::service::{Executable, Operations};
use domain::{access::Principal, error::ErrorKind, time::Timestamp};
use http::{HeaderValue, Request, StatusCode, header};
use leptos::prelude::*;

use crate::{
    address::AnsweredAt,
    backend,
    problem::{Problem, status},
    routes::health::WindowForm,
    urlencoded::Form,
};

/// Makes a new token for a link: 256 bits of fresh randomness, as text. The server provides it in
/// the context.
#[derive(Clone, Copy, Debug)]
pub struct NewToken(pub fn() -> Option<String>);

/// The time, from the one place that reads a clock. The server provides it in the context.
#[derive(Clone)]
pub struct WallClock(pub Arc<dyn Fn() -> Timestamp + Send + Sync>);

/// The address of this server from outside, without a slash at the end, if that is configured. The
/// server provides it in the context.
#[derive(Clone, Debug)]
pub struct PublicUrl(pub Option<Arc<str>>);

/// The reason a subject was not retired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotRetired(pub Problem);

/// A maintenance window that was refused, with what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefusedWindow {
    /// The form as it was typed.
    pub form: WindowForm,
    /// The reason.
    pub problem: Problem,
}

/// The parts of the context that a form needs.
pub(super) struct Known {
    operations: Option<(Operations, Principal)>,
    pub new: Option<NewToken>,
    pub clock: Option<WallClock>,
    pub public: Option<Arc<str>>,
}

pub(super) fn known(context: &(impl Fn() + Clone)) -> Known {
    Owner::new().with(|| {
        context();
        Known {
            operations: use_context::<Operations>().zip(use_context::<Principal>()),
            new: use_context(),
            clock: use_context(),
            public: use_context::<PublicUrl>().and_then(|PublicUrl(url)| url),
        }
    })
}

impl Known {
    pub async fn execute<O: Executable>(self, operation: O) -> Result<(), Problem> {
        self.ask(operation).await.map(|_| ())
    }

    /// Executes an operation, and gives its output.
    pub async fn ask<O: Executable>(self, operation: O) -> Result<O::Output, Problem> {
        let (operations, caller) = self.operations.ok_or_else(backend::lost)?;
        Ok(operations.execute(caller, operation).await?)
    }
}

/// A field of a form that only the page itself writes, so that a wrong one was not typed.
pub(super) fn read<T: FromStr>(form: &Form, name: &str) -> Result<T, Problem> {
    form.get(name).parse().map_err(|_| Problem::unreadable())
}

/// The answer to a form.
pub(super) enum Answer {
    /// Another page.
    LedTo(String),
    /// The page with what was typed, and what is said about it.
    Shown {
        /// Its address.
        address: String,
        /// Its status.
        code: StatusCode,
        /// Provides what was typed in the context of the page.
        more: Arc<dyn Fn() + Send + Sync>,
    },
}

impl Answer {
    pub fn led_to(address: impl Into<String>) -> Self {
        Self::LedTo(address.into())
    }

    /// The page with what was refused and the reason, which the page finds in its context.
    pub fn refused(
        address: impl Into<String>,
        kind: ErrorKind,
        refused: impl Clone + Send + Sync + 'static,
    ) -> Self {
        Self::shown(address, status(kind), move || provide_context(refused.clone()))
    }

    pub fn shown(
        address: impl Into<String>,
        code: StatusCode,
        more: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self::Shown { address: address.into(), code, more: Arc::new(more) }
    }
}

/// The route of a page that takes its own forms by post; `context` and `shell` as the pages have
/// them. `act` carries a form out, `answer` says what is shown then; one that can't be read comes to
/// it empty, with the reason.
pub(super) fn taken_by<S, T, F, IV>(
    path: &str,
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
    act: fn(Known, Form) -> F,
    answer: fn(&Form, Result<T, Problem>) -> Answer,
) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    T: Send + 'static,
    F: Future<Output = Result<T, Problem>> + Send + 'static,
    IV: IntoView + 'static,
{
    let posted = move |body: Bytes| {
        let (context, shell) = (context.clone(), shell.clone());
        async move { answered(&body, context, shell, act, answer).await }
    };
    Router::new().route(path, post(posted))
}

/// Carries a form out and answers it.
pub(super) async fn answered<T, F, IV>(
    body: &Bytes,
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
    act: impl FnOnce(Known, Form) -> F,
    answer: impl FnOnce(&Form, Result<T, Problem>) -> Answer,
) -> Response
where
    F: Future<Output = Result<T, Problem>>,
    IV: IntoView + 'static,
{
    let (form, done) = match Form::read(body) {
        Ok(form) => {
            let done = act(known(&context), form.clone()).await;
            (form, done)
        }
        Err(unread) => (Form::default(), Err(Problem::from(unread))),
    };
    match answer(&form, done) {
        Answer::LedTo(address) => led_to(&address),
        Answer::Shown { address, code, more } => {
            shown(&address, code, context, move || more(), shell).await
        }
    }
}

/// With a new request, so that loading it again does nothing twice.
pub(super) fn led_to(address: &str) -> Response {
    ([(header::CACHE_CONTROL, "private, no-store")], Redirect::to(address)).into_response()
}

/// The page at an address, with something to tell.
pub async fn shown<IV: IntoView + 'static>(
    address: &str,
    status: StatusCode,
    context: impl Fn() + Clone + Send + Sync + 'static,
    more: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Response {
    let Ok(request) = Request::get(address).header(header::ACCEPT, "text/html").body(Body::empty())
    else {
        return status.into_response();
    };
    let here = AnsweredAt(address.to_owned());
    let context = move || {
        context();
        more();
        provide_context(here.clone());
    };
    let mut answer = leptos_axum::render_app_async_with_context(context, shell)(request).await;
    if answer.status() == StatusCode::OK {
        *answer.status_mut() = status;
    }
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    answer
}

//! A route: the operation that it executes, how a request makes that operation, and what the
//! description says of it. Permission, parameters, body and answer come from the types.

use axum::{
    Json, Router,
    extract::{FromRequest, FromRequestParts, Request, State},
    handler::Handler,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{self, MethodFilter, MethodRouter},
};
use commands::{
    operation::{Committed, Operation},
    service::Executable,
};
use domain::{access::Permission, authorization::authorize};
use http::header;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    auth::RequestPrincipal,
    error::Problem,
    extract::Described,
    schema::{Content, Parameter, SchemaOf, of},
    state::Site,
};

/// Answer of a handler.
pub type Answer = Result<Response, Problem>;

/// Nothing needs to be said.
#[derive(Deserialize, ToSchema)]
pub struct Empty {}

/// One route of the interface for programs.
#[derive(Clone)]
pub struct Route {
    /// The method, in lower case.
    pub method: &'static str,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// The demand on its caller: the permission of its operation.
    pub need: Permission,
    /// Its effect, in a sentence.
    pub summary: &'static str,
    /// Parameters of the query.
    pub query: &'static [Parameter],
    /// An example of the body that it takes, and its schema.
    pub body: Option<(&'static str, SchemaOf)>,
    /// The status of a good answer, and what it says.
    pub answer: (u16, &'static str),
    /// Content of a good answer.
    pub content: Content,
    /// Its handler alone decides who may.
    asks_itself: bool,
    handler: MethodRouter<Site>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Route {
    /// Without an operation nobody may: that is for [`Self::executes`] or [`Self::public`] to say.
    fn new(method: &'static str, path: &'static str, handler: MethodRouter<Site>) -> Self {
        Self {
            method,
            path,
            need: Permission::Itself,
            summary: "",
            query: &[],
            body: None,
            answer: (200, ""),
            content: Content::Free,
            asks_itself: false,
            handler,
        }
    }

    fn made<M: MakesOperation<P>, P>(
        method: &'static str,
        path: &'static str,
        handler: MethodRouter<Site>,
    ) -> Self {
        let body = M::BODY.map(|schema| ("{}", schema));
        Self { query: M::QUERY, body, ..Self::new(method, path, handler).executes::<M::Made>() }
    }

    /// A reading that is made of the parts of a request.
    pub fn get<M: MakesOperation<P>, P>(path: &'static str, make: M) -> Self {
        Self::made::<M, P>("get", path, make.handled(MethodFilter::GET))
    }

    /// A change that is made of the parts of a request.
    pub fn post<M, P>(path: &'static str, make: M) -> Self
    where
        M: MakesOperation<P, Made: Operation<Output = Committed>>,
    {
        Self::made::<M, P>("post", path, make.handled(MethodFilter::POST))
            .answer("The journal position after it.")
    }

    /// A change that sets a value, and is the same when it is said again.
    pub fn put<M, P>(path: &'static str, make: M) -> Self
    where
        M: MakesOperation<P, Made: Operation<Output = Committed>>,
    {
        Self::made::<M, P>("put", path, make.handled(MethodFilter::PUT))
            .answer("The journal position after it.")
    }

    /// A `GET` with a handler of its own.
    pub fn get_with<P: 'static>(path: &'static str, handler: impl Handler<P, Site>) -> Self {
        Self::new("get", path, routing::get(handler))
    }

    /// A `POST` with a handler of its own.
    pub fn post_with<P: 'static>(path: &'static str, handler: impl Handler<P, Site>) -> Self {
        Self::new("post", path, routing::post(handler))
    }

    /// Needs the permission of an operation, and answers with its output.
    pub fn executes<O: Operation<Output: ToSchema>>(self) -> Self {
        self.needs::<O>().json::<O::Output>()
    }

    /// Needs the permission of an operation.
    pub fn needs<O: Operation>(self) -> Self {
        Self { need: O::PERMISSION, ..self }
    }

    /// Is open to everyone.
    pub fn public(self) -> Self {
        Self { need: Permission::Nothing, ..self }
    }

    /// Has a rule of its own of who may, which its handler asks.
    pub fn asks_itself(self) -> Self {
        Self { asks_itself: true, ..self }
    }

    /// Its effect, in a sentence.
    pub fn summary(self, summary: &'static str) -> Self {
        Self { summary, ..self }
    }

    /// Parameters of the query that its handler reads.
    pub fn query(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    /// Body that its handler takes.
    pub fn body<T: ToSchema>(self, example: &'static str) -> Self {
        Self { body: Some((example, of::<T>)), ..self }
    }

    /// An example of the body, whose type is known.
    pub fn example(self, example: &'static str) -> Self {
        Self { body: self.body.map(|(_, schema)| (example, schema)), ..self }
    }

    /// The meaning of a good answer.
    pub fn answer(self, meaning: &'static str) -> Self {
        Self { answer: (self.answer.0, meaning), ..self }
    }

    /// The status of a good answer.
    pub fn status(self, status: u16) -> Self {
        Self { answer: (status, self.answer.1), ..self }
    }

    /// Type of the answer.
    pub fn json<T: ToSchema>(self) -> Self {
        self.content(Content::Json(of::<T>))
    }

    /// Content of the answer.
    pub fn content(self, content: Content) -> Self {
        Self { content, ..self }
    }

    /// Adds it to a router. Whoever may not is refused before a body is read, so that only those
    /// who may learn what it should look like. The service asks again; a push has a rule of its
    /// own.
    pub fn mount(self, router: Router<Site>) -> Router<Site> {
        let (need, asks_itself) = (self.need, self.asks_itself);
        let early = middleware::from_fn(
            move |RequestPrincipal(principal): RequestPrincipal, request: Request, next: Next| async move {
                if !asks_itself {
                    authorize(&principal, need).map_err(Problem::from)?;
                }
                Ok::<Response, Problem>(next.run(request).await)
            },
        );
        router.route(self.path, self.handler.route_layer(early))
    }
}

/// A function that makes an operation of the parts of a request, such as
/// `|IncidentPath(incident)| GetIncident { incident }`.
pub trait MakesOperation<Parts>: Clone + Send + Sync + 'static {
    /// The operation.
    type Made: Executable<Output: Serialize + ToSchema>;
    /// Schema of the body that is read.
    const BODY: Option<SchemaOf>;
    /// Parameters of the query that are read.
    const QUERY: &'static [Parameter];

    /// The handler that executes the operation, for a method.
    fn handled(self, method: MethodFilter) -> MethodRouter<Site>;
}

impl<F, O> MakesOperation<()> for F
where
    F: Fn() -> O + Clone + Send + Sync + 'static,
    O: Executable<Output: Serialize + ToSchema>,
{
    type Made = O;
    const BODY: Option<SchemaOf> = None;
    const QUERY: &'static [Parameter] = &[];

    fn handled(self, method: MethodFilter) -> MethodRouter<Site> {
        routing::on(method, |State(site): State<Site>, principal: RequestPrincipal| async move {
            execute(&site, principal, self()).await
        })
    }
}

impl<F, O, Via, A> MakesOperation<(Via, A)> for F
where
    F: Fn(A) -> O + Clone + Send + Sync + 'static,
    O: Executable<Output: Serialize + ToSchema>,
    A: FromRequest<Site, Via> + Described + Send + 'static,
    Via: Send + 'static,
{
    type Made = O;
    const BODY: Option<SchemaOf> = A::BODY;
    const QUERY: &'static [Parameter] = A::QUERY;

    fn handled(self, method: MethodFilter) -> MethodRouter<Site> {
        let handler = |State(site): State<Site>, principal: RequestPrincipal, a: A| async move {
            execute(&site, principal, self(a)).await
        };
        routing::on(method, handler)
    }
}

impl<F, O, Via, A, B> MakesOperation<(Via, A, B)> for F
where
    F: Fn(A, B) -> O + Clone + Send + Sync + 'static,
    O: Executable<Output: Serialize + ToSchema>,
    A: FromRequestParts<Site> + Described + Send + 'static,
    B: FromRequest<Site, Via> + Described + Send + 'static,
    Via: Send + 'static,
{
    type Made = O;
    const BODY: Option<SchemaOf> = B::BODY;
    const QUERY: &'static [Parameter] = A::QUERY;

    fn handled(self, method: MethodFilter) -> MethodRouter<Site> {
        let handler = |State(site): State<Site>, principal: RequestPrincipal, a: A, b: B| async move {
            execute(&site, principal, self(a, b)).await
        };
        routing::on(method, handler)
    }
}

/// Executes an operation, and answers with its output as JSON.
pub async fn execute<O>(
    site: &Site,
    RequestPrincipal(principal): RequestPrincipal,
    operation: O,
) -> Answer
where
    O: Executable<Output: Serialize>,
{
    Ok(json(&site.service.execute(principal, operation).await?))
}

/// An answer in JSON that no cache keeps.
pub fn json<T: Serialize>(value: &T) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(value)).into_response()
}

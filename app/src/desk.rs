//! The desk as the pages need it. The server implements it and provides it in the context; a test
//! can do the same.

use std::{future::Future, pin::Pin, sync::Arc};

use commands::{
    command::{Command, Committed},
    query::{Answer, Query},
};
use domain::{access::Principal, error::Error};

/// A future of the desk.
pub type DeskFuture<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// The one door: every change and every reading comes through it, each as whoever asks.
pub trait Desk: Send + Sync + 'static {
    /// Does something, or says why not.
    fn act(&self, caller: Principal, command: Command) -> DeskFuture<Committed>;

    /// Answers something, or says why not. The answer is of the query's kind.
    fn ask(&self, caller: Principal, query: Query) -> DeskFuture<Answer>;
}

/// The desk, shared.
pub type SharedDesk = Arc<dyn Desk>;

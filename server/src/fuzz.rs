//! The parsers of input from outside, for any bytes. Each stands beside what it tries; this is the
//! list of them, with those that are public anyway.

mod documents;
mod files;
mod limits;
mod messages;
mod names;
mod report_template;

use std::cell::RefCell;

use fixtures::fuzz::Target;
use tokio::runtime::{Builder, Runtime};

use crate::{backup, collectors, gate, http, store};

/// All of them.
pub fn targets() -> Vec<Target> {
    [
        http::fuzz::TARGETS,
        http::api::signals::fuzz::TARGETS,
        collectors::host::fuzz::TARGETS,
        collectors::pm2::fuzz::TARGETS,
        collectors::http::fuzz::TARGETS,
        collectors::outside::fuzz::TARGETS,
        collectors::digitalocean::fuzz::TARGETS,
        collectors::redis::fuzz::TARGETS,
        gate::access_log::entry::fuzz::TARGETS,
        backup::fuzz::TARGETS,
        store::block::fuzz::TARGETS,
        documents::TARGETS,
        files::TARGETS,
        limits::TARGETS,
        messages::TARGETS,
        report_template::TARGETS,
        names::TARGETS,
    ]
    .concat()
}

/// Samples that are text.
pub(crate) fn texts(all: &[&str]) -> Vec<Vec<u8>> {
    all.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Runs what waits, as the server does, on this thread alone.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    thread_local! {
        static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) };
    }
    RUNTIME.with_borrow_mut(|runtime| {
        let runtime = runtime.get_or_insert_with(|| {
            let built = Builder::new_current_thread().enable_time().build();
            built.unwrap_or_else(|error| panic!("no runtime: {error}"))
        });
        runtime.block_on(future)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_input_breaks_a_rule() {
        fixtures::fuzz::walk(&super::targets(), 300);
    }
}

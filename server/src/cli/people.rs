//! The commands about people.

use std::{io::Write, sync::Arc};

use commands::{
    account_change::{AccountChange, MakeOwnerLink},
    accounts::decide,
};

use super::{database, outcome::Outcome};
use crate::{
    clock::Clock,
    config::Config,
    people::{hash_of, new_secret},
    store::{self, Store},
};

/// The address of the pages, without a path.
pub(super) fn origin(config: &Config) -> String {
    if let Some(url) = &config.public_url {
        return url.origin();
    }
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    format!("{scheme}://localhost:{}", config.listen.port())
}

/// `calm-ops owner-link`: whoever may read and write the data may decide who owns it.
pub(super) fn owner_link(config: &Config, out: &mut dyn Write, err: &mut dyn Write) -> Outcome {
    let at = config.place();
    if let Err(outcome) = database::exists(&at, err) {
        return outcome;
    }
    let made = async {
        let store: Arc<dyn Store> = store::open(&at).await.map_err(|error| error.to_string())?;
        let secret = new_secret().map_err(|error| wording::error::sentence(&error))?;
        let (now, hash) = (Clock::start().now().wall, hash_of(&secret));
        let people: store::DecidePeople = Box::new(move |roster| {
            decide(
                roster,
                &domain::access::Principal::Local,
                &AccountChange::MakeOwnerLink(MakeOwnerLink { hash }),
                now,
            )
        });
        let change = store::Change {
            at: now,
            actor: domain::actor::Actor::Local,
            about: store::About::Nothing,
            decide: Box::new(|_| Ok(Vec::new())),
            people: Some(people),
            monitor: None,
        };
        store.change(change).await.map_err(|error| error.to_string())?;
        Ok::<_, String>(secret)
    };
    match database::run(made, err) {
        Some(Ok(secret)) => {
            let page = origin(config);
            let _ = writeln!(
                out,
                "Open this link to become an owner. It works once and expires in a day. Earlier links no longer work:\n{page}/join/{secret}"
            );
            Outcome::Fine
        }
        Some(Err(error)) => {
            let _ = writeln!(err, "error: {error}");
            Outcome::Failed
        }
        None => Outcome::Failed,
    }
}

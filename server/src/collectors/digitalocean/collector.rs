//! The collector of an account: carries out the requests that are due, a few at a time.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    reason::FailureReason,
    time::{MonotonicTime, Now, Span, Timestamp},
};
use futures::{
    FutureExt as _,
    future::{BoxFuture, join_all},
};

use super::{
    account::{Account, Answer},
    budget::RateHeaders,
    settings::AccountSettings,
    this_host,
};
use crate::{
    collectors::{
        collector::{CollectError, Collector, Round},
        http::{Fetcher, ProbeUrl},
        outside::Outside,
        registry::Context,
    },
    config::Secret,
};

/// The interval of carrying out requests that are due.
const EVERY: Duration = Duration::from_secs(5);
/// Longest time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer: a page of 200 apps with their specifications.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Batches of requests in one round: one follows from what another brings.
const BATCHES: usize = 3;
/// The longest token.
const LONGEST_TOKEN: usize = 1_000;

/// Watches an account.
pub(super) struct AccountCollector {
    account: Account,
    fetcher: Fetcher,
    outside: Outside,
    api_url: ProbeUrl,
    token_file: PathBuf,
    began: Instant,
    /// The beginning of the last round.
    round_began: Option<Now>,
}

impl AccountCollector {
    /// Watches an account; fails if its token can't be read.
    pub(super) fn new(settings: &AccountSettings, context: &Context) -> Result<Self, CollectError> {
        read_token(&settings.token_file)?;
        let began = Instant::now();
        let mut account = Account::new(
            settings.selection.clone(),
            &context.host,
            settings.budget_percent,
            context.thresholds.clone(),
            Box::new(this_host::find()),
            MonotonicTime::from_micros(0),
        );
        account.numbers = Arc::clone(&context.numbers);
        Ok(Self {
            account,
            fetcher: Fetcher::new(settings.ca_file.as_deref(), PATIENCE, MOST_BYTES)?,
            outside: context.outside.clone(),
            api_url: settings.api_url.clone(),
            token_file: settings.token_file.clone(),
            began,
            round_began: None,
        })
    }

    /// Time since the collector began.
    fn mono(&self) -> MonotonicTime {
        let micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        MonotonicTime::from_micros(micros)
    }

    async fn round(&mut self, at: Timestamp) -> Round {
        let from = self.mono();
        self.round_began = Some(Now { wall: at, mono: from });
        let token = match token(&self.token_file) {
            Ok(token) => token,
            Err(problem) => {
                let told = format!(
                    "The file of digitalocean.token_file {problem}. Write a token with read scopes into it"
                );
                self.account.cannot_ask(FailureReason::told(&told));
                return self.account.report(Now { wall: at, mono: from });
            }
        };
        let authorization = format!("Bearer {}", token.expose());
        let now = |mono: MonotonicTime| {
            let passed: Span = mono.since(from);
            Now { wall: at.plus(passed), mono }
        };
        for _ in 0..BATCHES {
            let requests = self.account.plan(now(self.mono()));
            if requests.is_empty() {
                break;
            }
            let answers =
                join_all(requests.iter().map(|request| self.ask(&request.path, &authorization)));
            let answers = answers.await;
            for (request, answer) in requests.iter().zip(answers) {
                tracing::trace!(call = ?request.call, is_fine = answer.is_ok(), "DigitalOcean was asked");
                let now = now(self.mono());
                self.account.take(&request.call, answer, now);
            }
        }
        self.account.report(now(self.mono()))
    }

    async fn ask(&self, path: &str, authorization: &str) -> Result<Answer, FailureReason> {
        let url = self.api_url.joined(path).ok_or_else(|| {
            FailureReason::told(
                "The address of the request can't be made from digitalocean.api_url",
            )
        })?;
        let fetched =
            self.fetcher.get(&url, authorization, "application/json", &self.outside).await?;
        let header = |name: &str| fetched.headers.get(name).and_then(|value| value.to_str().ok());
        let headers = RateHeaders::read(header);
        Ok(Answer { status: fetched.status, headers, body: fetched.body })
    }
}

impl Collector for AccountCollector {
    fn name(&self) -> &'static str {
        "digitalocean"
    }

    fn interval(&self) -> Duration {
        EVERY
    }

    fn time_limit(&self) -> Duration {
        (PATIENCE + Duration::from_secs(3)) * BATCHES as u32
    }

    fn collect(&mut self, now: Timestamp) -> BoxFuture<'_, Result<Round, CollectError>> {
        self.round(now).map(Ok).boxed()
    }

    fn unmeasured(&self, why: &FailureReason) -> Round {
        let Some(began) = self.round_began else { return Round::default() };
        let mono = self.mono();
        let now = Now { wall: began.wall.plus(mono.since(began.mono)), mono };
        self.account.unmeasured(why, now)
    }
}

/// Reads the token, or says why it can't be.
pub(super) fn read_token(path: &Path) -> Result<Secret, CollectError> {
    token(path).map_err(|problem| {
        CollectError(format!(
            "The file {} of digitalocean.token_file {problem}. Write a token with read scopes into it (README: Watch DigitalOcean).",
            path.display()
        ))
    })
}

/// Reads the token: anew for each round, so that a new one needs no restart. An error says how a
/// sentence about the file goes on.
fn token(path: &Path) -> Result<Secret, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("can't be read: {error}"))?;
    let token = text.trim();
    let is_fine = !token.is_empty()
        && token.len() <= LONGEST_TOKEN
        && token.bytes().all(|byte| byte.is_ascii_graphic());
    if is_fine { Ok(Secret::new(token)) } else { Err("has no token".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::{super::account::Selection, *};

    #[tokio::test]
    async fn a_token_that_cannot_be_read_any_more_is_told_and_what_is_known_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "dop_v1_hunter2\n").unwrap();
        let settings = AccountSettings {
            token_file: path.clone(),
            selection: Selection::default(),
            budget_percent: 40,
            api_url: "http://127.0.0.1:1".parse().unwrap(),
            ca_file: None,
        };
        let context = Context::new("calm", Duration::from_secs(5));
        let mut collector = AccountCollector::new(&settings, &context).unwrap();
        fs::remove_file(&path).unwrap();
        let round = collector.collect(Timestamp::from_secs(1_800_000_000)).await.unwrap();
        let up = round.observations.iter().find(|one| one.signal.as_str() == "digitalocean.up");
        let reason = format!("{:?}", up.unwrap().reason);
        assert!(reason.contains("can't be read") && reason.contains("Write a token"), "{reason}");
        let why = FailureReason::told("no more files can be opened");
        let missed = collector.unmeasured(&why).unseen;
        assert_eq!(missed.len(), 1);
        assert_eq!((missed[0].signal.as_str(), &missed[0].reason), ("digitalocean.up", &why));
    }

    #[test]
    fn a_token_is_one_word_of_visible_characters_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert!(read_token(&path).unwrap_err().to_string().contains("can't be read"));
        for text in ["", " \n", "two words", "dop_v1_\u{e4}"] {
            fs::write(&path, text).unwrap();
            let told = read_token(&path).unwrap_err().to_string();
            assert!(told.contains("has no token. Write a token"), "{told}");
        }
        fs::write(&path, "dop_v1_hunter2\n").unwrap();
        let token = read_token(&path).unwrap();
        assert_eq!(token.expose(), "dop_v1_hunter2");
        assert!(!format!("{token:?}").contains("hunter2"));
    }
}

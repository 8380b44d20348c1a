//! One question to a Redis: a connection, AUTH where there is a password, INFO. Whatever comes
//! instead is told by its kind: the text of an error may repeat what was sent, and is never shown.

use std::{fs, time::Duration};

use domain::reason::{AccessFault, FailureReason, RequestPhase};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::UnixStream,
};

use super::{
    info::Info,
    reply::{self, BadReply, Reply},
    settings::{RedisAddress, RedisServer},
};
use crate::{
    collectors::{collector::CollectError, http::Dialer, outside::Outside, shortage},
    config::Secret,
};

/// The time limit of all of it.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(5);
/// The bytes that are made room for at a time.
const PART: usize = 16 * 1024;

const WRONG: &str = "rejects this user or password. Correct user or password_file under [[redis]]";

/// Asks one Redis.
#[derive(Debug)]
pub(super) struct Client {
    server: RedisServer,
    dialer: Dialer,
    outside: Outside,
}

/// An answer to INFO.
#[derive(Debug)]
pub(super) struct Answer {
    /// All of its text.
    pub text: String,
    /// True if there is no password, although Calm Ops has one for it.
    pub is_open: bool,
}

/// The reason for no answer.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// Nothing that needs this Redis gets an answer.
    Down(FailureReason),
    /// Calm Ops is kept out, so nothing is known of the Redis: a sentence with the next step.
    KeptOut(String),
}

/// The meaning of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// Whoever asks is refused: a sentence.
    Everyone(&'static str),
    /// Calm Ops is refused: the rest of a sentence about the Redis, with the next step.
    CalmOps(&'static str),
}

impl Client {
    /// Fails if its certificates or its password can't be read.
    pub(super) fn new(server: RedisServer, outside: Outside) -> Result<Self, CollectError> {
        let dialer = Dialer::new(server.ca_file.as_deref(), TIME_LIMIT)?;
        let client = Self { server, dialer, outside };
        client.password()?;
        Ok(client)
    }

    /// The server that is asked.
    pub(super) const fn server(&self) -> &RedisServer {
        &self.server
    }

    /// The judge of this host's own line.
    pub(super) const fn outside(&self) -> &Outside {
        &self.outside
    }

    /// Asks once.
    pub(super) async fn ask(&self) -> Result<Answer, Unanswered> {
        let password = self.password().map_err(|CollectError(why)| Unanswered::KeptOut(why))?;
        let mut phase = RequestPhase::Name;
        let asked = self.converse(password.as_ref(), &mut phase);
        let outcome = tokio::time::timeout(TIME_LIMIT, asked).await;
        let answer = outcome.unwrap_or_else(|_| {
            let address = Some(self.place().as_str().into());
            let after = TIME_LIMIT.into();
            Err(Unanswered::Down(FailureReason::TimedOut { phase, address, after }))
        })?;
        self.judge(&Info::read(&answer.text))?;
        Ok(answer)
    }

    /// The password: read anew each time, so that a new one needs no restart.
    fn password(&self) -> Result<Option<Secret>, CollectError> {
        let Some(path) = &self.server.password_file else { return Ok(None) };
        let text = fs::read_to_string(path).map_err(|error| {
            CollectError(format!(
                "The password file {} of Redis '{}' can't be read: {error}.",
                path.display(),
                self.server.name
            ))
        })?;
        // Editors end a file with a line break.
        let password = text.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            return Err(CollectError(format!(
                "The password file {} is empty. Write the password of Redis '{}' into it.",
                path.display(),
                self.server.name
            )));
        }
        Ok(Some(Secret::new(password)))
    }

    async fn converse(
        &self,
        password: Option<&Secret>,
        phase: &mut RequestPhase,
    ) -> Result<Answer, Unanswered> {
        match &self.server.address {
            RedisAddress::Tcp(url) => {
                let dialed = self.dialer.dial(url, &[], &self.outside, phase).await;
                self.question(dialed.map_err(Unanswered::Down)?, password, phase).await
            }
            RedisAddress::Socket(path) => {
                *phase = RequestPhase::Connect;
                let connected = UnixStream::connect(path).await;
                let stream = connected.map_err(|error| self.not_connected(&error))?;
                self.question(stream, password, phase).await
            }
        }
    }

    async fn question<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut stream: S,
        password: Option<&Secret>,
        phase: &mut RequestPhase,
    ) -> Result<Answer, Unanswered> {
        *phase = RequestPhase::FirstByte;
        let (mut came, mut is_open) = (Vec::new(), false);
        if let Some(password) = password {
            let words: Vec<&str> = ["AUTH"]
                .into_iter()
                .chain(self.server.user.as_deref())
                .chain([password.expose()])
                .collect();
            match self.exchange(&mut stream, &words, &mut came).await? {
                Reply::Done => {}
                Reply::Refused(error) if has_no_password(&error) => is_open = true,
                Reply::Refused(error) => return Err(self.refused(refusal(&error))),
                Reply::Text(_) => return Err(self.not_redis()),
            }
        }
        match self.exchange(&mut stream, &["INFO"], &mut came).await? {
            Reply::Text(text) => Ok(Answer { text, is_open }),
            Reply::Refused(error) => Err(self.refused(refusal(&error))),
            Reply::Done => Err(self.not_redis()),
        }
    }

    /// Sends a command and reads its reply; `came` holds what came and was not read.
    async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        words: &[&str],
        came: &mut Vec<u8>,
    ) -> Result<Reply, Unanswered> {
        // A Redis that keeps someone out says so at once and hangs up: its words are read whether
        // the command could be sent or not.
        let _ = stream.write_all(&reply::command(words)).await;
        let _ = stream.flush().await;
        loop {
            match reply::read(came) {
                Ok(Some((reply, used))) => {
                    came.drain(..used);
                    return Ok(reply);
                }
                Ok(None) => {}
                Err(BadReply::NotRedis) => return Err(self.not_redis()),
                Err(BadReply::TooLong) => {
                    let told = format!(
                        "what answers at {} sends more than a Redis has to say of itself",
                        self.place()
                    );
                    return Err(Unanswered::Down(FailureReason::told(&told)));
                }
            }
            came.reserve(PART);
            if !matches!(stream.read_buf(came).await, Ok(1..)) {
                let phase =
                    if came.is_empty() { RequestPhase::FirstByte } else { RequestPhase::Body };
                let address = self.place().as_str().into();
                return Err(Unanswered::Down(FailureReason::BrokenOff { phase, address }));
            }
        }
    }

    /// Judges whether an answer is one of a Redis that can be used.
    fn judge(&self, info: &Info<'_>) -> Result<(), Unanswered> {
        if let Some(progress) = info.loading() {
            let told = format!("it is loading its data into memory ({progress})");
            return Err(Unanswered::Down(FailureReason::told(&told)));
        }
        let name = &self.server.name;
        if info.is_of_sentinel() {
            return Err(Unanswered::KeptOut(format!(
                "At the address of Redis '{name}' answers a Sentinel. Set the address of the Redis itself."
            )));
        }
        if !info.is_of_data() {
            return Err(Unanswered::KeptOut(format!(
                "Redis '{name}' does not tell its memory in answer to INFO. Look at it with: redis-cli INFO."
            )));
        }
        Ok(())
    }

    fn refused(&self, refusal: Refusal) -> Unanswered {
        match refusal {
            Refusal::Everyone(told) => Unanswered::Down(FailureReason::told(told)),
            Refusal::CalmOps(told) => {
                Unanswered::KeptOut(format!("Redis '{}' {told}.", self.server.name))
            }
        }
    }

    fn not_redis(&self) -> Unanswered {
        let told = format!("what answers at {} is not Redis", self.place());
        Unanswered::Down(FailureReason::told(&told))
    }

    /// The reason why a socket of this machine can't be connected to.
    fn not_connected(&self, error: &std::io::Error) -> Unanswered {
        if let Some(limit) = shortage::of(error) {
            return Unanswered::Down(FailureReason::OwnLimit { limit });
        }
        let (name, place) = (&self.server.name, self.place());
        match AccessFault::from(error.kind()) {
            AccessFault::Denied => Unanswered::KeptOut(format!(
                "Redis '{name}' can't be reached: permission denied for its socket {place}. Add the user of Calm Ops to the group of that socket."
            )),
            _ => Unanswered::Down(FailureReason::access(
                &format!("Redis's socket {place}"),
                error.kind(),
            )),
        }
    }

    fn place(&self) -> String {
        self.server.address.place()
    }
}

/// True if AUTH failed because there is no password to compare with.
fn has_no_password(error: &str) -> bool {
    ["without any password configured", "no password is set"]
        .iter()
        .any(|words| error.contains(words))
}

/// The meaning of an error, by its code and a few words of Redis.
fn refusal(error: &str) -> Refusal {
    let has = |words: &str| error.contains(words);
    match error.split(' ').next().unwrap_or_default() {
        "NOAUTH" => Refusal::CalmOps("requires a password. Set password_file under [[redis]]"),
        "WRONGPASS" => Refusal::CalmOps(WRONG),
        "NOPERM" => Refusal::CalmOps(
            "does not allow INFO for this user. Allow it there with ACL SETUSER and +info",
        ),
        "DENIED" => Refusal::CalmOps(
            "is in protected mode, so only its own machine may connect. Set a password there",
        ),
        "LOADING" => Refusal::Everyone("it is loading its data into memory"),
        "BUSY" => Refusal::Everyone("a script keeps it busy, and it answers nothing else"),
        "ERR" if has("max number of clients") => Refusal::Everyone(
            "it rejects new connections, because it has as many as it allows (maxclients)",
        ),
        "ERR" if has("invalid password") => Refusal::CalmOps(WRONG),
        "ERR" if has("wrong number of arguments") => Refusal::CalmOps(
            "has no users, as it is older than version 6. Remove user under [[redis]]",
        ),
        "ERR" if has("unknown command") => {
            Refusal::CalmOps("has renamed AUTH or INFO. Remove these lines of rename-command there")
        }
        _ => Refusal::CalmOps(
            "answers with an error that is not known. Look at it with: redis-cli INFO",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_by_their_kind() {
        let calm_ops = |error: &str, words: &str| {
            let Refusal::CalmOps(told) = refusal(error) else { panic!("{error}") };
            assert!(told.contains(words), "{error}: {told}");
        };
        calm_ops("NOAUTH Authentication required.", "requires a password");
        calm_ops("WRONGPASS invalid username-password pair or user is disabled.", "rejects");
        calm_ops("ERR invalid password", "rejects");
        calm_ops("NOPERM this user has no permissions to run the 'info' command", "+info");
        calm_ops("DENIED Redis is running in protected mode because ...", "protected mode");
        calm_ops("ERR wrong number of arguments for 'auth' command", "version 6");
        calm_ops("ERR unknown command 'AUTH', with args beginning with: 'x'", "rename-command");
        calm_ops("", "not known");
        calm_ops("WEIRD hunter2", "not known");
        for error in
            ["LOADING Redis is loading", "BUSY Redis is busy", "ERR max number of clients reached"]
        {
            assert!(matches!(refusal(error), Refusal::Everyone(_)), "{error}");
        }
        assert!(has_no_password(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
        ));
        assert!(has_no_password("ERR Client sent AUTH, but no password is set"));
        assert!(!has_no_password("ERR invalid password"));
    }
}

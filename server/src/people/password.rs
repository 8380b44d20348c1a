//! Passwords: kept as argon2id hashes, checked a few at a time, and always with the same work, so
//! that the time tells nothing.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{self, Output, ParamsString, Salt},
};
use commands::accounts::PasswordHash;
use domain::{
    error::{Error, FieldReason, Unavailable},
    text::folded,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The shortest password, in characters.
const SHORTEST: usize = 10;
/// The longest, in bytes: more would only be work.
const LONGEST: usize = 200;
/// Number of passwords of each line that are worked on at a time: each takes 19 MiB and some time
/// of a processor.
const AT_A_TIME: usize = 1;
/// Number of passwords of each line that may wait.
const WAITING: usize = 16;
/// The memory for a check, in blocks of 1 KiB. What is larger than 32 MiB is always given back to
/// the system at once by glibc (`mallopt(3)`, `M_MMAP_THRESHOLD`), and only what is used of it ever
/// takes memory; 19 MiB would be kept after the second password.
const APART: usize = 33 * 1024;
/// The hash that is checked where there is no account: the same work, and nothing fits it.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmUh$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Parts of passwords that everyone tries first.
const COMMON: [&str; 16] = [
    "password", "passwort", "qwerty", "qwertz", "letmein", "welcome", "iloveyou", "admin",
    "calmops", "calm-ops", "changeme", "football", "monkey", "dragon", "sunshine", "princess",
];

/// The lines of waiting passwords: strangers never hold up who was here before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// They come from where the account's owner came from before, or have shown a secret already.
    Known,
    /// Anyone.
    Stranger,
}

/// Hashes and checks passwords, one of each line at a time. Lines have an end: whoever finds them
/// full is told at once.
#[derive(Debug)]
pub struct Passwords {
    known: Places,
    strangers: Places,
}

#[derive(Debug)]
struct Places {
    in_line: Arc<Semaphore>,
    at_work: Arc<Semaphore>,
}

impl Places {
    fn new() -> Self {
        Self {
            in_line: Arc::new(Semaphore::new(AT_A_TIME + WAITING)),
            at_work: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }
}

/// A place in a line. It is kept until the work is done, also for whoever hangs up meanwhile.
#[derive(Debug)]
pub struct Turn {
    in_line: OwnedSemaphorePermit,
    at_work: Arc<Semaphore>,
}

fn refused(reason: FieldReason) -> Error {
    Error::invalid("password", reason)
}

fn failed() -> Error {
    Unavailable::PasswordHash.into()
}

/// Checks whether a password is good enough for someone of this name.
pub fn check_new(name: &str, password: &str) -> Result<(), Error> {
    let lower = folded(password);
    let different: std::collections::BTreeSet<char> = lower.chars().collect();
    let name = folded(name);
    if password.chars().count() < SHORTEST {
        return Err(refused(FieldReason::TooShort { least: SHORTEST }));
    }
    if password.len() > LONGEST {
        return Err(refused(FieldReason::TooManyBytes { most: LONGEST }));
    }
    let remainder = COMMON.iter().fold(lower.clone(), |left, common| left.replace(common, ""));
    let plain = remainder.chars().filter(|c| c.is_alphabetic()).count() < 4
        && COMMON.iter().any(|common| lower.contains(common));
    if different.len() < 5
        || plain
        || (name.chars().count() >= 4 && lower.replace(&name, "").chars().count() < 6)
    {
        return Err(refused(FieldReason::Guessable));
    }
    Ok(())
}

fn computed(password: &str, params: &Params, salt: &Salt) -> Option<Output> {
    let blocks = params.block_count();
    let mut memory = Vec::with_capacity(blocks.max(APART));
    memory.resize(blocks, Block::new());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut memory)
        .ok()?;
    Output::new(&output).ok()
}

fn hash(password: &str) -> Option<PasswordHash> {
    let mut bytes = [0; Salt::RECOMMENDED_LENGTH];
    getrandom::fill(&mut bytes).ok()?;
    // The defaults are those that OWASP recommends: argon2id, 19 MiB, two passes, one lane.
    let (params, salt) = (Params::default(), Salt::new(&bytes).ok()?);
    let hash = phc::PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).ok()?,
        hash: Some(computed(password, &params, &salt)?),
        salt: Some(salt),
    };
    Some(PasswordHash(hash.to_string()))
}

fn fits(password: &str, hash: &str) -> bool {
    let fitting = || {
        let hash = phc::PasswordHash::new(hash).ok()?;
        let ours = hash.algorithm == Algorithm::Argon2id.ident()
            && hash.version == Some(Version::V0x13.into());
        let found = computed(password, &Params::try_from(&hash).ok()?, hash.salt.as_ref()?)?;
        // Compared in the same time wherever they differ.
        Some(ours && hash.hash? == found)
    };
    fitting().unwrap_or(false)
}

impl Passwords {
    /// Ready to work.
    pub fn new() -> Self {
        Self { known: Places::new(), strangers: Places::new() }
    }

    /// Takes a place in a line, or says that it is full.
    pub fn queue(&self, line: Line) -> Result<Turn, Error> {
        let places = match line {
            Line::Known => &self.known,
            Line::Stranger => &self.strangers,
        };
        let in_line = Arc::clone(&places.in_line)
            .try_acquire_owned()
            .map_err(|_| Error::Throttled { seconds: 2 })?;
        Ok(Turn { in_line, at_work: Arc::clone(&places.at_work) })
    }

    async fn work<T: Send + 'static>(
        Turn { in_line, at_work }: Turn,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let at_work = at_work.acquire_owned().await.map_err(|_| failed())?;
        let work = move || {
            let _until_done = (in_line, at_work);
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| failed())
    }

    /// The hash that is kept of a password. Whoever sets one has signed in, or has a link.
    pub async fn hash(&self, password: String) -> Result<PasswordHash, Error> {
        Self::work(self.queue(Line::Known)?, move || hash(&password)).await?.ok_or_else(failed)
    }

    /// Checks whether it is the password of an account. Without an account the same work is done
    /// for nothing.
    pub async fn fits(
        password: String,
        account: Option<PasswordHash>,
        turn: Turn,
    ) -> Result<bool, Error> {
        let real = account.is_some();
        let hash = account.map_or_else(|| NOBODY.to_owned(), |hash| hash.0);
        let password: String = if password.len() > LONGEST { String::new() } else { password };
        Self::work(turn, move || fits(&password, &hash) && real).await
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everyone_tries_first_is_refused() {
        for bad in [
            "short",
            "password12345",
            "Passw0rd",
            "aaaaaaaaaaaaaa",
            "qwertyqwerty",
            "1212121212121",
            "ada lovelace1",
            "admin123456",
        ] {
            assert!(check_new("Ada Lovelace", bad).is_err(), "{bad}");
        }
        for good in [
            "three words in a row",
            "kartoffel-regen-99",
            "Zürich liegt am See",
            "password of the quiet lighthouse",
        ] {
            assert!(check_new("Ada Lovelace", good).is_ok(), "{good}");
        }
        assert!(check_new("Ada", &"x1y2z3 ".repeat(40)).is_err(), "too long");
    }

    #[tokio::test]
    async fn only_the_password_itself_fits_and_nobody_has_one() {
        let passwords = Passwords::new();
        let kept = passwords.hash("three words in a row".into()).await.unwrap();
        assert!(kept.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", kept.0);
        assert!(
            Passwords::fits(
                "three words in a row".into(),
                Some(kept.clone()),
                passwords.queue(Line::Stranger).unwrap()
            )
            .await
            .unwrap()
        );
        assert!(
            !Passwords::fits(
                "three words in a roW".into(),
                Some(kept.clone()),
                passwords.queue(Line::Stranger).unwrap()
            )
            .await
            .unwrap()
        );
        assert!(
            !Passwords::fits(
                "nobody has this password".into(),
                None,
                passwords.queue(Line::Stranger).unwrap()
            )
            .await
            .unwrap()
        );
        let nobody = phc::PasswordHash::new(NOBODY).unwrap();
        let real = phc::PasswordHash::new(&kept.0).unwrap();
        let work = |hash: &phc::PasswordHash| {
            (
                hash.algorithm,
                hash.version,
                hash.params.to_string(),
                hash.hash.map(|hash| hash.len()),
            )
        };
        assert_eq!(work(&nobody), work(&real), "the same work for whoever is not here");
        // What the library makes of it by its own way.
        use argon2::PasswordVerifier as _;
        assert!(Argon2::default().verify_password(b"three words in a row", &real).is_ok());
        assert!(
            !Passwords::fits(
                "x".into(),
                Some(PasswordHash("damaged".into())),
                passwords.queue(Line::Stranger).unwrap()
            )
            .await
            .unwrap()
        );
    }

    #[tokio::test]
    async fn strangers_wait_for_each_other_and_not_without_end() {
        let passwords = Passwords::new();
        let waiting: Vec<Turn> =
            (0..AT_A_TIME + WAITING).map(|_| passwords.queue(Line::Stranger).unwrap()).collect();
        assert_eq!(passwords.queue(Line::Stranger).unwrap_err(), Error::Throttled { seconds: 2 });
        let known = passwords.queue(Line::Known).unwrap();
        assert_eq!(
            Passwords::fits("three words in a row".into(), None, known).await,
            Ok(false),
            "who was here before does not wait"
        );
        drop(waiting);
        // Whoever hangs up while it is worked on keeps the place until that is done.
        let turn = passwords.queue(Line::Stranger).unwrap();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let work = tokio::spawn(Passwords::work(turn, move || ended.recv()));
        while passwords.strangers.at_work.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        work.abort();
        tokio::task::yield_now().await;
        assert_eq!(passwords.strangers.at_work.available_permits(), 0);
        drop(end);
        let turn = passwords.queue(Line::Stranger).unwrap();
        assert_eq!(Passwords::fits("three words in a row".into(), None, turn).await, Ok(false));
    }
}

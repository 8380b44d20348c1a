//! Passwords: kept as argon2id hashes, checked a few at a time, and always with the same work, so that the time tells nothing.

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{self, Output, ParamsString, Salt},
};
use rules::{
    desk::Refusal,
    people::roster::{PasswordHash, folded},
};
use tokio::sync::Semaphore;

/// The shortest password, in characters.
const SHORTEST: usize = 10;
/// The longest, in bytes: more would only be work.
const LONGEST: usize = 200;
/// How many are checked at a time: each takes 19 MiB and some time of a processor.
const AT_A_TIME: usize = 2;
/// How much is asked for to work in, in blocks of 1 KiB. What is larger than 32 MiB is always given back to the system at once by glibc
/// (`mallopt(3)`, `M_MMAP_THRESHOLD`), and only what is used of it ever takes memory; 19 MiB would be kept after the second password.
const APART: usize = 33 * 1024;
/// What is checked against where there is no account: the same work, and nothing fits it.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmUh$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Parts of passwords that everyone tries first.
const COMMON: [&str; 16] = [
    "password", "passwort", "qwerty", "qwertz", "letmein", "welcome", "iloveyou", "admin", "calmops", "calm-ops", "changeme", "football",
    "monkey", "dragon", "sunshine", "princess",
];

/// Hashes and checks passwords.
#[derive(Debug)]
pub struct Passwords {
    places: Semaphore,
}

fn refused(problem: &str) -> Refusal {
    Refusal::Invalid { field: "password".to_owned(), problem: problem.to_owned() }
}

fn failed() -> Refusal {
    Refusal::Unavailable { advice: "The password could not be worked on. Nothing was changed. Try again in a moment.".to_owned() }
}

/// Whether a password is good enough for someone of this name.
pub fn check_new(name: &str, password: &str) -> Result<(), Refusal> {
    let lower = folded(password);
    let different: std::collections::BTreeSet<char> = lower.chars().collect();
    let name = folded(name.trim());
    if password.chars().count() < SHORTEST {
        return Err(refused("is too short; at least 10 characters. Some words in a row are good and easy to remember"));
    }
    if password.len() > LONGEST {
        return Err(refused("is too long; at most 200 bytes"));
    }
    let remainder = COMMON.iter().fold(lower.clone(), |left, common| left.replace(common, ""));
    let plain = remainder.chars().filter(|c| c.is_alphabetic()).count() < 4 && COMMON.iter().any(|common| lower.contains(common));
    if different.len() < 5 || plain || (name.chars().count() >= 4 && lower.replace(&name, "").chars().count() < 6) {
        return Err(refused("is easy to guess; take some words in a row that have nothing to do with you"));
    }
    Ok(())
}

fn computed(password: &str, params: &Params, salt: &Salt) -> Option<Output> {
    let blocks = params.block_count();
    let mut memory = Vec::with_capacity(blocks.max(APART));
    memory.resize(blocks, Block::new());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut memory).ok()?;
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
        let ours = hash.algorithm == Algorithm::Argon2id.ident() && hash.version == Some(Version::V0x13.into());
        let found = computed(password, &Params::try_from(&hash).ok()?, hash.salt.as_ref()?)?;
        // Compared in the same time wherever they differ.
        Some(ours && hash.hash? == found)
    };
    fitting().unwrap_or(false)
}

impl Passwords {
    /// Ready to work.
    pub fn new() -> Self {
        Self { places: Semaphore::new(AT_A_TIME) }
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        let _place = self.places.acquire().await.map_err(|_| failed())?;
        tokio::task::spawn_blocking(work).await.map_err(|_| failed())
    }

    /// What is kept of a password.
    pub async fn hash(&self, password: String) -> Result<PasswordHash, Refusal> {
        self.work(move || hash(&password)).await?.ok_or_else(failed)
    }

    /// Whether it is the password of an account. Without an account the same work is done for nothing.
    pub async fn fits(&self, password: String, account: Option<PasswordHash>) -> Result<bool, Refusal> {
        let real = account.is_some();
        let hash = account.map_or_else(|| NOBODY.to_owned(), |hash| hash.0);
        let password: String = if password.len() > LONGEST { String::new() } else { password };
        self.work(move || fits(&password, &hash) && real).await
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
        for bad in ["short", "password12345", "Passw0rd", "aaaaaaaaaaaaaa", "qwertyqwerty", "1212121212121", "ada lovelace1", "admin123456"]
        {
            assert!(check_new("Ada Lovelace", bad).is_err(), "{bad}");
        }
        for good in ["three words in a row", "kartoffel-regen-99", "Zürich liegt am See", "password of the quiet lighthouse"] {
            assert!(check_new("Ada Lovelace", good).is_ok(), "{good}");
        }
        assert!(check_new("Ada", &"x1y2z3 ".repeat(40)).is_err(), "too long");
    }

    #[tokio::test]
    async fn only_the_password_itself_fits_and_nobody_has_one() {
        let passwords = Passwords::new();
        let kept = passwords.hash("three words in a row".into()).await.unwrap();
        assert!(kept.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", kept.0);
        assert!(passwords.fits("three words in a row".into(), Some(kept.clone())).await.unwrap());
        assert!(!passwords.fits("three words in a roW".into(), Some(kept.clone())).await.unwrap());
        assert!(!passwords.fits("nobody has this password".into(), None).await.unwrap());
        let nobody = phc::PasswordHash::new(NOBODY).unwrap();
        let real = phc::PasswordHash::new(&kept.0).unwrap();
        let work = |hash: &phc::PasswordHash| (hash.algorithm, hash.version, hash.params.to_string(), hash.hash.map(|hash| hash.len()));
        assert_eq!(work(&nobody), work(&real), "the same work for whoever is not here");
        // What the library makes of it by its own way.
        use argon2::PasswordVerifier as _;
        assert!(Argon2::default().verify_password(b"three words in a row", &real).is_ok());
        assert!(!passwords.fits("x".into(), Some(PasswordHash("damaged".into()))).await.unwrap());
    }
}

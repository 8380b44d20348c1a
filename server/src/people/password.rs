//! Passwords: kept as argon2id hashes, checked a few at a time, and always with the same work, so that the time tells nothing.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc},
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

/// Parts of passwords that everyone tries first.
const COMMON: [&str; 16] = [
    "password", "passwort", "qwerty", "qwertz", "letmein", "welcome", "iloveyou", "admin", "calmops", "calm-ops", "changeme", "football",
    "monkey", "dragon", "sunshine", "princess",
];

/// Hashes and checks passwords.
#[derive(Debug)]
pub struct Passwords {
    places: Semaphore,
    /// What is checked against where there is no account: nothing fits it.
    nobody: PasswordHash,
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

fn hash(password: &str) -> Option<PasswordHash> {
    // The defaults are those that OWASP recommends: argon2id, 19 MiB, two passes, one lane.
    Argon2::default().hash_password(password.as_bytes()).ok().map(|hash| PasswordHash(hash.to_string()))
}

fn fits(password: &str, hash: &PasswordHash) -> bool {
    phc::PasswordHash::new(&hash.0).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

impl Passwords {
    /// Ready to work.
    pub fn new() -> Self {
        let nobody = hash("nobody has this password").unwrap_or_else(|| PasswordHash(String::new()));
        Self { places: Semaphore::new(AT_A_TIME), nobody }
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
        let hash = account.unwrap_or_else(|| self.nobody.clone());
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
        assert!(!passwords.fits("three words in a roW".into(), Some(kept)).await.unwrap());
        assert!(!passwords.fits("nobody has this password".into(), None).await.unwrap());
        assert!(!passwords.fits("x".into(), Some(PasswordHash("damaged".into()))).await.unwrap());
    }
}

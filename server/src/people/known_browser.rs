//! Browsers in which someone has signed in before, by a cookie of their own: guesses of others do
//! not hold them up.

use std::fmt::Write as _;

use commands::accounts::Account;
use domain::id::AccountId;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Names a browser, for itself.
pub type BrowserId = [u8; 16];

/// Time for which a browser is known, in seconds.
pub const KNOWN_FOR: f64 = 400.0 * 86_400.0;

/// The cookie of a browser: for which account, and who it is. It lets nobody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownBrowser {
    account: AccountId,
    id: BrowserId,
    mac: [u8; 32],
}

impl KnownBrowser {
    /// A browser in which an account has just signed in.
    pub fn new(account: &Account, id: BrowserId) -> Self {
        Self { account: account.id, id, mac: mac(account, id).finalize().into_bytes().into() }
    }

    /// Reads a cookie's value: `account.id.mac`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let account = AccountId(parts.next()?.parse().ok()?);
        let (id, mac) = (bytes(parts.next()?)?, bytes(parts.next()?)?);
        parts.next().is_none().then_some(Self { account, id, mac })
    }

    /// The account that it names.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The browser's id, if the account has signed in there since its password was set.
    pub fn id_for(&self, account: &Account) -> Option<BrowserId> {
        let is_whole = self.account == account.id
            && account.closed_at.is_none()
            && mac(account, self.id).verify_slice(&self.mac).is_ok();
        is_whole.then_some(self.id)
    }

    /// The cookie's value.
    pub fn value(&self) -> String {
        format!("{}.{}.{}", self.account.0, hex(&self.id), hex(&self.mac))
    }
}

/// The key is what is stored of the password: only this server has it, and a new password makes
/// all browsers unknown.
fn mac(account: &Account, id: BrowserId) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(account.password.0.as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"));
    mac.update(b"calm-ops known browser\0");
    mac.update(&account.id.0.to_be_bytes());
    mac.update(&id);
    mac
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let fits = text.len() == 2 * N && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    for (place, byte) in bytes.iter_mut().enumerate().filter(|_| fits) {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    fits.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use commands::accounts::PasswordHash;
    use domain::{access::Role, time::Timestamp};

    use super::*;

    fn account(id: u32, password: &str) -> Account {
        Account {
            id: AccountId(id),
            name: "Ada".to_owned(),
            role: Role::Owner,
            password: PasswordHash(password.to_owned()),
            created_at: Timestamp::default(),
            closed_at: None,
            role_since: None,
            password_since: None,
        }
    }

    #[test]
    fn a_browser_is_known_for_its_account_until_the_password_changes() {
        let ada = account(1, "hash");
        let cookie = KnownBrowser::new(&ada, [7; 16]).value();
        let known = KnownBrowser::parse(&cookie).unwrap();
        assert_eq!(known.id_for(&ada), Some([7; 16]));
        assert_eq!(known.id_for(&account(2, "hash")), None);
        assert_eq!(known.id_for(&account(1, "another")), None);
        let closed = Account { closed_at: Some(Timestamp::default()), ..ada.clone() };
        assert_eq!(known.id_for(&closed), None);
        let forged = cookie.replace("07", "08");
        assert_eq!(KnownBrowser::parse(&forged).and_then(|forged| forged.id_for(&ada)), None);
        for text in ["", "1", "1.07", "1.é.é", &cookie[..cookie.len() - 1], &format!("{cookie}.1")]
        {
            assert_eq!(KnownBrowser::parse(text), None, "{text}");
        }
    }
}

//! People at the gate: who a request comes from, and how one comes in. What they may do then is
//! decided by the rules.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use commands::{
    account_change::{AddPasskey, CreateToken, Invite, Join, MakeOwnerLink, SetPassword, SignIn},
    accounts::{Account, LONGEST_SESSION, Passkey, SecretHash},
    operation::Committed,
};
use domain::{
    access::{AuthMethod, Foothold, Principal, Role, Scope},
    error::{Conflict, Entity, Error, FieldReason, Unavailable},
    id::AccountId,
    time::{Span, Timestamp},
};
use http::{HeaderMap, header};
use known_browser::{KNOWN_FOR, KnownBrowser};
use passkeys::Passkeys;
use password::{Line, Passwords};
use rate_limit::{Beginnings, Guesser, RateLimit};
use sha2::{Digest, Sha256};

use crate::{
    clock::Clock,
    http::client_info::ClientInfo,
    service::{Known, Service},
    store::Store,
};

pub mod known_browser;
pub mod owner_link;
pub mod passkeys;
pub mod password;
pub mod rate_limit;

pub use known_browser::BrowserId;
pub use rate_limit::network_of;

/// The precision of the last use that is kept.
const SEEN_EVERY: Span = Span::from_mins(5);

/// A sign-in by passkey serves so long in place of the present password.
const PASSKEY_SERVES: Span = Span::from_mins(5);

/// The cookie that keeps a sign-in, and the one by which its browser is known later. Cookies know no
/// ports: each installation has names of its own, so that a sign-in to one ends none of another on
/// the same host. Behind https it is one that no
/// other server of the domain can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCookie {
    session: String,
    browser: String,
}

impl SessionCookie {
    /// The cookies of an installation.
    pub fn new(instance: &str) -> Self {
        Self {
            session: format!("calm_session_{instance}"),
            browser: format!("calm_browser_{instance}"),
        }
    }

    /// The `Set-Cookie` header that keeps a value for so many seconds.
    fn header(name: &str, came: &ClientInfo, value: &str, seconds: f64) -> String {
        let (name, secure) = (named(name, came), if came.secure { "; Secure" } else { "" });
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds:.0}{secure}")
    }

    /// The `Set-Cookie` header that forgets a sign-in.
    pub fn forgotten(&self, came: &ClientInfo) -> String {
        Self::header(&self.session, came, "", 0.0)
    }

    /// The session's secret, as the browser sent it.
    fn secret<'a>(&self, headers: &'a HeaderMap, came: &ClientInfo) -> Option<&'a str> {
        value(headers, &named(&self.session, came))
    }
}

fn named(name: &str, came: &ClientInfo) -> String {
    if came.secure { format!("__Host-{name}") } else { name.to_owned() }
}

/// The value of a cookie.
fn value<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty())
}

/// With what, and from where someone comes in.
#[derive(Clone, Debug)]
pub struct Device {
    /// The browser, as it calls itself; shortened.
    pub agent: String,
    /// The way it came.
    pub came: ClientInfo,
    /// The sign-in that it has already: a new one takes its place.
    pub signed_in: Option<SecretHash>,
    /// By what it is known from a sign-in before.
    pub known: Option<KnownBrowser>,
}

impl Device {
    /// From a request.
    pub fn of(headers: &HeaderMap, came: &ClientInfo, cookie: &SessionCookie) -> Self {
        let agent = headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let agent = agent.chars().filter(|c| !c.is_control()).take(160).collect();
        let known = value(headers, &named(&cookie.browser, came)).and_then(KnownBrowser::parse);
        let signed_in = cookie.secret(headers, came).map(hash_of);
        Self { agent, came: came.clone(), signed_in, known }
    }
}

/// A sign-in that was just made.
pub struct SignedIn {
    /// The account.
    pub account: AccountId,
    /// The `Set-Cookie` headers that keep it.
    pub cookies: Vec<String>,
}

/// The credential of a request: the hash of its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing that could be known.
    Nothing,
    /// A program's token.
    Token(SecretHash),
    /// A sign-in's cookie.
    Session(SecretHash),
}

impl Shown {
    /// By a request. A token comes before a cookie, even if it is none of ours. What a proxy in
    /// front asked for by another scheme, such as a password of its own (`Basic`), is not meant for
    /// Calm Ops.
    pub fn by(headers: &HeaderMap, came: &ClientInfo, cookie: &SessionCookie) -> Self {
        let authorization =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, secret) =
            authorization.map_or(("", ""), |value| value.split_once(' ').unwrap_or((value, "")));
        if scheme.eq_ignore_ascii_case("bearer") {
            return Self::Token(hash_of(secret.trim()));
        }
        cookie.secret(headers, came).map_or(Self::Nothing, |secret| Self::Session(hash_of(secret)))
    }
}

/// A secret of 256 bits as text.
pub fn new_secret() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| Unavailable::NoRandomness)?;
    let mut text = String::with_capacity(64);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// Returns the part of a secret that is stored.
pub fn hash_of(secret: &str) -> SecretHash {
    SecretHash(Sha256::digest(secret.as_bytes()).into())
}

/// See the module.
pub struct People {
    /// The cookie that keeps a sign-in.
    pub cookie: SessionCookie,
    service: Arc<Service>,
    store: Arc<dyn Store>,
    clock: Clock,
    recent_sign_in: Span,
    passwords: Passwords,
    passkeys: Passkeys,
    throttle: RateLimit,
    passkey_throttle: RateLimit,
    begun: Beginnings,
    /// The last noted time of use: kind and id.
    seen: Mutex<BTreeMap<(&'static str, u32), Timestamp>>,
}

impl People {
    /// Opens the gate. A sign-in is fresh for `recent_sign_in`.
    pub fn new(
        service: Arc<Service>,
        store: Arc<dyn Store>,
        clock: Clock,
        recent_sign_in: Span,
        cookie: SessionCookie,
    ) -> Arc<Self> {
        Arc::new(Self {
            cookie,
            service,
            store,
            clock,
            recent_sign_in,
            passwords: Passwords::new(),
            passkeys: Passkeys::new(),
            throttle: RateLimit::default(),
            passkey_throttle: RateLimit::default(),
            begun: Beginnings::default(),
            seen: Mutex::default(),
        })
    }

    /// True if there is an owner who can decide who else is here.
    pub async fn has_owner(&self) -> Result<bool, Error> {
        Ok(self.service.known().await?.roster.has_owner())
    }

    /// The caller of a request, by what it shows.
    pub async fn caller(&self, shown: Shown) -> Result<Principal, Error> {
        if shown == Shown::Nothing {
            return Ok(Principal::Nobody);
        }
        let known = self.service.known().await?;
        let now = self.clock.now().wall;
        let (session, account) = match shown {
            Shown::Nothing => return Ok(Principal::Nobody),
            Shown::Token(hash) => {
                let token =
                    known.token(hash).filter(|token| token.until.is_none_or(|until| now < until));
                let Some(token) = token else { return Ok(Principal::Nobody) };
                self.note("token", token.id.0, token.used_at, now);
                return Ok(Principal::Token { id: token.id, scopes: token.scopes.clone() });
            }
            Shown::Session(hash) => match known.session(hash) {
                Some(found) => found,
                None => return Ok(Principal::Nobody),
            },
        };
        let seen_at = self
            .seen_at("session", session.id.0)
            .map_or(session.seen_at, |noted| noted.max(session.seen_at));
        if !session.is_open(seen_at, now) {
            return Ok(Principal::Nobody);
        }
        self.note("session", session.id.0, Some(session.seen_at), now);
        let recently_authenticated = now.since(session.proved_at) < self.recent_sign_in;
        Ok(Principal::Account {
            id: account.id,
            role: account.role,
            session: session.id,
            recently_authenticated,
        })
    }

    fn seen_at(&self, kind: &'static str, id: u32) -> Option<Timestamp> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&(kind, id)).copied()
    }

    /// Notes that something was used, now and then.
    fn note(&self, kind: &'static str, id: u32, stored: Option<Timestamp>, now: Timestamp) {
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let last = seen.get(&(kind, id)).copied().max(stored);
            if last.is_some_and(|last| now.since(last) < SEEN_EVERY) {
                return;
            }
            seen.insert((kind, id), now);
        }
        let (store, service) = (Arc::clone(&self.store), Arc::clone(&self.service));
        tokio::spawn(async move {
            match store.seen(&[(kind, id, now)]).await {
                Ok(()) => service.forget_seen(),
                Err(error) => {
                    tracing::debug!(%error, "the last use of a sign-in could not be recorded");
                }
            }
        });
    }

    /// Signs in by name and password.
    pub async fn sign_in(
        &self,
        name: &str,
        password: String,
        device: &Device,
    ) -> Result<SignedIn, Error> {
        let known = self.service.known().await?;
        let (from, now) = (device.came.from, self.clock.now().mono);
        let account = known.roster.named(name).cloned();
        let guesser = account.as_ref().and_then(|account| Self::was_here(&known, account, device));
        let line = if guesser.is_some() { Line::Known } else { Line::Stranger };
        let guesser = guesser.unwrap_or(Guesser::Stranger(Some(name)));
        // First: whoever finds the line full has not guessed.
        let turn = self.passwords.queue(line)?;
        self.throttle.begin(guesser, from, now)?;
        let hash = account.as_ref().map(|account| account.password.clone());
        let fits = Passwords::fits(password, hash, turn).await?;
        match account.filter(|_| fits) {
            Some(account) => {
                self.throttle.succeeded(guesser, from);
                let unfamiliar = matches!(guesser, Guesser::Stranger(_));
                self.begin_session(&account, AuthMethod::Password, None, device, unfamiliar).await
            }
            None => Err(Error::invalid("password", FieldReason::WrongPassword)),
        }
    }

    async fn begin_session(
        &self,
        account: &Account,
        by: AuthMethod,
        used: Option<(domain::id::PasskeyId, Vec<u8>)>,
        device: &Device,
        unfamiliar: bool,
    ) -> Result<SignedIn, Error> {
        let secret = new_secret()?;
        let (agent, address) = (device.agent.clone(), device.came.from.to_string());
        let change = SignIn {
            account: account.id,
            by,
            hash: hash_of(&secret),
            agent,
            address,
            used,
            instead_of: device.signed_in,
            unfamiliar,
        };
        self.service.execute(Principal::System, change).await?;
        let (came, names) = (&device.came, &self.cookie);
        let session = LONGEST_SESSION.as_secs_f64();
        let mut cookies = vec![SessionCookie::header(&names.session, came, &secret, session)];
        if device.known.as_ref().and_then(|known| known.id_for(account)).is_none() {
            let mut id = BrowserId::default();
            getrandom::fill(&mut id).map_err(|_| Unavailable::NoRandomness)?;
            let known = KnownBrowser::new(account, id).value();
            cookies.push(SessionCookie::header(&names.browser, came, &known, KNOWN_FOR));
        }
        Ok(SignedIn { account: account.id, cookies })
    }

    /// The knowledge about someone who signs in to an account, if they were here before.
    fn was_here(known: &Known, account: &Account, device: &Device) -> Option<Guesser<'static>> {
        let browser = known_browsers(known, device).find(|(of, _)| *of == account.id);
        browser.map(|(_, id)| Guesser::InBrowser(id)).or_else(|| {
            came_before(known, account.id, device.came.from)
                .then_some(Guesser::FromPlace(account.id))
        })
    }

    /// The browser that a request of a stranger comes from, if someone has signed in there before.
    pub async fn browser(&self, device: &Device) -> Option<BrowserId> {
        device.known.as_ref()?;
        let known = self.service.known().await.ok()?;
        known_browser(&known, device)
    }

    /// The role of whoever uses an invitation or owner link, if it still waits.
    pub async fn invited(&self, secret: &str) -> Result<Option<Role>, Error> {
        // Read anew: an owner link may have been made by another program.
        let roster = self.store.roster().await.map_err(crate::service::refuse)?;
        Ok(roster.waiting(hash_of(secret), self.clock.now().wall).map(|invitation| invitation.role))
    }

    /// Comes in by an invitation or owner link, and signs in.
    pub async fn join(
        &self,
        secret: &str,
        name: &str,
        password: String,
        device: &Device,
    ) -> Result<SignedIn, Error> {
        let (from, now) = (device.came.from, self.clock.now().mono);
        let guesser = Guesser::Stranger(None);
        self.throttle.begin(guesser, from, now)?;
        if self.invited(secret).await?.is_none() {
            return Err(Error::NotFound(Entity::InvitationLink));
        }
        // The secret was right: a name or password that is not good enough is no guess.
        self.throttle.succeeded(guesser, from);
        password::check_new(name, &password)?;
        let password = self.passwords.hash(password).await?;
        self.service
            .execute(
                Principal::System,
                Join { hash: hash_of(secret), name: name.to_owned(), password },
            )
            .await?;
        let known = self.service.known().await?;
        let account = known.roster.named(name).ok_or(Error::NotFound(Entity::AccountName))?;
        self.begin_session(account, AuthMethod::Password, None, device, false).await
    }

    /// Makes a link by which an owner comes in; returns its secret.
    pub async fn owner_link(&self) -> Result<String, Error> {
        let secret = new_secret()?;
        self.service.execute(Principal::System, MakeOwnerLink { hash: hash_of(&secret) }).await?;
        Ok(secret)
    }

    /// Invites someone; returns the link's secret.
    pub async fn invite(&self, caller: Principal, role: Role) -> Result<String, Error> {
        let secret = new_secret()?;
        self.service.execute(caller, Invite { role, hash: hash_of(&secret) }).await?;
        Ok(secret)
    }

    /// Makes a token; returns its secret.
    pub async fn create_token(
        &self,
        caller: Principal,
        label: String,
        scopes: BTreeSet<Scope>,
        until: Option<Timestamp>,
    ) -> Result<String, Error> {
        let secret = new_secret()?;
        self.service
            .execute(caller, CreateToken { label, scopes, until, hash: hash_of(&secret) })
            .await?;
        Ok(secret)
    }

    /// Sets one's own password. A sign-in alone is not enough: whoever found one open must not keep
    /// the account. It asks for the present password, or for a sign-in by passkey a moment ago.
    /// What `end` names ends with it.
    pub async fn set_password(
        &self,
        caller: Principal,
        present: String,
        password: String,
        end: BTreeSet<Foothold>,
        from: IpAddr,
    ) -> Result<Committed, Error> {
        // Refused before anything is worked on.
        self.service.check::<SetPassword>(&caller)?;
        let account = self.account(&caller).await?;
        self.prove_present(&caller, &account, present, from).await?;
        password::check_new(&account.name, &password)?;
        let password = self.passwords.hash(password).await?;
        self.service.execute(caller, SetPassword { password, end }).await
    }

    async fn prove_present(
        &self,
        caller: &Principal,
        account: &Account,
        present: String,
        from: IpAddr,
    ) -> Result<(), Error> {
        let Principal::Account { session, .. } = caller else { return Err(Error::SignIn) };
        let (known, now) = (self.service.known().await?, self.clock.now());
        let session = known.roster.sessions.iter().find(|one| one.id == *session);
        let session = session.ok_or(Error::SignIn)?;
        if present.is_empty() {
            if session.by == Some(AuthMethod::Passkey)
                && now.wall.since(session.proved_at) <= PASSKEY_SERVES
            {
                return Ok(());
            }
        } else {
            let turn = self.passwords.queue(Line::Known)?;
            // Whoever guesses with a stolen sign-in is slowed down, and nobody else.
            let guesser = Guesser::InBrowser(first_half(session.hash));
            self.throttle.begin(guesser, from, now.mono)?;
            if Passwords::fits(present, Some(account.password.clone()), turn).await? {
                self.throttle.succeeded(guesser, from);
                return Ok(());
            }
        }
        Err(Error::invalid("password", FieldReason::NotPresentPassword))
    }

    async fn account(&self, caller: &Principal) -> Result<Account, Error> {
        let id = caller.account().ok_or(Error::SignIn)?;
        self.service.known().await?.roster.account(id).cloned().ok_or(Error::SignIn)
    }

    /// Begins to make a passkey for whoever asks: the browser's options.
    pub async fn begin_passkey(
        &self,
        caller: &Principal,
        came: &ClientInfo,
    ) -> Result<Vec<u8>, Error> {
        let account = self.account(caller).await?;
        let known = self.service.known().await?;
        let has: Vec<&Passkey> =
            known.roster.passkeys.iter().filter(|passkey| passkey.account == account.id).collect();
        self.passkeys.begin(came, &account, &has)
    }

    /// Keeps a passkey that the browser made.
    pub async fn add_passkey(
        &self,
        caller: Principal,
        came: &ClientInfo,
        label: String,
        answer: &[u8],
    ) -> Result<Committed, Error> {
        let account = self.account(&caller).await?;
        let made = self.passkeys.finish(came, &account, answer)?;
        self.service
            .execute(
                caller,
                AddPasskey { label, credential: made.credential, key: made.key, state: made.state },
            )
            .await
    }

    /// Begins a sign-in by passkey: the browser's options.
    pub async fn ask_for_passkey(&self, device: &Device) -> Result<Vec<u8>, Error> {
        let browser = known_browser(&*self.service.known().await?, device);
        self.begun.count(browser, device.came.from, self.clock.now().mono)?;
        self.passkeys.ask(&device.came)
    }

    /// Signs in by passkey.
    pub async fn sign_in_by_passkey(
        &self,
        answer: &[u8],
        device: &Device,
    ) -> Result<SignedIn, Error> {
        let (from, now) = (device.came.from, self.clock.now().mono);
        let known = self.service.known().await?;
        let guesser =
            known_browser(&known, device).map_or(Guesser::Stranger(None), Guesser::InBrowser);
        // Apart from passwords: passkeys can't be guessed.
        self.passkey_throttle.begin(guesser, from, now)?;
        let presented = Passkeys::read(answer)?;
        let passkey = known
            .roster
            .passkeys
            .iter()
            .find(|passkey| passkey.credential == presented.credential());
        let account = passkey
            .and_then(|passkey| known.roster.account(passkey.account))
            .filter(|account| account.closed_at.is_none());
        let checked = match passkey.zip(account) {
            Some((passkey, account)) => self
                .passkeys
                .check(&device.came, &presented, account, passkey)
                .map(|state| (passkey, account, state)),
            None => Err(Conflict::PasskeyUnknown.into()),
        };
        let (passkey, account, state) = checked?;
        self.passkey_throttle.succeeded(guesser, from);
        let unfamiliar = Self::was_here(&known, account, device).is_none();
        let used = Some((passkey.id, state));
        self.begin_session(account, AuthMethod::Passkey, used, device, unfamiliar).await
    }
}

/// By what a browser is known, and as that of which account: by its cookie, or by the sign-in that it
/// has.
fn known_browsers(known: &Known, device: &Device) -> impl Iterator<Item = (AccountId, BrowserId)> {
    let by_cookie = device.known.as_ref().and_then(|browser| {
        let account = known.roster.account(browser.account())?;
        Some((account.id, browser.id_for(account)?))
    });
    let by_session = || {
        let (session, account) = known.session(device.signed_in?)?;
        Some((account.id, first_half(session.hash)))
    };
    by_cookie.into_iter().chain(by_session())
}

/// The browser, if someone has signed in there before: in whatever account.
fn known_browser(known: &Known, device: &Device) -> Option<BrowserId> {
    known_browsers(known, device).next().map(|(_, id)| id)
}

/// Names a browser by the sign-in that it has.
fn first_half(hash: SecretHash) -> BrowserId {
    let mut half = BrowserId::default();
    half.copy_from_slice(&hash.0[..16]);
    half
}

/// True if an account has signed in from the network of an address before.
fn came_before(known: &Known, account: AccountId, from: IpAddr) -> bool {
    let is_there = |address: &str| {
        address.parse::<IpAddr>().is_ok_and(|address| network_of(address) == network_of(from))
    };
    known
        .roster
        .sessions
        .iter()
        .any(|session| session.account == account && is_there(&session.address))
}

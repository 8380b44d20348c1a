//! People at the gate, over either database: coming in, being known again, and being gone at once.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc, time::Duration};

use commands::{
    account_change::{
        AccountChange, AddPasskey, EndSession, Invite, RevokeToken, SetClosed, SetRole,
    },
    accounts::MOST_SESSIONS,
    command::{Command, CreateShare, Record},
    operation::Committed,
    reading::GetSettings,
    sharing::{Audience, Parts, ShareRequest},
    view::Settings,
};
use domain::{
    access::{Principal, Role, Scope},
    error::{Error, FieldReason},
    id::{AccountId, IncidentNumber, TokenId},
    journal::Event,
    time::Span,
};
use http::{HeaderMap, HeaderValue, header};
use server::{
    clock::Clock,
    current_status::CurrentStatus,
    http::client_info::ClientInfo,
    people::{Device, People, SessionCookie, Shown, SignedIn},
    service::Service,
    store::{Store, verify::verify},
    stream::Live,
};

use crate::store::support::{Place, at, opened};

pub const PASSWORD: &str = "three words in a row";

/// The gate and the service over a database.
pub struct House {
    pub people: Arc<People>,
    pub service: Arc<Service>,
    pub store: Arc<dyn Store>,
}

pub fn came() -> ClientInfo {
    ClientInfo {
        from: IpAddr::from([127, 0, 0, 1]),
        secure: false,
        host: "localhost:3000".to_owned(),
    }
}

pub fn device() -> Device {
    Device { agent: "Firefox".to_owned(), came: came(), signed_in: None, known: None }
}

/// As if from another address, so that the throttle of this one does not matter.
pub fn from(last: u8) -> Device {
    Device { came: ClientInfo { from: IpAddr::from([203, 0, 113, last]), ..came() }, ..device() }
}

/// The headers of a request with a sign-in.
pub fn cookie(signed_in: &SignedIn) -> HeaderMap {
    let pair = signed_in.cookies[0].split(';').next().unwrap();
    HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(pair).unwrap())])
}

fn bearer(secret: &str) -> HeaderMap {
    HeaderMap::from_iter([(
        header::AUTHORIZATION,
        HeaderValue::from_str(&format!("Bearer {secret}")).unwrap(),
    )])
}

impl House {
    pub async fn open(place: &Place, recent_sign_in: Span) -> Self {
        let store = server::store::open(&place.at).await.unwrap();
        let (clock, live) = (
            Clock::start(),
            Live::new(store.head().await.unwrap().0, 10, domain::time::Timestamp::default()),
        );
        let service = Service::new(
            Arc::clone(&store),
            Arc::new(CurrentStatus::default()),
            live,
            Arc::default(),
            clock,
        );
        let cookie = SessionCookie::new(&store.opening().await.unwrap().instance);
        let people =
            People::new(Arc::clone(&service), Arc::clone(&store), clock, recent_sign_in, cookie);
        Self { people, service, store }
    }

    /// With an owner, who is signed in.
    pub async fn owned(place: &Place) -> (Self, SignedIn) {
        let house = Self::open(place, Span::from_mins(60)).await;
        let link = house.people.owner_link().await.unwrap();
        let owner =
            house.people.join(&link, "Owner", PASSWORD.to_owned(), &device()).await.unwrap();
        (house, owner)
    }

    pub async fn caller(&self, headers: &HeaderMap) -> Principal {
        self.people.caller(Shown::by(headers, &came(), &self.people.cookie)).await.unwrap()
    }

    pub async fn act(
        &self,
        headers: &HeaderMap,
        change: AccountChange,
    ) -> Result<Committed, Error> {
        self.service.change(self.caller(headers).await, Command::Account(change)).await
    }

    async fn invite(&self, owner: &HeaderMap, role: Role, name: &str) -> SignedIn {
        let link = self.people.invite(self.caller(owner).await, role).await.unwrap();
        self.people.join(&link, name, PASSWORD.to_owned(), &device()).await.unwrap()
    }

    pub async fn settings(&self, headers: &HeaderMap) -> Settings {
        self.service.execute(self.caller(headers).await, GetSettings {}).await.unwrap()
    }
}

pub async fn an_account_lives_from_its_invitation_to_its_end(place: &Place) {
    let (house, owner) = House::owned(place).await;
    let owner = cookie(&owner);
    assert!(house.people.has_owner().await.unwrap());
    let link = house.people.invite(house.caller(&owner).await, Role::Viewer).await.unwrap();
    assert_eq!(house.people.invited(&link).await.unwrap(), Some(Role::Viewer));
    for (name, password) in
        [("oWNER", PASSWORD), ("", PASSWORD), ("Zoë", "short"), ("Zoë", "password1234")]
    {
        assert!(
            matches!(
                house.people.join(&link, name, password.into(), &device()).await,
                Err(Error::InvalidField { .. })
            ),
            "{name}"
        );
    }
    let came_in = house
        .people
        .join(&link, "  Zoë  \u{a0} Example ", PASSWORD.into(), &device())
        .await
        .unwrap();
    assert!(
        matches!(
            house.people.join(&link, "Other", PASSWORD.into(), &device()).await,
            Err(Error::NotFound(_))
        ),
        "used"
    );
    let (id, zoe) = (came_in.account, cookie(&came_in));
    assert!(
        matches!(house.caller(&zoe).await, Principal::Account { id: found, role: Role::Viewer, recently_authenticated: true, .. } if found == id)
    );

    // A viewer says nothing about others, and sees only themselves.
    let promote = || AccountChange::SetRole(SetRole { account: id, role: Role::Owner });
    assert!(matches!(house.act(&zoe, promote()).await, Err(Error::Forbidden(_))));
    let page = house.settings(&zoe).await;
    assert!(
        page.people.is_empty()
            && page.tokens.is_empty()
            && page.invitations.is_empty()
            && page.sessions.len() == 1
    );

    // What is set by an owner holds at the next request; the last owner stays.
    house
        .act(&owner, AccountChange::SetRole(SetRole { account: id, role: Role::Approver }))
        .await
        .unwrap();
    assert!(matches!(house.caller(&zoe).await, Principal::Account { role: Role::Approver, .. }));
    let close_owner = AccountChange::SetClosed(SetClosed { account: AccountId(1), closed: true });
    assert!(matches!(house.act(&owner, close_owner).await, Err(Error::Conflict(_))));

    // A new password ends the other sign-ins, and only those.
    let elsewhere =
        cookie(&house.people.sign_in("zOË example", PASSWORD.into(), &device()).await.unwrap());
    let caller = house.caller(&zoe).await;
    let set = async |present: &str| {
        let new = "some other words here".to_owned();
        house
            .people
            .set_password(
                caller.clone(),
                present.to_owned(),
                new,
                std::collections::BTreeSet::new(),
                came().from,
            )
            .await
    };
    for wrong in ["", "three words in a line"] {
        let refused = Err(Error::invalid("password", FieldReason::NotPresentPassword));
        assert_eq!(set(wrong).await, refused, "a sign-in alone is not enough");
    }
    set(PASSWORD).await.unwrap();
    assert_eq!(house.caller(&elsewhere).await, Principal::Nobody);
    assert_ne!(house.caller(&zoe).await, Principal::Nobody);
    assert!(house.people.sign_in("Zoë   Example", PASSWORD.into(), &device()).await.is_err());
    house.people.sign_in("Zoë   Example", "some other words here".into(), &device()).await.unwrap();

    // Who is closed is gone at once, also with what was looked up before; opened again, they sign
    // in anew.
    let before = house.caller(&zoe).await;
    house
        .act(&owner, AccountChange::SetClosed(SetClosed { account: id, closed: true }))
        .await
        .unwrap();
    assert_eq!(house.caller(&zoe).await, Principal::Nobody);
    let add = AccountChange::AddPasskey(AddPasskey {
        label: "late".into(),
        credential: vec![1],
        key: vec![],
        state: vec![],
    });
    assert_eq!(
        house.service.change(before, Command::Account(add)).await.unwrap_err(),
        Error::SignIn,
        "it was on its way"
    );
    assert!(
        house
            .people
            .sign_in("Zoë   Example", "some other words here".into(), &device())
            .await
            .is_err()
    );
    house
        .act(&owner, AccountChange::SetClosed(SetClosed { account: id, closed: false }))
        .await
        .unwrap();
    assert_eq!(house.caller(&zoe).await, Principal::Nobody, "the old sign-in stays ended");
    house.people.sign_in("Zoë   Example", "some other words here".into(), &device()).await.unwrap();

    // The journal is intact, and holds nothing that is secret and no name.
    let archive = place.open().await;
    assert!(verify(&*archive, None).await.unwrap().differing.is_empty());
    let journal = format!("{:?}", house.store.entries(0, 500).await.unwrap());
    for secret in ["Zoë", "argon2", "words", &link, "Firefox"] {
        assert!(!journal.contains(secret), "{secret}: {journal}");
    }
}

pub async fn tokens_and_sign_ins_end_at_once_also_for_whoever_reads_on(place: &Place) {
    let (house, owner) = House::owned(place).await;
    let owner = cookie(&owner);
    let scopes = || BTreeSet::from([Scope::Read]);
    let secret = house
        .people
        .create_token(house.caller(&owner).await, "imports".into(), scopes(), None)
        .await
        .unwrap();
    let token = bearer(&secret);
    assert_eq!(house.caller(&token).await, Principal::Token { id: TokenId(1), scopes: scopes() });
    for wrong in [&secret[1..], &secret.to_uppercase(), "", "0"] {
        assert_eq!(house.caller(&bearer(wrong)).await, Principal::Nobody, "{wrong}");
    }
    let both: HeaderMap = owner
        .clone()
        .into_iter()
        .chain(bearer("wrong"))
        .filter_map(|(name, value)| Some((name?, value)))
        .collect();
    assert_eq!(
        house.caller(&both).await,
        Principal::Nobody,
        "a wrong token is not made good by a cookie"
    );
    // What a proxy asked for is not meant for Calm Ops.
    for of_a_proxy in ["Basic b3BzOnNlY3JldA==", "Negotiate", "basic"] {
        let mut both = owner.clone();
        both.insert(header::AUTHORIZATION, HeaderValue::from_static(of_a_proxy));
        assert!(matches!(house.caller(&both).await, Principal::Account { .. }), "{of_a_proxy}");
    }

    let soon = Clock::start().now().wall.plus(Span::from_secs(1));
    let short = house
        .people
        .create_token(house.caller(&owner).await, "short".into(), scopes(), Some(soon))
        .await
        .unwrap();
    assert_ne!(house.caller(&bearer(&short)).await, Principal::Nobody);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(house.caller(&bearer(&short)).await, Principal::Nobody, "it is over");

    let mut changed = house.service.people_changed();
    changed.mark_unchanged();
    house.act(&owner, AccountChange::RevokeToken(RevokeToken { token: TokenId(1) })).await.unwrap();
    assert!(changed.has_changed().unwrap(), "an open stream is told");
    assert_eq!(house.caller(&token).await, Principal::Nobody);

    // The owner ends anyone's sign-in; others only their own.
    let viewer = cookie(&house.invite(&owner, Role::Viewer, "Viewer").await);
    let (
        Principal::Account { session: of_owner, .. },
        Principal::Account { session: of_viewer, .. },
    ) = (house.caller(&owner).await, house.caller(&viewer).await)
    else {
        panic!("both are signed in")
    };
    assert!(matches!(
        house.act(&viewer, AccountChange::EndSession(EndSession { session: of_owner })).await,
        Err(Error::NotFound(_))
    ));
    house.act(&owner, AccountChange::EndSession(EndSession { session: of_viewer })).await.unwrap();
    assert_eq!(house.caller(&viewer).await, Principal::Nobody);

    // A browser that signs in again has one sign-in, and nobody else's ends.
    let first = cookie(&house.people.sign_in("Viewer", PASSWORD.into(), &device()).await.unwrap());
    let again = Device::of(&first, &came(), &house.people.cookie);
    let again = cookie(&house.people.sign_in("Viewer", PASSWORD.into(), &again).await.unwrap());
    assert_eq!(house.caller(&first).await, Principal::Nobody);
    assert!(
        house.caller(&again).await != Principal::Nobody
            && house.caller(&owner).await != Principal::Nobody
    );

    // Too many sign-ins end the oldest one.
    let mut all = Vec::new();
    for _ in 0..=MOST_SESSIONS {
        all.push(cookie(
            &house.people.sign_in("Viewer", PASSWORD.into(), &device()).await.unwrap(),
        ));
    }
    assert_eq!(house.caller(&all[0]).await, Principal::Nobody);
    assert_ne!(house.caller(&all[1]).await, Principal::Nobody);
}

pub async fn share_links_end_with_whoever_made_them(place: &Place) {
    let (house, owner) = House::owned(place).await;
    let owner = cookie(&owner);
    let opened = Command::Record(Record { events: vec![opened(1, "host:web-1")], monitor: None });
    house.service.change(Principal::Agent, opened).await.unwrap();
    let wanted = || ShareRequest {
        label: "Support".into(),
        until: Clock::start().now().wall.plus(Span::from_mins(60)),
        audience: Audience::Customer,
        parts: Parts { summary: true, timeline: true, now: true },
        hosts: false,
    };
    let share = async |who: &HeaderMap, token: &str| {
        let command = Command::CreateShare(CreateShare {
            incident: IncidentNumber(1),
            wanted: wanted(),
            token_hash: server::people::hash_of(token).into(),
        });
        house.service.change(house.caller(who).await, command).await.unwrap();
    };
    let open = async || {
        let shares = house.store.as_trail().shares(IncidentNumber(1), 10).await.unwrap();
        let mut open: Vec<String> = shares
            .iter()
            .filter(|share| share.is_open(Clock::start().now().wall))
            .map(|share| share.made_by.to_string())
            .collect();
        open.sort();
        open
    };
    let leaving = house.invite(&owner, Role::Responder, "Leaving").await;
    let demoted = house.invite(&owner, Role::Approver, "Demoted").await;
    share(&owner, "1").await;
    share(&cookie(&leaving), "2").await;
    share(&cookie(&leaving), "3").await;
    share(&cookie(&demoted), "4").await;
    assert_eq!(open().await, ["account:1", "account:2", "account:2", "account:3"]);
    house
        .act(
            &owner,
            AccountChange::SetRole(SetRole { account: demoted.account, role: Role::Responder }),
        )
        .await
        .unwrap();
    assert_eq!(open().await.len(), 4, "who still may share keeps them");
    // One is on its way when the account is closed.
    let late = house.caller(&cookie(&leaving)).await;
    house
        .act(&owner, AccountChange::SetClosed(SetClosed { account: leaving.account, closed: true }))
        .await
        .unwrap();
    let late_link = Command::CreateShare(CreateShare {
        incident: IncidentNumber(1),
        wanted: wanted(),
        token_hash: server::people::hash_of("5").into(),
    });
    assert_eq!(house.service.change(late, late_link).await.unwrap_err(), Error::SignIn);
    assert_eq!(open().await, ["account:1", "account:3"]);
    house
        .act(
            &owner,
            AccountChange::SetRole(SetRole { account: demoted.account, role: Role::Viewer }),
        )
        .await
        .unwrap();
    assert_eq!(open().await, ["account:1"]);
    let entries = house.store.entries(0, 500).await.unwrap();
    assert_eq!(
        entries
            .iter()
            .filter(|entry| matches!(entry.event, Some(Event::ShareRevoked { .. })))
            .count(),
        3,
        "each is journalled"
    );
    assert!(verify(&*place.open().await, None).await.unwrap().differing.is_empty());
}

pub async fn an_old_sign_in_is_asked_again_for_what_matters(place: &Place) {
    let (_, owner) = House::owned(place).await;
    let stale = House::open(place, Span::ZERO).await;
    let owner = cookie(&owner);
    assert!(matches!(
        stale.caller(&owner).await,
        Principal::Account { recently_authenticated: false, .. }
    ));
    let invite =
        AccountChange::Invite(Invite { role: Role::Viewer, hash: server::people::hash_of("x") });
    assert_eq!(stale.act(&owner, invite).await.unwrap_err(), Error::SignInAgain);
    // It still may look, and undo.
    assert_eq!(stale.settings(&owner).await.people.len(), 1);
    assert!(matches!(
        stale.act(&owner, AccountChange::RevokeToken(RevokeToken { token: TokenId(9) })).await,
        Err(Error::NotFound(_))
    ));
}

pub async fn guesses_at_the_same_instant_are_held_up_as_well(place: &Place) {
    let (house, _) = House::owned(place).await;
    let house = Arc::new(house);
    let guesses: Vec<_> = (0..40_u8)
        .map(|number| {
            let house = Arc::clone(&house);
            tokio::spawn(async move {
                house
                    .people
                    .sign_in("Owner", "a wrong guess".into(), &from(number % 4))
                    .await
                    .err()
                    .unwrap()
            })
        })
        .collect();
    let mut worked_on = 0;
    for guess in guesses {
        worked_on += u32::from(!matches!(guess.await.unwrap(), Error::Throttled { .. }));
    }
    assert!((1..=5).contains(&worked_on), "{worked_on} guesses were worked on");
    // From where the owner came in before they still do.
    house.people.sign_in("Owner", PASSWORD.into(), &device()).await.unwrap();
}

pub async fn the_time_of_a_failure_tells_nothing(place: &Place) {
    let (house, _) = House::owned(place).await;
    let mut times = [Duration::MAX; 2];
    let mut address = 0;
    for _ in 0..4 {
        for (which, name) in ["Owner", "Nobody of this name"].into_iter().enumerate() {
            address += 1;
            let began = std::time::Instant::now();
            let refusal = house
                .people
                .sign_in(name, "a wrong guess".into(), &from(address))
                .await
                .err()
                .unwrap();
            // The quickest of a few: what else runs on the machine only makes it slower.
            times[which] = times[which].min(began.elapsed());
            assert!(matches!(refusal, Error::InvalidField { .. }), "{refusal:?}");
        }
    }
    // To leave the hash out would be a hundred times quicker.
    let [real, unknown] = times;
    assert!(real < unknown * 3 && unknown < real * 3, "{times:?}");
}

pub async fn a_backup_carries_people_but_no_sign_ins(from: &Place, to: &Place) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("backup.calm-ops");
    let (owner, token);
    {
        let (house, signed_in) = House::owned(from).await;
        owner = cookie(&signed_in);
        let caller = house.caller(&owner).await;
        token = bearer(
            &house
                .people
                .create_token(caller, "imports".into(), BTreeSet::from([Scope::Read]), None)
                .await
                .unwrap(),
        );
        house.invite(&owner, Role::Responder, "Zoë").await;
    }
    server::backup::backup(&*from.open().await, &file).await.unwrap();
    server::backup::restore(&file, &to.at, at(60)).await.unwrap();
    assert!(verify(&*to.open().await, None).await.unwrap().differing.is_empty());
    let house = House::open(to, Span::from_mins(60)).await;
    assert_eq!(
        house.caller(&owner).await,
        Principal::Nobody,
        "a sign-in does not come to life again"
    );
    assert!(matches!(house.caller(&token).await, Principal::Token { .. }));
    let owner = cookie(&house.people.sign_in("Owner", PASSWORD.into(), &device()).await.unwrap());
    let people = house.settings(&owner).await.people;
    assert_eq!(
        people.iter().map(|one| (one.name.as_str(), one.role)).collect::<Vec<_>>(),
        [("Owner", Role::Owner), ("Zoë", Role::Responder)]
    );
    let entries = house.store.entries(0, 100).await.unwrap();
    assert!(entries.iter().any(|entry| matches!(entry.event, Some(Event::SignedIn { .. }))));
}

/// Statements of a foreign hand for both databases, each with what is then found. `@X@` stands for the
/// body with a text replaced.
const FOREIGN: [(&str, &str); 9] = [
    (
        "UPDATE roster SET body = @\"viewer\"|\"owner\"@ WHERE kind = 'account'",
        "account 2 does not match",
    ),
    (
        "UPDATE roster SET body = @[\"ingest\"]|[\"read\"]@ WHERE kind = 'token'",
        "token 1 does not match",
    ),
    (
        "UPDATE roster SET body = @\"account\":2|\"account\":1@ WHERE kind = 'session'",
        "sign-in 2 does not match",
    ),
    (
        "INSERT INTO roster (kind, id, body) SELECT kind, 9, @\"id\":1,|\"id\":9,@ FROM roster WHERE kind = 'token'",
        "does not know token 9",
    ),
    ("DELETE FROM roster WHERE kind = 'token'", "token 1 is missing"),
    ("UPDATE share SET until = until + 1000000000", "does not match the journal"),
    ("UPDATE share SET shows_hosts = 1, audience = 'manager'", "does not match the journal"),
    ("UPDATE share SET id = id + 1", "the journal does not know share link"),
    ("DELETE FROM share", "is missing"),
];

/// Columns of an incident that say something else than its body.
const MISFILED: [&str; 9] = [
    "severity = 'x'",
    "state = 'x'",
    "cause = 'x'",
    "opened_at = 1",
    "updated_at = 1",
    "resolved_at = 1",
    "subjects = ''",
    "remarks = 'x'",
    "may_run_until = 1",
];

pub async fn who_may_do_what_is_proved_and_only_that_is_allowed(place: &Place) {
    let (house, owner) = House::owned(place).await;
    let owner = cookie(&owner);
    let viewer = cookie(&house.invite(&owner, Role::Viewer, "Viewer").await);
    let scopes = BTreeSet::from([Scope::Ingest]);
    let caller = house.caller(&owner).await;
    let token = bearer(&house.people.create_token(caller, "t".into(), scopes, None).await.unwrap());
    let event = Command::Record(Record { events: vec![opened(1, "host:web-1")], monitor: None });
    house.service.change(Principal::Agent, event).await.unwrap();
    let wanted = ShareRequest {
        label: "Support".into(),
        until: Clock::start().now().wall.plus(Span::from_mins(60)),
        audience: Audience::Customer,
        parts: Parts { summary: true, timeline: false, now: true },
        hosts: false,
    };
    let token_hash = server::people::hash_of("1").into();
    let share = CreateShare { incident: IncidentNumber(1), wanted, token_hash };
    let command = Command::CreateShare(share);
    house.service.change(house.caller(&owner).await, command).await.unwrap();
    let right = verify(&*house.store, None).await.unwrap();
    assert!(right.is_whole() && right.untold == 0, "{right:?}");

    let keep = "CREATE TABLE kept_roster AS SELECT * FROM roster; CREATE TABLE kept_share AS SELECT * FROM share";
    place.attack(keep, keep).await.unwrap();
    let again = "DELETE FROM roster; INSERT INTO roster SELECT * FROM kept_roster; \
                 DELETE FROM share; INSERT INTO share SELECT * FROM kept_share";
    for (statement, named) in FOREIGN {
        let body = |before: &str, after: &str| {
            statement.split('@').enumerate().fold(String::new(), |text, (place, part)| {
                let replaced = part.replacen('|', "', '", 1);
                text + &if place == 1 {
                    format!("{before}'{replaced}'{after}")
                } else {
                    part.to_owned()
                }
            })
        };
        place
            .attack(
                &body("CAST(replace(CAST(body AS TEXT), ", ") AS BLOB)"),
                &body("convert_to(replace(convert_from(body, 'UTF8'), ", "), 'UTF8')"),
            )
            .await
            .unwrap();
        let found = verify(&*house.store, None).await.unwrap();
        let sentence = wording::access::differences(&found.access);
        assert!(!found.is_whole() && sentence.contains(named), "{statement}: {sentence}");
        // A program that begins now allows no more than before.
        let later = House::open(place, Span::from_mins(60)).await;
        assert!(matches!(
            later.caller(&viewer).await,
            Principal::Account { id: AccountId(2), role: Role::Viewer, .. }
        ));
        if let Principal::Token { scopes, .. } = later.caller(&token).await {
            assert_eq!(scopes, BTreeSet::from([Scope::Ingest]), "{statement}");
        }
        let now = Clock::start().now().wall;
        let hash = server::people::hash_of("1").into();
        let late = now.plus(Span::from_mins(61));
        assert_eq!(later.store.as_trail().opened_by(hash, late).await.unwrap(), None);
        if let Some(open) = later.store.as_trail().opened_by(hash, now).await.unwrap() {
            assert_eq!((open.audience, open.hosts), (Audience::Customer, false), "{statement}");
        }
        place.attack(again, again).await.unwrap();
        assert_eq!(verify(&*house.store, None).await.unwrap(), right, "{statement}");
    }
    for column in MISFILED {
        let statement = format!("UPDATE incident SET {column}");
        place.attack(&statement, &statement).await.unwrap();
        let found = verify(&*house.store, None).await.unwrap();
        assert_eq!(found.misfiled, [IncidentNumber(1)], "{column}");
        house.store.file_anew(&found.misfiled).await.unwrap();
        assert_eq!(verify(&*house.store, None).await.unwrap(), right, "{column}");
    }
    let words = "UPDATE incident SET headline = 'All is calm.'";
    place.attack(words, words).await.unwrap();
    assert!(!verify(&*house.store, None).await.unwrap().is_whole());
}

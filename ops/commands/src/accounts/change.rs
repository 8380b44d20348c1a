//! Changes to accounts: what each does to the rows and the journal, or why not.

use domain::{
    access::{Expiry, Foothold, Principal, Role},
    error::{Conflict, Entity, Error, FieldReason, Limited},
    id::{AccountId, InvitationId, PasskeyId, SessionId, TokenId},
    input::checked_name,
    journal::Event,
    time::{Span, Timestamp},
};

use crate::{
    account_change::{
        AccountChange, AddPasskey, CreateToken, EndSession, Invite, Join, MakeOwnerLink,
        RemovePasskey, RevokeToken, SetClosed, SetPassword, SetRole, SignIn, WithdrawInvitation,
    },
    accounts::{
        Accounts,
        lookalike::{own_name, program_label},
        rows::{Account, Invitation, Passkey, Row, Session, Token},
        standing,
    },
};

/// The longest time that an invitation may wait.
pub const LONGEST_INVITATION: Span = Span::from_mins(14 * 24 * 60);

/// The longest time that an owner link may wait.
pub const OWNER_LINK: Span = Span::from_mins(24 * 60);

/// Greatest number of accounts.
pub const MOST_ACCOUNTS: usize = 500;

/// Greatest number of passkeys of an account.
pub const MOST_PASSKEYS: usize = 10;

/// Greatest number of tokens that are valid at a time.
pub const MOST_TOKENS: usize = 200;

/// Greatest number of invitations that wait at a time.
pub const MOST_INVITATIONS: usize = 100;

/// Greatest number of open sign-ins of one account: the oldest ends when one more comes.
pub const MOST_SESSIONS: usize = 20;

/// The time for which a sign-in that has ended, or that nobody uses any more, is kept; the journal
/// tells of it for ever. It is longer than one can be used.
const SESSIONS_KEPT: Span = Span::from_mins(60 * 24 * 60);

/// The outcome of a change: what is journalled, and what is stored beside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The events, in order.
    pub events: Vec<Event>,
    /// The rows.
    pub rows: Vec<Row>,
    /// Whose contacts end with it. The store knows which those are.
    pub contacts_of: Option<AccountId>,
}

const fn missing(entity: Entity) -> Error {
    Error::NotFound(entity)
}

fn next(ids: impl Iterator<Item = u32>) -> u32 {
    ids.max().unwrap_or(0).saturating_add(1)
}

impl Accounts {
    fn open(&self, id: AccountId) -> Result<&Account, Error> {
        self.account(id)
            .filter(|account| account.closed_at.is_none())
            .ok_or_else(|| missing(Entity::OpenAccount(id)))
    }

    fn is_last_owner(&self, id: AccountId) -> bool {
        let owners = || {
            self.accounts
                .iter()
                .filter(|account| account.role == Role::Owner && account.closed_at.is_none())
        };
        owners().any(|owner| owner.id == id) && owners().count() == 1
    }

    /// Ends what an account has made that lets others in, or itself once more: invitations that
    /// wait, and tokens.
    fn let_in_by(&self, account: AccountId, now: Timestamp, outcome: &mut Outcome) {
        for one in self
            .invitations
            .iter()
            .filter(|one| one.made_by == Some(account) && one.ended_at.is_none())
        {
            outcome.events.push(Event::InvitationWithdrawn { invitation: one.id });
            outcome.rows.push(Row::Invitation(Invitation { ended_at: Some(now), ..one.clone() }));
        }
        for one in
            self.tokens.iter().filter(|one| one.made_by == Some(account) && one.ended_at.is_none())
        {
            outcome.events.push(Event::TokenRevoked { token: one.id });
            outcome.rows.push(Row::Token(Token { ended_at: Some(now), ..one.clone() }));
        }
    }

    fn no_passkeys(&self, account: AccountId, outcome: &mut Outcome) {
        for one in self.passkeys.iter().filter(|one| one.account == account) {
            outcome.events.push(Event::PasskeyRemoved { account, passkey: one.id });
            outcome.rows.push(Row::NoPasskey(one.id));
        }
    }

    fn ended(
        &self,
        account: AccountId,
        except: Option<SessionId>,
        now: Timestamp,
        outcome: &mut Outcome,
    ) {
        for session in self.sessions.iter().filter(|one| {
            one.account == account && one.ended_at.is_none() && Some(one.id) != except
        }) {
            outcome.events.push(Event::SignedOut { account, session: session.id });
            outcome.rows.push(Row::Session(Session { ended_at: Some(now), ..session.clone() }));
        }
    }
}

/// Whose share links end with this: of someone who may not share any more. The store knows which
/// those are.
pub fn ends_links_of(event: &Event) -> Option<AccountId> {
    match event {
        Event::AccountClosed { account, closed: true } => Some(*account),
        Event::RoleChanged { account, role } if *role < Role::Responder => Some(*account),
        _ => None,
    }
}

/// Checks that a caller still is who they were when their request came in; nothing about people is
/// changed.
pub fn stands(roster: &Accounts, caller: &Principal) -> Result<Outcome, Error> {
    standing::check(roster, caller)?;
    Ok(Outcome::default())
}

/// Decides the effect of a change, or why it has none. Whether the caller may ask for it at all is
/// decided before.
pub fn decide(
    roster: &Accounts,
    caller: &Principal,
    change: &AccountChange,
    now: Timestamp,
) -> Result<Outcome, Error> {
    standing::check(roster, caller)?;
    let mut outcome = Outcome::default();
    let own = || caller.account().ok_or(Error::SignIn);
    match change {
        AccountChange::MakeOwnerLink(MakeOwnerLink { hash }) => {
            for old in roster
                .invitations
                .iter()
                .filter(|one| one.role == Role::Owner && one.ended_at.is_none())
            {
                outcome
                    .rows
                    .push(Row::Invitation(Invitation { ended_at: Some(now), ..old.clone() }));
            }
            let id = InvitationId(next(roster.invitations.iter().map(|one| one.id.0)));
            let until = now.plus(OWNER_LINK);
            let link = Invitation {
                id,
                role: Role::Owner,
                hash: *hash,
                created_at: now,
                until,
                ended_at: None,
                made_by: None,
            };
            outcome.rows.push(Row::Invitation(link));
            outcome.events.push(Event::OwnerLinkMade);
        }
        AccountChange::Join(Join { hash, name, password }) => {
            let invitation =
                roster.waiting(*hash, now).ok_or_else(|| missing(Entity::InvitationLink))?;
            let name = own_name(name)?;
            if roster.has_alike(&name) {
                return Err(Error::invalid("name", FieldReason::NameTaken));
            }
            if roster.accounts.len() >= MOST_ACCOUNTS {
                return Err(Conflict::LimitReached(Limited::Accounts).into());
            }
            let id = AccountId(next(roster.accounts.iter().map(|account| account.id.0)));
            let account = Account {
                id,
                name,
                role: invitation.role,
                created_at: now,
                closed_at: None,
                password: password.clone(),
                role_since: None,
                password_since: None,
            };
            outcome.events.push(Event::AccountCreated {
                account: id,
                role: invitation.role,
                invitation: Some(invitation.id),
            });
            outcome.rows.push(Row::Account(account));
            outcome
                .rows
                .push(Row::Invitation(Invitation { ended_at: Some(now), ..invitation.clone() }));
        }
        AccountChange::Invite(Invite { role, hash }) => {
            let waiting = roster
                .invitations
                .iter()
                .filter(|one| one.ended_at.is_none() && now < one.until)
                .count();
            if waiting >= MOST_INVITATIONS {
                return Err(Conflict::LimitReached(Limited::Invitations).into());
            }
            let id = InvitationId(next(roster.invitations.iter().map(|one| one.id.0)));
            let until = now.plus(LONGEST_INVITATION);
            outcome.events.push(Event::Invited { invitation: id, role: *role });
            let made_by = caller.account();
            outcome.rows.push(Row::Invitation(Invitation {
                id,
                role: *role,
                hash: *hash,
                created_at: now,
                until,
                ended_at: None,
                made_by,
            }));
        }
        AccountChange::WithdrawInvitation(WithdrawInvitation { invitation }) => {
            let known = roster
                .invitations
                .iter()
                .find(|one| one.id == *invitation && one.ended_at.is_none());
            let known = known.ok_or_else(|| missing(Entity::Invitation(*invitation)))?;
            outcome.events.push(Event::InvitationWithdrawn { invitation: *invitation });
            outcome.rows.push(Row::Invitation(Invitation { ended_at: Some(now), ..known.clone() }));
        }
        AccountChange::SetRole(SetRole { account, role }) => {
            let known = roster.open(*account)?;
            if known.role == *role {
                return Err(Conflict::RoleUnchanged.into());
            }
            if *role != Role::Owner && roster.is_last_owner(*account) {
                return Err(Conflict::LastOwnerRole.into());
            }
            outcome.events.push(Event::RoleChanged { account: *account, role: *role });
            outcome.rows.push(Row::Account(Account {
                role: *role,
                role_since: Some(now),
                ..known.clone()
            }));
            if known.role == Role::Owner {
                roster.let_in_by(*account, now, &mut outcome);
            }
        }
        AccountChange::SetClosed(SetClosed { account, closed: true }) => {
            let known = roster.open(*account)?;
            if roster.is_last_owner(*account) {
                return Err(Conflict::LastOwnerAccount.into());
            }
            outcome.events.push(Event::AccountClosed { account: *account, closed: true });
            outcome.rows.push(Row::Account(Account { closed_at: Some(now), ..known.clone() }));
            roster.ended(*account, None, now, &mut outcome);
            roster.let_in_by(*account, now, &mut outcome);
        }
        AccountChange::SetClosed(SetClosed { account, closed: false }) => {
            let known = roster.account(*account).filter(|account| account.closed_at.is_some());
            let known = known.ok_or_else(|| missing(Entity::ClosedAccount(*account)))?;
            outcome.events.push(Event::AccountClosed { account: *account, closed: false });
            outcome.rows.push(Row::Account(Account {
                closed_at: None,
                role_since: Some(now),
                ..known.clone()
            }));
        }
        AccountChange::SignIn(SignIn {
            account,
            by,
            hash,
            agent,
            address,
            used,
            instead_of,
            unfamiliar,
        }) => {
            roster.open(*account)?;
            let (mut replaced, mut open): (Vec<&Session>, Vec<&Session>) = roster
                .sessions
                .iter()
                .filter(|one| one.ended_at.is_none())
                .partition(|one| Some(one.hash) == *instead_of);
            open.retain(|one| one.account == *account);
            open.sort_by_key(|one| (one.seen_at, one.id));
            let too_many = (open.len() + 1).saturating_sub(MOST_SESSIONS);
            replaced.extend(open.into_iter().take(too_many));
            for old in replaced {
                outcome.events.push(Event::SignedOut { account: old.account, session: old.id });
                outcome.rows.push(Row::Session(Session { ended_at: Some(now), ..old.clone() }));
            }
            if let Some((passkey, state)) = used {
                let known = roster
                    .passkeys
                    .iter()
                    .find(|one| one.id == *passkey && one.account == *account);
                let known = known.ok_or_else(|| missing(Entity::PresentedPasskey))?;
                outcome.rows.push(Row::Passkey(Passkey {
                    state: state.clone(),
                    used_at: Some(now),
                    ..known.clone()
                }));
            }
            let over =
                |one: &&Session| now.since(one.ended_at.unwrap_or(one.seen_at)) > SESSIONS_KEPT;
            outcome
                .rows
                .extend(roster.sessions.iter().filter(over).map(|one| Row::NoSession(one.id)));
            // The newest one always stays, so that no number is used twice.
            let id = SessionId(next(roster.sessions.iter().map(|one| one.id.0)));
            outcome.events.push(Event::SignedIn {
                account: *account,
                session: id,
                by: *by,
                unfamiliar: *unfamiliar,
            });
            outcome.rows.push(Row::Session(Session {
                id,
                account: *account,
                hash: *hash,
                created_at: now,
                seen_at: now,
                proved_at: now,
                by: Some(*by),
                agent: agent.clone(),
                address: address.clone(),
                ended_at: None,
            }));
        }
        AccountChange::EndSession(EndSession { session }) => {
            let known =
                roster.sessions.iter().find(|one| one.id == *session && one.ended_at.is_none());
            // Someone else's looks like none to those who may not end it.
            let known =
                known.filter(|one| matches!(caller, Principal::Account { id, role, .. } if *id == one.account || *role == Role::Owner));
            let known = known.ok_or_else(|| missing(Entity::Session(*session)))?;
            outcome.events.push(Event::SignedOut { account: known.account, session: *session });
            outcome.rows.push(Row::Session(Session { ended_at: Some(now), ..known.clone() }));
        }
        AccountChange::SetPassword(SetPassword { password, end }) => {
            let account = roster.open(own()?)?;
            outcome.events.push(Event::PasswordSet { account: account.id });
            outcome.rows.push(Row::Account(Account {
                password: password.clone(),
                password_since: Some(now),
                ..account.clone()
            }));
            let this =
                if let Principal::Account { session, .. } = caller { Some(*session) } else { None };
            roster.ended(account.id, this, now, &mut outcome);
            for foothold in end {
                match foothold {
                    Foothold::Passkeys => roster.no_passkeys(account.id, &mut outcome),
                    Foothold::Contacts => outcome.contacts_of = Some(account.id),
                    Foothold::Tokens => roster.let_in_by(account.id, now, &mut outcome),
                }
            }
        }
        AccountChange::AddPasskey(AddPasskey { label, credential, key, state }) => {
            let account = roster.open(own()?)?.id;
            let label = checked_name("label", label)?;
            if roster.passkeys.iter().filter(|one| one.account == account).count() >= MOST_PASSKEYS
            {
                return Err(Conflict::LimitReached(Limited::Passkeys).into());
            }
            if roster.passkeys.iter().any(|one| one.credential == *credential) {
                return Err(Conflict::PasskeyKnown.into());
            }
            let id = PasskeyId(next(roster.passkeys.iter().map(|one| one.id.0)));
            outcome.events.push(Event::PasskeyAdded { account, passkey: id });
            let (credential, key, state) = (credential.clone(), key.clone(), state.clone());
            outcome.rows.push(Row::Passkey(Passkey {
                id,
                account,
                label,
                credential,
                key,
                state,
                created_at: now,
                used_at: None,
            }));
        }
        AccountChange::RemovePasskey(RemovePasskey { passkey }) => {
            let account = own()?;
            if !roster.passkeys.iter().any(|one| one.id == *passkey && one.account == account) {
                return Err(missing(Entity::Passkey(*passkey)));
            }
            outcome.events.push(Event::PasskeyRemoved { account, passkey: *passkey });
            outcome.rows.push(Row::NoPasskey(*passkey));
        }
        AccountChange::CreateToken(CreateToken { label, scopes, until, hash }) => {
            let label = program_label(label)?;
            if roster.has_alike(&label) {
                return Err(Error::invalid("label", FieldReason::NameTaken));
            }
            if scopes.is_empty() {
                return Err(Error::invalid("scopes", FieldReason::Empty));
            }
            if until.is_some_and(|until| until <= now) {
                return Err(Error::invalid("until", FieldReason::Past));
            }
            let valid = roster
                .tokens
                .iter()
                .filter(|one| one.ended_at.is_none() && one.until.is_none_or(|until| now < until))
                .count();
            if valid >= MOST_TOKENS {
                return Err(Conflict::LimitReached(Limited::Tokens).into());
            }
            let id = TokenId(next(roster.tokens.iter().map(|one| one.id.0)));
            outcome.events.push(Event::TokenCreated {
                token: id,
                scopes: scopes.iter().copied().collect(),
                expiry: Some(until.map_or(Expiry::Never, Expiry::At)),
            });
            outcome.rows.push(Row::Token(Token {
                id,
                label,
                scopes: scopes.clone(),
                hash: *hash,
                created_at: now,
                until: *until,
                used_at: None,
                ended_at: None,
                made_by: caller.account(),
            }));
        }
        AccountChange::RevokeToken(RevokeToken { token }) => {
            let known = roster.tokens.iter().find(|one| one.id == *token && one.ended_at.is_none());
            let known = known.ok_or_else(|| missing(Entity::Token(*token)))?;
            outcome.events.push(Event::TokenRevoked { token: *token });
            outcome.rows.push(Row::Token(Token { ended_at: Some(now), ..known.clone() }));
        }
    }
    Ok(outcome)
}

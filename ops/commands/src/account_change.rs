//! Changes of accounts: people, sign-ins, passkeys, invitations and tokens.

use std::collections::BTreeSet;

use domain::{
    access::{AuthMethod, Foothold, Permission, Role, Scope},
    id::{AccountId, InvitationId, PasskeyId, SessionId, TokenId},
    time::Timestamp,
};

use crate::{
    accounts::{PasswordHash, SecretHash},
    operation::{Committed, Operation, changes},
};

const fn person(role: Role, recently_authenticated: bool) -> Permission {
    Permission::Person { role, recently_authenticated }
}

changes! {
    /// A change of accounts. Who proved what is checked before it is asked for.
    AccountChange as AccountOperation::into_change {
        // Who may do these three has proved it otherwise: by the secret of a link, by a password or a
        // passkey.
        /// Make the link by which an owner comes in. Earlier ones end.
        MakeOwnerLink needs Permission::Itself => {
            /// The hash of its secret.
            hash: SecretHash,
        }
        /// Come in by an invitation or the owner link.
        Join needs Permission::Itself => {
            /// The hash of its secret.
            hash: SecretHash,
            /// How the person wants to be called.
            name: String,
            /// Their password.
            password: PasswordHash,
        }
        /// Invite someone.
        Invite needs person(Role::Owner, true) => {
            /// To do what.
            role: Role,
            /// The hash of its secret.
            hash: SecretHash,
        }
        /// Take an invitation back.
        WithdrawInvitation needs person(Role::Owner, false) => {
            /// Which.
            invitation: InvitationId,
        }
        /// Change what someone may do.
        SetRole needs person(Role::Owner, true) => {
            /// Whose.
            account: AccountId,
            /// To this.
            role: Role,
        }
        /// Close an account, or open it again.
        SetClosed needs person(Role::Owner, true) => {
            /// Which.
            account: AccountId,
            /// Whether it is to be closed.
            closed: bool,
        }
        /// Sign in: whoever asks has proved who they are.
        SignIn needs Permission::Itself => {
            /// Who.
            account: AccountId,
            /// How.
            by: AuthMethod,
            /// The hash of the session's token.
            hash: SecretHash,
            /// Which browser, shortened.
            agent: String,
            /// From which address.
            address: String,
            /// Where a passkey was used: which, and its new state.
            used: Option<(PasskeyId, Vec<u8>)>,
            /// The sign-in that the browser had until now: it is forgotten there, so it ends.
            instead_of: Option<SecretHash>,
            /// Whether neither the place nor the browser was known.
            unfamiliar: bool,
        }
        /// End a sign-in.
        EndSession needs person(Role::Viewer, false) => {
            /// Which.
            session: SessionId,
        }
        /// Set one's own password. Other sign-ins of the account end, and what else is named.
        SetPassword needs person(Role::Viewer, true) => {
            /// The new one.
            password: PasswordHash,
            /// What of one's own ends with it.
            end: BTreeSet<Foothold>,
        }
        /// Add a passkey to one's own account.
        AddPasskey needs person(Role::Viewer, true) => {
            /// What the person calls it.
            label: String,
            /// What the browser calls it.
            credential: Vec<u8>,
            /// What is needed to check it.
            key: Vec<u8>,
            /// What changes with each use.
            state: Vec<u8>,
        }
        /// Remove a passkey of one's own.
        RemovePasskey needs person(Role::Viewer, false) => {
            /// Which.
            passkey: PasskeyId,
        }
        /// Make a token.
        CreateToken needs person(Role::Owner, true) => {
            /// What it is for.
            label: String,
            /// What it may do.
            scopes: BTreeSet<Scope>,
            /// When it ends by itself.
            until: Option<Timestamp>,
            /// The hash of its secret.
            hash: SecretHash,
        }
        /// End a token.
        RevokeToken needs person(Role::Owner, false) => {
            /// Which.
            token: TokenId,
        }
    }
}

/// A change of accounts as one of all.
pub trait AccountOperation: Operation<Output = Committed> {
    /// The change as one of all.
    fn into_change(self) -> AccountChange;
}

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
            /// The name that the person wants.
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
            /// Number of the invitation.
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
            /// Number of the account.
            account: AccountId,
            /// True if it is to be closed.
            closed: bool,
        }
        /// Sign in: whoever asks has proved who they are.
        SignIn needs Permission::Itself => {
            /// Number of the account.
            account: AccountId,
            /// The method.
            by: AuthMethod,
            /// The hash of the session's token.
            hash: SecretHash,
            /// The browser, shortened.
            agent: String,
            /// From which address.
            address: String,
            /// The passkey that was used: which, and its new state.
            used: Option<(PasskeyId, Vec<u8>)>,
            /// The sign-in that the browser had until now: it is forgotten there, so it ends.
            instead_of: Option<SecretHash>,
            /// True if neither the place nor the browser was known.
            unfamiliar: bool,
        }
        /// End a sign-in.
        EndSession needs person(Role::Viewer, false) => {
            /// Number of the session.
            session: SessionId,
        }
        /// Set one's own password. Other sign-ins of the account end, and what else is named.
        SetPassword needs person(Role::Viewer, true) => {
            /// The new one.
            password: PasswordHash,
            /// The own means of access that end with it.
            end: BTreeSet<Foothold>,
        }
        /// Add a passkey to one's own account.
        AddPasskey needs person(Role::Viewer, true) => {
            /// The name that the person chose.
            label: String,
            /// The identifier that the browser uses.
            credential: Vec<u8>,
            /// The key that checks it.
            key: Vec<u8>,
            /// The state that changes with each use.
            state: Vec<u8>,
        }
        /// Remove a passkey of one's own.
        RemovePasskey needs person(Role::Viewer, false) => {
            /// Number of the passkey.
            passkey: PasskeyId,
        }
        /// Make a token.
        CreateToken needs person(Role::Owner, true) => {
            /// Its purpose.
            label: String,
            /// Its rights.
            scopes: BTreeSet<Scope>,
            /// Time at which it ends by itself.
            until: Option<Timestamp>,
            /// The hash of its secret.
            hash: SecretHash,
        }
        /// End a token.
        RevokeToken needs person(Role::Owner, false) => {
            /// Number of the token.
            token: TokenId,
        }
    }
}

/// A change of accounts as one of all.
pub trait AccountOperation: Operation<Output = Committed> {
    /// The change as one of all.
    fn into_change(self) -> AccountChange;
}

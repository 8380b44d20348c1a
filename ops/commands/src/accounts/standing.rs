//! Check that someone still is who they were when their request came in.

use domain::{
    access::Principal,
    error::{Conflict, Error},
};

use crate::accounts::Accounts;

/// Compares a caller's rights, which were looked up before the transaction, with the accounts.
/// Between the two their account, role or sign-in may have been taken away, and then a change of
/// theirs must not come through any more: a closed account would leave a token or an invitation
/// behind.
pub(super) fn check(roster: &Accounts, caller: &Principal) -> Result<(), Error> {
    match caller {
        Principal::Account { id, role, session, .. } => {
            let account = roster
                .account(*id)
                .filter(|account| account.closed_at.is_none())
                .ok_or(Error::SignIn)?;
            if roster
                .sessions
                .iter()
                .any(|one| one.id == *session && one.account == *id && one.ended_at.is_some())
            {
                return Err(Error::SignIn);
            }
            if account.role < *role {
                return Err(Conflict::RoleChanged.into());
            }
            Ok(())
        }
        // Programs and links change nothing about people; Calm Ops itself and this machine have no
        // account.
        Principal::Agent
        | Principal::System
        | Principal::Local
        | Principal::Token { .. }
        | Principal::Share { .. }
        | Principal::Nobody => Ok(()),
    }
}

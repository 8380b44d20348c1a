//! Whether someone still is who they were when their request came in.

use super::Roster;
use crate::{desk::Refusal, people::Caller};

/// What a caller may do was looked up before the transaction. Between the two their account, role
/// or sign-in may have been taken away, and then a change of theirs must not come through any more:
/// a closed account would leave a token or an invitation behind.
pub(super) fn check(roster: &Roster, caller: &Caller) -> Result<(), Refusal> {
    match caller {
        Caller::Account { id, role, session, .. } => {
            let account = roster
                .account(*id)
                .filter(|account| account.closed_at.is_none())
                .ok_or(Refusal::SignIn)?;
            if roster
                .sessions
                .iter()
                .any(|one| one.id == *session && one.account == *id && one.ended_at.is_some())
            {
                return Err(Refusal::SignIn);
            }
            if account.role < *role {
                return Err(Refusal::Conflict {
                    problem: "Your role has changed just now. Look at the page again.".to_owned(),
                });
            }
            Ok(())
        }
        // Programs and links change nothing about people; Calm Ops itself and this machine have no
        // account.
        Caller::Agent
        | Caller::System
        | Caller::Local
        | Caller::Token { .. }
        | Caller::Share { .. }
        | Caller::Nobody => Ok(()),
    }
}

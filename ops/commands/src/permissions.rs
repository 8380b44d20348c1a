//! The permission that each change and each reading needs.

use domain::access::{Permission, Role};

use crate::{accounts::Change, command::Command, query::Query};

/// What a change asks of its caller.
pub const fn needed_to_act(command: &Command) -> Permission {
    match command {
        Command::Record { .. }
        | Command::StartRun { .. }
        | Command::EndRun { .. }
        | Command::EndCall { .. } => Permission::Itself,
        // One's own; the desk looks whose it is.
        Command::SetContact { .. } => {
            Permission::Person { role: Role::Viewer, recently_authenticated: true }
        }
        Command::RemoveContact { .. } | Command::TestContact { .. } => {
            Permission::Person { role: Role::Viewer, recently_authenticated: false }
        }
        Command::Acknowledge { .. }
        | Command::Comment { .. }
        | Command::Resolve { .. }
        | Command::Reopen { .. }
        | Command::RetireSubject { .. } => Permission::Respond,
        // A link lets someone read who has no account: a person answers for that, and no program
        // can read more by it than its scopes allow.
        Command::CreateShare { .. } | Command::RevokeShare { .. } => {
            Permission::Person { role: Role::Responder, recently_authenticated: false }
        }
        // The author of a comment may take it back, whatever their role; the desk looks who that
        // is.
        Command::Redact { .. } => Permission::Read,
        Command::Approve { .. } => {
            Permission::Person { role: Role::Approver, recently_authenticated: true }
        }
        Command::People(change) => match change {
            // Who may do these has proved it otherwise: by the secret of a link, by a password or a
            // passkey.
            Change::MakeOwnerLink { .. } | Change::Join { .. } | Change::SignIn { .. } => {
                Permission::Itself
            }
            Change::EndSession { .. } | Change::RemovePasskey { .. } => {
                Permission::Person { role: Role::Viewer, recently_authenticated: false }
            }
            Change::SetPassword { .. } | Change::AddPasskey { .. } => {
                Permission::Person { role: Role::Viewer, recently_authenticated: true }
            }
            Change::WithdrawInvitation { .. } | Change::RevokeToken { .. } => {
                Permission::Person { role: Role::Owner, recently_authenticated: false }
            }
            Change::Invite { .. }
            | Change::SetRole { .. }
            | Change::SetClosed { .. }
            | Change::CreateToken { .. } => {
                Permission::Person { role: Role::Owner, recently_authenticated: true }
            }
        },
        // To stop something or to leave it alone is never held up by a second sign-in.
        Command::Decline { .. } | Command::CancelRun { .. } => {
            Permission::Person { role: Role::Approver, recently_authenticated: false }
        }
    }
}

/// What a reading asks of its caller.
pub const fn needed_to_ask(query: &Query) -> Permission {
    match query {
        Query::Health
        | Query::Incidents
        | Query::Incident { .. }
        | Query::IncidentById { .. }
        | Query::History { .. }
        | Query::Course { .. }
        | Query::Document { .. }
        | Query::Journal { .. }
        | Query::Recommendation { .. }
        | Query::Bundle { .. }
        | Query::Trail { .. }
        | Query::Verify
        | Query::Shares { .. } => Permission::Read,
        Query::Shared { incident } => Permission::Shared(*incident),
        Query::Settings | Query::Contacts => {
            Permission::Person { role: Role::Viewer, recently_authenticated: false }
        }
    }
}

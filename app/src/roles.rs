//! Roles, in words.

use domain::access::Role;

/// The actions that a role allows.
pub(crate) const fn may(role: Role) -> &'static str {
    match role {
        Role::Viewer => "you can see everything",
        Role::Responder => "you can see everything, acknowledge, comment, resolve and share",
        Role::Approver => "you can handle incidents and approve commands",
        Role::Owner => "you can approve commands and manage members",
    }
}

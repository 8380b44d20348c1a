//! Authorization: the only place that decides whether a caller may do something.

use crate::{
    access::{Permission, Principal, Role, Scope},
    error::{Error, Requirement},
};

/// Checks whether a caller has a permission; an error says what they lack.
pub fn authorize(caller: &Principal, need: Permission) -> Result<(), Error> {
    let role_for = |need: Permission| match need {
        Permission::Itself | Permission::Nothing | Permission::ShareLink => None,
        Permission::Read => Some(Role::Viewer),
        Permission::Ingest | Permission::Respond => Some(Role::Responder),
        Permission::SetPlans => Some(Role::Approver),
        Permission::Person { role, .. } => Some(role),
    };
    let forbidden = |requirement| Err(Error::Forbidden(requirement));
    match (caller, need) {
        (_, Permission::Nothing) | (Principal::Agent | Principal::System, Permission::Itself) => {
            Ok(())
        }
        (_, Permission::Itself) => forbidden(Requirement::CalmOps),
        (Principal::Share { .. }, Permission::ShareLink) => Ok(()),
        (_, Permission::ShareLink) => forbidden(Requirement::ShareLink),
        // Nobody but Calm Ops acts as Calm Ops, and it does nothing else.
        (Principal::Agent | Principal::System, _) => forbidden(Requirement::Person),
        (
            Principal::Local,
            Permission::Ingest | Permission::Read | Permission::Respond | Permission::SetPlans,
        ) => Ok(()),
        // What a person answers for needs a person who can be named.
        (Principal::Local, Permission::Person { .. }) => forbidden(Requirement::SignedIn),
        (Principal::Account { role, recently_authenticated, .. }, need) => match role_for(need) {
            Some(least) if *role < least => forbidden(Requirement::Role(least)),
            _ if matches!(need, Permission::Person { recently_authenticated: true, .. })
                && !recently_authenticated =>
            {
                Err(Error::SignInAgain)
            }
            _ => Ok(()),
        },
        (Principal::Token { scopes, .. }, need) => {
            let scope = match need {
                Permission::Ingest => Scope::Ingest,
                Permission::Read => Scope::Read,
                Permission::Respond => Scope::Respond,
                Permission::SetPlans => Scope::Plans,
                Permission::Itself
                | Permission::Nothing
                | Permission::ShareLink
                | Permission::Person { .. } => {
                    return forbidden(Requirement::SignedIn);
                }
            };
            if scopes.contains(&scope) { Ok(()) } else { forbidden(Requirement::Scope(scope)) }
        }
        (Principal::Share { .. }, _) => forbidden(Requirement::Account),
        (Principal::Nobody, _) => Err(Error::SignIn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AccountId, IncidentNumber, SessionId, ShareId, TokenId};

    const PERMISSIONS: [Permission; 10] = [
        Permission::Itself,
        Permission::Nothing,
        Permission::Ingest,
        Permission::Read,
        Permission::Respond,
        Permission::SetPlans,
        Permission::Person { role: Role::Viewer, recently_authenticated: false },
        Permission::Person { role: Role::Approver, recently_authenticated: true },
        Permission::Person { role: Role::Owner, recently_authenticated: false },
        Permission::ShareLink,
    ];

    /// One letter for each of [`PERMISSIONS`]: `y` allowed, `n` forbidden, `s` sign in, `a` sign in
    /// again.
    fn verdicts(principal: &Principal) -> String {
        let letter = |need| match authorize(principal, need) {
            Ok(()) => 'y',
            Err(Error::SignIn) => 's',
            Err(Error::SignInAgain) => 'a',
            Err(_) => 'n',
        };
        PERMISSIONS.map(letter).into_iter().collect()
    }

    #[test]
    fn each_principal_may_do_what_the_table_says() {
        let account = |role, recently_authenticated| Principal::Account {
            id: AccountId(1),
            role,
            session: SessionId(1),
            recently_authenticated,
        };
        let token = |scopes: &[Scope]| Principal::Token {
            id: TokenId(1),
            scopes: scopes.iter().copied().collect(),
        };
        let table = [
            (Principal::Agent, "yynnnnnnnn"),
            (Principal::System, "yynnnnnnnn"),
            (Principal::Local, "nyyyyynnnn"),
            (account(Role::Viewer, true), "nynynnynnn"),
            (account(Role::Responder, true), "nyyyynynnn"),
            (account(Role::Approver, true), "nyyyyyyynn"),
            (account(Role::Approver, false), "nyyyyyyann"),
            (account(Role::Owner, false), "nyyyyyyayn"),
            (token(&[Scope::Ingest]), "nyynnnnnnn"),
            (token(&[Scope::Read]), "nynynnnnnn"),
            (token(&[Scope::Respond]), "nynnynnnnn"),
            (token(&[Scope::Plans]), "nynnnynnnn"),
            (token(&Scope::ALL), "nyyyyynnnn"),
            (Principal::Share { id: ShareId(1), incident: IncidentNumber(1) }, "nynnnnnnny"),
            (Principal::Nobody, "nysssssssn"),
        ];
        for (principal, expected) in table {
            assert_eq!(verdicts(&principal), expected, "{principal:?}");
        }
    }
}

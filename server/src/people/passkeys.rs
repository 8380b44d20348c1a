//! Passkeys: the ceremonies of WebAuthn (W3C, level 3), with a person verified by their device each
//! time.
//!
//! A passkey belongs to the name by which the browser knows this server. Where that is a number (an
//! IP address) browsers know none.

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use commands::accounts::{Account, Passkey};
use domain::error::{Conflict, Error, FieldReason};
use sha2::{Digest, Sha256};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, Registration,
    RegistrationServerState,
    bin::{Decode as _, Encode as _},
    request::{
        AsciiDomain, FixedCapHashSet, InsertResult, PublicKeyCredentialDescriptor, RpId,
        auth::AuthenticationVerificationOptions,
        register::{
            CredProtect, Nickname, PublicKeyCredentialUserEntity, RegistrationVerificationOptions,
            UserHandle, Username,
        },
    },
    response::{
        AuthTransports, CredentialId,
        register::{CompressedPubKey, DynamicState, StaticState},
    },
};

use crate::http::client_info::ClientInfo;

/// Number of ceremonies that may be open at a time. What has ended makes room.
const MOST_OPEN: usize = 4_000;
/// Number of bytes that name an account to a device.
const HANDLE: usize = 16;

type Handle = UserHandle<HANDLE>;
type Key = StaticState<CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>>;

/// The open ceremonies.
#[derive(Debug)]
pub struct Passkeys {
    registrations: Mutex<FixedCapHashSet<RegistrationServerState<HANDLE>>>,
    sign_ins: Mutex<FixedCapHashSet<DiscoverableAuthenticationServerState>>,
}

/// A passkey that was just made.
pub struct Made {
    /// The identifier that the browser uses.
    pub credential: Vec<u8>,
    /// The key that checks it.
    pub key: Vec<u8>,
    /// The state that changes with each use.
    pub state: Vec<u8>,
}

/// A passkey's answer, not yet checked.
pub struct Presented(DiscoverableAuthentication<HANDLE>);

impl Presented {
    /// The identifier by which the browser knows the passkey.
    pub fn credential(&self) -> &[u8] {
        self.0.raw_id().into_inner()
    }
}

fn damaged() -> Error {
    Error::invalid("passkey", FieldReason::Unreadable)
}

fn refused() -> Error {
    Conflict::PasskeyRefused.into()
}

/// The place of a request's passkeys, and the origin that the browser signs.
fn place(came: &ClientInfo) -> Result<(RpId, String), Error> {
    let no_names = || Error::from(Conflict::PasskeysNeedName);
    let host = came
        .host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(came.host.as_str(), |(host, _)| host);
    let host = host.to_ascii_lowercase();
    let safe = came.secure || host == "localhost";
    if host.starts_with('[') || host.parse::<IpAddr>().is_ok() || !safe {
        return Err(no_names());
    }
    let origin = format!(
        "{}://{}",
        if came.secure { "https" } else { "http" },
        came.host.to_ascii_lowercase()
    );
    let domain = AsciiDomain::try_from(host).map_err(|_| no_names())?;
    Ok((RpId::Domain(domain), origin))
}

/// True if the browser can have passkeys for this server, the way that it came.
pub fn are_possible(came: &ClientInfo) -> bool {
    place(came).is_ok()
}

/// The bytes that name an account to a device: nothing about the person, and another one after an
/// installation anew.
fn handle(account: &Account) -> Handle {
    let mut hasher = Sha256::new();
    hasher.update(b"calm-ops account");
    hasher.update(account.id.0.to_be_bytes());
    hasher.update(account.created_at.as_micros().to_be_bytes());
    let hash = hasher.finalize();
    let mut bytes = [0; HANDLE];
    bytes.copy_from_slice(&hash[..HANDLE]);
    let Ok(handle) = Handle::decode(bytes);
    handle
}

impl Passkeys {
    /// None open.
    pub fn new() -> Self {
        Self {
            registrations: Mutex::new(FixedCapHashSet::new(MOST_OPEN)),
            sign_ins: Mutex::new(FixedCapHashSet::new(MOST_OPEN)),
        }
    }

    /// Begins to make one for an account that has these: the browser's options, as JSON.
    pub fn begin(
        &self,
        came: &ClientInfo,
        account: &Account,
        has: &[&Passkey],
    ) -> Result<Vec<u8>, Error> {
        let (rp, _) = place(came)?;
        let id = handle(account);
        // Names that the library's stricter rules refuse are shown by number; it is only what the
        // device calls the account.
        let name = Username::try_from(account.name.as_str()).ok();
        let name = name.map_or_else(
            || Username::try_from(format!("account-{}", account.id)).map_err(|_| damaged()),
            Ok,
        )?;
        let display_name = Nickname::try_from(account.name.as_str()).ok();
        let user = PublicKeyCredentialUserEntity { name, id: &id, display_name };
        let known = has.iter().filter_map(|passkey| {
            let id = CredentialId::<Vec<u8>>::decode(passkey.credential.clone()).ok()?;
            Some(PublicKeyCredentialDescriptor { id, transports: AuthTransports::decode(0).ok()? })
        });
        let mut options = PublicKeyCredentialCreationOptions::passkey(&rp, user, known.collect());
        // Many devices can't promise this, and browsers then refuse to make any passkey. That a
        // person is verified is asked for each time.
        options.extensions.cred_protect = CredProtect::None;
        let (server, client) = options.start_ceremony().map_err(|_| refused())?;
        let json = serde_json::to_vec(&client).map_err(|_| refused())?;
        let mut open = self.registrations.lock().unwrap_or_else(PoisonError::into_inner);
        match open.insert_or_replace_all_expired(server) {
            InsertResult::Success => Ok(json),
            InsertResult::CapacityFull | InsertResult::Duplicate => {
                Err(Error::Throttled { seconds: 60 })
            }
        }
    }

    /// Ends it with what the browser answered, as its `toJSON()` writes it.
    pub fn finish(
        &self,
        came: &ClientInfo,
        account: &Account,
        answer: &[u8],
    ) -> Result<Made, Error> {
        let (rp, origin) = place(came)?;
        let registration = Registration::from_json_relaxed(answer).map_err(|_| damaged())?;
        let challenge = registration.challenge_relaxed().map_err(|_| damaged())?;
        let begun =
            self.registrations.lock().unwrap_or_else(PoisonError::into_inner).take(&challenge);
        let begun = begun.ok_or(Conflict::PasskeyTimeout)?;
        let origins = [origin.as_str()];
        let options = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &origins,
            error_on_unsolicited_extensions: false,
            ..RegistrationVerificationOptions::default()
        };
        let made = begun.verify(&rp, &registration, &options).map_err(|error| {
            tracing::info!(%error, "a passkey was not accepted");
            refused()
        })?;
        if *made.user_id() != handle(account) {
            return Err(refused());
        }
        let key = made.static_state().encode().map_err(|_| refused())?;
        let state = made.dynamic_state().encode().map_err(|_| refused())?;
        Ok(Made { credential: made.id().into_inner().to_vec(), key, state: state.to_vec() })
    }

    /// Begins a sign-in by whichever passkey the device has: the browser's options, as JSON.
    pub fn ask(&self, came: &ClientInfo) -> Result<Vec<u8>, Error> {
        let (rp, _) = place(came)?;
        let (server, client) = DiscoverableCredentialRequestOptions::passkey(&rp)
            .start_ceremony()
            .map_err(|_| refused())?;
        let json = serde_json::to_vec(&client).map_err(|_| refused())?;
        let mut open = self.sign_ins.lock().unwrap_or_else(PoisonError::into_inner);
        match open.insert_or_replace_all_expired(server) {
            InsertResult::Success => Ok(json),
            InsertResult::CapacityFull | InsertResult::Duplicate => {
                Err(Error::Throttled { seconds: 60 })
            }
        }
    }

    /// Reads what a passkey answered, as the browser's `toJSON()` writes it.
    pub fn read(answer: &[u8]) -> Result<Presented, Error> {
        DiscoverableAuthentication::from_json_relaxed(answer).map(Presented).map_err(|_| damaged())
    }

    /// Ends a sign-in: the passkey's new state if it is the account's and its answer is good.
    pub fn check(
        &self,
        came: &ClientInfo,
        presented: &Presented,
        account: &Account,
        passkey: &Passkey,
    ) -> Result<Vec<u8>, Error> {
        let (rp, origin) = place(came)?;
        let Presented(answer) = presented;
        let challenge = answer.challenge_relaxed().map_err(|_| damaged())?;
        let begun = self.sign_ins.lock().unwrap_or_else(PoisonError::into_inner).take(&challenge);
        let begun = begun.ok_or(Conflict::PasskeyTimeout)?;
        let user = handle(account);
        if *answer.response().user_handle() != user {
            return Err(refused());
        }
        let key = Key::decode(&passkey.key).map_err(|_| refused())?;
        let state = passkey
            .state
            .as_slice()
            .try_into()
            .ok()
            .and_then(|bytes| DynamicState::decode(bytes).ok())
            .ok_or_else(refused)?;
        let id = CredentialId::<&[u8]>::decode(&passkey.credential).map_err(|_| refused())?;
        let mut known =
            AuthenticatedCredential::new(id, &user, key, state).map_err(|_| refused())?;
        let origins = [origin.as_str()];
        let options = AuthenticationVerificationOptions::<&str, &str> {
            allowed_origins: &origins,
            error_on_unsolicited_extensions: false,
            ..AuthenticationVerificationOptions::default()
        };
        begun.verify(&rp, answer, &mut known, &options).map_err(|error| {
            tracing::info!(%error, "a passkey's answer was not accepted");
            refused()
        })?;
        let state = known.dynamic_state().encode().map_err(|_| refused())?;
        Ok(state.to_vec())
    }
}

impl Default for Passkeys {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_belong_to_names_that_are_reached_safely() {
        let possible = |host: &str, secure| {
            are_possible(&ClientInfo {
                from: IpAddr::from([127, 0, 0, 1]),
                secure,
                host: host.to_owned(),
            })
        };
        assert!(
            possible("localhost:3000", false)
                && possible("ops.example.com", true)
                && possible("ops.example.com:8443", true)
        );
        assert!(!possible("ops.example.com", false), "browsers have none without https");
        assert!(
            !possible("127.0.0.1:3000", true)
                && !possible("[::1]:3000", true)
                && !possible("", true)
        );
    }
}

//! Passkeys, with an authenticator made of a few lines: what a phone would answer, and what an
//! attacker would.

use commands::account_change::{AccountChange, RemovePasskey};
use domain::{access::Principal, error::Error, id::PasskeyId};
use rcgen::{KeyPair, SigningKey as _};
use serde_json::{Value, json};
use server::{http::client_info::ClientInfo, people::SignedIn};
use sha2::{Digest as _, Sha256};

use crate::store::{
    people::{House, came, cookie, device, from},
    support::Place,
};

const PRESENT: u8 = 1;
const VERIFIED: u8 = 4;
const ATTESTED: u8 = 64;

/// One passkey on one device.
struct Authenticator {
    key: KeyPair,
    id: [u8; 32],
    user: String,
    count: u32,
    origin: String,
    flags: u8,
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let bits = (0..3)
            .fold(0_u32, |bits, at| (bits << 8) | u32::from(part.get(at).copied().unwrap_or(0)));
        text.extend(
            (0..=part.len()).map(|at| char::from(LETTERS[(bits >> (18 - 6 * at)) as usize & 63])),
        );
    }
    text
}

/// The options for the browser's `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON`,
/// as they are.
fn options(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap()
}

impl Authenticator {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let id = Sha256::digest(key.public_key_raw()).into();
        Self {
            key,
            id,
            user: String::new(),
            count: 0,
            origin: "http://localhost:3000".to_owned(),
            flags: PRESENT | VERIFIED,
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let data = json!({ "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false });
        data.to_string().into_bytes()
    }

    fn data(&self, rp: &Value, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(rp.as_str().unwrap()).to_vec();
        data.push(flags);
        data.extend(self.count.to_be_bytes());
        data
    }

    /// The answer of `navigator.credentials.create`, as `toJSON()` writes it.
    fn create(&mut self, options: &Value) -> Value {
        self.user = options["user"]["id"].as_str().unwrap().to_owned();
        let mut data = self.data(&options["rp"]["id"], self.flags | ATTESTED);
        data.extend([0; 16]);
        data.extend([0, 32]);
        data.extend(self.id);
        let point = &self.key.public_key_raw()[1..];
        let mut key = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        key.extend(&point[..32]);
        key.extend([0x22, 0x58, 0x20]);
        key.extend(&point[32..]);
        data.extend(key);
        let mut attestation = vec![0xa3, 0x63];
        attestation.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x58");
        attestation.push(u8::try_from(data.len()).unwrap());
        attestation.extend(&data);
        let id = base64(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64(&self.client_data("webauthn.create", options)),
                "attestationObject": base64(&attestation),
                "authenticatorData": base64(&data),
                "publicKey": base64(&rcgen::PublicKeyData::subject_public_key_info(&self.key)),
                "publicKeyAlgorithm": -7,
                "transports": ["internal"],
            },
        })
    }

    /// The answer of `navigator.credentials.get`, as `toJSON()` writes it.
    fn get(&mut self, options: &Value) -> Value {
        self.count += 1;
        let data = self.data(&options["rpId"], self.flags);
        let client = self.client_data("webauthn.get", options);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(&client));
        let id = base64(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64(&client),
                "authenticatorData": base64(&data),
                "signature": base64(&self.key.sign(&signed).unwrap()),
                "userHandle": self.user,
            },
        })
    }
}

impl House {
    async fn add(&self, caller: Principal, device: &mut Authenticator) -> Result<(), Error> {
        let begun = self.people.begin_passkey(&caller, &came()).await?;
        let answer = device.create(&options(&begun)).to_string();
        self.people
            .add_passkey(caller, &came(), "Phone".into(), answer.as_bytes())
            .await
            .map(|_| ())
    }

    async fn ask(&self) -> Value {
        options(&self.people.ask_for_passkey(&device()).await.unwrap())
    }

    async fn give(&self, answer: &Value) -> Result<SignedIn, Error> {
        self.people.sign_in_by_passkey(answer.to_string().as_bytes(), &device()).await
    }

    /// From an address of its own each, so that what is refused here is refused by the passkey and
    /// not by the throttle.
    async fn refuses(&self, address: u8, answer: &Value) -> bool {
        let given =
            self.people.sign_in_by_passkey(answer.to_string().as_bytes(), &from(address)).await;
        matches!(given, Err(Error::Conflict(_)))
    }
}

pub async fn a_passkey_signs_in_and_nothing_like_it_does(place: &Place) {
    let (house, owner) = House::owned(place).await;
    let headers = cookie(&owner);
    let caller = house.caller(&headers).await;
    let mut phone = Authenticator::new();
    house.add(caller.clone(), &mut phone).await.unwrap();
    let listed = house.settings(&headers).await.passkeys;
    assert_eq!((listed.len(), listed[0].label.as_str(), listed[0].used_at), (1, "Phone", None));

    // Without a name: the device knows whose it is.
    let (first, second) = (house.ask().await, house.ask().await);
    let answer = phone.get(&first);
    let signed_in = house.give(&answer).await.unwrap();
    assert_eq!(signed_in.account, owner.account);
    assert!(matches!(
        house.caller(&cookie(&signed_in)).await,
        Principal::Account { recently_authenticated: true, .. }
    ));
    assert!(house.settings(&headers).await.passkeys[0].used_at.is_some());
    assert!(house.refuses(1, &answer).await, "the same answer again");
    house.give(&phone.get(&second)).await.unwrap();

    // A copy of it that counts behind is noticed.
    phone.count -= 2;
    assert!(house.refuses(2, &phone.get(&house.ask().await)).await, "an older counter");
    phone.count += 5;
    house.give(&phone.get(&house.ask().await)).await.unwrap();

    phone.flags = PRESENT;
    assert!(
        house.refuses(3, &phone.get(&house.ask().await)).await,
        "nobody showed a finger or a number"
    );
    phone.flags = PRESENT | VERIFIED;
    phone.origin = "https://evil.example".to_owned();
    assert!(house.refuses(4, &phone.get(&house.ask().await)).await, "another site asked");
    phone.origin = "http://localhost:3000".to_owned();
    let mut forged =
        Authenticator { id: phone.id, user: phone.user.clone(), count: 50, ..Authenticator::new() };
    assert!(house.refuses(5, &forged.get(&house.ask().await)).await, "another key signed");
    house.give(&phone.get(&house.ask().await)).await.unwrap();
}

pub async fn a_passkey_is_removed_and_is_only_ever_ones_own(place: &Place) {
    let (house, owner) = House::owned(place).await;
    let caller = house.caller(&cookie(&owner)).await;
    let mut phone = Authenticator::new();
    // Begun by one, and ended by another: it stays with whom it was made for.
    let link = house.people.invite(caller.clone(), domain::access::Role::Viewer).await.unwrap();
    let viewer = house
        .people
        .join(&link, "Viewer", crate::store::people::PASSWORD.into(), &device())
        .await
        .unwrap();
    let viewer = house.caller(&cookie(&viewer)).await;
    let begun = house.people.begin_passkey(&caller, &came()).await.unwrap();
    let answer = phone.create(&options(&begun)).to_string();
    assert!(
        house
            .people
            .add_passkey(viewer.clone(), &came(), "Mine".into(), answer.as_bytes())
            .await
            .is_err()
    );
    assert!(
        house
            .people
            .add_passkey(caller.clone(), &came(), "Mine".into(), answer.as_bytes())
            .await
            .is_err(),
        "it was tried already"
    );

    house.add(caller.clone(), &mut phone).await.unwrap();
    assert!(
        matches!(house.add(viewer, &mut phone).await, Err(Error::Conflict(_))),
        "known as someone else's"
    );
    phone.user = base64(&[7; 16]);
    assert!(house.refuses(6, &phone.get(&house.ask().await)).await, "another account");
    let begun = options(&house.people.begin_passkey(&caller, &came()).await.unwrap());
    assert_eq!(
        begun["excludeCredentials"].as_array().map(Vec::len),
        Some(1),
        "the device is told what it has"
    );
    phone.user = begun["user"]["id"].as_str().unwrap().to_owned();
    house.give(&phone.get(&house.ask().await)).await.unwrap();
    house
        .act(&cookie(&owner), AccountChange::RemovePasskey(RemovePasskey { passkey: PasskeyId(1) }))
        .await
        .unwrap();
    assert!(house.refuses(7, &phone.get(&house.ask().await)).await, "it is removed");

    let number = ClientInfo { host: "127.0.0.1:3000".to_owned(), ..came() };
    assert!(
        matches!(house.people.begin_passkey(&caller, &number).await, Err(Error::Conflict(_))),
        "browsers have none there"
    );
    for damaged in ["", "{}", "[]", r#"{"response":{}}"#, "\u{0}"] {
        assert!(
            house
                .people
                .add_passkey(caller.clone(), &came(), "x".into(), damaged.as_bytes())
                .await
                .is_err(),
            "{damaged}"
        );
    }
}

//! Secrets in addresses: the user's part, and values of signed links and of sign-in.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

use crate::redact::{
    named::looks_random,
    replace::{MARK, pattern, step},
};

static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"([A-Za-z][A-Za-z0-9+.-]{0,30}://)([^\s"'<>`]*)"#));
/// Parameters of signed links (S3, Cloud Storage, Azure, OSS, CloudFront, Akamai), of OAuth, SAML
/// and CAS, and of sessions in paths.
static PARAMETER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)([?&;](?:amp;)?(?:x-(?:amz|goog|oss|ms|cos)-(?:signature|security-token|credential)|(?:q-)?sig(?:nature)?|hmac|hdn(?:ts|ea)|code|ticket|assertion|saml(?:request|response)|oauth_(?:token|verifier|signature)|otp|sid|auth|key|[jp]?(?:hp)?sess(?:ion)?_?id|verification|invite|magic|nonce|confirmation)=)([^&\s"'<>#;]+)"#,
    )
});
/// Parameters whose value is secret whatever it looks like.
static SIGNED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)(?:signature|security-token|credential|[?&;]sig|hmac|sess(?:ion)?_?id)=$")
});

/// The same line without such parts.
pub(super) fn hide(line: &str) -> Cow<'_, str> {
    let line = step(Cow::Borrowed(line), |line| ADDRESS.replace_all(line, without_user));
    step(line, |line| {
        PARAMETER.replace_all(line, |found: &Captures| {
            let value = &found[2];
            let secret = value.len() >= 4 && SIGNED.is_match(&found[1]) || looks_random(value);
            if secret && value != MARK {
                format!("{}{MARK}", &found[1])
            } else {
                found[0].to_owned()
            }
        })
    })
}

/// `postgres://app:hunter2@db` becomes `postgres://[secret]@db`. A plain short name, as in
/// `ssh://git@host`, stays.
fn without_user(found: &Captures) -> String {
    let (scheme, rest) = (&found[1], &found[2]);
    // Several addresses may be written together, with commas: only the first one's scheme was seen.
    match user_part(rest) {
        Some(at) => format!("{scheme}{MARK}{}", &rest[at..]),
        None => found[0].to_owned(),
    }
}

/// The end of the secret part of what follows `://`.
fn user_part(rest: &str) -> Option<usize> {
    let at = rest.rfind('@')?;
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A password may hold characters that it should not: only then does the last `@` of all count.
    let strict = rest[..authority].rfind('@');
    let user = &rest[..strict.unwrap_or(at)];
    match user.split_once(':') {
        Some((_, password)) => {
            let port = strict.is_none()
                && password
                    .split(['/', '?', '#'])
                    .next()
                    .is_some_and(|port| port.parse::<u16>().is_ok());
            (!port && !password.is_empty()).then_some(at)
        }
        None => strict.filter(|_| user.len() >= 16),
    }
}

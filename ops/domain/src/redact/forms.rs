//! Forms that give a secret away without a name beside it: keys and tokens of well-known services,
//! hashes of passwords, passwords in SQL, values in signed addresses.
//!
//! Most forms of tokens are those of gitleaks' rule set (`config/gitleaks.toml`, November 2026),
//! with shorter least lengths: a token that was cut off is still a token.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex, RegexSet};

use crate::redact::replace::{MARK, pattern};

/// Name and pattern of each form. The first group is the secret, or the whole match without one.
pub const FORMS: &[(&str, &str)] = &[
    // Clouds and hosting.
    ("aws", r"\b((?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})\b"),
    ("aws-bedrock", r"\bABSK[A-Za-z0-9+/]{60,}={0,2}"),
    ("alibaba", r"\bLTAI[A-Za-z0-9]{12,30}\b"),
    ("azure", r#"(?:^|[\\'"`\s>=:(,])([A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})"#),
    ("cloudflare", r"\bv1\.0-[a-f0-9]{24}-[a-f0-9]{60,}"),
    ("databricks", r"\bdapi[a-f0-9]{32}"),
    ("digitalocean", r"\bdo[opr]_v1_[A-Fa-f0-9]{32,}|\bDO00[A-Z0-9]{16}\b"),
    ("flyio", r"\bfo1_[A-Za-z0-9_-]{40,}|\bfm[12][ar]?_[A-Za-z0-9+/]{40,}={0,3}"),
    ("google", r"\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_-]{16,}|\bGOCSPX-[A-Za-z0-9_-]{16,}"),
    ("heroku", r"\bHRKU-[A-Za-z0-9_-]{30,}"),
    ("netlify", r"\bnfp_[A-Za-z0-9]{30,}"),
    ("scalingo", r"\btk-us-[A-Za-z0-9_-]{40,}"),
    ("yandex", r"\bt1\.[A-Za-z0-9_-]+={0,2}\.[A-Za-z0-9_-]{60,}={0,2}|\bAQVN[A-Za-z0-9_-]{35,}"),
    // Secrets kept by other programs.
    ("1password", r"\bA3-[A-Z0-9]{6}-[A-Z0-9-]{11,12}(?:-[A-Z0-9]{5}){3}\b|\bops_eyJ[A-Za-z0-9+/=_-]{40,}"),
    ("age", r"\bAGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9]{1,20})-(?:PQ-)?1[A-Za-z0-9]{20,}"),
    ("doppler", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{30,}"),
    ("vault", r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}|(?i:(?:unseal|recovery) key [0-9]{1,2}:\s+)(\S+)"),
    ("pulumi", r"\bpul-[a-f0-9]{32,}"),
    ("terraform", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,}"),
    // Code, packages, builds.
    ("github", r"\bgh[pousr]_[A-Za-z0-9]{16,}|\bgithub_pat_[A-Za-z0-9_]{16,}"),
    ("gitlab", r"\bgl(?:pat|ptt|dt|rt|rtr|ft|soat|cbt|agent|imt|ffct)-[A-Za-z0-9_.-]{16,}|\bGR1348941[A-Za-z0-9_-]{16,}"),
    ("atlassian", r"\bAT(?:ATT3|CTT3|BB)[A-Za-z0-9_=-]{20,}"),
    ("artifactory", r"\bAKCp[A-Za-z0-9]{50,}|\bcmVmd[A-Za-z0-9]{50,}"),
    ("buildkite", r"\bbkua_[a-f0-9]{32,}"),
    ("circleci", r"\bCCIP(?:AT|RJ)_[A-Za-z0-9_]{20,}"),
    ("clojars", r"\bCLOJARS_[A-Za-z0-9]{40,}"),
    ("docker", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{16,}"),
    ("npm", r"\bnpm_[A-Za-z0-9]{30,}"),
    ("nuget", r"\boy2[a-z0-9]{43}\b"),
    ("octopus", r"\bAPI-[A-Z0-9]{26}\b"),
    ("openshift", r"\bsha256~[A-Za-z0-9_-]{43}"),
    ("postman", r"\bPMAK-[A-Fa-f0-9]{24}-[A-Fa-f0-9]{30,}"),
    ("pypi", r"\bpypi-[A-Za-z0-9_-]{32,}"),
    ("rubygems", r"\brubygems_[a-f0-9]{40,}"),
    ("sonarqube", r"\bsq[apu]_[a-f0-9]{40}\b"),
    ("sourcegraph", r"\bsgp_(?:(?:[A-Fa-f0-9]{16}|local)_)?[A-Fa-f0-9]{40}"),
    // Language models.
    ("openai", r"\bsk-[A-Za-z0-9_-]{20,}"),
    ("groq", r"\bgsk_[A-Za-z0-9]{32,}"),
    ("huggingface", r"\bhf_[A-Za-z0-9]{30,}|\bapi_org_[A-Za-z0-9]{30,}"),
    ("nvidia", r"\bnvapi-[A-Za-z0-9_-]{40,}"),
    ("perplexity", r"\bpplx-[A-Za-z0-9]{32,}"),
    ("replicate", r"\br8_[A-Za-z0-9]{30,}"),
    ("xai", r"\bxai-[A-Za-z0-9]{60,}"),
    // Messages.
    ("discord", r"\bdiscord(?:app)?\.com/api/webhooks/[0-9]+/([A-Za-z0-9_-]+)"),
    ("mailchimp", r"\b[a-f0-9]{32}-us[0-9]{1,2}\b"),
    ("mailgun", r"\b(?:pub)?key-[a-f0-9]{32}\b"),
    ("resend", r"\bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{16,}"),
    ("sendgrid", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("sendinblue", r"\bx(?:key|smtp)sib-[a-f0-9]{40,}(?:-[A-Za-z0-9]+)?"),
    ("slack", r"\bxox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,}|\bxapp-[A-Za-z0-9-]{10,}"),
    ("slack-webhook", r"\bhooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{8,})"),
    ("teams-webhook", r#"\bwebhook\.office\.com/webhookb2/([^\s"'<>]{20,})"#),
    ("telegram", r"(?:\bbot|\b)([0-9]{5,16}:A[A-Za-z0-9_-]{32,})"),
    ("twilio", r"\bSK[0-9a-f]{32}\b"),
    // Payments and shops.
    ("duffel", r"\bduffel_(?:test|live)_[A-Za-z0-9_=-]{30,}"),
    ("easypost", r"\bEZ[AT]K[A-Za-z0-9]{50,}\b"),
    ("flutterwave", r"\bFLWSECK(?:_TEST)?-[A-Za-z0-9-]{12,}"),
    ("shippo", r"\bshippo_(?:live|test)_[A-Fa-f0-9]{32,}"),
    ("shopify", r"\bshp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}"),
    ("square", r"\bEAAA[A-Za-z0-9_-]{22,}|\bsq0[a-z]{3}-[A-Za-z0-9_-]{22,}"),
    ("stripe", r"\b(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{8,}|\bwhsec_[A-Za-z0-9+/=]{16,}"),
    // Watching and data.
    ("clickhouse", r"\b4b1d[A-Za-z0-9]{38}\b"),
    ("dynatrace", r"\bdt0[a-z][0-9]{2}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{40,}"),
    ("grafana", r"\bglc_[A-Za-z0-9+/=]{32,}|\bglsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|\beyJrIjoi[A-Za-z0-9+/=]{32,}"),
    ("maxmind", r"\b[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk\b"),
    ("newrelic", r"\bNR(?:AK|JS|II|BR|SP|AL)-[A-Za-z0-9-]{19,}|\b[a-f0-9]{36,}NRAL\b"),
    ("planetscale", r"\bpscale_(?:tkn|oauth|pw)_[A-Za-z0-9_=.-]{30,}"),
    ("posthog", r"\bph[cx]_[A-Za-z0-9]{40,}"),
    ("prefect", r"\bpn[ub]_[A-Za-z0-9]{36}"),
    ("sentry", r"\bsntry[su]_[A-Za-z0-9+/=_-]{40,}"),
    ("supabase", r"\bsbp_[a-f0-9]{40}|\bsb_secret_[A-Za-z0-9_-]{20,}"),
    ("tailscale", r"\btskey-[a-z]+-[A-Za-z0-9-]{10,}"),
    // Offices.
    ("adobe", r"\bp8e-[A-Za-z0-9]{32}\b"),
    ("facebook", r"\bEAA[A-Za-z0-9]{60,}"),
    ("figma", r"\bfig[do]_[A-Za-z0-9_-]{30,}"),
    ("frameio", r"\bfio-u-[A-Za-z0-9_=-]{50,}"),
    ("harness", r"\b(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}"),
    ("hubspot", r"\bpat-(?:na|eu|ap)[0-9]-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("infracost", r"\bico-[A-Za-z0-9]{32}\b"),
    ("intra42", r"\bs-s4t2(?:ud|af)-[a-f0-9]{40,}"),
    ("linear", r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
    ("mapbox", r"\bsk\.[A-Za-z0-9]{50,}\.[A-Za-z0-9_-]{20,}"),
    ("notion", r"\b(?:ntn|secret)_[A-Za-z0-9]{40,}"),
    ("okta", r"(?i:okta|ssws)[^A-Za-z0-9]{1,5}(00[A-Za-z0-9_-]{40})"),
    ("readme", r"\brdme_[a-z0-9]{60,}"),
    ("settlemint", r"\bsm_[aps]at_[A-Za-z0-9]{16}"),
    ("typeform", r"\btfp_[A-Za-z0-9_.=-]{50,}"),
    // Of no one service.
    ("jwt", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*"),
    ("jwt-base64", r"\bZXlK[A-Za-z0-9+/_-]{40,}={0,2}"),
    ("jwk", r#""(?:d|p|q|dp|dq|qi|k)"\s*:\s*"([A-Za-z0-9_-]{16,})""#),
    ("minisign", r"\bRWRTY0I[A-Za-z0-9+/]{60,}={0,2}"),
    ("putty", r"(?i)\bPrivate-MAC:\s*([0-9a-f]{20,})"),
    ("pgpass", r"^[A-Za-z0-9_.*-]+:(?:[0-9]{1,5}|\*):[^:\s]+:[^:\s]+:(\S+)$"),
    // Hashes of passwords: crypt, bcrypt, argon2, LDAP, PostgreSQL, MySQL, Django.
    (
        "crypt",
        r"\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|sha1|md5|P|H|scrypt|argon2(?:id|i|d))\$([A-Za-z0-9./+,=$*-]{20,})",
    ),
    ("ldap-hash", r"\{(?:S?MD5|S?SHA(?:256|384|512)?|CRYPT|PBKDF2[A-Z0-9-]*)\}([A-Za-z0-9+/=$.]{16,})"),
    ("postgres-hash", r#"\bSCRAM-SHA-256\$([^\s"']{20,})|\bmd5[0-9a-f]{32}\b"#),
    ("mysql-hash", r"\*[0-9A-F]{40}\b"),
    ("django-hash", r"\bpbkdf2_sha[0-9]{1,3}\$[0-9]+\$([A-Za-z0-9+/=$]{16,})"),
    // SQL, in every quoting; a quote within is doubled or escaped.
    ("sql", concat!(
        r"(?i)\b(?:identified\s+(?:with\s+\S+\s+)?(?:by|as)|(?:old_?|new_?|master_?|source_?)?password|values)",
        r#"(?:\s*=\s*|\s+(?:for\s+\S+\s*=\s*)?|\s*\(\s*)(?:password\s*\(?\s*|values\s+)?(?:[EN]|U&)?"#,
        r#"('(?:[^'\\]|\\.|'')*'?|"(?:[^"\\]|\\.|"")*"?)"#,
    )),
    ("sql-dollar", r"(?i)\b(?:password|by)\s*=?\s*(\$[A-Za-z_]*\$.*?(?:\$[A-Za-z_]*\$|$))"),
    ("sql-word", r#"(?i)\bidentified\s+by\s+([^\s"'$;(]+)"#),
    ("sql-set", r#"(?i)\bset\s+password\s+(?:for\s+[^=]{1,120})?=\s*(?:old_)?(?:password\s*\(\s*)?('(?:[^'\\]|\\.|'')*'?|"(?:[^"\\]|\\.|"")*"?)"#),
    ("sql-crypt", r#"(?i)\b(?:crypt|pgp_sym_(?:en|de)crypt|aes_(?:en|de)crypt|old_password|password)\s*\(\s*(?:'(?:[^']|'')*'\s*,\s*)?('(?:[^']|'')*')"#),
    // Configuration of Redis.
    ("redis", r"^\s*(?i:requirepass|masterauth|sentinel\s+auth-pass\s+\S+)\s+(\S+)"),
    ("redis-set", r#"(?i)\bconfig\s+set\s+(?:requirepass|masterauth)\s+(\S+)"#),
];

static SET: LazyLock<RegexSet> =
    LazyLock::new(|| {
        RegexSet::new(FORMS.iter().map(|(_, form)| *form))
            .unwrap_or_else(|error| unreachable!("{error}"))
    });
static PATTERNS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| FORMS.iter().map(|(_, form)| pattern(form)).collect());

/// The same line without what such forms hold. The quick look is made with the patterns
/// themselves, so that it cannot pass over one of them.
pub(super) fn hide(line: &str) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(line);
    for form in SET.matches(line) {
        if let Cow::Owned(changed) = PATTERNS[form].replace_all(&shown, without_secret) {
            shown = Cow::Owned(changed);
        }
    }
    shown
}

/// The match with the mark in place of its first group, quotation marks kept.
fn without_secret(found: &Captures) -> String {
    let whole = found.get_match();
    let Some(secret) = found.iter().skip(1).flatten().next() else { return MARK.to_owned() };
    let text = secret.as_str();
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let (open, close) = match quote {
        Some(quote) if text.len() > 1 && text.ends_with(quote) => (1, 1),
        Some(_) => (1, 0),
        None => (0, 0),
    };
    let inner = secret.start() + open..secret.end() - close;
    if inner.is_empty() || text == MARK || text[open..].starts_with(MARK) {
        return whole.as_str().to_owned();
    }
    format!(
        "{}{MARK}{}",
        &whole.as_str()[..inner.start - whole.start()],
        &whole.as_str()[inner.end - whole.start()..]
    )
}

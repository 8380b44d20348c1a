//! Forms that give a secret away without a name beside it: keys and tokens of well-known services,
//! hashes of passwords, passwords in SQL, values in signed addresses.
//!
//! Most forms of tokens are those of gitleaks' rule set (`config/gitleaks.toml`, November 2026),
//! with shorter least lengths: a token that was cut off is still a token.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex, RegexSet, RegexSetBuilder};

use crate::redact::replace::{MARK, pattern};

/// Name and pattern of each form. The first group is the secret, or the whole match without one.
pub const FORMS: &[(&str, &str)] = &[
    // Clouds and hosting.
    ("aws", r"(?-u:\b)((?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})(?-u:\b)"),
    ("aws-bedrock", r"(?-u:\b)ABSK[A-Za-z0-9+/]{60,}={0,2}"),
    ("alibaba", r"(?-u:\b)LTAI[A-Za-z0-9]{12,30}(?-u:\b)"),
    ("azure", r#"(?:^|[\\'"`\s>=:(,])([A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})"#),
    ("cloudflare", r"(?-u:\b)v1\.0-[a-f0-9]{24}-[a-f0-9]{60,}"),
    ("databricks", r"(?-u:\b)dapi[a-f0-9]{32}"),
    ("digitalocean", r"(?-u:\b)do[opr]_v1_[A-Fa-f0-9]{32,}|(?-u:\b)DO00[A-Z0-9]{16}(?-u:\b)"),
    ("flyio", r"(?-u:\b)fo1_[A-Za-z0-9_-]{40,}|(?-u:\b)fm[12][ar]?_[A-Za-z0-9+/]{40,}={0,3}"),
    (
        "google",
        r"(?-u:\b)AIza[A-Za-z0-9_-]{30,}|(?-u:\b)ya29\.[A-Za-z0-9_-]{16,}|(?-u:\b)GOCSPX-[A-Za-z0-9_-]{16,}",
    ),
    ("heroku", r"(?-u:\b)HRKU-[A-Za-z0-9_-]{30,}"),
    ("netlify", r"(?-u:\b)nfp_[A-Za-z0-9]{30,}"),
    ("scalingo", r"(?-u:\b)tk-us-[A-Za-z0-9_-]{40,}"),
    (
        "yandex",
        r"(?-u:\b)t1\.[A-Za-z0-9_-]+={0,2}\.[A-Za-z0-9_-]{60,}={0,2}|(?-u:\b)AQVN[A-Za-z0-9_-]{35,}",
    ),
    // Secrets kept by other programs.
    (
        "1password",
        r"(?-u:\b)A3-[A-Z0-9]{6}-[A-Z0-9-]{11,12}(?:-[A-Z0-9]{5}){3}(?-u:\b)|(?-u:\b)ops_eyJ[A-Za-z0-9+/=_-]{40,}",
    ),
    ("age", r"(?-u:\b)AGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9]{1,20})-(?:PQ-)?1[A-Za-z0-9]{20,}"),
    ("doppler", r"(?-u:\b)dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{30,}"),
    (
        "vault",
        r"(?-u:\b)hv[sbr]\.[A-Za-z0-9_-]{20,}|(?i:(?:unseal|recovery) key [0-9]{1,2}:\s+)(\S+)",
    ),
    ("pulumi", r"(?-u:\b)pul-[a-f0-9]{32,}"),
    ("terraform", r"(?-u:\b)[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,}"),
    // Code, packages, builds.
    ("github", r"(?-u:\b)gh[pousr]_[A-Za-z0-9]{16,}|(?-u:\b)github_pat_[A-Za-z0-9_]{16,}"),
    (
        "gitlab",
        r"(?-u:\b)gl(?:pat|ptt|dt|rt|rtr|ft|soat|cbt|agent|imt|ffct)-[A-Za-z0-9_.-]{16,}|(?-u:\b)GR1348941[A-Za-z0-9_-]{16,}",
    ),
    ("atlassian", r"(?-u:\b)AT(?:ATT3|CTT3|BB)[A-Za-z0-9_=-]{20,}"),
    ("artifactory", r"(?-u:\b)AKCp[A-Za-z0-9]{50,}|(?-u:\b)cmVmd[A-Za-z0-9]{50,}"),
    ("buildkite", r"(?-u:\b)bkua_[a-f0-9]{32,}"),
    ("circleci", r"(?-u:\b)CCIP(?:AT|RJ)_[A-Za-z0-9_]{20,}"),
    ("clojars", r"(?-u:\b)CLOJARS_[A-Za-z0-9]{40,}"),
    ("docker", r"(?-u:\b)dckr_(?:pat|oat)_[A-Za-z0-9_-]{16,}"),
    ("npm", r"(?-u:\b)npm_[A-Za-z0-9]{30,}"),
    ("nuget", r"(?-u:\b)oy2[a-z0-9]{43}(?-u:\b)"),
    ("octopus", r"(?-u:\b)API-[A-Z0-9]{26}(?-u:\b)"),
    ("openshift", r"(?-u:\b)sha256~[A-Za-z0-9_-]{43}"),
    ("postman", r"(?-u:\b)PMAK-[A-Fa-f0-9]{24}-[A-Fa-f0-9]{30,}"),
    ("pypi", r"(?-u:\b)pypi-[A-Za-z0-9_-]{32,}"),
    ("rubygems", r"(?-u:\b)rubygems_[a-f0-9]{40,}"),
    ("sonarqube", r"(?-u:\b)sq[apu]_[a-f0-9]{40}(?-u:\b)"),
    ("sourcegraph", r"(?-u:\b)sgp_(?:(?:[A-Fa-f0-9]{16}|local)_)?[A-Fa-f0-9]{40}"),
    // Language models.
    ("openai", r"(?-u:\b)sk-[A-Za-z0-9_-]{20,}"),
    ("groq", r"(?-u:\b)gsk_[A-Za-z0-9]{32,}"),
    ("huggingface", r"(?-u:\b)hf_[A-Za-z0-9]{30,}|(?-u:\b)api_org_[A-Za-z0-9]{30,}"),
    ("nvidia", r"(?-u:\b)nvapi-[A-Za-z0-9_-]{40,}"),
    ("perplexity", r"(?-u:\b)pplx-[A-Za-z0-9]{32,}"),
    ("replicate", r"(?-u:\b)r8_[A-Za-z0-9]{30,}"),
    ("xai", r"(?-u:\b)xai-[A-Za-z0-9]{60,}"),
    // Messages.
    ("discord", r"(?-u:\b)discord(?:app)?\.com/api/webhooks/[0-9]+/([A-Za-z0-9_-]+)"),
    ("mailchimp", r"(?-u:\b)[a-f0-9]{32}-us[0-9]{1,2}(?-u:\b)"),
    ("mailgun", r"(?-u:\b)(?:pub)?key-[a-f0-9]{32}(?-u:\b)"),
    ("resend", r"(?-u:\b)re_[A-Za-z0-9]{8}_[A-Za-z0-9]{16,}"),
    ("sendgrid", r"(?-u:\b)SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("sendinblue", r"(?-u:\b)x(?:key|smtp)sib-[a-f0-9]{40,}(?:-[A-Za-z0-9]+)?"),
    ("slack", r"(?-u:\b)xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,}|(?-u:\b)xapp-[A-Za-z0-9-]{10,}"),
    (
        "slack-webhook",
        r"(?-u:\b)hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{8,})",
    ),
    ("teams-webhook", r#"(?-u:\b)webhook\.office\.com/webhookb2/([^\s"'<>]{20,})"#),
    ("telegram", r"(?:(?-u:\b)bot|(?-u:\b))([0-9]{5,16}:A[A-Za-z0-9_-]{32,})"),
    ("twilio", r"(?-u:\b)SK[0-9a-f]{32}(?-u:\b)"),
    // Payments and shops.
    ("duffel", r"(?-u:\b)duffel_(?:test|live)_[A-Za-z0-9_=-]{30,}"),
    ("easypost", r"(?-u:\b)EZ[AT]K[A-Za-z0-9]{50,}(?-u:\b)"),
    ("flutterwave", r"(?-u:\b)FLWSECK(?:_TEST)?-[A-Za-z0-9-]{12,}"),
    ("shippo", r"(?-u:\b)shippo_(?:live|test)_[A-Fa-f0-9]{32,}"),
    ("shopify", r"(?-u:\b)shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}"),
    ("square", r"(?-u:\b)EAAA[A-Za-z0-9_-]{22,}|(?-u:\b)sq0[a-z]{3}-[A-Za-z0-9_-]{22,}"),
    (
        "stripe",
        r"(?-u:\b)(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{8,}|(?-u:\b)whsec_[A-Za-z0-9+/=]{16,}",
    ),
    // Watching and data.
    ("clickhouse", r"(?-u:\b)4b1d[A-Za-z0-9]{38}(?-u:\b)"),
    ("dynatrace", r"(?-u:\b)dt0[a-z][0-9]{2}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{40,}"),
    (
        "grafana",
        r"(?-u:\b)glc_[A-Za-z0-9+/=]{32,}|(?-u:\b)glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|(?-u:\b)eyJrIjoi[A-Za-z0-9+/=]{32,}",
    ),
    ("maxmind", r"(?-u:\b)[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk(?-u:\b)"),
    (
        "newrelic",
        r"(?-u:\b)NR(?:AK|JS|II|BR|SP|AL)-[A-Za-z0-9-]{19,}|(?-u:\b)[a-f0-9]{36,}NRAL(?-u:\b)",
    ),
    ("planetscale", r"(?-u:\b)pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_=.-]{30,}"),
    ("posthog", r"(?-u:\b)ph[cx]_[A-Za-z0-9]{40,}"),
    ("prefect", r"(?-u:\b)pn[ub]_[A-Za-z0-9]{36}"),
    ("sentry", r"(?-u:\b)sntry[su]_[A-Za-z0-9+/=_-]{40,}"),
    ("supabase", r"(?-u:\b)sbp_[a-f0-9]{40}|(?-u:\b)sb_secret_[A-Za-z0-9_-]{20,}"),
    ("tailscale", r"(?-u:\b)tskey-[a-z]+-[A-Za-z0-9-]{10,}"),
    // Offices.
    ("adobe", r"(?-u:\b)p8e-[A-Za-z0-9]{32}(?-u:\b)"),
    ("facebook", r"(?-u:\b)EAA[A-Za-z0-9]{60,}"),
    ("figma", r"(?-u:\b)fig[do]_[A-Za-z0-9_-]{30,}"),
    ("frameio", r"(?-u:\b)fio-u-[A-Za-z0-9_=-]{50,}"),
    ("harness", r"(?-u:\b)(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}"),
    ("hubspot", r"(?-u:\b)pat-(?:na|eu|ap)[0-9]-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("infracost", r"(?-u:\b)ico-[A-Za-z0-9]{32}(?-u:\b)"),
    ("intra42", r"(?-u:\b)s-s4t2(?:ud|af)-[a-f0-9]{40,}"),
    ("linear", r"(?-u:\b)lin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
    ("mapbox", r"(?-u:\b)sk\.[A-Za-z0-9]{50,}\.[A-Za-z0-9_-]{20,}"),
    ("notion", r"(?-u:\b)(?:ntn|secret)_[A-Za-z0-9]{40,}"),
    ("okta", r"(?i:okta|ssws)[^A-Za-z0-9]{1,5}(00[A-Za-z0-9_-]{40})"),
    ("readme", r"(?-u:\b)rdme_[a-z0-9]{60,}"),
    ("settlemint", r"(?-u:\b)sm_[aps]at_[A-Za-z0-9]{16}"),
    ("typeform", r"(?-u:\b)tfp_[A-Za-z0-9_.=-]{50,}"),
    // Of no one service.
    ("jwt", r"(?-u:\b)eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*"),
    ("jwt-base64", r"(?-u:\b)ZXlK[A-Za-z0-9+/_-]{40,}={0,2}"),
    ("jwk", r#""(?:d|p|q|dp|dq|qi|k)"\s*:\s*"([A-Za-z0-9_-]{16,})""#),
    ("minisign", r"(?-u:\b)RWRTY0I[A-Za-z0-9+/]{60,}={0,2}"),
    ("putty", r"(?i)(?-u:\b)Private-MAC:\s*([0-9a-f]{20,})"),
    ("pgpass", r"^[A-Za-z0-9_.*-]+:(?:[0-9]{1,5}|\*):[^:\s]+:[^:\s]+:(\S+)$"),
    // Hashes of passwords: crypt, bcrypt, argon2, LDAP, PostgreSQL, MySQL, Django.
    (
        "crypt",
        r"\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|sha1|md5|P|H|scrypt|argon2(?:id|i|d))\$([A-Za-z0-9./+,=$*-]{20,})",
    ),
    (
        "ldap-hash",
        r"\{(?:S?MD5|S?SHA(?:256|384|512)?|CRYPT|PBKDF2[A-Z0-9-]*)\}([A-Za-z0-9+/=$.]{16,})",
    ),
    ("postgres-hash", r#"(?-u:\b)SCRAM-SHA-256\$([^\s"']{20,})|(?-u:\b)md5[0-9a-f]{32}(?-u:\b)"#),
    ("mysql-hash", r"\*[0-9A-F]{40}(?-u:\b)"),
    ("django-hash", r"(?-u:\b)pbkdf2_sha[0-9]{1,3}\$[0-9]+\$([A-Za-z0-9+/=$]{16,})"),
    // SQL, in every quoting; a quote within is doubled or escaped.
    (
        "sql",
        concat!(
            r"(?i)(?-u:\b)(?:identified\s+(?:with\s+\S+\s+)?(?:by|as)(?:\s+values)?|(?:old_?|new_?|master_?|source_?)?password)",
            r#"(?:\s*=\s*|\s+(?:for\s+\S+\s*=\s*)?|\s*\(\s*)(?:password\s*\(?\s*)?(?:[EN]|U&)?"#,
            r#"('(?:[^'\\]|\\.|'')*'?|"(?:[^"\\]|\\.|"")*"?)"#,
        ),
    ),
    ("sql-dollar", r"(?i)(?-u:\b)(?:password|by)\s*=?\s*(\$[A-Za-z_]*\$.*?(?:\$[A-Za-z_]*\$|$))"),
    (
        "sql-word",
        r#"(?i)(?-u:\b)(?:create|alter)\s+user(?-u:\b)[^;]*?(?-u:\b)identified\s+by\s+([^\s"'$;(]+)"#,
    ),
    (
        "sql-set",
        r#"(?i)(?-u:\b)set\s+password\s+(?:for\s+[^=]{1,120})?=\s*(?:old_)?(?:password\s*\(\s*)?('(?:[^'\\]|\\.|'')*'?|"(?:[^"\\]|\\.|"")*"?)"#,
    ),
    (
        "sql-crypt",
        r#"(?i)(?-u:\b)(?:crypt|pgp_sym_(?:en|de)crypt|aes_(?:en|de)crypt|old_password|password)\s*\(\s*(?:'(?:[^']|'')*'\s*,\s*)?('(?:[^']|'')*')"#,
    ),
    // Configuration of Redis.
    ("redis", r"^\s*(?i:requirepass|masterauth|sentinel\s+auth-pass\s+\S+)\s+(\S+)"),
    ("redis-set", r#"(?i)(?-u:\b)config\s+set\s+(?:requirepass|masterauth)\s+(\S+)"#),
];

/// Room for the automaton of all patterns together: with less it is built again and again.
const AUTOMATON: usize = 32 << 20;

static SET: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSetBuilder::new(FORMS.iter().map(|(_, form)| *form))
        .dfa_size_limit(AUTOMATON)
        .build()
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

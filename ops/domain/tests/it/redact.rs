//! What is removed from a program's output, and what stays readable.

use domain::redact::{self, MARK, Redactor, clean};
use proptest::prelude::*;

/// A line, and the secret in it.
const SECRETS: &[(&str, &str)] = &[
    ("password=hunter2", "hunter2"),
    ("DB_PASSWORD=hunter2 PORT=3000", "hunter2"),
    ("export PGPASSWORD='hunter two'", "hunter two"),
    ("MYSQL_PWD=hunter2", "hunter2"),
    ("dbPassword: hunter2", "hunter2"),
    ("password = \"hun\\\"ter2\" next", "ter2"),
    ("{\"user\":\"app\",\"password\":\"hunter2\",\"x\":1}", "hunter2"),
    ("{\\\"password\\\":\\\"hunter2\\\",\\\"x\\\":1}", "hunter2"),
    ("{'token': 'hunter2'}", "hunter2"),
    ("headers['x-token'] = 'hunter2'", "hunter2"),
    ("password:hunter2", "hunter2"),
    ("password => hunter2", "hunter2"),
    ("passphrase: correct horse battery staple", "horse battery"),
    ("?user=a&token=hunter2&page=2", "hunter2"),
    ("Server=db;Password=hunter2;Timeout=3", "hunter2"),
    ("password=a&b;c,d", "b;c,d"),
    ("api_key=hunter", "hunter"),
    ("apiKey: 'hunter'", "hunter"),
    ("API key: abc123def456", "abc123def456"),
    ("client-secret=hunter2", "hunter2"),
    ("key=abc123", "abc123"),
    ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalr"),
    ("mysqldump --password hunter2 app", "hunter2"),
    ("mysqldump --password=hunter2 app", "hunter2"),
    ("curl -u admin:hunter2 https://example.com", "hunter2"),
    ("curl --user 'admin:hunter2'", "hunter2"),
    ("machine example.com login app password hunter2", "hunter2"),
    ("ALTER USER app PASSWORD 'hunter2'", "hunter2"),
    ("CREATE USER app IDENTIFIED BY 'hunter2'", "hunter2"),
    ("<password>hunter2</password>", "hunter2"),
    ("token 0123456789abcdef0123456789abcdef accepted", "0123456789abcdef"),
    ("the secret is q83vEjRWeJCrze8SNFZ4kA==", "q83vEj"),
    ("Authorization: Bearer abc.def-ghi", "abc.def"),
    ("authorization: hunter2", "hunter2"),
    ("Proxy-Authorization: Basic YXBwOmh1bnRlcg==", "YXBw"),
    ("-H 'Authorization: token hunter2' next", "hunter2"),
    ("Cookie: sid=abc; theme=dark", "abc"),
    ("set-cookie: sid=hunter2; HttpOnly", "hunter2"),
    ("using Bearer abcdef0123456789 now", "abcdef0123456789"),
    ("postgres://app:hunter2@db:5432/app", "hunter2"),
    ("amqp://app:hun/ter2@mq", "ter2"),
    ("redis://:hunter2@cache/0", "hunter2"),
    ("https://app:p@ss@host/x", "ss@"),
    ("https://0123456789abcdef0123@sentry.example.com/1", "0123456789abcdef"),
    ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
    ("pushed with ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_"),
    ("github_pat_11ABCDEFG0abcdefghijkl_mnop", "11ABCD"),
    ("xoxb-123456789012-abcdefghijkl", "123456789012"),
    ("https://hooks.slack.com/services/T000/B000/XXXXXXXX", "T000"),
    ("dop_v1_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "0123456789abcdef"),
    ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_DEF-123", "eyJzdWIi"),
    ("sk_live_0123456789abcdef", "0123456789"),
    ("hash $2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234", "abcdefghijkl"),
    (
        "key -----BEGIN RSA PRIVATE KEY-----\\nMIIEabc\\n-----END RSA PRIVATE KEY----- end",
        "MIIEabc",
    ),
    ("pass\u{1b}[1mword=hunter2", "hunter2"),
    ("pass\u{200b}word=hunter2", "hunter2"),
    ("password\t=\thunter2", "hunter2"),
    ("PASSWORD=hunter2", "hunter2"),
];

/// Lines that stay as they are.
const ORDINARY: &[&str] = &[
    "[PM2] Applying action reloadProcessId on app [api](ids: [ 0 ])",
    "[PM2] [api](0) \u{2713}",
    "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok",
    "nginx: configuration file /etc/nginx/nginx.conf test is successful",
    "Vacuuming done, freed 1.2G of archived journals from /var/log/journal/0123456789abcdef0123456789abcdef.",
    "Unexpected token < in JSON at position 0",
    "syntax error near unexpected token `done'",
    "Error: unexpected token: }",
    "password authentication failed for user \"app\"",
    "FATAL: password: must be changed",
    "token: expired",
    "secret=true",
    "max_tokens=4096 tokens: 512",
    "password_changed_at=2026-01-01 token_count: 12",
    "duplicate key value violates unique constraint \"users_pkey\"",
    "primary_key: id foreign_key=user_id1",
    "key: users",
    "monkey=12345678 turkey: abc12345",
    "PWD=/var/lib/calm-ops OLDPWD=/home/app",
    "merged 3f2a9c0d1e4b5a69788796a5b4c3d2e1f0a1b2c3 into main",
    "ssh://git@github.com/acme/app.git",
    "https://example.com/users/@me http://127.0.0.1:3000/@me",
    "mail to team@example.com, see https://example.com/a?b=c#d",
    "listening on http://localhost:3000",
    "basic understanding of bearer certificates",
    "reading /etc/app/secrets.yml: not found",
    "Renewing an existing certificate for shop.example.com",
    "pass=3 fail=0",
    "Zeitüberschreitung – naïve café 東京 ✓",
    "DB_PASSWORD=[secret] next",
    "password=****",
];

#[test]
fn every_known_form_of_a_secret_is_removed() {
    for (line, secret) in SECRETS {
        let shown = redact::text(line);
        assert!(!shown.contains(secret), "{line:?} became {shown:?}");
        assert!(shown.contains(MARK), "{line:?} became {shown:?}");
    }
}

#[test]
fn ordinary_lines_stay_as_they_are() {
    for line in ORDINARY {
        assert_eq!(&redact::text(line), line);
    }
}

#[test]
fn what_stands_around_a_secret_stays() {
    assert_eq!(redact::text("DB_PASSWORD=hunter2 PORT=3000"), "DB_PASSWORD=[secret] PORT=3000");
    assert_eq!(
        redact::text("{\"password\":\"hunter2\",\"x\":1}"),
        "{\"password\":\"[secret]\",\"x\":1}"
    );
    assert_eq!(redact::text("?user=a&token=hunter2&page=2"), "?user=a&token=[secret]&page=2");
    assert_eq!(
        redact::text("postgres://app:hunter2@db:5432/app failed"),
        "postgres://[secret]@db:5432/app failed"
    );
    assert_eq!(
        redact::text("Server=db;Password=hunter2;Timeout=3"),
        "Server=db;Password=[secret];Timeout=3"
    );
    assert_eq!(redact::text("<password>hunter2</password>"), "<password>[secret]</password>");
}

#[test]
fn a_private_key_is_hidden_over_its_lines_and_not_what_follows() {
    let key = "a\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nAAAA+/==\n-----END OPENSSH PRIVATE KEY-----\nafter";
    assert_eq!(redact::text(key), "a\n[secret]\n[secret]\n[secret]\n[secret]\nafter");
    let broken = "-----BEGIN PRIVATE KEY-----\nMIIE\nThe rest is a sentence.\nMIIE";
    assert_eq!(redact::text(broken), "[secret]\n[secret]\nThe rest is a sentence.\nMIIE");
    assert_eq!(
        redact::text("-----BEGIN CERTIFICATE-----\nMIIE"),
        "-----BEGIN CERTIFICATE-----\nMIIE"
    );
}

#[test]
fn after_a_gap_the_middle_of_a_key_is_hidden() {
    let mut redactor = Redactor::new();
    redactor.gap();
    assert_eq!(redactor.line(&"MIIEvQIBADANBgkqhkiG9w0BAQEF".repeat(2)), MARK);
    assert_eq!(redactor.line("abc="), MARK);
    assert_eq!(redactor.line("-----END PRIVATE KEY-----"), MARK);
    assert_eq!(redactor.line("y"), "y");
    redactor.gap();
    assert_eq!(redactor.line("y"), "y");
}

#[test]
fn terminal_escapes_and_hidden_characters_are_removed() {
    let table = [
        ("\u{1b}[31mred\u{1b}[0m", "red"),
        ("\u{1b}]0;title\u{7}text", "text"),
        ("\u{1b}]8;;https://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
        ("\u{1b}]0;no end", "0;no end"),
        ("\u{1b}Pq#0\u{1b}\\x", "x"),
        ("\u{1b}(Bx\u{1b}cy", "xy"),
        ("\u{9b}31mx", "x"),
        ("a\u{8}b\u{0}c\u{7f}d\u{85}", "abcd"),
        ("user\u{202e}txt.exe\u{2066}", "usertxt.exe"),
        ("a\tb", "a b"),
        ("\u{1b}", ""),
        ("\u{1b}[", ""),
        ("\u{1b}[12é", "é"),
    ];
    for (line, shown) in table {
        assert_eq!(clean(line), shown, "{line:?}");
    }
}

proptest! {
    #[test]
    fn no_line_makes_it_panic_and_nothing_unsafe_comes_out(line in any::<String>()) {
        let shown = redact::text(&line);
        let unsafe_one = |c: char| c != '\n' && (c.is_control() || ('\u{200b}'..='\u{200f}').contains(&c) || ('\u{202a}'..='\u{202e}').contains(&c));
        prop_assert!(!shown.chars().any(unsafe_one), "something unsafe came out");
        prop_assert!(shown.len() <= line.len() * 10 + 10);
    }

    #[test]
    fn hostile_pieces_in_any_order_never_make_it_panic(pieces in prop::collection::vec(prop::sample::select(vec![
        "password", "token", "key", "=", ":", "\"", "'", "\\", "\\\"", "://", "@", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----",
        "é", "\u{1b}]", "\u{1b}[", "\u{9c}", "<", ">", "&", ";", ",", " ", "--", "Authorization", "Bearer ", "aB3aB3aB3aB3aB3aB3", "[secret]", "-u a:b",
    ]), 0..24)) {
        let line = pieces.concat();
        let once = redact::text(&line);
        prop_assert!(once.is_char_boundary(once.len()));
    }

    #[test]
    fn a_secret_beside_a_name_never_comes_out(
        before in "[a-z ,.]{0,20}", prefix in "([A-Z]{2,6}_)?", name in prop::sample::select(vec!["PASSWORD", "SECRET", "TOKEN", "API_KEY", "Password", "secret", "token"]),
        form in 0..7usize, secret in "[A-Za-z0-9+/_!#%^*~-]{4,10}[0-9][A-Za-z0-9+/_!#%^*~-]{4,10}", after in "( [a-z]{1,8}){0,3}",
    ) {
        let name = format!("{prefix}{name}");
        let pair = match form {
            0 => format!("{name}={secret}"),
            1 => format!("{name}: {secret}"),
            2 => format!("\"{name}\":\"{secret}\""),
            3 => format!("{name} = '{secret}'"),
            4 => format!("{name}=>\"{secret}\""),
            5 => format!("\\\"{name}\\\":\\\"{secret}\\\""),
            _ => format!("&{name}={secret}&x=1"),
        };
        let shown = redact::text(&format!("{before} {pair}{after}"));
        prop_assert!(!shown.contains(&secret), "{shown}");
        prop_assert!(shown.ends_with(&after));
    }

    #[test]
    fn a_password_in_an_address_never_comes_out(user in "[a-z]{0,8}", password in "[A-Za-z0-9:%!_.-]{0,8}[A-Za-z]{3}[/@]?[A-Za-z0-9]{4,9}", host in "[a-z]{3,10}") {
        let shown = redact::text(&format!("connect to postgres://{user}:{password}@{host}/app failed"));
        prop_assert_eq!(shown, format!("connect to postgres://[secret]@{host}/app failed"));
    }

    #[test]
    fn sentences_without_such_names_stay(words in prop::collection::vec("[A-Za-z]{1,12}[,.]?", 0..12), number in 0..100_000u32) {
        let line = format!("{} {number} %", words.join(" "));
        let named = ["pass", "pwd", "secret", "token", "key", "auth", "session", "cookie", "jwt", "psk", "bearer", "basic"];
        prop_assume!(!named.iter().any(|name| line.to_lowercase().contains(name)));
        prop_assert_eq!(redact::text(&line), line);
    }
}

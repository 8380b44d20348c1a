//! The parts of a program's output that are removed, and what stays readable.

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
    ("SMTP_PASS=hunter", "hunter"),
    ("session_id=hunter2", "hunter2"),
    ("JSESSIONID=0A1B2C3D", "0A1B2C3D"),
    ("PHPSESSID=q7wn0ku", "q7wn0ku"),
    ("connect.sid=s%3Aabc123def456", "abc123"),
    ("Driver={x};UID=sa;PWD={a;b};", "a;b"),
    ("PresharedKey = hunter", "hunter"),
    ("Ocp-Apim-Subscription-Key: hunter2", "hunter2"),
    // Options of programs.
    ("mysql -u app -phunter2 shop", "hunter2"),
    ("mysql -u app -p'hunter two' shop", "hunter two"),
    ("/usr/bin/mysqldump --opt -phunter2 -h db", "hunter2"),
    ("sudo docker exec db mysql -uroot -phunter2", "hunter2"),
    ("execve(\"/usr/bin/mysql\", [\"mysql\", \"-phunter2\"])", "hunter2"),
    ("mysqladmin -u root password hunter2", "hunter2"),
    ("sshpass -p hunter2 ssh host", "hunter2"),
    ("sshpass -phunter2 ssh host", "hunter2"),
    ("redis-cli -a hunter2 ping", "hunter2"),
    ("redis-cli --pass hunter2 ping", "hunter2"),
    ("redis-cli AUTH default hunter2", "hunter2"),
    ("valkey-cli config set requirepass hunter2", "hunter2"),
    ("requirepass hunter2", "hunter2"),
    ("htpasswd -b file app hunter2", "hunter2"),
    ("htpasswd -nbB app hunter2", "hunter2"),
    ("mongosh -u app -p hunter2 db", "hunter2"),
    ("docker login -u app -p hunter2 registry.example.com", "hunter2"),
    ("echo hunter2 | docker login --password-stdin", "hunter2"),
    ("echo 'app:hunter2' | chpasswd", "hunter2"),
    ("echo hunter2 | sudo -S apt update", "hunter2"),
    ("ldapsearch -D cn=admin -w hunter2 -b dc=x", "hunter2"),
    ("sqlcmd -S db -U sa -P hunter2", "hunter2"),
    ("unzip -P hunter2 a.zip", "hunter2"),
    ("7z x -phunter2 a.7z", "hunter2"),
    ("smbclient -U app%hunter2 //host/share", "hunter2"),
    ("curl -uadmin:hunter2 https://example.com", "hunter2"),
    ("curl --user admin:\"hunter two\" https://example.com", "hunter two"),
    ("curl --oauth2-bearer hunter2 https://example.com", "hunter2"),
    ("http -a app:hunter2 example.com", "hunter2"),
    ("openssl rsa -passin pass:hunter2 -in key.pem", "hunter2"),
    ("keytool -storepass hunter2 -list", "hunter2"),
    ("snmpwalk -v2c -c hunter2 host", "hunter2"),
    ("rabbitmqctl add_user app hunter2", "hunter2"),
    ("sqlplus app/hunter2@db", "hunter2"),
    ("vault login hunter2", "hunter2"),
    ("vault kv put secret/x value=hunter2", "hunter2"),
    ("kubectl create secret generic x --from-literal=pw=hunter2", "hunter2"),
    ("kubectl create secret generic x --from-literal db=hunter2", "hunter2"),
    ("heroku config:set STRIPE=hunter2", "hunter2"),
    ("PGPASSWORD=hunter2 psql -h db", "hunter2"),
    ("psql \"host=db user=app password=hunter2\"", "hunter2"),
    // SQL, in every quoting.
    ("ALTER USER app IDENTIFIED BY \"hunter2\"", "hunter2"),
    ("CREATE USER app IDENTIFIED WITH mysql_native_password BY 'hunter2'", "hunter2"),
    ("ALTER USER app IDENTIFIED BY hunter2", "hunter2"),
    ("ALTER ROLE app WITH ENCRYPTED PASSWORD 'it''s hunter2'", "hunter2"),
    ("ALTER ROLE app PASSWORD E'it\\'s hunter2'", "hunter2"),
    ("ALTER ROLE app PASSWORD $$hunter2$$", "hunter2"),
    ("ALTER ROLE app PASSWORD $x$hunter2$x$", "hunter2"),
    ("CREATE LOGIN app WITH PASSWORD = N'hunter2'", "hunter2"),
    ("SET PASSWORD FOR 'app'@'%' = 'hunter2'", "hunter2"),
    ("SET PASSWORD = PASSWORD('hunter2')", "hunter2"),
    ("SELECT pgp_sym_decrypt('x', 'hunter2')", "hunter2"),
    ("SELECT crypt('hunter2', gen_salt('bf'))", "hunter2"),
    // Addresses.
    ("https://x.example/y?sig=hunter2", "hunter2"),
    ("https://x.example/y?sv=2024&sig=aB3%2Fc%3D&se=1", "aB3"),
    ("https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=0f0f0f", "0f0f0f"),
    ("https://storage.googleapis.com/b/k?X-Goog-Signature=0f0f0f", "0f0f0f"),
    ("https://x.oss.example/k?OSSAccessKeyId=1&Signature=abcd%3D", "abcd%3D"),
    ("https://id.example/cb?code=Zq7Wn09Ku&state=1", "Zq7Wn09Ku"),
    ("https://id.example/cb?ticket=ST-1-abc123DEF", "abc123DEF"),
    ("https://api.telegram.org/bot123456789:AAabcdefghijklmnopqrstuvwxyz0123456/x", "AAabcdef"),
    ("https://discord.com/api/webhooks/123/abc_DEF-123", "abc_DEF"),
    ("GET /a;jsessionid=0A1B2C3D4E HTTP/1.1", "0A1B2C3D4E"),
    // Headers.
    (
        "Authorization: Digest username=\"app\", nonce=\"1\", response=\"6629fae49393a053\"",
        "6629fae4",
    ),
    (
        "{\"authorization\":\"Digest username=\\\"app\\\", response=\\\"6629fae4\\\"\",\"x\":1}",
        "6629fae4",
    ),
    ("curl -H 'Authorization: Digest username=\"app\", response=\"6629fae4\"' host", "6629fae4"),
    ("username=\"app\", nonce=\"1\", uri=\"/\", response=\"6629fae49393a053\"", "6629fae4"),
    // Keys and hashes.
    ("AGE-SECRET-KEY-1qqqqqqqqqqqqqqqqqqqqqqqqq", "qqqqq"),
    ("AGE-SECRET-KEY-1ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "ABCDEFGH"),
    ("{\"kty\":\"EC\",\"d\":\"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE\"}", "870MB6"),
    ("db.example.com:5432:shop:app:hunter2", "hunter2"),
    ("app:$apr1$abcdefgh$0123456789abcdefghij./", "0123456789abc"),
    ("userPassword: {SSHA}0123456789abcdefABCDEF==", "0123456789"),
    ("root:$6$saltsalt$0123456789abcdefghijklmnop:19000:0:", "0123456789"),
    ("rolpassword | md50123456789abcdef0123456789abcdef", "0123456789"),
    ("Unseal Key 1: hunter2", "hunter2"),
    ("key sntrys_eyJpYXQiOjE3MDAwMDAwMDAuMCwidXJsIjoiaHR0cHM6Ly9z_abc", "eyJpYXQ"),
    ("ATATT3xFfGF0abcdefghijklmnopqrstuvwxyz", "abcdefgh"),
    ("glsa_0123456789abcdefghijABCDEFGHIJ01_0a1b2c3d", "0123456789"),
    ("sbp_0123456789abcdef0123456789abcdef01234567", "0123456789"),
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
    "mysql -u app -p shop",
    "mysql: [Warning] Using a password on the command line interface can be insecure.",
    "docker run -p 8080:80 -u 1000:1000 nginx",
    "docker login succeeded",
    "ssh -p 2222 host",
    "curl -P 21 -o a.html https://example.com",
    "tar -xpf a.tar; mkdir -p a/b",
    "ldapsearch -x -s base -b dc=example",
    "https://example.com/a?code=404&page=2",
    "https://example.com/app.js?v=0123456789abcdef",
    "GET /status?key=users HTTP/1.1",
    "curl: (22) The requested URL returned error: 401",
    "exit code=137 signal=9",
    "session opened for user app by (uid=0)",
    "pam_unix(sshd:session): session closed for user app",
    "Accepted publickey for app from 10.0.0.1 port 22 ssh2: ED25519 SHA256:abcdef",
    "Failed password for invalid user admin from 10.0.0.1 port 4242 ssh2",
    "tests: 12 pass, 0 fail; first_pass: ok second_pass=3",
    "INSERT INTO users VALUES ($1, $2)",
    "12:5432:10:20: done",
    "echo done | tee log",
    "the session_count is 12, session_timeout=30",
    "values: 3 identified by the scan",
    "user-agent: curl/8.0; auth=none",
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "2026-05-09 07:29:21 install python3-jwt:all <none> 2.6.0-1",
    "/usr/bin/install -c -m 644 ./Include/token.h /usr/local/python/3.6.15/include/python3.6m",
    "/usr/bin/install -c -m 644 ./Lib/test/keycert.passwd.pem /usr/local/python/3.6.15/lib",
    "app ALL=(ALL) NOPASSWD: /usr/sbin/nginx",
    "pop3-login: Aborted login (tried to use disabled plaintext auth): rip=192.0.2.1, lip=192.0.2.2",
    "dovecot: auth: ldap(user@example.org,192.0.2.25,<LZmGp6mZaMrAqLIZ>): unknown user",
    "upgrade proftpd-basic 1.3.5~rc3-2.1 proftpd-basic 1.3.5e-2",
    "INSERT INTO meta (name, value) VALUES ('instance', 'a1b2c3d4')",
    "CHECK (length(token_hash) = 32)",
    "key = CommandAction.replaceDynamicTags(key, aInfo)",
    "password : str, optional",
    "To get your token: https://docs.example.com/api/tokens/create",
    "[nodemon] to restart at any time, enter `rs`",
    "don't restart mysql -p now, it's busy",
];

/// Lines in their order, and what is shown of them.
const TEXTS: &[(&str, &str)] = &[
    ("password:\n  hunter2\nnext line", "password:\n  [secret]\nnext line"),
    ("\"password\":\n  \"hunter2\",\n\"x\": 1", "\"password\":\n  [secret]\n\"x\": 1"),
    (
        "password: |\n  one two\n  three\nuser: app",
        "password: |\n  [secret]\n  [secret]\nuser: app",
    ),
    ("tokens:\n  - abc\n  - def\nuser: app", "tokens:\n  - [secret]\n  - [secret]\nuser: app"),
    ("Your new token is:\n\nabc\nDone.", "Your new token is:\n\n[secret]\nDone."),
    ("API_KEY=\\\nhunter2", "API_KEY=\\\n[secret]"),
    ("Authorization:\n  Bearer abc", "Authorization:\n  [secret]"),
    ("mysql -u app \\\n  -phunter2 \\\n  shop", "mysql -u app \\\n  -p[secret] \\\n  shop"),
    ("sshpass -p \\\n  hunter2 ssh host", "sshpass -p \\\n  [secret] ssh host"),
    ("token:\n}", "token:\n}"),
    ("password:\nuser: app", "password:\nuser: app"),
    ("Enter password:\nAccess denied for app", "Enter password:\nAccess denied for app"),
    ("unexpected token:\n    at parse (a.js:1)", "unexpected token:\n    at parse (a.js:1)"),
    (
        "PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 2\nAAAA\nBBBB\nPrivate-MAC: 0123456789abcdef0123",
        "PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 2\n[secret]\n[secret]\nPrivate-MAC: [secret]",
    ),
    (
        "-----BEGIN OpenVPN Static key V1-----\n0123abcd\n-----END OpenVPN Static key V1-----\nx",
        "[secret]\n[secret]\n[secret]\nx",
    ),
];

#[test]
fn every_known_form_of_a_secret_is_removed() {
    let kept: Vec<(&str, String)> = SECRETS
        .iter()
        .map(|(line, secret)| (line, secret, redact::text(line)))
        .filter(|(_, secret, shown)| shown.contains(*secret) || !shown.contains(MARK))
        .map(|(line, _, shown)| (*line, shown))
        .collect();
    assert!(kept.is_empty(), "{kept:#?}");
}

#[test]
fn ordinary_lines_stay_as_they_are() {
    let changed: Vec<String> = ORDINARY
        .iter()
        .map(|line| redact::text(line))
        .filter(|shown| !ORDINARY.contains(&shown.as_str()))
        .collect();
    assert!(changed.is_empty(), "{changed:#?}");
}

#[test]
fn secrets_over_several_lines_are_removed() {
    let wrong: Vec<(&str, String)> = TEXTS
        .iter()
        .map(|(text, shown)| (*shown, redact::text(text)))
        .filter(|(shown, found)| shown != found)
        .collect();
    assert!(wrong.is_empty(), "expected and found: {wrong:#?}");
}

#[test]
fn every_form_compiles_and_hides_what_it_finds_in_the_table() {
    for (name, form) in redact::FORMS {
        let form = regex::Regex::new(form).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (line, _) in SECRETS.iter().filter(|(line, _)| form.is_match(line)) {
            assert_ne!(&redact::text(line), line, "{name} does nothing");
        }
        let ordinary = ORDINARY.iter().find(|line| form.is_match(&line.replace(MARK, "")));
        assert_eq!(ordinary, None, "{name} finds something in an ordinary line");
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

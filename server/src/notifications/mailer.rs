//! Sends e-mail, by the server that the configuration names.

use std::{io::ErrorKind, time::Duration};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message as Letter, Tokio1Executor,
    address::Envelope,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};
use wording::notification::Message;

use crate::config::{Mail, MailTls};

/// Longest time for one command of the protocol.
const PATIENCE: Duration = Duration::from_secs(15);

/// Sends mail.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

/// The reason that mail can't be sent at all; for the start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("e-mail can't be set up: {0}")]
pub struct BadMail(String);

impl Mailer {
    /// Makes ready; nothing is sent yet.
    pub fn new(mail: &Mail) -> Result<Self, BadMail> {
        let from = mail
            .from
            .parse()
            .map_err(|_| BadMail(format!("'{}' is not an e-mail address", mail.from)))?;
        let parameters = || -> Result<TlsParameters, BadMail> {
            let mut tls = TlsParameters::builder(mail.server.clone())
                .certificate_store(CertificateStore::WebpkiRoots);
            if let Some(path) = &mail.ca_file {
                let bad = |problem: String| {
                    BadMail(format!(
                        "the certificates in {} can't be used: {problem}",
                        path.display()
                    ))
                };
                let pem = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
                let certificates =
                    Certificate::from_pem(&pem).map_err(|error| bad(error.to_string()))?;
                tls = tls.add_root_certificate(certificates);
            }
            tls.build_rustls().map_err(|error| BadMail(error.to_string()))
        };
        let tls = match mail.tls {
            MailTls::Start => Tls::Required(parameters()?),
            MailTls::Wrapped => Tls::Wrapper(parameters()?),
            MailTls::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.server)
            .port(mail.port)
            .tls(tls)
            .timeout(Some(PATIENCE))
            .hello_name(ClientId::Domain(domain(&mail.from).to_owned()));
        if let Some((user, password)) = &mail.login {
            transport =
                transport.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        Ok(Self { transport: transport.build(), from })
    }

    /// Sends a message; what was in the way, as a sentence.
    pub(super) async fn send(&self, to: &str, said: &Message, id: &str) -> Result<(), String> {
        let to: Address = to
            .parse()
            .map_err(|_| "This is not an e-mail address. Set up the contact again.".to_owned())?;
        let unwritten = |_| "The message could not be created.".to_owned();
        let envelope = Envelope::new(Some(self.from.clone()), vec![to.clone()])
            .map_err(|_| "The message has no recipient.".to_owned())?;
        let mut text = said.body.replace('\n', "\r\n");
        if let Some(link) = &said.link {
            text.push_str("\r\n\r\n");
            text.push_str(link);
        }
        text.push_str("\r\n");
        let mut letter = Letter::builder()
            .from(Mailbox::new(Some("Calm Ops".to_owned()), self.from.clone()))
            .to(Mailbox::new(None, to))
            .subject(&said.title)
            // The same each time, so that a repetition is known.
            .message_id(Some(format!("<{id}@{}>", self.from.domain())))
            .header(ContentType::TEXT_PLAIN)
            .envelope(envelope)
            .body(text)
            .map_err(unwritten)?;
        // No holiday answer to this.
        letter.headers_mut().insert_raw(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
        self.transport.send(letter).await.map(|_| ()).map_err(|error| sentence(&error))
    }
}

fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
}

/// A failure in a sentence. What the server said stays in the log at `debug`: it may repeat what it
/// was told.
fn sentence(error: &lettre::transport::smtp::Error) -> String {
    tracing::debug!(%error, "a mail could not be sent");
    let code = error.status().map_or_else(String::new, |code| format!(" (its answer was {code})"));
    if error.is_tls() || is_about_tls(error) {
        "TLS with the mail server failed: its certificate is not trusted or has expired, or it does not use TLS on this port.".to_owned()
    } else if error.is_timeout() {
        "The mail server did not answer in time.".to_owned()
    } else if error.is_permanent() {
        format!("The mail server rejected the message{code}.")
    } else if error.is_transient() {
        format!("The mail server did not accept the message yet{code}.")
    } else if error.is_client() {
        "The mail server does not support these settings. Check tls, user and password_file under [mail].".to_owned()
    } else {
        let io = io_error(error);
        match io.map(std::io::Error::kind) {
            Some(ErrorKind::ConnectionRefused) => {
                "The mail server refused the connection: nothing is listening on its port."
                    .to_owned()
            }
            Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => {
                "There is no route to the mail server.".to_owned()
            }
            _ if io.is_some_and(|io| io.to_string().contains("lookup address")) => {
                "The name of the mail server was not found, or no name server answered.".to_owned()
            }
            _ => "The mail server can't be reached.".to_owned(),
        }
    }
}

fn io_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a std::io::Error> {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return Some(io);
        }
        source = inner.source();
    }
    None
}

/// The handshake fails as a failure of reading or writing; its source says what it was.
fn is_about_tls(error: &dyn std::error::Error) -> bool {
    let mut source = error.source();
    while let Some(inner) = source {
        let io = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if inner.is::<rustls::Error>() || io.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        source = inner.source();
    }
    false
}

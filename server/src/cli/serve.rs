//! `calm-ops serve`: the server, from its first line to its end.

use std::{
    io::Write,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, fmt};

use super::{file_limit, outcome::Outcome, owner_link};
use crate::{
    config::{Config, Log, LogFormat},
    startup::{self, StartError},
};

pub(super) fn serve(config: Config, out: &mut dyn Write, err: &mut dyn Write) -> Outcome {
    log(&config.log);
    file_limit::raise();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(
                err,
                "error: no threads can be started: {error}. Raise the limit of processes for this user."
            );
            return Outcome::Failed;
        }
    };
    let outcome = runtime.block_on(async {
        let stop = CancellationToken::new();
        tokio::spawn(stop_on_signal(stop.clone()));
        let (tls, public) = (config.tls.is_some(), config.public_url.clone());
        let data_dir = config.data_dir.clone();
        startup::run(config, stop, |address, link| {
            let outside =
                public.map(|url| format!(" (from outside: {})", url.origin())).unwrap_or_default();
            let page = page_address(address, tls);
            let _ = writeln!(out, "Calm Ops is at {page}{outside}");
            if let Some(secret) = link {
                let link = format_args!("{page}/join/{secret}");
                owner_link::tell(&data_dir, link, out, err);
            }
            let _ = out.flush();
        })
        .await
    });
    // A collector that hangs in the kernel must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(100));
    match outcome {
        Ok(()) => Outcome::Fine,
        Err(error @ StartError::Documents(_)) => {
            let _ = writeln!(err, "{error}");
            Outcome::Usage
        }
        Err(error) => {
            let _ = writeln!(err, "error: {error}");
            Outcome::Failed
        }
    }
}

/// The address that a person types into a browser. A name, where there is one: passkeys and the
/// browser's secure context want it.
fn page_address(address: SocketAddr, tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    let is_local = address.ip().is_unspecified()
        || address.ip() == Ipv4Addr::LOCALHOST
        || address.ip() == Ipv6Addr::LOCALHOST;
    if is_local {
        format!("{scheme}://localhost:{}", address.port())
    } else {
        format!("{scheme}://{address}")
    }
}

/// Log lines go to standard error: standard output says only the address.
fn log(log: &Log) {
    let lines = fmt().with_writer(std::io::stderr).with_env_filter(EnvFilter::new(&log.level));
    // A second subscriber is refused; the first one stays, which is right in a test.
    let _ = match log.format {
        LogFormat::Text => {
            lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init()
        }
        LogFormat::Json => lines.json().try_init(),
    };
}

/// The first signal ends in good order, the second at once.
async fn stop_on_signal(stop: CancellationToken) {
    let signals =
        [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
    let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = signals else {
        tracing::warn!("signals can't be received, so stopping will be abrupt");
        return;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
        if stop.is_cancelled() {
            std::process::exit(130);
        }
        stop.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::page_address;

    #[test]
    fn the_address_is_one_for_a_browser() {
        for (listened, shown) in [
            ("127.0.0.1:3000", "http://localhost:3000"),
            ("[::1]:80", "http://localhost:80"),
            ("127.0.0.2:3000", "http://127.0.0.2:3000"),
            ("0.0.0.0:3000", "http://localhost:3000"),
        ] {
            assert_eq!(page_address(listened.parse().unwrap(), false), shown);
        }
    }
}

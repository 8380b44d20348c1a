//! nginx with the recipe of `ops/protection/gate/nginx.conf`.

use std::{fs, net::TcpListener, path::Path, process::Stdio, time::Duration};

use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

const PROGRAM: &str = "/usr/sbin/nginx";
const RECIPE: &str = include_str!("../../../ops/protection/gate/nginx.conf");
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A port that is free now.
pub fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The ports of a proxy and of what is behind it.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub listen: u16,
    pub gate: u16,
    pub application: u16,
}

impl Ports {
    pub fn free() -> std::io::Result<Self> {
        Ok(Self { listen: free_port()?, gate: free_port()?, application: free_port()? })
    }

    /// The recipe with these ports.
    pub fn recipe(self) -> String {
        RECIPE
            .replace("127.0.0.1:3001", &format!("127.0.0.1:{}", self.gate))
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{} reuseport", self.listen))
            .replace("127.0.0.1:8081", &format!("127.0.0.1:{}", self.application))
            .replace("\"TOKEN\"", &format!("\"{TOKEN}\""))
    }
}

/// nginx, running: one process with one worker.
pub struct Nginx {
    child: Child,
    _dir: tempfile::TempDir,
}

impl Nginx {
    /// False, with a line that says so, where it is not installed.
    pub fn is_installed(figure: &str) -> bool {
        let is_installed = Path::new(PROGRAM).exists();
        if !is_installed {
            println!("{figure}: not measured, as nginx is not installed");
        }
        is_installed
    }

    /// Starts it with these servers, and waits until one of them listens on the port.
    pub async fn start(servers: &str, port: u16) -> Result<Self, Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let at = |name: &str| dir.path().join(name).display().to_string();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", at(kind)))
            .concat();
        let text = format!(
            "daemon off; master_process off; pid {}; error_log {} crit;\nevents {{ worker_connections 4096; }}\nhttp {{\naccess_log off;\n\
             keepalive_requests 10000000;\n{temporary}{servers}\n}}\n",
            at("pid"),
            at("errors"),
        );
        fs::write(at("nginx.conf"), text)?;
        let child = Command::new(PROGRAM)
            .args(["-e", &at("errors"), "-c", &at("nginx.conf")])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Ok(Self { child, _dir: dir });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("nginx did not start: {}", fs::read_to_string(at("errors"))?).into())
    }

    pub async fn stop(mut self) -> std::io::Result<()> {
        self.child.kill().await
    }
}

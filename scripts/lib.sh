# Sourced by the other scripts: where things lie, how a step reports, and how missing tools are installed.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
OUT=$ROOT/target
# Tools that are installed for this repository alone, and what cargo compiles: below target/, unless the environment names other places.
TOOLS=${BUILD_TOOLS:-$OUT/tools}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$OUT}
LOGS=$OUT/logs
mkdir -p "$TOOLS" "$LOGS"
cd "$ROOT" || exit 1

[ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
export BUILD_TOOLS=$TOOLS PATH=$TOOLS/bin:$PATH
export CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never
export DEBIAN_FRONTEND=noninteractive
# No update notices or advertisements of npm between the steps.
export npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1

# Durations of all steps of one `make` call, as lines "SECONDS<tab>NAME".
if [ -z "${STEPS:-}" ]; then
    export STEPS=$LOGS/steps.tsv
    : >"$STEPS"
fi

# die SENTENCE: says what is wrong and what to do, and ends.
die() {
    printf '\n%s\n' "$*" >&2
    exit 1
}

# step NAME COMMAND...: runs a command quietly and prints a line with its duration; on failure the whole log.
# On a terminal the line counts seconds and compiled crates meanwhile. STEP_LIMIT is the time limit in seconds.
step() {
    local name=$1 log started rc=0 ticker='' took
    shift
    log=$LOGS/$(printf '%s' "$name" | tr -cs 'A-Za-z0-9' '-' | sed 's/-*$//').log
    : >"$log"
    started=${EPOCHREALTIME/./}
    printf '  %-46s' "$name"
    if [ -t 1 ]; then
        progress "$name" "$log" &
        ticker=$!
    fi
    # Both streams go to one log: the last lines of standard error are often all that tells why.
    if [ "$(type -t "$1")" = function ]; then
        ("$@") >"$log" 2>&1 </dev/null || rc=$?
    else
        timeout --kill-after=10 "${STEP_LIMIT:-2400}" "$@" >"$log" 2>&1 </dev/null || rc=$?
    fi
    if [ -n "$ticker" ]; then
        { kill "$ticker" && wait "$ticker"; } 2>/dev/null || true
        printf '\r  %-46s' "$name"
    fi
    took=$((${EPOCHREALTIME/./} - started))
    took=$(printf '%d.%d' $((took / 1000000)) $((took / 100000 % 10)))
    printf '%s\t%s\n' "$took" "$name" >>"$STEPS"
    if [ "$rc" = 0 ]; then
        printf 'done  %6s s%20s\n' "$took" ''
        return 0
    fi
    [ "$rc" = 124 ] && echo "gave up after ${STEP_LIMIT:-2400} s" >>"$log"
    printf 'FAILED %5s s%20s\n\n' "$took" ''
    sed 's/^/    /' "$log"
    printf '\n    (this log is %s)\n' "${log#"$ROOT"/}"
    return "$rc"
}

# progress NAME LOG: rewrites the line of a step that runs, until it is killed.
progress() {
    local began=$SECONDS crates
    while sleep 1; do
        crates=$(grep -c '^ *Compiling ' "$2" || true)
        printf '\r  %-46s%6d s%s' "$1" $((SECONDS - began)) "$([ "$crates" = 0 ] || printf ', crate %s' "$crates")"
    done
}

# debian WHAT PACKAGE...: installs Debian packages, or says what a person has to install.
debian() {
    local what=$1
    shift
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        die "$what is missing. Install it (on Debian: sudo apt-get install $*), then run make again."
    fi
    step "install $what" install_packages "$@" || die "Could not install $what. Install $* by hand, then run make again."
}

install_packages() {
    timeout 300 apt-get update -qq
    timeout 1200 apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"
}

need_rust() {
    command -v cargo >/dev/null || die "Rust is missing. Install it from https://rustup.rs, then run make again."
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    found=$(rustc --version | cut -d' ' -f2)
    [ "$(printf '%s\n%s\n' "$wanted" "${found%%-*}" | sort -V | head -1)" = "$wanted" ] ||
        die "Rust $found is older than $wanted, which Calm Ops needs. Run 'rustup update stable', then make again."
    command -v cc >/dev/null || debian "a C compiler and linker" build-essential
}

# rustup installs it as rust-toolchain.toml says; a Rust without rustup may lack it.
need_wasm_target() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib" ] && return
    command -v rustup >/dev/null ||
        die "The Wasm target of Rust is missing. Add it to your Rust (on Debian: libstd-rust-dev-wasm32), or use https://rustup.rs."
    STEP_LIMIT=600 step "install the Wasm target" rustup target add wasm32-unknown-unknown || exit 1
}

need_node() {
    command -v node >/dev/null && command -v npm >/dev/null || debian "Node.js with npm" nodejs npm
    local major
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 18 ] || die "Node.js $major is too old: 18 or newer is needed. Install it, then run make again."
}

# need_tool PROGRAM CRATE: a cargo subcommand, compiled without optimization if it is missing.
need_tool() {
    command -v "$1" >/dev/null && return
    step "install $2" cargo install "$2" --locked --debug --root "$TOOLS" --quiet || exit 1
}

# need_npm FOLDER DIRECTORY: what FOLDER's lock file names, installed in DIRECTORY; nothing to do if it is there already.
need_npm() {
    local from=$1 into=$2 key
    key=$(cat "$from/package.json" "$from/package-lock.json" | sha256sum | cut -d' ' -f1)
    [ "$(cat "$into/node_modules/.installed" 2>/dev/null)" = "$key" ] && return
    mkdir -p "$into"
    [ "$from" -ef "$into" ] || cp "$from/package.json" "$from/package-lock.json" "$into/"
    STEP_LIMIT=600 step "install the packages of ${from#"$ROOT"/}" npm ci --prefix "$into" --loglevel=error || exit 1
    printf '%s' "$key" >"$into/node_modules/.installed"
}

need_postgres() {
    command -v initdb >/dev/null && return
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return
    debian PostgreSQL postgresql
}

# PM2 at a place where approved commands may be started from: see the closed list in ops/policy/src/catalogue/programs.rs.
need_pm2() {
    [ -x /usr/bin/pm2 ] || [ -x /usr/local/bin/pm2 ] && return
    if [ "$(id -u)" != 0 ]; then
        die "PM2 is missing. Install it (sudo npm install --global --prefix /usr/local pm2), then run make again."
    fi
    STEP_LIMIT=600 step "install PM2" npm install --global --prefix /usr/local --loglevel=error pm2@7 || exit 1
}

# A server that answers as DigitalOcean's description of its API says.
need_prism() {
    need_npm "$ROOT/scripts/prism" "$TOOLS/prism"
}

# A mail server for the tests of notifications.
need_smtp() {
    [ -e "$TOOLS/smtp/aiosmtpd/__init__.py" ] && return
    command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || debian "Python with pip" python3 python3-pip
    STEP_LIMIT=600 step "install aiosmtpd" python3 -m pip install --quiet --target "$TOOLS/smtp" aiosmtpd==1.4.6 || exit 1
}

# Not needed to build anything: without it the tests of the lines for sudo say that they are skipped.
need_sudo() {
    [ -x /usr/bin/sudo ] && [ -x /usr/sbin/visudo ] && return
    [ "$(id -u)" != 0 ] || debian sudo sudo
}

# As need_sudo. It is only installed, not started: the tests start one of their own.
need_nginx() {
    [ -x /usr/sbin/nginx ] && return
    [ "$(id -u)" != 0 ] || RUNLEVEL=1 debian nginx nginx
}

# As need_nginx.
need_caddy() {
    [ -x /usr/bin/caddy ] && return
    [ "$(id -u)" != 0 ] || RUNLEVEL=1 debian Caddy caddy
}

# As need_nginx: its timer finds no certificate of its own to renew.
need_certbot() {
    [ -x /usr/bin/certbot ] && [ -d /etc/letsencrypt ] && return
    [ "$(id -u)" != 0 ] || RUNLEVEL=1 debian certbot certbot
}

# As need_nginx: Prometheus, and promtool which checks metrics.
need_promtool() {
    [ -x /usr/bin/promtool ] && [ -x /usr/bin/prometheus ] && return
    [ "$(id -u)" != 0 ] || RUNLEVEL=1 debian Prometheus prometheus
}

# As need_nginx.
need_redis() {
    command -v redis-server >/dev/null && return
    [ "$(id -u)" != 0 ] || RUNLEVEL=1 debian Redis redis-server
}

need_chromium() {
    [ -n "${CHROMIUM:-}" ] && [ -x "$CHROMIUM" ] && return
    CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
    if [ -z "$CHROMIUM" ]; then
        debian Chromium chromium
        CHROMIUM=$(command -v chromium)
    fi
    export CHROMIUM
}

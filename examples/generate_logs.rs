//! Writes a large log to standard output and what is in it to a file: `benches/peers.sh` measures with it.
//!
//! ```text
//! cargo run --release --example generate_logs -- --kind mixed --bytes 1000000000 --truth mixed.truth >mixed.log
//! ```

#[path = "../benches/generate/mod.rs"]
mod generate;

use clap::Parser;
use generate::{Format, Kind, Truth, Wanted};
use std::io;
use std::path::PathBuf;

#[derive(Parser)]
struct Arguments {
    /// `mixed` (3 % PowerDNS and keepalived) or `secondary` (PowerDNS alone).
    #[arg(long, default_value = "mixed")]
    kind: String,
    /// `syslog`, `iso` or `export`.
    #[arg(long, default_value = "syslog")]
    format: String,
    /// Stop after so many bytes.
    #[arg(long, default_value_t = u64::MAX)]
    bytes: u64,
    /// Stop after so many lines.
    #[arg(long, default_value_t = u64::MAX)]
    lines: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value = "ns2")]
    host: String,
    #[arg(long, default_value_t = 200_000)]
    zones: usize,
    /// How much of a mixed log is the daemons'.
    #[arg(long, default_value_t = 0.03)]
    share: f64,
    /// How much of that is keepalived's.
    #[arg(long, default_value_t = 0.2)]
    vrrp: f64,
    /// Lines a second; 0: about a day, whatever the size.
    #[arg(long, default_value_t = 0.0)]
    rate: f64,
    /// Writes the counts as `NAME=NUMBER` lines, which a shell can read.
    #[arg(long)]
    truth: Option<PathBuf>,
}

fn main() -> io::Result<()> {
    let Arguments { kind, format, bytes, lines, seed, host, zones, share, vrrp, rate, truth } = Arguments::parse();
    if bytes == u64::MAX && lines == u64::MAX {
        return Err(io::Error::other("--bytes or --lines must say how much"));
    }
    let kind = if kind == "secondary" { Kind::Secondary } else { Kind::Mixed };
    let format = match format.as_str() {
        "iso" => Format::Iso,
        "export" => Format::Export,
        _ => Format::Syslog,
    };
    let wanted = Wanted { kind, format, bytes, lines, seed, host, zones, share, vrrp, rate };
    let found = generate::write(&wanted, &mut io::stdout().lock())?;
    let Some(path) = truth else { return Ok(()) };
    let Truth { lines, bytes, pdns, vrrp, stale } = found;
    let ours = found.ours();
    std::fs::write(
        path,
        format!("lines={lines}\nbytes={bytes}\npdns={pdns}\nvrrp={vrrp}\nours={ours}\nstale={stale}\n"),
    )
}

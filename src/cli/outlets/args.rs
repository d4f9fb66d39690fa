//! The options that say where announcements go.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct Outgoing {
    /// Run PROGRAM for each announcement: driftline.change/1 on its standard input, DRIFTLINE_* in its environment, no shell
    #[arg(long, value_name = "PROGRAM", help_heading = "Announcing")]
    pub(in crate::cli) exec: Vec<PathBuf>,

    /// Send each announcement to URL (POST, driftline.change/1, header Idempotency-Key); @FILE: the URL is the first line of FILE,
    /// and the lines after it are headers ("Authorization: Bearer …")
    #[cfg(feature = "webhook")]
    #[arg(long, value_name = "URL", help_heading = "Announcing")]
    pub(in crate::cli) webhook: Vec<String>,

    /// Write each announcement to this machine's journal, with fields of its own
    #[arg(long, help_heading = "Announcing")]
    pub(in crate::cli) journal: bool,

    /// Keep metrics in FILE, for the textfile collector of Prometheus' node_exporter
    #[arg(long, value_name = "FILE", help_heading = "Announcing")]
    pub(in crate::cli) metrics_file: Option<PathBuf>,

    /// Serve /metrics, /healthz and /report (JSON) on ADDRESS: a port of this host alone, or ADDRESS:PORT
    #[arg(long, value_name = "ADDRESS", help_heading = "Announcing")]
    pub(in crate::cli) listen: Vec<String>,
}

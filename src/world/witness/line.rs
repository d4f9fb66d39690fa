//! What one line says by itself: what it is a sign of, and which address it names.

use crate::event::{Event, Pdns, Text};
use crate::world::asked::Asked;
use crate::world::copies::{Copies, Place};

/// The address a committed transfer came from, where it or an earlier line of the transfer names it.
pub(in crate::world) fn fetched_from<'a>(
    committed: &'a Pdns,
    copies: &Copies,
    place: Option<Place>,
    asked: &'a Asked,
) -> Option<&'a Text> {
    let Pdns::ZoneCommitted { primary, .. } = committed else { return None };
    primary.as_ref().or_else(|| fetching(copies, place, asked))
}

/// The address a copy is being fetched from.
pub(super) fn fetching<'a>(copies: &Copies, place: Option<Place>, asked: &'a Asked) -> Option<&'a Text> {
    asked.address(copies[place?].fetching?)
}

pub(super) fn is_rejection(fact: &Pdns) -> bool {
    matches!(fact, Pdns::NotifyRejected { .. })
}

pub(super) fn is_turned_away(fact: &Pdns) -> bool {
    matches!(fact, Pdns::NotifyRefused { .. } | Pdns::NotifyForbidden { .. })
}

pub(super) fn is_sent(fact: &Pdns) -> bool {
    matches!(fact, Pdns::NotifyQueued { .. } | Pdns::NotifyAcknowledged { .. })
}

pub(super) fn asked_address(pdns: &Pdns, fetched: Option<&Text>) -> Option<Text> {
    if let Pdns::TransferFailed { primary, .. } | Pdns::ZoneCommitted { primary, .. } = pdns {
        primary.clone().or_else(|| fetched.cloned())
    } else {
        None
    }
}

pub(super) fn address_of(event: &Event, fetched: Option<&Text>) -> Option<Text> {
    asked_address(event.pdns()?, fetched)
}

pub(super) fn sender(event: &Event) -> Option<Text> {
    if let Some(Pdns::NotifyRefused { from, .. } | Pdns::NotifyForbidden { from, .. }) = event.pdns() {
        Some(from.clone())
    } else if let Some(Pdns::NotifyAccepted { from, .. }) = event.pdns() {
        from.clone()
    } else {
        None
    }
}

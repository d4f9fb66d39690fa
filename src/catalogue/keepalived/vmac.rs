//! Interfaces with a virtual MAC address.

use crate::catalogue::message::Message;

pub(super) static ROWS: &[Message] = &[Message {
    id: "keepalived/vmac",
    texts: &[
        ("1.2.10..=1.4.5", "vmac: Error creating VMAC interface {interface} for vrrp_instance {instance}!!!"),
        ("1.2.10..=2.1.5", "vmac: Error removing VMAC interface {interface} for vrrp_instance {instance}!!!"),
        ("1.2.10..=1.4.5", "vmac: Success creating VMAC interface {interface} for vrrp_instance {instance}"),
        ("1.2.10..=2.1.5", "vmac: Success removing VMAC interface {interface} for vrrp_instance {instance}"),
        (
            "1.2.17..=1.2.19",
            "vmac: Matching interface VMAC found on interfaces {interface} for vrrp_instance {instance}!!!",
        ),
        (
            "1.2.17..=1.2.19",
            "vmac: Removing old VMAC interface {interface} due to conflicting interface VMAC for vrrp_instance {instance}!!!",
        ),
        ("1.2.20..=1.4.5", " VMAC underlying interface = {interface}"),
        ("1.2.20..=2.1.5", "vmac: Error setting ADDR_GEN_MODE to NONE"),
        (
            "1.2.20..=1.2.24",
            "vmac: Removing old VMAC interface {interface} due to conflicting interface MAC for vrrp_instance {instance}!!!",
        ),
        (
            "1.3.0..=1.4.5",
            "({instance}): VMAC interface name {interface} already exists as a non VMAC interface - ignoring configured name",
        ),
        ("1.3.0..=1.4.5", "({instance}): VMAC {interface} already exists but is incompatible. It will be deleted"),
        (
            "1.3.0..=2.1.5",
            "vmac: Removing old VMAC interface {interface} due to conflicting interface or MAC for vrrp_instance {instance}!!!",
        ),
        ("1.4.2..=2.0.20", "VMAC interface name '{config_value}' too long - ignoring"),
        (
            "2.0.0..=2.0.16",
            "({instance}) VMAC interface name {interface} already exists as a non VMAC interface - ignoring configured name",
        ),
        ("2.0.0..=2.0.16", "({instance}) VMAC {interface} already exists but is incompatible. It will be deleted"),
        ("2.0.0..", "({instance}): Success creating VMAC interface {interface}"),
        ("2.0.0..", "({instance}): Unable to create VMAC interface {interface}"),
        ("2.0.8..", "VMAC {interface} conflicts with existing interface"),
        ("2.0.8..", "vmac: Error changing VRF of VMAC interface {interface} for vrrp_instance {instance}!!!"),
        ("2.0.8..", "vmac: Success changing VRF of VMAC interface {interface} for vrrp_instance {instance}"),
        ("2.0.17..", "({instance}): Success creating ipvlan interface {interface}"),
        ("2.0.17..", "({instance}): Unable to create ipvlan interface {interface}"),
        ("2.1.0..=2.1.5", "({instance}): Cannot use VMAC/ipvlan with unicast peers - clearing use_vmac"),
        ("2.1.0..", "VMAC interface name '{name}' too long or invalid characters - ignoring"),
        ("2.2.0..", "({instance}) Deleting old VMAC interface {interface}"),
        ("2.2.0..", "({instance}) Error removing VMAC interface {interface}"),
        ("2.2.0..=2.2.4", "({instance}) Removing old VMAC interface {interface} due to conflicting interface or MAC"),
        ("2.2.0..", "({instance}) Success removing VMAC interface {interface}"),
        (
            "2.2.0..",
            "({instance}) VIP/eVIP {address} uses same VMAC as VRRP instance {instance2} VIP/eVIP {other_address}, disabling {instance3}",
        ),
        (
            "2.2.0..",
            "({instance}) VIP/eVIP {address} uses same VMAC as VRRP instance {instance2}, disabling {instance3}",
        ),
        (
            "2.2.0..=2.2.4",
            "({instance}): Cannot use VMAC/ipvlan with unicast peers and no interface - clearing use_vmac",
        ),
        ("2.2.5..", "({instance}) Removing old VMAC interface {interface} due to conflicting interface"),
        ("2.2.5..", "({instance}) Update old VMAC interface {interface} due to wrong MAC/mode "),
        ("2.2.5..", "({instance}): Cannot use VMAC/ipvlan with unicast and no interface - clearing use_vmac"),
        ("2.2.5..", "({instance}): Success updating VMAC interface {interface}"),
        ("2.2.5..", "VMAC MAC address is multicast {config_value} - ignoring"),
        ("2.2.5..", "VMAC MAC address not allowed to be RFC5798 address ({config_value}) - ignoring"),
        ("2.2.5..", "VMAC interface address already specified"),
        ("2.2.5..", "VMAC interface name already specified"),
        ("2.2.5..", "VMAC invalid MAC address {config_value} - ignored"),
        ("2.2.5..", "VMAC invalid MAC address {config_value}"),
        ("2.3.0..", "VMAC group {config_value} not found"),
        ("2.3.3..", "({instance}) cannot use VMAC if no interface specified"),
    ],
    sample: "(VI_1): Success creating VMAC interface vrrp.51",
    source: "keepalived/vrrp/vrrp.c",
    proves: "An interface with a virtual MAC was made, removed, or could not be.",
    read: None,
}];

//! Tracked objects whose configuration is wrong or was adjusted.

use crate::catalogue::message::Message;

pub(super) static ROWS: &[Message] = &[Message {
    id: "keepalived/config-tracking",
    texts: &[
        ("1.2.1..=1.4.5", "VRRP_Instance({name}) : ignoring tracked script with weights due to SYNC group"),
        ("1.3.0..=1.4.5", "VRRP_Instance({name}) : ignoring weights of tracked interface due to SYNC group"),
        ("1.3.6..=1.4.5", "({name}): track script {tracked} not found, ignoring..."),
        ("1.3.6..", "No script set for vrrp_script {script} - removing"),
        (
            "2.0.0..",
            "({name}) Cannot have weighted track bfd '{bfd}' with member having priority {owner_priority} - setting weight 0",
        ),
        (
            "2.0.0..",
            "({name}) Cannot have weighted track file '{file}' with member having priority {owner_priority} - setting weight 0",
        ),
        (
            "2.0.0..",
            "({name}) Cannot have weighted track interface '{interface}' with member having priority {owner_priority} - clearing weight",
        ),
        (
            "2.0.0..",
            "({name}) Cannot have weighted track script '{script}' with member having priority {owner_priority} - clearing weight",
        ),
        ("2.0.0..", "({name}) duplicate track_bfd {tracked} - ignoring"),
        ("2.0.0..", "({name}) duplicate track_file {tracked} - ignoring"),
        ("2.0.0..", "({name}) duplicate track_interface {tracked} - ignoring"),
        ("2.0.0..", "({name}) duplicate track_script {tracked} - ignoring"),
        ("2.0.0..", "({name}) track bfd {tracked} not found, ignoring..."),
        ("2.0.0..", "({name}) track file {tracked} not found, ignoring..."),
        ("2.0.0..", "({name}) track script {tracked} not found, ignoring..."),
        ("2.0.0..", "({name}) tracked interface {tracked} doesn't exist"),
        ("2.0.0..", "({name}) Cannot have weighted track script '{script}' with priority {owner_priority}"),
        ("2.0.0..", "({name}) ignoring tracked bfd {bfd} with weight {weight} due to SYNC group"),
        ("2.0.0..", "({name}) ignoring tracked bfd {bfd} with weight {weight} due to address_owner"),
        ("2.0.0..", "({name}) ignoring tracked file {file} with weight {weight} due to SYNC group"),
        ("2.0.0..", "({name}) ignoring tracked file {file} with weight {weight} due to address_owner"),
        ("2.0.0..", "({name}) ignoring tracked script {script} with weights due to SYNC group"),
        ("2.0.0..", "({name}) ignoring tracked script {script} with weights due to address_owner"),
        ("2.0.0..=2.0.20", "({name}) ignoring weight from tracked file {file} due to SYNC group - specify weight 0"),
        ("2.0.0..=2.0.20", "({name}) ignoring weight from tracked file {file} due to address_owner - specify weight 0"),
        ("2.0.0..=2.0.7", "({name}) ignoring {interface}tracked interface  due to address owner"),
        ("2.0.0..=2.0.7", "({name}) ignoring {interface}tracked interface weight of  due to SYNC group"),
        (
            "2.0.0..",
            "({name}) track_bfd {bfd} is configured on VRRP instance and sync group. Remove vrrp instance config",
        ),
        (
            "2.0.0..=2.0.20, 2.2.3..",
            "({name}) track_file {file} is configured on VRRP instance and sync group. Remove vrrp instance config",
        ),
        (
            "2.0.0..",
            "({name}) track_interface {interface} is configured on VRRP instance and sync group. Remove vrrp instance or sync group config",
        ),
        (
            "2.0.0..",
            "({name}) track_script {script} is configured on VRRP instance and sync group. Remove vrrp instance config",
        ),
        ("2.0.0..", "Warning - script {script} is not used"),
        ("2.0.8..", "({name}) ignoring {interface} tracked interface due to address owner"),
        ("2.0.8..", "({name}) ignoring {interface} tracked interface weight due to SYNC group"),
        ("2.0.11..", "({name}) duplicate track_process {tracked} - ignoring"),
        ("2.0.11..", "({name}) track process {tracked} not found, ignoring..."),
        (
            "2.0.11..",
            "({name}) track_process {process} is configured on VRRP instance and sync group. Remove vrrp instance config",
        ),
        ("2.0.18..", "({name}) unknown track_interface {tracked} option {config_value} - ignoring"),
        ("2.0.18..", "({name}) unknown track_process {tracked} weight option {config_value} - ignoring"),
        ("2.0.18..", "({name}) unknown track_script {tracked} weight option {config_value} - ignoring"),
        ("2.0.18..", "({name}) weight without value specified for track_interface {tracked} - ignoring"),
        ("2.1.0..", "({name}) ignoring weight from tracked file {file} due to SYNC group. specify weight 0"),
        ("2.1.0..", "({name}) ignoring weight from tracked file {file} due to address_owner. specify weight 0"),
        ("2.1.0..", "No file set for track_file {file} - ignoring"),
        (
            "2.2.0..",
            "({name}) Cannot have weighted track process '{process}' with member having priority {owner_priority} - setting weight 0",
        ),
    ],
    sample: "No script set for vrrp_script chk_pdns - removing",
    source: "keepalived/trackers/track_file.c",
    proves: "A tracked object is not used as configured.",
    read: None,
}];

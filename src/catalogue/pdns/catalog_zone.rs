//! Catalog zones, both sides.

use crate::catalogue::message::Message;

pub(super) static ROWS: &[Message] = &[
    Message {
        id: "pdns/catalog-in",
        texts: &[
            ("..", "AXFR-in zone: '{zone}', primary: '{primary}', Catalog-Zone backend transaction started"),
            ("..", "AXFR-in zone: '{zone}', primary: '{primary}', Catalog-Zone backend transaction committed"),
            ("..", "AXFR-in zone: '{zone}', primary: '{primary}', Catalog-Zone create zone '{member}'"),
            ("..", "AXFR-in zone: '{zone}', primary: '{primary}', Catalog-Zone delete zone '{member}'"),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', update coo for zone '{member}' to '{coo}'",
            ),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', update group for zone '{member}' to '{list}'",
            ),
            ("4.7.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', backend transaction started"),
            ("4.7.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', update options for zone '{member}'"),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', update primaries for zone '{member}' to '{list}'",
            ),
            ("4.7.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', zone '{member}' state reset"),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', zone '{member}' owner change without state reset, old catalog '{old_catalog}', new catalog '{zone}'",
            ),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', zone '{member}' owner change with state reset, old catalog '{old_catalog}', new catalog '{zone}'",
            ),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', zone '{member}' already exists', create skipped",
            ),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', zone '{member}' already exists in catalog '{old_catalog}', create skipped",
            ),
            ("4.7.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', delete zone '{member}'"),
            ("4.7.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', create zone '{member}'"),
            ("4.7.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', backend transaction committed"),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', new zone '{member}' does not exists and was not inserted in the zone-cache",
            ),
            ("4.7.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', DBException {reason}"),
            ("4.7.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', PDNSException {reason}"),
            ("4.7.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', std::exception {reason}"),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', zone '{zone}', multiple version records found, aborting",
            ),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', zone '{zone}', unsupported catalog zone schema version {version}, aborting",
            ),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', zone '{zone}', catalog zone schema version missing, aborting",
            ),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', zone '{zone}', duplicate unique '{unique}'",
            ),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', zone '{zone}', duplicate member zone'{member}'",
            ),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', zone '{zone}', duplicate COO for unique '{unique}'",
            ),
            ("4.7.0..=5.0.7", "AXFR-in zone: '{zone}', primary: '{primary}', zone '{zone}' is invalid, skip updates"),
            (
                "4.7.0..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', Catalog-Zone update failed, only import records",
            ),
            (
                "4.7.1..=5.0.7",
                "AXFR-in zone: '{zone}', primary: '{primary}', set unique, zone '{member}' is now a member",
            ),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', set unique, zone '{member}' is now a member"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', update coo for zone '{member}' to '{coo}'"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', update group for zone '{member}' to '{list}'"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', backend transaction started"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', update options for zone '{member}'"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', update type to '{kind}' for zone '{member}'"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', update primaries for zone '{member}' to '{list}'"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', zone '{member}' state reset"),
            (
                "5.1.0..",
                "AXFR-in zone '{zone}', primary '{primary}', zone '{member}' owner change without state reset, old catalog '{old_catalog}', new catalog '{zone}'",
            ),
            (
                "5.1.0..",
                "AXFR-in zone '{zone}', primary '{primary}', zone '{member}' owner change with state reset, old catalog '{old_catalog}', new catalog '{zone}'",
            ),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', zone '{member}' already exists', create skipped"),
            (
                "5.1.0..",
                "AXFR-in zone '{zone}', primary '{primary}', zone '{member}' already exists in catalog '{old_catalog}', create skipped",
            ),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', delete zone '{member}'"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', create zone '{member}'"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', backend transaction committed"),
            (
                "5.1.0..",
                "AXFR-in zone '{zone}', primary '{primary}', new zone '{member}' does not exist and was not inserted in the zone-cache",
            ),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', DBException {reason}"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', PDNSException {reason}"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', std::exception {reason}"),
            (
                "5.1.0..",
                "AXFR-in zone '{zone}', primary '{primary}', zone '{zone}', multiple version records found, aborting",
            ),
            (
                "5.1.0..",
                "AXFR-in zone '{zone}', primary '{primary}', zone '{zone}', unsupported catalog zone schema version {version}, aborting",
            ),
            (
                "5.1.0..",
                "AXFR-in zone '{zone}', primary '{primary}', zone '{zone}', catalog zone schema version missing, aborting",
            ),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', zone '{zone}', duplicate unique '{unique}'"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', zone '{zone}', duplicate member zone'{member}'"),
            (
                "5.1.0..",
                "AXFR-in zone '{zone}', primary '{primary}', zone '{zone}', duplicate COO for unique '{unique}'",
            ),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', zone '{zone}' is invalid, skip updates"),
            ("5.1.0..", "AXFR-in zone '{zone}', primary '{primary}', Catalog-Zone update failed, only import records"),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: set unique, adding new member" XFR zone="{zone}" new member="{member}" primary="{primary}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: update coo" XFR zone="{zone}" primary="{primary}" to="{coo}" zone="{member}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: update group" XFR zone="{zone}" group="{list}" primary="{primary}" zone="{member}""#,
            ),
            ("5.1.0..", r#"msg="Catalog-Zone: backend transaction started" XFR zone="{zone}" primary="{primary}""#),
            ("5.1.0..", r#"msg="Catalog-Zone: update options" XFR zone="{zone}" primary="{primary}" zone="{member}""#),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: update type" XFR zone="{zone}" primary="{primary}" type="{kind}" zone="{member}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: update primaries" XFR zone="{zone}" primaries="{list}" primary="{primary}" zone="{member}""#,
            ),
            ("5.1.0..", r#"msg="Catalog-Zone: state reset" XFR zone="{zone}" primary="{primary}" zone="{member}""#),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: owner change without state reset" XFR zone="{zone}" new catalog="{new_catalog}" old catalog="{old_catalog}" primary="{primary}" zone="{member}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: owner change with state reset" XFR zone="{zone}" new catalog="{new_catalog}" old catalog="{old_catalog}" primary="{primary}" zone="{member}""#,
            ),
            ("5.1.0..", r#"msg="Catalog-Zone: delete zone" XFR zone="{zone}" primary="{primary}" zone="{member}""#),
            ("5.1.0..", r#"msg="Catalog-Zone: create zone" XFR zone="{zone}" primary="{primary}" zone="{member}""#),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: new zone does not exist and was not inserted in the zone cache" XFR zone="{zone}" primary="{primary}" zone="{member}""#,
            ),
            ("5.1.0..", r#"msg="Catalog-Zone: DBException" error="{reason}" XFR zone="{zone}" primary="{primary}""#),
            ("5.1.0..", r#"msg="Catalog-Zone: PDNSException" error="{reason}" XFR zone="{zone}" primary="{primary}""#),
            ("5.1.0..", r#"msg="Catalog-Zone: std::exception" error="{reason}" XFR zone="{zone}" primary="{primary}""#),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: aborting possible open transaction" XFR zone="{zone}" primary="{primary}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: multiple version records found, aborting" XFR zone="{zone}" primary="{primary}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: unsupported catalog zon schema version, aborting" XFR zone="{zone}" primary="{primary}" version="{version}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: catalog zone schema version missing, aborting" XFR zone="{zone}" primary="{primary}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: duplicate unique value" XFR zone="{zone}" primary="{primary}" unique="{unique}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: duplicate member zone" XFR zone="{zone}" member zone="{member}" primary="{primary}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: duplicate COO for unique value" XFR zone="{zone}" primary="{primary}" unique="{unique}""#,
            ),
            ("5.1.0..", r#"msg="Catalog-Zone: invalid zone, skipping updates" XFR zone="{zone}" primary="{primary}""#),
            (
                "5.1.0..",
                r#"msg="AXFR: Catalog-Zone update failed, only records will be imported" XFR zone="{zone}" primary="{primary}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: zone already exists, not created" XFR zone="{zone}" primary="{primary}" zone="{member}""#,
            ),
            (
                "5.1.0..",
                r#"msg="Catalog-Zone: zone already exists in catalog, not created" XFR zone="{zone}" catalog="{old_catalog}" primary="{primary}" zone="{member}""#,
            ),
        ],
        sample: "AXFR-in zone: 'catalog.example', primary: '192.0.2.10', Catalog-Zone create zone 'member.example'",
        source: "pdns/auth-secondarycommunicator.cc",
        proves: "What a catalog zone changed on this secondary; removed members lose their data.",
        read: None,
    },
    Message {
        id: "pdns/catalog-out",
        texts: &[
            ("4.7.0..", "orphaned member zones found with catalog '{catalog}'"),
            ("4.7.0..", "zone '{zone}' is no producer zone"),
            ("4.7.0..", "new CATALOG-HASH '{hash}' for zone '{zone}'"),
            ("4.7.0..", "SOA lookup failed for producer zone '{zone}'"),
            ("5.1.0..", r#"msg="orphaned member zones found with catalog" catalog="{catalog}""#),
            ("5.1.0..", r#"msg="zone is no producer zone" zone="{zone}""#),
            ("5.1.0..", r#"msg="SOA lookup failed for producer zone" zone="{zone}""#),
            ("5.1.0..", r#"msg="new CATALOG-HASH for zone" hash="{hash}" zone="{zone}""#),
        ],
        sample: "orphaned member zones found with catalog 'catalog.example'",
        source: "pdns/mastercommunicator.cc",
        proves: "What a catalog zone on this primary holds, or why it cannot be made.",
        read: None,
    },
    Message {
        id: "pdns/xfr-out-catalog",
        texts: &[("4.7.0..", "AXFR-out zone '{zone}', client '{client}', catalog zone '{zone}' has no members")],
        sample: "AXFR-out zone 'example.com', client '192.0.2.20', catalog zone 'example.com' has no members",
        source: "pdns/tcpreceiver.cc",
        proves: "A catalog zone was asked for and has no members.",
        read: None,
    },
];

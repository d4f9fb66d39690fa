//! What is replaced by what.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::{BTreeMap, BTreeSet};

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A host, short or fully qualified, or an address.
    Host,
    /// A zone.
    Zone,
    /// A VRRP instance.
    Instance,
    /// A sync group.
    Group,
    /// An address without its port, real or masked (`18.xxx.xxx.xxx`).
    Address,
    /// A word of its own.
    Word,
}

/// What was found in the logs.
#[derive(Debug, Default)]
pub struct Names {
    hosts: BTreeSet<String>,
    /// Labels from the right: `com`, `example`.
    zones: BTreeSet<Vec<String>>,
    instances: BTreeSet<String>,
    groups: BTreeSet<String>,
    v4: BTreeSet<Ipv4Addr>,
    v6: BTreeSet<Ipv6Addr>,
    masked: BTreeSet<String>,
    words: BTreeSet<String>,
}

/// Original → replacement, by kind; what the operator keeps.
#[derive(Debug, Default)]
pub struct Map {
    hosts: BTreeMap<String, String>,
    zones: BTreeMap<Vec<String>, String>,
    instances: BTreeMap<String, String>,
    groups: BTreeMap<String, String>,
    addresses: BTreeMap<String, String>,
    words: BTreeMap<String, String>,
}

impl Names {
    pub(super) fn note(&mut self, kind: Kind, text: &str) {
        match kind {
            Kind::Host => match text.parse::<IpAddr>() {
                Ok(_) => self.note(Kind::Address, text),
                Err(_) => {
                    let (first, domain) = text.split_once('.').unwrap_or((text, ""));
                    self.hosts.insert(first.to_ascii_lowercase());
                    self.note(Kind::Zone, domain);
                }
            },
            Kind::Zone => {
                let labels = labels(text);
                for depth in 1..=labels.len() {
                    self.zones.insert(labels[..depth].to_vec());
                }
            }
            Kind::Instance => {
                self.instances.insert(text.to_owned());
            }
            Kind::Group => {
                self.groups.insert(text.to_owned());
            }
            Kind::Address => match text.parse() {
                Ok(IpAddr::V4(address)) => {
                    self.v4.insert(address);
                }
                Ok(IpAddr::V6(address)) => {
                    self.v6.insert(address);
                }
                Err(_) => {
                    self.masked.insert(text.to_owned());
                }
            },
            Kind::Word => {
                self.words.insert(text.to_owned());
            }
        }
    }

    /// Numbers everything in its order.
    #[must_use]
    pub fn settle(&self) -> Map {
        let mut map = Map {
            hosts: numbered(&self.hosts, "node"),
            instances: numbered(&self.instances, "VI_"),
            groups: numbered(&self.groups, "VG_"),
            words: numbered(&self.words, "w"),
            ..Map::default()
        };
        let width = digits(self.zones.len());
        for (index, labels) in self.zones.iter().enumerate() {
            let parent = labels.split_last().and_then(|(_, parent)| map.zones.get(parent));
            let below = parent.map_or("example", String::as_str);
            let zone = format!("z{:0width$}.{below}", index + 1);
            map.zones.insert(labels.clone(), zone);
        }
        let mut pool = documentation_v4();
        for address in &self.v4 {
            let new = if is_everyones(IpAddr::V4(*address)) { Some(*address) } else { pool.next() };
            map.addresses.extend(new.map(|new| (address.to_string(), new.to_string())));
        }
        for masked in &self.masked {
            map.addresses.extend(pool.next().map(|new| (masked.clone(), new.to_string())));
        }
        for (index, address) in self.v6.iter().enumerate() {
            const DOCUMENTATION: u128 = 0x2001_0db8 << 96;
            let new = Ipv6Addr::from(DOCUMENTATION + index as u128 + 1);
            let new = if is_everyones(IpAddr::V6(*address)) { *address } else { new };
            map.addresses.insert(address.to_string(), new.to_string());
        }
        map
    }
}

impl Map {
    /// What stands for a host.
    #[must_use]
    pub fn host(&self, host: &str) -> Option<String> {
        self.get(Kind::Host, host)
    }

    /// What stands for a text; `None` for one that was not noted.
    pub(super) fn get(&self, kind: Kind, text: &str) -> Option<String> {
        match kind {
            Kind::Host => match text.parse::<IpAddr>() {
                Ok(_) => self.get(Kind::Address, text),
                Err(_) => {
                    let (first, domain) = text.split_once('.').unwrap_or((text, ""));
                    let node = self.hosts.get(&first.to_ascii_lowercase())?;
                    if domain.is_empty() {
                        return Some(node.clone());
                    }
                    Some(format!("{node}.{}", self.get(Kind::Zone, domain)?))
                }
            },
            Kind::Zone => {
                let dot = if text.len() > 1 && text.ends_with('.') { "." } else { "" };
                let labels = labels(text);
                if labels.is_empty() {
                    return Some(text.to_owned());
                }
                self.zones.get(&labels).map(|zone| format!("{zone}{dot}"))
            }
            Kind::Instance => self.instances.get(text).cloned(),
            Kind::Group => self.groups.get(text).cloned(),
            Kind::Address => {
                let canonical = text.parse::<IpAddr>().map_or(text.to_owned(), |address| address.to_string());
                self.addresses.get(&canonical).cloned()
            }
            Kind::Word => self.words.get(text).cloned(),
        }
    }

    /// Kind, original and replacement of all, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, String, &str)> {
        let of = |kind: &'static str, map| -> Vec<(&'static str, String, &str)> {
            let map: &BTreeMap<String, String> = map;
            map.iter().map(|(old, new)| (kind, old.clone(), new.as_str())).collect()
        };
        let zones = self.zones.iter().map(|(labels, new)| {
            let mut labels = labels.clone();
            labels.reverse();
            ("zone", labels.join("."), new.as_str())
        });
        let plain = [
            of("host", &self.hosts),
            of("instance", &self.instances),
            of("group", &self.groups),
            of("address", &self.addresses),
            of("word", &self.words),
        ];
        plain.into_iter().flatten().chain(zones)
    }
}

/// From the right, in small letters; none of the root.
fn labels(zone: &str) -> Vec<String> {
    zone.split('.').rev().filter(|label| !label.is_empty()).map(str::to_ascii_lowercase).collect()
}

fn digits(count: usize) -> usize {
    count.to_string().len()
}

fn numbered(texts: &BTreeSet<String>, prefix: &str) -> BTreeMap<String, String> {
    let width = digits(texts.len());
    texts.iter().enumerate().map(|(index, text)| (text.clone(), format!("{prefix}{:0width$}", index + 1))).collect()
}

/// Addresses that say nothing about anybody: unspecified, loopback, multicast, broadcast.
fn is_everyones(address: IpAddr) -> bool {
    let is_broadcast = address == IpAddr::V4(Ipv4Addr::BROADCAST);
    address.is_unspecified() || address.is_loopback() || address.is_multicast() || is_broadcast
}

/// The three networks for documentation (RFC 5737), then 10.0.0.0/8.
fn documentation_v4() -> impl Iterator<Item = Ipv4Addr> {
    let documentation = [[192, 0, 2], [198, 51, 100], [203, 0, 113]];
    let first = documentation.into_iter().flat_map(|[a, b, c]| (1..=254).map(move |d| Ipv4Addr::new(a, b, c, d)));
    let private = (0x0a00_0001_u32..0x0aff_ffff).map(Ipv4Addr::from);
    first.chain(private)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(names: &[(Kind, &str)]) -> Map {
        let mut all = Names::default();
        names.iter().for_each(|(kind, text)| all.note(*kind, text));
        all.settle()
    }

    #[test]
    fn zones_keep_their_suffixes() {
        let map = settled(&[(Kind::Zone, "b.acme.com"), (Kind::Zone, "acme.com."), (Kind::Zone, "acme.net")]);
        let of = |zone| map.get(Kind::Zone, zone).expect("it was noted");
        assert_eq!(of("acme.com."), format!("{}.", of("ACME.com")));
        assert!(of("b.acme.com").ends_with(&format!(".{}", of("acme.com"))));
        assert!(!of("acme.net").ends_with(&of("com")));
        assert_eq!(map.get(Kind::Zone, "."), Some(".".to_owned()));
        assert!(map.iter().all(|(_, _, new)| !new.contains("acme") && !new.contains("com")));
    }

    #[test]
    fn a_short_name_and_its_fully_qualified_form_stay_one_node() {
        let map = settled(&[(Kind::Host, "ns1"), (Kind::Host, "ns1.acme.com"), (Kind::Host, "ns2")]);
        let short = map.get(Kind::Host, "ns1").expect("it was noted");
        let long = map.get(Kind::Host, "ns1.acme.com").expect("it was noted");
        assert!(long.starts_with(&format!("{short}.z")), "{long}");
        assert!(short < map.get(Kind::Host, "ns2").expect("it was noted"));
    }

    #[test]
    fn addresses_keep_their_family_and_their_order() {
        let many: Vec<String> = (0..1000_u32).map(|n| Ipv4Addr::from(0x0505_0000 + n).to_string()).collect();
        let mut all: Vec<(Kind, &str)> = many.iter().map(|address| (Kind::Address, address.as_str())).collect();
        all.extend([(Kind::Address, "2a01:4f8::1"), (Kind::Address, "18.xxx.xxx.xxx"), (Kind::Address, "127.0.0.1")]);
        let map = settled(&all);
        let of = |address| map.get(Kind::Address, address).expect("it was noted");
        assert_eq!(of("5.5.0.0"), "192.0.2.1");
        assert_eq!(of("5.5.0.254"), "198.51.100.1");
        assert_eq!(of(&many[999]), "10.0.0.238");
        assert_eq!(of("2a01:4f8:0::1"), "2001:db8::1");
        assert_eq!(of("18.xxx.xxx.xxx"), "10.0.0.239");
        assert_eq!(of("127.0.0.1"), "127.0.0.1");
        let mut new: Vec<String> = many.iter().map(|address| of(address)).collect();
        new.sort();
        new.dedup();
        assert_eq!(new.len(), 1000, "no two became one");
    }
}

//! Lines of text in any order → the same in order, once each, in bounded memory: what does not fit is sorted in pieces that wait in
//! a scratch file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Bytes of lines kept in memory; what comes beyond goes to the scratch file.
const MEMORY_BYTES_MAX: usize = 32 * 1024 * 1024;
/// What a line costs beside its bytes.
const LINE_COST: usize = 48;
/// Bytes read at once from one place of the scratch file.
const PIECE_BYTES: usize = 16 * 1024;

/// Makes an empty file that nobody else sees and that goes when it is closed.
pub type Scratch<'a> = dyn Fn() -> io::Result<File> + 'a;

/// Where a line belongs: its segment, its position there, itself. Lines that are alike in all three are one.
type Item = (u32, u64, Box<[u8]>);

/// Takes lines.
pub(super) struct Sorter<'a> {
    scratch: &'a Scratch<'a>,
    memory_max: usize,
    items: Vec<Item>,
    bytes: usize,
    runs: Option<(Arc<File>, Vec<Range<u64>>)>,
}

/// All lines, in order.
#[derive(Debug)]
pub(super) enum Sorted {
    /// They fit.
    Memory(Vec<Item>),
    /// A file, and where each segment is in it.
    File(Arc<File>, Vec<Range<u64>>),
}

impl<'a> Sorter<'a> {
    pub(super) fn new(scratch: &'a Scratch<'a>) -> Self {
        Self { scratch, memory_max: MEMORY_BYTES_MAX, items: Vec::new(), bytes: 0, runs: None }
    }

    #[cfg(test)]
    fn within(scratch: &'a Scratch<'a>, memory_max: usize) -> Self {
        Self { memory_max, ..Self::new(scratch) }
    }

    /// Takes a line.
    ///
    /// # Errors
    /// The scratch file cannot be made or written.
    pub(super) fn push(&mut self, segment: u32, position: u64, line: &[u8]) -> io::Result<()> {
        self.bytes += line.len() + LINE_COST;
        self.items.push((segment, position, line.into()));
        if self.bytes > self.memory_max { self.put_aside() } else { Ok(()) }
    }

    fn put_aside(&mut self) -> io::Result<()> {
        let items = self.in_order();
        let (file, runs) = match &mut self.runs {
            Some(runs) => runs,
            None => self.runs.insert((Arc::new((self.scratch)()?), Vec::new())),
        };
        let begin = runs.last().map_or(0, |run| run.end);
        let mut writer = Writer::new(file, begin);
        items.iter().try_for_each(|item| writer.put(item))?;
        runs.push(begin..writer.finish()?);
        Ok(())
    }

    fn in_order(&mut self) -> Vec<Item> {
        self.bytes = 0;
        let mut items = std::mem::take(&mut self.items);
        items.sort_unstable();
        items.dedup();
        items
    }

    /// All lines that were taken.
    ///
    /// # Errors
    /// The scratch file cannot be made, written or read.
    pub(super) fn finish(mut self) -> io::Result<Sorted> {
        if self.runs.is_none() {
            return Ok(Sorted::Memory(self.in_order()));
        }
        self.put_aside()?;
        let (file, runs) = self.runs.take().unwrap_or_else(|| unreachable!("a run was put aside"));
        let whole = Arc::new((self.scratch)()?);
        let mut writer = Writer::new(&whole, 0);
        let mut segments = Vec::<Range<u64>>::new();
        let mut last = None;
        for item in Merged::new(runs.into_iter().map(|run| read_back(&file, run)).collect())? {
            let item = item?;
            if last.as_ref() == Some(&item) {
                continue;
            }
            let segment = item.0 as usize;
            while segments.len() <= segment {
                segments.push(writer.at..writer.at);
            }
            writer.put(&item)?;
            segments[segment].end = writer.at;
            last = Some(item);
        }
        writer.finish()?;
        Ok(Sorted::File(whole, segments))
    }
}

impl Sorted {
    /// The lines of some segments, by position.
    ///
    /// # Errors
    /// The scratch file cannot be read.
    pub(super) fn lines(
        &self,
        segments: &[u32],
    ) -> io::Result<impl Iterator<Item = io::Result<(u64, Box<[u8]>)>> + '_> {
        let lanes = segments.iter().map(|segment| self.segment(*segment)).collect();
        Ok(Merged::by_position(lanes)?.map(|item| item.map(|(_, position, line)| (position, line))))
    }

    fn segment(&self, segment: u32) -> ItemLane<'_> {
        match self {
            Self::Memory(items) => {
                let begin = items.partition_point(|item| item.0 < segment);
                let end = items.partition_point(|item| item.0 <= segment);
                Box::new(items[begin..end].iter().cloned().map(Ok))
            }
            Self::File(file, segments) => match segments.get(segment as usize) {
                Some(range) => read_back(file, range.clone()),
                None => Box::new(std::iter::empty()),
            },
        }
    }
}

type ItemLane<'a> = Box<dyn Iterator<Item = io::Result<Item>> + 'a>;

/// Ordered lanes → one ordered stream.
struct Merged<'a> {
    lanes: Vec<ItemLane<'a>>,
    heads: BinaryHeap<Reverse<(Item, usize)>>,
    /// Whether segments are put beside each other, position by position.
    by_position: bool,
    failed: Option<io::Error>,
}

impl<'a> Merged<'a> {
    fn new(lanes: Vec<ItemLane<'a>>) -> io::Result<Self> {
        Self::begin(lanes, false)
    }

    fn by_position(lanes: Vec<ItemLane<'a>>) -> io::Result<Self> {
        Self::begin(lanes, true)
    }

    fn begin(lanes: Vec<ItemLane<'a>>, by_position: bool) -> io::Result<Self> {
        let count = lanes.len();
        let mut merged = Self { lanes, heads: BinaryHeap::new(), by_position, failed: None };
        (0..count).try_for_each(|lane| merged.advance(lane))?;
        Ok(merged)
    }

    fn advance(&mut self, lane: usize) -> io::Result<()> {
        if let Some(item) = self.lanes[lane].next() {
            let (segment, position, line) = item?;
            let segment = if self.by_position { 0 } else { segment };
            self.heads.push(Reverse(((segment, position, line), lane)));
        }
        Ok(())
    }
}

impl Iterator for Merged<'_> {
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failed.take() {
            self.heads.clear();
            return Some(Err(error));
        }
        let Reverse((item, lane)) = self.heads.pop()?;
        self.failed = self.advance(lane).err();
        Some(Ok(item))
    }
}

/// Writes items behind one another.
struct Writer<'f> {
    out: BufWriter<Place<'f>>,
    at: u64,
}

impl<'f> Writer<'f> {
    fn new(file: &'f File, at: u64) -> Self {
        Self { out: BufWriter::with_capacity(16 * PIECE_BYTES, Place { file, at }), at }
    }

    fn put(&mut self, (segment, position, line): &Item) -> io::Result<()> {
        let length = u32::try_from(line.len()).map_err(io::Error::other)?;
        self.out.write_all(&segment.to_le_bytes())?;
        self.out.write_all(&position.to_le_bytes())?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(line)?;
        self.at += 16 + u64::from(length);
        Ok(())
    }

    fn finish(mut self) -> io::Result<u64> {
        self.out.flush()?;
        Ok(self.at)
    }
}

fn read_back(file: &File, range: Range<u64>) -> ItemLane<'_> {
    let length = range.end - range.start;
    let mut left = length;
    let mut bytes = BufReader::with_capacity(PIECE_BYTES, Place { file, at: range.start });
    Box::new(std::iter::from_fn(move || {
        if left == 0 {
            return None;
        }
        let item = read_item(&mut bytes);
        left = match &item {
            Ok((_, _, line)) => left.saturating_sub(16 + line.len() as u64),
            Err(_) => 0,
        };
        Some(item)
    }))
}

fn read_item(bytes: &mut impl Read) -> io::Result<Item> {
    let (mut four, mut eight) = ([0; 4], [0; 8]);
    bytes.read_exact(&mut four)?;
    let segment = u32::from_le_bytes(four);
    bytes.read_exact(&mut eight)?;
    let position = u64::from_le_bytes(eight);
    bytes.read_exact(&mut four)?;
    let mut line = vec![0; u32::from_le_bytes(four) as usize];
    bytes.read_exact(&mut line)?;
    Ok((segment, position, line.into()))
}

/// A place in a file that many read at once: each has its own.
struct Place<'f> {
    file: &'f File,
    at: u64,
}

impl Read for Place<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(into, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Write for Place<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write_at(bytes, self.at)?;
        self.at += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Sorter;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Lines come back in order and once each, whether they fit or not.
        #[test]
        fn nothing_is_lost_or_doubled(
            lines in proptest::collection::vec((0u32..4, 0u64..20, "[a-c]{0,3}"), 0..80),
            memory_max in 1usize..4000,
        ) {
            let scratch = tempfile::tempfile;
            let mut sorter = Sorter::within(&scratch, memory_max);
            for (segment, position, text) in &lines {
                sorter.push(*segment, *position, text.as_bytes()).unwrap();
            }
            let sorted = sorter.finish().unwrap();
            for segments in [&[0][..], &[1, 3], &[0, 1, 2, 3], &[9]] {
                let mut expected: Vec<(u64, u32, Vec<u8>)> = lines
                    .iter()
                    .filter(|(segment, _, _)| segments.contains(segment))
                    .map(|(segment, position, text)| (*position, *segment, text.clone().into_bytes()))
                    .collect();
                expected.sort();
                expected.dedup();
                let mut found: Vec<(u64, Vec<u8>)> =
                    sorted.lines(segments).unwrap().map(|line| line.unwrap()).map(|(at, line)| (at, line.into_vec())).collect();
                prop_assert!(found.is_sorted_by_key(|(position, _)| *position));
                found.sort();
                let mut expected: Vec<(u64, Vec<u8>)> = expected.into_iter().map(|(at, _, line)| (at, line)).collect();
                expected.sort();
                prop_assert_eq!(found, expected);
            }
        }
    }
}

//! Rows of the timeline on the page: one column per node where there is room for that, else the node named in each row.

use super::page::Page;
use super::words::{columns, pad};
use comfy_table::{ColumnConstraint, Table, Width, presets};

/// A node's column narrower than this breaks every cell to pieces; then the node is named in the row instead.
const NODE_COLUMNS_MIN: usize = 24;
/// Where lines do not end the nodes stand side by side only up to here; no cell is broken there, so that `grep` finds its words.
const PIPED_COLUMNS_MAX: usize = 200;
/// Rows that are laid out at once: a flood of zones has a hundred thousand, and each takes a kilobyte meanwhile.
const ROWS_AT_ONCE: usize = 512;
/// Left of the page, and between two columns.
const GAP: usize = 2;

/// One row, all of it fit to print.
pub(super) struct Cells {
    pub(super) clock: String,
    pub(super) number: String,
    pub(super) node: String,
    pub(super) what: String,
}

/// How all rows of one timeline are laid out.
pub(super) struct Layout {
    /// In order of appearance: the story runs from left to right.
    nodes: Vec<String>,
    clock: usize,
    number: usize,
    /// Columns of each node, where they stand side by side.
    side_by_side: Option<Vec<usize>>,
}

impl Layout {
    pub(super) fn new(rows: &[Cells], page: &Page<'_>) -> Self {
        let mut nodes: Vec<String> = Vec::new();
        let mut natural: Vec<usize> = Vec::new();
        for row in rows {
            let at = nodes.iter().position(|node| *node == row.node).unwrap_or_else(|| {
                nodes.push(row.node.clone());
                natural.push(columns(&row.node));
                nodes.len() - 1
            });
            natural[at] = natural[at].max(columns(&row.what));
        }
        let clock = rows.iter().map(|row| columns(&row.clock)).max().unwrap_or(0);
        let number = rows.iter().map(|row| columns(&row.number)).max().unwrap_or(0);
        let room = page.width().unwrap_or(PIPED_COLUMNS_MAX).saturating_sub(3 * GAP + clock + number);
        let least = page.width().map_or(PIPED_COLUMNS_MAX, |_| NODE_COLUMNS_MIN);
        Self { nodes, clock, number, side_by_side: share(&natural, least, room) }
    }

    /// The nodes' names above their columns.
    pub(super) fn write_header(&self, page: &mut Page<'_>) {
        if let Some(widths) = &self.side_by_side {
            let names = self.nodes.iter().cloned();
            self.write_table(widths, vec![[String::new(), String::new()].into_iter().chain(names).collect()], page);
        }
    }

    pub(super) fn write(&self, rows: &[Cells], page: &mut Page<'_>) {
        let Some(widths) = &self.side_by_side else {
            self.write_list(rows, page);
            return;
        };
        let cells = |row: &Cells| {
            let own = self.nodes.iter().map(|node| if *node == row.node { row.what.clone() } else { String::new() });
            [row.clock.clone(), row.number.clone()].into_iter().chain(own).collect()
        };
        // The widths are given, so no row depends on the others.
        for rows in rows.chunks(ROWS_AT_ONCE) {
            self.write_table(widths, rows.iter().map(cells).collect(), page);
        }
    }

    fn write_table(&self, widths: &[usize], rows: Vec<Vec<String>>, page: &mut Page<'_>) {
        if rows.is_empty() {
            return;
        }
        let mut table = Table::new();
        table.force_no_tty().load_style(presets::NOTHING).add_rows(rows);
        for (at, wide) in [self.clock, self.number].iter().chain(widths).enumerate() {
            let Some(column) = table.column_mut(at) else { continue };
            let (left, right) = (if at == 0 { GAP } else { 0 }, GAP);
            let whole = u16::try_from(left + wide + right).unwrap_or(u16::MAX);
            column.set_padding((left as u16, right as u16));
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(whole)));
        }
        for line in table.lines() {
            page.line(&line);
        }
    }

    fn write_list(&self, rows: &[Cells], page: &mut Page<'_>) {
        let third = page.width().unwrap_or(PIPED_COLUMNS_MAX) / 3;
        let node = self.nodes.iter().map(|node| columns(node)).filter(|wide| *wide <= third).max().unwrap_or(0);
        let indent = 4 * GAP + self.clock + self.number + node;
        for row in rows {
            let (clock, number) = (pad(&row.clock, self.clock), pad(&row.number, self.number));
            let first = format!("  {clock}  {number}  {}  ", pad(&row.node, node));
            page.hang(&first, indent, &row.what);
        }
    }
}

/// Columns for the nodes: what each needs if all fit, else no less than `least` of it; `None` if even that does not fit.
fn share(natural: &[usize], least: usize, room: usize) -> Option<Vec<usize>> {
    let room = room.checked_sub(natural.len().saturating_sub(1) * GAP)?;
    if natural.iter().sum::<usize>() <= room {
        return Some(natural.to_vec());
    }
    let mut widths: Vec<usize> = natural.iter().map(|wide| *wide.min(&least)).collect();
    let mut left = room.checked_sub(widths.iter().sum())?;
    while left > 0 {
        let growing = widths.iter_mut().zip(natural).filter(|(wide, natural)| **wide < **natural);
        let Some((wide, _)) = growing.min_by_key(|(wide, _)| **wide) else { break };
        *wide += 1;
        left -= 1;
    }
    Some(widths)
}

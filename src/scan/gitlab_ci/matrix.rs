//! `parallel:matrix`: rows of axes, in any of the shapes that GitLab takes.

use std::collections::HashMap;
use std::rc::Rc;

use crate::scan::gitlab_ci::config::{Config, Layers};
use crate::scan::gitlab_ci::includes::Part;
use crate::scan::gitlab_ci::value::{self, Scalar};
use crate::scan::occurrence::{Axis, Cell, Cells, Entry, Findings, Growth, Seat};
use crate::scan::yaml::{self, Node};
use crate::skip::Reason;

/// Entries of a matrix; GitLab runs no more than 200 jobs of one.
const MAX_ENTRIES: usize = 2_000;

/// A row as it is written.
struct Row<'l> {
    node: Node<'l>,
    axes: Vec<Draft<'l>>,
}

/// An axis of one row.
struct Draft<'l> {
    axis: Axis,
    /// Its only value, if it has but one.
    lone: Option<Node<'l>>,
}

/// Reads all rows.
pub(super) fn rows<'l>(config: &Config<'l>, matrix: &Layers<'l>, findings: &mut Findings) -> Vec<Vec<Axis>> {
    let mut rows = Vec::new();
    let mut count = 0;
    for row in config.items(matrix) {
        let mut axes = Vec::new();
        for (name, values) in config.entries(&Rc::from([row])) {
            count += config.items(&values).len();
            if count > MAX_ENTRIES {
                let reason = Reason::Malformed(format!("a matrix of more than {MAX_ENTRIES} entries"));
                findings.skip(matrix[0].node.resolved().site(), "matrix", reason);
                return Vec::new();
            }
            axes.extend(draft(config, &name, &values));
        }
        if !axes.is_empty() {
            rows.push(Row { node: row.node, axes });
        }
    }
    gather(rows, matrix[0].node)
}

fn draft<'l>(config: &Config<'l>, name: &str, values: &Layers<'l>) -> Option<Draft<'l>> {
    let list = values[0];
    let items = config.items(values);
    let scalars: Vec<(usize, Scalar)> =
        items.iter().enumerate().filter_map(|(index, item)| Some((index, value::expanded(*item)?))).collect();
    if scalars.is_empty() {
        return None;
    }
    // Whether the items stand in the list itself, and not in lists that its items refer to.
    let is_flat = items.len() == list.node.items().len()
        && list.node.items().zip(&items).all(|(own, item)| own.site() == item.node.site());
    let cannot = |why: &str| Err(Reason::CannotGrow { why: why.to_owned() });
    let growth = match scalars.as_slice() {
        [(_, lone)] if !list.node.is_sequence() && !lone.is_literal() => cannot("its value is a variable"),
        _ if list.node.is_sequence() && !is_flat => cannot("its entries come from several lists"),
        _ => yaml::growth(list.node),
    };
    let trouble = scalars.iter().find_map(|(_, scalar)| scalar.trouble.clone());
    let mut entries = Vec::with_capacity(scalars.len());
    for (index, scalar) in scalars {
        let seat = if is_flat { yaml::seat(list.node, index) } else { None };
        entries.push(Entry { value: scalar.template, seat, encoding: scalar.encoding, site: scalar.site });
    }
    let growth = trouble.map_or(growth, Err);
    let lone = items.first().map(|item| item.node).filter(|_| items.len() == 1);
    let axis = Axis { name: name.to_owned(), entries, growth, site: list.node.resolved().site() };
    Some(Draft { axis, lone })
}

/// The cells that a row of `needs:parallel:matrix` names for one variable. `whole` is where the row sits.
pub(super) fn needed(name: &str, values: &Layers, items: &[Part], whole: Option<Seat>) -> Cells {
    let list = values[0].node;
    let is_flat = list.items().map(yaml::Node::id).eq(items.iter().map(|item| item.node.id()));
    let cells = items.iter().enumerate().filter_map(|(index, item)| {
        let Scalar { template, site, encoding, .. } = value::expanded(*item)?;
        let seat = if list.is_sequence() && is_flat { yaml::seat(list, index) } else { whole };
        Some(Cell::from([(name.to_owned(), Entry { value: template, site, encoding, seat })]))
    });
    Cells { cells: cells.collect(), whole: whole.map(|seat| seat.removal) }
}

/// Puts rows together that differ in one variable alone: `- PY: "3.12"` and `- PY: "3.13"` are one
/// axis, spelled out, which grows by a row like them. Other rows of single values are pairs that
/// belong together.
fn gather(rows: Vec<Row>, list: Node) -> Vec<Vec<Axis>> {
    let groups = spelled_out(&rows).unwrap_or_else(|| Groups { name: String::new(), rows: ungrouped(&rows) });
    let mut values: HashMap<String, Vec<Values>> = HashMap::new();
    for draft in rows.iter().flat_map(|row| &row.axes) {
        let known = values.entry(draft.axis.name.clone()).or_default();
        let literals = literals(&draft.axis);
        if !known.contains(&literals) {
            known.push(literals);
        }
    }
    let places: HashMap<u32, usize> = list.items().enumerate().map(|(index, item)| (item.id(), index)).collect();
    let mut rows: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
    let mut gathered = Vec::with_capacity(groups.rows.len());
    for group in groups.rows {
        let members: Vec<Row> = group.iter().filter_map(|index| rows.get_mut(*index)?.take()).collect();
        let is_alone = members.len() == 1;
        let mut spelled = (!is_alone).then(|| joined(&members, &groups.name, list, &places)).flatten();
        let Some(first) = members.into_iter().next() else { continue };
        let axes = first.axes.into_iter().map(|draft| {
            let is_pair = draft.lone.is_some() && values.get(&draft.axis.name).is_some_and(|values| values.len() > 1);
            match spelled.take_if(|axis| axis.name == draft.axis.name) {
                Some(axis) => axis,
                None if (is_alone && !is_pair) || !has_versions(&draft.axis) => draft.axis,
                None => Axis { growth: draft.axis.growth.and(Err(Reason::MatrixRow)), ..draft.axis },
            }
        });
        gathered.push(axes.collect());
    }
    gathered
}

/// Rows by index, those of one group differing in one variable alone.
struct Groups {
    name: String,
    rows: Vec<Vec<usize>>,
}

fn ungrouped(rows: &[Row]) -> Vec<Vec<usize>> {
    (0..rows.len()).map(|index| vec![index]).collect()
}

/// The first variable with versions of which some rows spell out an axis.
fn spelled_out(rows: &[Row]) -> Option<Groups> {
    let mut tried: Vec<&str> = Vec::new();
    for draft in rows.iter().flat_map(|row| &row.axes) {
        let name = draft.axis.name.as_str();
        if tried.contains(&name) || tried.len() > 16 || !has_versions(&draft.axis) {
            continue;
        }
        tried.push(name);
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut known: HashMap<Vec<(&str, Values)>, usize> = HashMap::new();
        for (index, row) in rows.iter().enumerate() {
            let mut others: Vec<_> = row
                .axes
                .iter()
                .filter(|draft| draft.axis.name != name)
                .map(|draft| (draft.axis.name.as_str(), literals(&draft.axis)))
                .collect();
            others.sort();
            let is_plain = row.axes.iter().all(|draft| literals(&draft.axis).iter().all(Option::is_some));
            if !is_plain || row.axes.iter().all(|draft| draft.axis.name != name) {
                groups.push(vec![index]);
                continue;
            }
            let group = *known.entry(others).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[group].push(index);
        }
        if groups.len() < rows.len() {
            return Some(Groups { name: name.to_owned(), rows: groups });
        }
    }
    None
}

/// The axis that several rows spell out. `places` are those of the items of the list.
fn joined(rows: &[Row], name: &str, list: Node, places: &HashMap<u32, usize>) -> Option<Axis> {
    let of_row = |row: &Row| row.axes.iter().position(|draft| draft.axis.name == name);
    let drafts: Vec<&Draft> = rows.iter().filter_map(|row| row.axes.get(of_row(row)?)).collect();
    let (first, last) = (drafts.first()?, drafts.last()?);
    let alone: Option<Vec<(Node, Node)>> =
        rows.iter().zip(&drafts).map(|(row, draft)| Some((row.node, draft.lone?))).collect();
    let trouble = drafts.iter().find_map(|draft| draft.axis.growth.as_ref().err()).cloned();
    let growth = match alone {
        Some(pairs) if pairs.iter().all(|(row, _)| places.contains_key(&row.id())) => yaml::repetition(list, &pairs),
        Some(_) => Err(Reason::MatrixRow),
        None => match (&first.axis.growth, &last.axis.growth) {
            (Ok(first), Ok(last)) if first.wrap.is_none() && last.wrap.is_none() => {
                Ok(Growth { prepend: first.prepend.clone(), ..last.clone() })
            }
            (_, last) => last.clone(),
        },
    };
    let mut entries: Vec<Entry> = Vec::new();
    for (row, draft) in rows.iter().zip(&drafts) {
        let index = places.get(&row.node.id()).filter(|_| draft.lone.is_some());
        let whole = index.and_then(|index| yaml::seat(list, *index));
        entries.extend(draft.axis.entries.iter().cloned().map(|entry| match whole {
            Some(seat) => Entry { seat: Some(seat), ..entry },
            None => entry,
        }));
    }
    let growth = match trouble {
        Some(reason @ Reason::NotWritable { .. }) => Err(reason),
        _ => growth,
    };
    Some(Axis { name: name.to_owned(), entries, growth, site: first.axis.site.clone() })
}

fn has_versions(axis: &Axis) -> bool {
    let starts_with_digit = |value: &String| value.starts_with(|first: char| first.is_ascii_digit());
    literals(axis).iter().flatten().any(starts_with_digit)
}

/// The values of an axis, as far as they are known.
type Values = Vec<Option<String>>;

fn literals(axis: &Axis) -> Values {
    axis.entries.iter().map(|entry| entry.value.literal()).collect()
}

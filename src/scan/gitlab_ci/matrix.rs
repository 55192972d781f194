//! `parallel:matrix`: rows of axes, in any of the shapes that GitLab takes.

use std::rc::Rc;

use crate::scan::gitlab_ci::config::{Config, Layers};
use crate::scan::gitlab_ci::value::{self, Scalar};
use crate::scan::occurrence::{Axis, Entry, Findings};
use crate::scan::yaml;
use crate::skip::Reason;

/// Entries of a matrix; GitLab runs no more than 200 jobs of one.
const MAX_ENTRIES: usize = 2_000;

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
            axes.extend(axis(config, &name, &values));
        }
        if !axes.is_empty() {
            rows.push(axes);
        }
    }
    rows
}

fn axis<'l>(config: &Config<'l>, name: &str, values: &Layers<'l>) -> Option<Axis> {
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
        let removal = if is_flat { yaml::removal(list.node, index) } else { None };
        let removal = removal.unwrap_or(scalar.site.span);
        entries.push(Entry { value: scalar.template, removal, encoding: scalar.encoding, site: scalar.site });
    }
    let growth = trouble.map_or(growth, Err);
    Some(Axis { name: name.to_owned(), entries, growth, site: list.node.resolved().site() })
}

//! `parallel:matrix`: rows of axes, in any of the shapes that GitLab takes.

use std::rc::Rc;

use crate::scan::gitlab_ci::config::{Config, Layers};
use crate::scan::gitlab_ci::includes::Part;
use crate::scan::gitlab_ci::value::{self, Scalar};
use crate::scan::occurrence::{Axis, Entry, Findings};
use crate::scan::yaml;
use crate::skip::Reason;
use crate::text::Site;

/// Reads all rows. Notes values that cannot be edited.
pub(super) fn rows<'l>(config: &Config<'l>, matrix: &Layers<'l>, findings: &mut Findings) -> Vec<Vec<Axis>> {
    let mut rows = Vec::new();
    for row in config.items(matrix) {
        let entries = config.entries(&Rc::from([row]));
        let axes: Vec<Axis> =
            entries.iter().filter_map(|(name, values)| axis(config, name, values, findings)).collect();
        if !axes.is_empty() {
            rows.push(axes);
        }
    }
    rows
}

fn axis<'l>(config: &Config<'l>, name: &str, values: &Layers<'l>, findings: &mut Findings) -> Option<Axis> {
    let list = values[0];
    let items = config.items(values);
    let scalars: Vec<(Part, Scalar)> = items.iter().filter_map(|item| Some((*item, value::expanded(*item)?))).collect();
    if scalars.is_empty() {
        return None;
    }
    // Items that stand in the list itself, and not in a list that an item refers to.
    let stands_here =
        |index: usize, item: &Part| list.node.items().nth(index).is_some_and(|own| own.site() == item.node.site());
    let is_flat = items.len() == list.node.items().len()
        && items.iter().enumerate().all(|(index, item)| stands_here(index, item));
    let cannot = |why: &str| Err(Reason::CannotGrow { why: why.to_owned() });
    let growth = match scalars.as_slice() {
        [(_, lone)] if !list.node.is_sequence() && !lone.is_literal() => cannot("its value is a variable"),
        _ if list.node.is_sequence() && !is_flat => cannot("its entries come from several lists"),
        _ => yaml::growth(list.node),
    };
    let mut entries = Vec::with_capacity(scalars.len());
    for (index, (_, scalar)) in scalars.into_iter().enumerate() {
        let removal = if is_flat { yaml::removal(list.node, index) } else { None };
        let removal = removal.unwrap_or(scalar.site.span);
        entries.push(Entry { value: scalar.template, removal, encoding: scalar.encoding, site: scalar.site.clone() });
        if let Some(reason) = scalar.trouble {
            findings.skip(scalar.site, name, reason);
        }
    }
    let site = Site::new(list.node.document().file(), list.node.resolved().span());
    Some(Axis { name: name.to_owned(), entries, growth, site })
}

//! Any text as YAML: every node has a place, and a rewritten scalar reads as what was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tagalong::scan::yaml::{self, Document, Node};
use tagalong::text::{Edit, FilePath, Site, apply};

/// Enough to meet every form, few enough to be quick.
const REWRITTEN: usize = 8;

fn walk<'d>(node: Node<'d>, scalars: &mut Vec<Node<'d>>, budget: &mut usize) {
    let Some(left) = budget.checked_sub(1) else { return };
    *budget = left;
    assert!(node.document().text().get(node.span().range()).is_some());
    if let Some(value) = node.scalar() {
        let sourced = yaml::sourced(node).unwrap();
        assert_eq!(sourced.text(), value);
        if !node.is_alias() {
            scalars.push(node);
        }
    }
    if node.is_sequence() {
        let _ = yaml::growth(node);
        for (index, item) in node.items().enumerate() {
            let _ = yaml::seat(node, index);
            walk(item, scalars, budget);
        }
    }
    for (key, value) in node.pairs() {
        walk(key, scalars, budget);
        walk(value, scalars, budget);
    }
    let _ = node.entries();
}

fn scalars<'d>(document: &'d Document<'d>) -> Vec<Node<'d>> {
    let mut scalars = Vec::new();
    walk(document.root(), &mut scalars, &mut 4000);
    scalars
}

fuzz_target!(|text: &str| {
    let file = FilePath::new("x.yml").unwrap();
    let stream = yaml::parse(&file, text);
    for (number, document) in stream.documents.iter().enumerate() {
        for (index, scalar) in scalars(document).into_iter().enumerate().take(REWRITTEN) {
            // What a version is written over: text with a digit that stands there as it reads.
            let is_version = scalar.scalar().is_some_and(|value| {
                value.bytes().any(|byte| byte.is_ascii_digit()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
            });
            if !is_version || scalar.tag().is_some() || text[yaml::inner(scalar).range()] != *scalar.scalar().unwrap() {
                continue;
            }
            let replacement = yaml::rewrite("3.10", yaml::encoding(scalar));
            let edit = Edit { site: Site::new(&file, yaml::inner(scalar)), replacement };
            let edited = apply(text, [&edit]).unwrap();
            let again = yaml::parse(&file, &edited);
            let found = again.documents.get(number).map(|document| scalars(document));
            let found = found.as_ref().and_then(|scalars| scalars.get(index)).and_then(|scalar| scalar.scalar());
            assert_eq!(found, Some("3.10"), "{text:?} became {edited:?}");
        }
    }
});

//! The tree of a YAML text: each [`Node`] knows its exact bytes, aliases stay references.
//!
//! Nothing is expanded while parsing, so a bomb of aliases costs what its bytes cost. Depth is limited
//! by the parser (255 levels of each kind), so whoever walks a tree without following aliases may recurse.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, options};

use crate::text::{FilePath, Site, Span};

/// Merged pairs that one document may cost in all its look-ups, far above any file of a hand.
const MERGE_BUDGET: usize = 1_000_000;
/// Mappings that merge mappings that merge mappings.
const MERGE_DEPTH: usize = 64;

/// All documents of a text, as far as it is YAML.
#[derive(Debug)]
pub struct Stream<'t> {
    /// The complete documents, up to the fault.
    pub documents: Vec<Document<'t>>,
    /// Why the text ends there.
    pub fault: Option<Fault>,
}

/// Where and why a text is not YAML.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Byte offset in the text.
    pub offset: usize,
    /// In the parser's words.
    pub message: String,
}

/// One document of a text.
#[derive(Debug)]
pub struct Document<'t> {
    file: FilePath,
    text: &'t str,
    /// Parents before their children; the root is the first. Never empty.
    nodes: Vec<Data<'t>>,
    /// What is left of [`MERGE_BUDGET`].
    merge_budget: Cell<usize>,
}

#[derive(Debug)]
struct Data<'t> {
    span: Span,
    /// Where the node starts with its tag and its anchor.
    start: usize,
    tag: Option<Box<str>>,
    content: Content<'t>,
}

#[derive(Debug)]
enum Content<'t> {
    Scalar { value: Cow<'t, str>, style: Style },
    Sequence { flow: bool, items: Vec<u32> },
    Mapping { flow: bool, pairs: Vec<(u32, u32)> },
    Alias(u32),
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// A node of a [`Document`]. Cheap to copy.
///
/// All questions about content ([`Node::scalar`], [`Node::items`], …) follow an alias to its anchor;
/// those about the place ([`Node::span`], [`Node::site`]) do not. Whoever recurses through content must
/// bound the depth, for an anchor may hold an alias to itself.
#[derive(Clone, Copy, Debug)]
pub struct Node<'d> {
    document: &'d Document<'d>,
    id: u32,
}

/// An entry of a mapping whose key is a scalar.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'d> {
    /// The text of the key.
    pub name: &'d str,
    /// The key.
    pub key: Node<'d>,
    /// The value.
    pub value: Node<'d>,
}

/// Reads all documents of a text. Those before a fault are kept.
#[must_use]
pub fn parse<'t>(file: &FilePath, text: &'t str) -> Stream<'t> {
    let options = options! { emit_comments: false, emit_anchor_events: true };
    let mut builder =
        Builder { file, text, documents: Vec::new(), nodes: Vec::new(), open: Vec::new(), anchors: HashMap::new() };
    for next in Parser::new_from_str_with_options(text, options) {
        match next {
            Ok((event, place)) => {
                let span = place.byte_range().and_then(|range| span_in(text, range.start, range.end));
                let tag_start = place.tag_start().and_then(|marker| marker.byte_offset());
                builder.event(event, span.unwrap_or(Span::new(text.len(), text.len())), tag_start);
            }
            Err(error) => {
                let mut offset = error.marker().byte_offset().unwrap_or(0).min(text.len());
                while !text.is_char_boundary(offset) {
                    offset -= 1;
                }
                let fault = Fault { offset, message: error.info() };
                return Stream { documents: builder.documents, fault: Some(fault) };
            }
        }
    }
    Stream { documents: builder.documents, fault: None }
}

fn span_in(text: &str, start: usize, end: usize) -> Option<Span> {
    text.get(start..end).map(|_| Span::new(start, end))
}

/// Builds trees from events, without recursion.
struct Builder<'f, 't> {
    file: &'f FilePath,
    text: &'t str,
    documents: Vec<Document<'t>>,
    nodes: Vec<Data<'t>>,
    open: Vec<Open>,
    /// The parser's number of an anchor, and its node.
    anchors: HashMap<usize, u32>,
}

/// A collection whose end has not come.
struct Open {
    id: u32,
    /// The key whose value has not come.
    key: Option<u32>,
}

impl<'t> Builder<'_, 't> {
    fn event(&mut self, event: Event<'t>, span: Span, tag_start: Option<usize>) {
        let start = tag_start.map_or(span.start, |tag| tag.min(span.start));
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                // The parser says `~` for a value that is not there.
                let value = if style == Style::Plain && span.is_empty() { Cow::Borrowed("") } else { value };
                let span = match style {
                    // The parser's span runs into the indentation of the next line.
                    Style::Literal | Style::Folded => trimmed(self.text, span),
                    Style::Plain | Style::Single | Style::Double => span,
                };
                let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()).into());
                self.node(Data { span, start, tag, content: Content::Scalar { value, style } }, anchor);
            }
            Event::SequenceStart(style, anchor, tag) => {
                let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()).into());
                let content = Content::Sequence { flow: style == StructureStyle::Flow, items: Vec::new() };
                let id = self.node(Data { span, start, tag, content }, anchor);
                self.open.push(Open { id, key: None });
            }
            Event::MappingStart(style, anchor, tag) => {
                let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()).into());
                let content = Content::Mapping { flow: style == StructureStyle::Flow, pairs: Vec::new() };
                let id = self.node(Data { span, start, tag, content }, anchor);
                self.open.push(Open { id, key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => {
                let content = match self.anchors.get(&anchor) {
                    Some(target) => Content::Alias(*target),
                    None => Content::Scalar { value: Cow::Borrowed(""), style: Style::Plain },
                };
                self.node(Data { span, start, tag: None, content }, 0);
            }
            Event::Anchor(..) => {
                if let Some(last) = self.nodes.last_mut() {
                    last.start = last.start.min(span.start);
                }
            }
            Event::DocumentStart(..) => {
                self.nodes.clear();
                self.open.clear();
                self.anchors.clear();
            }
            Event::DocumentEnd => {
                let nodes = std::mem::take(&mut self.nodes);
                if !nodes.is_empty() {
                    let merge_budget = Cell::new(MERGE_BUDGET);
                    self.documents.push(Document { file: self.file.clone(), text: self.text, nodes, merge_budget });
                }
            }
            _ => {}
        }
    }

    /// Adds a node to the innermost open collection.
    fn node(&mut self, data: Data<'t>, anchor: usize) -> u32 {
        // A text has fewer nodes than bytes, and files of 4 GiB are not read.
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(data);
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        if let Some(open) = self.open.last_mut() {
            match &mut self.nodes[open.id as usize].content {
                Content::Sequence { items, .. } => items.push(id),
                Content::Mapping { pairs, .. } => match open.key.take() {
                    Some(key) => pairs.push((key, id)),
                    None => open.key = Some(id),
                },
                Content::Scalar { .. } | Content::Alias(_) => {}
            }
        }
        id
    }

    /// Ends the innermost open collection; only now its extent is known.
    fn close(&mut self, end: Span) {
        let Some(open) = self.open.pop() else { return };
        let data = &self.nodes[open.id as usize];
        let (first, last, flow) = match &data.content {
            Content::Sequence { flow, items } => (items.first(), items.last(), *flow),
            Content::Mapping { flow, pairs } => {
                (pairs.first().map(|(key, _)| key), pairs.last().map(|(_, value)| value), *flow)
            }
            Content::Scalar { .. } | Content::Alias(_) => (None, None, false),
        };
        let start = data.span.start;
        let span = match (first, last) {
            _ if flow && !end.is_empty() && !data.span.is_empty() => Span::new(start, end.end.max(start)),
            (Some(first), Some(last)) => {
                let start = self.nodes[*first as usize].start;
                Span::new(start, self.nodes[*last as usize].span.end.max(start))
            }
            _ => data.span,
        };
        let data = &mut self.nodes[open.id as usize];
        data.span = span;
        data.start = data.start.min(span.start);
    }
}

/// A span without the white space at its end.
fn trimmed(text: &str, span: Span) -> Span {
    let content = text.get(span.range()).unwrap_or("").trim_end_matches([' ', '\t', '\r', '\n']);
    Span::new(span.start, span.start + content.len())
}

impl<'t> Document<'t> {
    /// The outermost node.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node { document: self, id: 0 }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &FilePath {
        &self.file
    }

    /// The whole text of the file.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Whether merge keys multiplied beyond what was worth following, so that look-ups are incomplete.
    #[must_use]
    pub fn merges_exhausted(&self) -> bool {
        self.merge_budget.get() == 0
    }
}

impl<'d> Node<'d> {
    fn data(self) -> &'d Data<'d> {
        // Every id of a document is an index of its nodes, which only the builder writes.
        &self.document.nodes[self.id as usize]
    }

    fn at(self, id: u32) -> Self {
        Self { document: self.document, id }
    }

    /// The document.
    #[must_use]
    pub fn document(self) -> &'d Document<'d> {
        self.document
    }

    /// The bytes of the node: with its quotes, without tag and anchor; of a block scalar its content.
    #[must_use]
    pub fn span(self) -> Span {
        self.data().span
    }

    /// Where the node starts together with its tag and anchor.
    #[must_use]
    pub fn start(self) -> usize {
        self.data().start
    }

    /// [`Node::span`], with the file.
    #[must_use]
    pub fn site(self) -> Site {
        Site::new(&self.document.file, self.span())
    }

    /// The bytes of the node as they stand in the file.
    #[must_use]
    pub fn raw(self) -> &'d str {
        self.document.text.get(self.span().range()).unwrap_or("")
    }

    /// A number that no other node of the document has.
    #[must_use]
    pub fn id(self) -> u32 {
        self.id
    }

    /// Whether the node stands for another one.
    #[must_use]
    pub fn is_alias(self) -> bool {
        matches!(self.data().content, Content::Alias(_))
    }

    /// The node that an alias stands for, else the node itself.
    #[must_use]
    pub fn resolved(self) -> Self {
        match self.data().content {
            // An anchor cannot stand on an alias, so one step is all.
            Content::Alias(target) => self.at(target),
            _ => self,
        }
    }

    /// The tag with its handle resolved: `!reference`, `tag:yaml.org,2002:str`.
    #[must_use]
    pub fn tag(self) -> Option<&'d str> {
        self.resolved().data().tag.as_deref()
    }

    /// The text of a scalar.
    #[must_use]
    pub fn scalar(self) -> Option<&'d str> {
        match &self.resolved().data().content {
            Content::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// How a scalar is written.
    #[must_use]
    pub fn style(self) -> Option<Style> {
        match &self.resolved().data().content {
            Content::Scalar { style, .. } => Some(*style),
            _ => None,
        }
    }

    /// Whether the node is nothing, `~` or `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.style() == Some(Style::Plain)
            && self.tag().is_none_or(|tag| tag == "tag:yaml.org,2002:null")
            && matches!(self.scalar(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// Whether the node is a list.
    #[must_use]
    pub fn is_sequence(self) -> bool {
        matches!(self.resolved().data().content, Content::Sequence { .. })
    }

    /// Whether the node is a mapping.
    #[must_use]
    pub fn is_mapping(self) -> bool {
        matches!(self.resolved().data().content, Content::Mapping { .. })
    }

    /// Whether the node is a collection in brackets or braces.
    #[must_use]
    pub fn is_flow(self) -> bool {
        match self.resolved().data().content {
            Content::Sequence { flow, .. } | Content::Mapping { flow, .. } => flow,
            _ => false,
        }
    }

    /// The items of a list, none for anything else.
    #[must_use]
    pub fn items(self) -> impl ExactSizeIterator<Item = Node<'d>> + DoubleEndedIterator {
        let node = self.resolved();
        let items: &'d [u32] = match &node.data().content {
            Content::Sequence { items, .. } => items,
            _ => &[],
        };
        items.iter().map(move |id| node.at(*id))
    }

    /// One item of a list.
    #[must_use]
    pub fn item(self, index: usize) -> Option<Self> {
        let node = self.resolved();
        match &node.data().content {
            Content::Sequence { items, .. } => items.get(index).map(|id| node.at(*id)),
            _ => None,
        }
    }

    /// The pairs of a mapping as written, with merge keys and doubles; none for anything else.
    #[must_use]
    pub fn pairs(self) -> impl ExactSizeIterator<Item = (Node<'d>, Node<'d>)> + DoubleEndedIterator {
        let node = self.resolved();
        let pairs: &'d [(u32, u32)] = match &node.data().content {
            Content::Mapping { pairs, .. } => pairs,
            _ => &[],
        };
        pairs.iter().map(move |(key, value)| (node.at(*key), node.at(*value)))
    }

    /// The entries of a mapping in the order of their first appearance, merge keys followed.
    ///
    /// The last assignment of a name wins, and a merge key assigns where it stands. So does Ruby's Psych,
    /// which reads pipelines for GitLab, where `image: x` above `<<: *base` yields to the image of `base`.
    #[must_use]
    pub fn entries(self) -> Vec<Pair<'d>> {
        let mut entries = Vec::new();
        let mut known = HashMap::new();
        self.collect(&mut entries, &mut known, MERGE_DEPTH);
        entries
    }

    fn collect(self, entries: &mut Vec<Pair<'d>>, known: &mut HashMap<&'d str, usize>, depth: usize) {
        for (key, value) in self.pairs() {
            if depth < MERGE_DEPTH && !self.spend() {
                return;
            }
            let Some(name) = key.scalar() else { continue };
            if key.is_merge() && (value.is_mapping() || value.is_sequence()) {
                if depth > 0 {
                    value.merged().for_each(|mapping| mapping.collect(entries, known, depth - 1));
                }
                continue;
            }
            let pair = Pair { name, key, value };
            let index = *known.entry(name).or_insert(entries.len());
            match entries.get_mut(index) {
                Some(entry) => *entry = pair,
                None => entries.push(pair),
            }
        }
    }

    /// The value of a key, as [`Node::entries`] has it.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Node<'d>> {
        self.find(name, MERGE_DEPTH)
    }

    fn find(self, name: &str, depth: usize) -> Option<Node<'d>> {
        for (key, value) in self.pairs().rev() {
            if depth < MERGE_DEPTH && !self.spend() {
                return None;
            }
            if key.is_merge() && (value.is_mapping() || value.is_sequence()) {
                let found =
                    || value.merged().collect::<Vec<_>>().into_iter().rev().find_map(|node| node.find(name, depth - 1));
                if depth > 0
                    && let Some(found) = found()
                {
                    return Some(found);
                }
            } else if key.scalar() == Some(name) {
                return Some(value);
            }
        }
        None
    }

    fn is_merge(self) -> bool {
        self.style() == Some(Style::Plain) && self.tag().is_none() && self.scalar() == Some("<<")
    }

    /// The mappings that the value of a merge key names, the strongest last.
    fn merged(self) -> impl Iterator<Item = Node<'d>> {
        let lone = self.is_mapping().then_some(self);
        self.items().rev().filter(|item| item.is_mapping()).chain(lone)
    }

    /// Pays for one merged pair.
    fn spend(self) -> bool {
        let left = self.document.merge_budget.get();
        self.document.merge_budget.set(left.saturating_sub(1));
        left > 0
    }
}

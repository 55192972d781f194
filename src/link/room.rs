//! A use of an image without a digest in; out the place where one could be written, or why there is none.
//!
//! A digest is written only where the whole reference stands, and where nothing but references read it: in the
//! reference itself, or in an argument before the first `FROM` of a Dockerfile. What else reads the variable of a
//! pipeline, nobody can tell. Must never know: tags, registries, policy.

use std::collections::{HashMap, HashSet};

use crate::link::expand::{Atom, AtomContent, Expansion, Typed};
use crate::link::knot::Slot;
use crate::scan::occurrence::{
    Encoding, Findings, Hole, Image, Kind, Operator, Piece, Template, UnitId, UnitKind, Value,
};
use crate::skip::Reason;
use crate::text::Site;

/// What is known of the arguments of Dockerfiles.
pub(super) struct Rooms<'a> {
    findings: &'a Findings,
    /// The declaration of an argument; `None` where there are several.
    declared: HashMap<(UnitId, &'a str), Option<&'a Value>>,
    /// Arguments that are used for something else than a whole reference, or for a part of one.
    otherwise: HashSet<(UnitId, &'a str)>,
}

impl<'a> Rooms<'a> {
    pub(super) fn new(findings: &'a Findings) -> Self {
        let mut rooms = Self { findings, declared: HashMap::new(), otherwise: HashSet::new() };
        let unit_of = |scope| findings.scope_of(scope).unit;
        let is_dockerfile = |unit| findings.unit_of(unit).kind == UnitKind::Dockerfile;
        for value in findings.values.iter().filter(|value| is_dockerfile(unit_of(value.scope))) {
            let unit = unit_of(value.scope);
            let declared = rooms.declared.entry((unit, value.name.as_str()));
            declared.and_modify(|known| *known = None).or_insert(Some(value));
            let names = value.value.iter().flat_map(Template::variables);
            rooms.otherwise.extend(names.map(|name| (unit, name)));
        }
        for image in findings.images.iter().filter(|image| is_dockerfile(unit_of(image.scope))) {
            let unit = unit_of(image.scope);
            let names = image.reference.variables();
            let is_whole = |hole: &Hole| matches!(hole.operator, Operator::Plain | Operator::Required);
            // The first name is the one that the others do something to.
            let harmless = match only_hole(image) {
                Some(Hole { operator: Operator::Default { .. }, .. }) => 1,
                Some(hole) if is_whole(hole) => 1,
                _ => 0,
            };
            rooms.otherwise.extend(names.into_iter().skip(harmless).map(|name| (unit, name)));
        }
        rooms
    }

    /// Where the digest would stand, or why none can; `None` if there is no reference that it could be a part of.
    pub(super) fn behind(&self, image: &Image, expansion: &Expansion) -> Option<Result<Slot, Reason>> {
        match image.kind {
            Kind::Toolchain | Kind::VersionFile | Kind::Annotation => None,
            _ => Some(self.end(image, expansion).and_then(room)),
        }
    }

    /// The end of the reference, if the digest of its tag may stand there.
    fn end<'e>(&self, image: &Image, expansion: &'e Expansion) -> Result<&'e Typed, Reason> {
        let not_pinned = |why: String| Err(Reason::NotPinned { why });
        if let Some(list) = expansion.hops.iter().find(|hop| hop.kind == Kind::Matrix) {
            let name = list.kind.bare_name(&list.variable);
            return not_pinned(format!("{name} is a list of versions, and a digest is that of one"));
        }
        let last = expansion.atoms.iter().rev().find_map(|atom| match &atom.content {
            AtomContent::Text(typed) if !typed.text.is_empty() => Some(typed),
            AtomContent::Text(_) | AtomContent::Axis(..) | AtomContent::Unset(_) | AtomContent::Unknown(_) => None,
        });
        let last = last.ok_or_else(not_writable)?;
        let pieces = image.reference.pieces.iter().enumerate();
        let hole = pieces.into_iter().find_map(|(index, piece)| match piece {
            Piece::Hole(hole) if !is_implied(expansion, index) => Some(hole),
            Piece::Hole(_) | Piece::Text { .. } | Piece::Unknown { .. } => None,
        });
        match hole {
            None => Ok(last),
            Some(hole) if only_hole(image).is_none() => not_pinned(format!("{} is a part of the reference", hole.name)),
            Some(hole) if self.is_only_a_reference(image, hole, last) => Ok(last),
            Some(hole) => not_pinned(format!("{} may be read by more than this reference", hole.name)),
        }
    }

    /// Whether the value of a variable is a reference, and nothing else than references like this one reads it.
    fn is_only_a_reference(&self, image: &Image, hole: &Hole, value: &Typed) -> bool {
        match &hole.operator {
            Operator::Default { word, .. } if is_all_of(word, value) => return true,
            Operator::Plain | Operator::Required | Operator::Default { .. } => {}
            Operator::Alternate { .. }
            | Operator::TrimPrefix { .. }
            | Operator::TrimSuffix { .. }
            | Operator::Replace { .. } => return false,
        }
        let name = (self.findings.scope_of(image.scope).unit, hole.name.as_str());
        let declared = self.declared.get(&name).copied().flatten().and_then(|declared| declared.value.as_ref());
        // What is declared in a stage, the commands of the stage read, too; a FROM sees none of it.
        image.kind == Kind::From
            && !self.otherwise.contains(&name)
            && declared.is_some_and(|template| is_all_of(template, value))
    }
}

/// The variable that is a whole reference.
fn only_hole(image: &Image) -> Option<&Hole> {
    match image.reference.pieces.as_slice() {
        [Piece::Hole(hole)] => Some(hole),
        _ => None,
    }
}

/// Whether the format itself gives a variable its value, which is then the same wherever the file is used: the
/// prefix of a dependency proxy.
fn is_implied(expansion: &Expansion, piece: usize) -> bool {
    let mut atoms = expansion.atoms.iter().filter(|atom| atom.piece == piece).peekable();
    let is_written = expansion.hops.iter().any(|hop| hop.piece == piece);
    let has_no_place = |atom: &Atom| matches!(&atom.content, AtomContent::Text(typed) if typed.site.is_none());
    !is_written && atoms.peek().is_some() && atoms.all(has_no_place)
}

/// Whether a text is what a template says, all of it.
fn is_all_of(template: &Template, text: &Typed) -> bool {
    match template.pieces.as_slice() {
        [Piece::Text { span: Some(span), .. }] => text.site == Some(Site::new(&template.file, *span)),
        _ => false,
    }
}

/// The place behind a text.
fn room(last: &Typed) -> Result<Slot, Reason> {
    if let Some(reason) = &last.fixed {
        return Err(reason.clone());
    }
    let Site { file, span } = last.site.as_ref().ok_or_else(not_writable)?;
    Ok(Slot {
        site: Site::new(file, span.end..span.end),
        value: String::new(),
        kind: last.kind,
        encoding: Encoding::Raw,
        variable: last.variable.clone(),
    })
}

fn not_writable() -> Reason {
    Reason::NotWritable { what: "the end of the reference".to_owned() }
}

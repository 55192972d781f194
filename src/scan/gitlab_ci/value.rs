//! Scalars of a pipeline as templates: variables and inputs are holes.

use crate::scan::gitlab_ci::includes::Part;
use crate::scan::occurrence::{Encoding, Piece, Template};
use crate::scan::variables::{Dialect, template};
use crate::scan::yaml::{self, Node, Style};
use crate::skip::Reason;
use crate::text::Site;

/// A scalar that says a version, or a part of one.
pub(super) struct Scalar {
    /// The value.
    pub(super) template: Template,
    /// Where it stands, without its quotes.
    pub(super) site: Site,
    /// How it is written.
    pub(super) encoding: Encoding,
    /// Why it must not be edited: it means something else than what stands there.
    pub(super) trouble: Option<Reason>,
}

/// Reads a scalar in which variables are expanded.
pub(super) fn expanded(part: Part) -> Option<Scalar> {
    let text = yaml::sourced(part.node)?;
    let end = text.text().len();
    scalar(part.node, template(&text, 0..end, Dialect::GitLab))
}

/// Reads a scalar that is taken as it is.
pub(super) fn raw(part: Part) -> Option<Scalar> {
    let text = yaml::sourced(part.node)?;
    let mut template = Template::empty(text.file());
    for (text, span) in text.stretches(0..text.text().len()) {
        template.pieces.push(Piece::Text { text: text.to_owned(), span });
    }
    scalar(part.node, template)
}

fn scalar(node: Node, template: Template) -> Option<Scalar> {
    let site = Site::new(node.document().file(), yaml::inner(node));
    let encoding = yaml::encoding(node);
    let Some(read) = shortened(node) else { return Some(Scalar { template, site, encoding, trouble: None }) };
    let what = format!("{} without quotes, which is read as {read},", node.scalar()?);
    let trouble = Some(Reason::NotWritable { what });
    let mut template = Template::empty(&site.file);
    template.pieces.push(Piece::Text { text: read, span: Some(site.span) });
    Some(Scalar { template, site, encoding, trouble })
}

/// What GitLab makes of a number with zeros at its end: `3.10` is `3.1`.
fn shortened(node: Node) -> Option<String> {
    let text = node.scalar().filter(|_| node.style() == Some(Style::Plain) && node.tag().is_none())?;
    let (whole, fraction) = text.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || !fraction.ends_with('0') || fraction.len() < 2 {
        return None;
    }
    let kept = fraction.trim_end_matches('0');
    Some(format!("{whole}.{}", if kept.is_empty() { "0" } else { kept }))
}

impl Scalar {
    /// Whether nothing has to be looked up to know the value.
    pub(super) fn is_literal(&self) -> bool {
        self.template.literal().is_some()
    }
}

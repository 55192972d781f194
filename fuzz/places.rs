//! What every scan owes: places that lie in the files it read, on the borders of characters.

use tagalong::scan::occurrence::Findings;
use tagalong::text::{FilePath, Site};

pub fn lie_in<'t>(findings: &Findings, text: impl Fn(&FilePath) -> Option<&'t str>) {
    let check = |site: &Site| {
        if let Some(text) = text(&site.file) {
            assert!(text.get(site.span.range()).is_some(), "{site:?} is no place");
        }
    };
    findings.images.iter().for_each(|image| check(&image.site));
    findings.values.iter().for_each(|value| check(&value.site));
    findings.calls.iter().for_each(|call| check(&call.site));
    findings.skips.iter().for_each(|skip| check(&skip.site));
    for axis in findings.matrices.iter().flat_map(|matrix| matrix.rows.iter().flatten()) {
        check(&axis.site);
        axis.entries.iter().for_each(|entry| check(&entry.site));
        if let (Ok(growth), Some(text)) = (&axis.growth, text(&axis.site.file)) {
            for at in [growth.append.at, growth.prepend.at].into_iter().chain(growth.wrap.iter().map(|(at, _)| *at)) {
                assert!(text.is_char_boundary(at), "nothing can be inserted at {at} of {}", axis.site.file);
            }
        }
    }
}

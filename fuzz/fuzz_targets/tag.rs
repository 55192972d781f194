//! Any three words as tags: they are cut without loss, and ordered within their line.
#![no_main]

use std::cmp::Ordering;

use libfuzzer_sys::fuzz_target;
use tagalong::version::Tag;

fuzz_target!(|text: &str| {
    let tags: Vec<Tag> = text.split(' ').take(3).map(Tag::parse).collect();
    for tag in &tags {
        assert_eq!(format!("{}{}{}", tag.prefix(), tag.version_text(), tag.suffix()), tag.text());
        assert!(tag.number_spans().all(|span| tag.text().get(span).is_some()));
        let _ = (tag.variant(), tag.variant_version(), tag.precision(), tag.class());
        assert!(*tag == Tag::parse(tag.text()));
    }
    for a in &tags {
        for b in tags.iter().filter(|b| a.line() == b.line()) {
            assert_eq!(a.family(), b.family(), "{} and {}", a.text(), b.text());
            let order = a.version().cmp(&b.version());
            assert_eq!(order, b.version().cmp(&a.version()).reverse());
            for c in tags.iter().filter(|c| c.line() == a.line() && order != Ordering::Greater && b.version() <= c.version()) {
                assert!(a.version() <= c.version(), "{} {} {}", a.text(), b.text(), c.text());
            }
        }
    }
});

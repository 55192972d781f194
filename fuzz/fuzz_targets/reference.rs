//! Any text as an image reference: what is read can be put together again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tagalong::image::{Digest, Reference, Repository};

fuzz_target!(|text: &str| {
    let _ = Digest::parse(text);
    if let Ok(repository) = Repository::parse(text) {
        assert_eq!(Repository::parse(&repository.to_string()).as_ref(), Ok(&repository));
        assert_eq!(Repository::parse(&repository.familiar()).as_ref(), Ok(&repository));
        assert!(!repository.host().is_empty() && repository.path().ends_with(repository.short_name()));
    }
    if let Ok(reference) = Reference::parse(text) {
        let mut whole = text[reference.name.clone()].to_owned();
        if let Some(tag) = &reference.tag {
            whole.extend([":", &text[tag.clone()]]);
        }
        if let Some(digest) = &reference.digest {
            whole.extend(["@", &text[digest.clone()]]);
        }
        assert_eq!(whole, text);
    }
});

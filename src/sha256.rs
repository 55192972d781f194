//! SHA-256 as people and files write it: bytes in, hexadecimal digits out.
//!
//! Must never know: what is hashed, and how many of the digits are enough.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};

/// All 64 digits, in lower case.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::with_capacity(64), |mut digits, byte| {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_the_hash_of_the_standard() {
        assert_eq!(hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}

//! What a GitHub App proves itself with: its key in, web tokens that are good for some minutes out.
//!
//! Must never know: what such a token is used for.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::forge::failure::Failure;
use crate::secret::Secret;

/// The clock of the forge may be behind ours.
const BACKDATED: i64 = 60;
/// GitHub takes ten minutes at most; its clock may differ either way.
const LIFETIME: i64 = 9 * 60;

/// A GitHub App that can prove itself.
#[derive(Debug)]
pub(super) struct App {
    id: String,
    key: RsaKeyPair,
}

impl App {
    /// An app by its id, or its client id, and its key as GitHub gives it out.
    pub(super) fn new(id: &str, pem: &Secret) -> Result<Self, Failure> {
        let refused = |why: &str| Failure::TokenRefused(format!("the key of the app: {why}"));
        let key = match key(pem.expose()).ok_or_else(|| refused("no RSA key in PEM was found in it"))? {
            Encoded::Pkcs1(der) => RsaKeyPair::from_der(&der),
            Encoded::Pkcs8(der) => RsaKeyPair::from_pkcs8(&der),
        };
        Ok(Self { id: id.trim().to_owned(), key: key.map_err(|error| refused(&error.to_string()))? })
    }

    /// The value of a header that proves it.
    pub(super) fn bearer(&self, now: Timestamp) -> Result<Secret, Failure> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(&self.claims(now)));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| Failure::TokenRefused("the key of the app cannot sign".to_owned()))?;
        Ok(Secret::new(format!("Bearer {signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }

    fn claims(&self, now: Timestamp) -> Value {
        let now = now.as_second();
        json!({ "iat": now - BACKDATED, "exp": now + LIFETIME, "iss": self.id })
    }
}

enum Encoded {
    Pkcs1(Vec<u8>),
    Pkcs8(Vec<u8>),
}

/// The key in a text, whatever stands around it.
fn key(text: &str) -> Option<Encoded> {
    // Where a variable can hold one line only, line ends are written out.
    let text = text.replace("\\n", "\n");
    let block = |label: &str| {
        let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).ok()
    };
    block("RSA PRIVATE KEY").map(Encoded::Pkcs1).or_else(|| block("PRIVATE KEY").map(Encoded::Pkcs8))
}

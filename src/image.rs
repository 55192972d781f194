//! To come: a placeholder until the reference grammar lands.

/// An image repository.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Repository(String);

impl Repository {
    /// As people write it.
    #[must_use]
    pub fn familiar(&self) -> String {
        self.0.clone()
    }
}

impl std::fmt::Display for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

//! `Name <address>`, as authors of commits are written.

/// Name and address of `Name <address>`.
#[must_use]
pub fn signature(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('<')?;
    let (name, email) = (name.trim(), rest.strip_suffix('>')?);
    let is_email =
        email.contains('@') && !email.chars().any(|character| character.is_whitespace() || "<>".contains(character));
    (!name.is_empty() && !name.chars().any(char::is_control) && is_email).then_some((name, email))
}

//! Titles and commit messages as templates.
//!
//! Must never know: what the values are.

use minijinja::{Environment, UndefinedBehavior, context};

/// The longest template of a repository's own.
const LONGEST_OWN: usize = 2_000;
/// The longest text that joining may give: joined texts can be joined again.
const LONGEST_JOINED: usize = 64 * 1024;

/// What a template may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Values<'a> {
    /// The title as it would be without a template.
    pub title: &'a str,
    /// The name of the branch.
    pub branch: &'a str,
    /// The images, as people write them.
    pub images: &'a [String],
    /// Whether a major version is crossed.
    pub major: bool,
}

/// Why a text is no template, or asks for what there is not.
pub(super) fn check(template: &str) -> Result<(), String> {
    let values = Values {
        title: "Update python to 3.14",
        branch: "tagalong/python-3.x",
        images: &["python".to_owned()],
        major: true,
    };
    match render(template, &values) {
        Ok(text) if text.trim().is_empty() => Err("it gives nothing".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)),
    }
}

/// Why rendering a text might take for ever, or give without end.
pub(super) fn costly(template: &str) -> Option<&'static str> {
    let multiplies = || template.split("{{").skip(1).any(|rest| rest.split("}}").next().unwrap_or(rest).contains('*'));
    if template.len() > LONGEST_OWN {
        Some("longer than any title or message")
    } else if template.contains("{%") {
        Some("statements are for the operator's templates")
    } else if multiplies() {
        Some("`*` is for the operator's templates")
    } else {
        None
    }
}

/// What a template gives.
pub(super) fn render(template: &str, values: &Values<'_>) -> Result<String, minijinja::Error> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("lower", |text: &str| text.to_lowercase());
    environment.add_filter("join", |list: Vec<String>, separator: &str| join(&list, separator));
    environment.render_str(
        template,
        context! {
            title => values.title,
            branch => values.branch,
            images => values.images.to_vec(),
            major => values.major,
        },
    )
}

fn join(list: &[String], separator: &str) -> Result<String, minijinja::Error> {
    let length = list.iter().map(|item| item.len() + separator.len()).sum::<usize>();
    if length > LONGEST_JOINED {
        return Err(minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, "more text than a message takes"));
    }
    Ok(list.join(separator))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_checked_before_they_are_needed() {
        for good in
            ["{{ title }}", "chore(deps): {{ title | lower }}", "{% if major %}!{% endif %}{{ images | join(\", \") }}"]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "  ", "{{ titel }}", "{{ title", "{% if %}", "{{ title | nothing }}"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}

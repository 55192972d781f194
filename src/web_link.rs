//! The `Link` header of HTTP (RFC 8288): its values in, the target of the next page out.
//!
//! Must never know: whether that page may be asked for.

/// Where the next page is said to be, as it stands there.
pub fn next<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    values.into_iter().flat_map(links).find_map(|(target, parameters)| is_next(parameters).then_some(target))
}

/// The links of a `Link` header: each target with its parameters.
fn links(value: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        // The parameters end at a comma that is not in quotes.
        let mut quoted = false;
        let end = after.find(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        let (parameters, after) = after.split_at(end.unwrap_or(after.len()));
        rest = after;
        Some((target, parameters))
    })
}

fn is_next(parameters: &str) -> bool {
    parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("rel")
            && value.trim().trim_matches('"').split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("next"))
    })
}

//! Which product an image belongs to: package URLs in, names of products out.

use std::collections::HashMap;

use serde::Deserialize;

use super::client::Client;
use super::failure::Failure;
use super::wire::parse;
use crate::cycle::is_product_name;
use crate::image::Repository;

/// Official images of products whose package URLs the API does not list. From the addresses of their pages,
/// `https://endoflife.date/debian`; where a mirror lacks one, it answers that it is not there.
const OFFICIAL: &[(&str, &str)] = &[
    ("almalinux", "almalinux"),
    ("alpine", "alpine-linux"),
    ("centos", "centos"),
    ("debian", "debian"),
    ("docker", "docker-engine"),
    ("eclipse-temurin", "eclipse-temurin"),
    ("elasticsearch", "elasticsearch"),
    ("fedora", "fedora"),
    ("gradle", "gradle"),
    ("httpd", "apache-http-server"),
    ("maven", "maven"),
    ("mongo", "mongodb"),
    ("nginx", "nginx"),
    ("php", "php"),
    ("rabbitmq", "rabbitmq"),
    ("rockylinux", "rocky-linux"),
    ("rust", "rust"),
    ("ubuntu", "ubuntu"),
];

/// Products by the full name of the image.
#[derive(Debug)]
pub(super) struct Names(HashMap<String, String>);

#[derive(Deserialize)]
struct Identifier {
    identifier: String,
    product: Named,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Names {
    pub(super) async fn read(client: &Client) -> Result<Self, Failure> {
        let path = ["identifiers", "purl"];
        let text = client.get(&path).await?.ok_or_else(|| client.malformed("it lists no package URLs"))?;
        let identifiers: Vec<Identifier> = parse(client, &text)?;
        Ok(Self::new(identifiers.into_iter().map(|known| (known.identifier, known.product.name))))
    }

    fn new(identifiers: impl Iterator<Item = (String, String)>) -> Self {
        let official =
            OFFICIAL.iter().map(|(image, product)| (format!("docker.io/library/{image}"), (*product).into()));
        let mut names: HashMap<String, String> = official.collect();
        names.extend(
            identifiers.filter_map(|(identifier, product)| {
                is_product_name(&product).then_some((image(&identifier)?, product))
            }),
        );
        Self(names)
    }

    pub(super) fn product(&self, image: &Repository) -> Option<String> {
        self.0.get(&image.to_string()).cloned()
    }
}

/// The full name of the image that a package URL stands for: `pkg:docker/library/python` is
/// `docker.io/library/python`, `pkg:oci/caddy?repository_url=ghcr.io/acme` is `ghcr.io/acme/caddy`.
fn image(identifier: &str) -> Option<String> {
    let (kind, rest) = identifier.strip_prefix("pkg:")?.split_once('/')?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = path.split(['@', '#']).next()?;
    let at = query.split('&').find_map(|pair| pair.strip_prefix("repository_url="));
    match (kind, at) {
        ("docker", None) => Some(format!("docker.io/{path}")),
        ("docker", Some(host)) => Some(format!("{}/{path}", host.trim_end_matches('/'))),
        // The name of the image may close the address already.
        ("oci", Some(at)) => {
            let at = at.trim_end_matches('/');
            Some(if at.ends_with(&format!("/{path}")) { at.to_owned() } else { format!("{at}/{path}") })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn package_urls_are_images() {
        for (identifier, expected) in [
            ("pkg:docker/library/python", Some("docker.io/library/python")),
            ("pkg:docker/cimg/python", Some("docker.io/cimg/python")),
            ("pkg:docker/acme/app?repository_url=ghcr.io", Some("ghcr.io/acme/app")),
            ("pkg:oci/envoy?repository_url=cgr.dev/chainguard", Some("cgr.dev/chainguard/envoy")),
            ("pkg:oci/caddy?repository_url=ghcr.io/acme/caddy&tag=2", Some("ghcr.io/acme/caddy")),
            ("pkg:oci/caddy", None),
            ("pkg:npm/express", None),
            ("docker/library/python", None),
        ] {
            assert_eq!(image(identifier).as_deref(), expected, "{identifier}");
        }
    }

    #[test]
    fn what_the_server_says_outranks_what_is_known_here() {
        let said = [
            ("pkg:docker/library/debian", "debian-of-theirs"),
            ("pkg:docker/library/python", "python"),
            ("pkg:docker/acme/evil", "../../else/where"),
        ];
        let names = Names::new(said.iter().map(|(image, product)| ((*image).to_owned(), (*product).to_owned())));
        let product = |image: &str| names.product(&Repository::parse(image).unwrap());
        assert_eq!(product("debian").as_deref(), Some("debian-of-theirs"));
        assert_eq!(product("alpine").as_deref(), Some("alpine-linux"));
        assert_eq!(product("python").as_deref(), Some("python"));
        assert_eq!(product("acme/evil"), None);
        assert_eq!(product("registry.example.com/library/python"), None, "a copy may be something else");
    }
}

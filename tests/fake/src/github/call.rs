//! One request on its way through the API: who asks, what for, and how lists are cut into pages.
//!
//! In: the world, a request. Out: the caller's identity, the repository that is meant, permission or refusal, pages.
//! What the single routes mean is known elsewhere.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use crate::exchange::{Answer, Request};

use super::answers::{Outcome, error, field, invalid, not_found};
use super::represent::Pen;
use super::state::{Kind, Permission, Project, Rights, World};

/// Who asks.
#[derive(Clone, Debug)]
pub(super) enum Caller {
    /// No credentials.
    Anonymous,
    /// A classic token with its scopes.
    Person { login: String, scopes: Vec<String> },
    /// A fine-grained token, or one of an installation.
    Limited {
        login: String,
        permissions: BTreeMap<String, String>,
        projects: Option<Vec<u64>>,
        installation: Option<u64>,
    },
    /// An app that proves by a web token that it is itself, which is good for little else.
    App(u64),
}

impl Caller {
    pub(super) fn login(&self) -> Option<&str> {
        match self {
            Self::Person { login, .. } | Self::Limited { login, .. } => Some(login),
            Self::Anonymous | Self::App(_) => None,
        }
    }
}

/// One request on its way.
pub(super) struct Call<'a> {
    pub(super) world: &'a mut World,
    pub(super) request: &'a Request,
    pub(super) caller: Caller,
    /// Root of the URLs in answers: `…/api/v3` where the caller came that way.
    pub(super) api: String,
    /// The JSON body; null where there is none.
    pub(super) body: Value,
}

impl Call<'_> {
    pub(super) fn pen(&self) -> Pen<'_> {
        Pen { world: self.world, api: &self.api, login: self.caller.login() }
    }

    /// The caller's login, or the refusal of a caller without one.
    pub(super) fn login(&self) -> Result<String, Answer> {
        match &self.caller {
            Caller::Person { login, .. } | Caller::Limited { login, .. } => Ok(login.clone()),
            Caller::App(_) => Err(error(403, "Resource not accessible by integration")),
            Caller::Anonymous => Err(error(401, "Requires authentication")),
        }
    }

    /// The login of a person: an installation is none.
    pub(super) fn person(&self) -> Result<String, Answer> {
        match &self.caller {
            Caller::Limited { installation: Some(_), .. } => Err(self.not_accessible()),
            _ => self.login(),
        }
    }

    fn not_accessible(&self) -> Answer {
        match self.caller {
            Caller::Limited { installation: None, .. } => {
                error(403, "Resource not accessible by personal access token")
            }
            _ => error(403, "Resource not accessible by integration"),
        }
    }

    /// Whether the caller may know of a repository.
    pub(super) fn sees(&self, project: &Project) -> bool {
        if !project.private {
            return true;
        }
        match &self.caller {
            Caller::Anonymous | Caller::App(_) => false,
            Caller::Person { login, scopes } => {
                scopes.iter().any(|scope| scope == "repo") && self.world.permission(project, login) >= Permission::Read
            }
            Caller::Limited { login, projects, .. } => {
                projects.as_ref().is_none_or(|projects| projects.contains(&project.id))
                    && self.world.permission(project, login) >= Permission::Read
            }
        }
    }

    /// Where the repository of a path lies. A former name leads to 301 for reads and 307 for writes.
    pub(super) fn project(&self, owner: &str, name: &str, rest: &[&str]) -> Result<usize, Answer> {
        let name = name.strip_suffix(".git").unwrap_or(name);
        if let Some(index) = self.world.position(owner, name) {
            return if self.sees(&self.world.projects[index]) { Ok(index) } else { Err(not_found()) };
        }
        let former = format!("{owner}/{name}");
        let moved =
            self.world.projects.iter().find(|project| {
                self.sees(project) && project.former.iter().any(|one| one.eq_ignore_ascii_case(&former))
            });
        let Some(project) = moved else { return Err(not_found()) };
        let mut url = format!("{}/repositories/{}", self.api, project.id);
        for segment in rest {
            url.push('/');
            url.push_str(&crate::exchange::encoded(segment));
        }
        if !self.request.query.is_empty() {
            url.push('?');
            url.push_str(&self.request.query);
        }
        let (status, message) = match self.request.method.as_str() {
            "GET" | "HEAD" => (301, "Moved Permanently"),
            _ => (307, "Temporary Redirect"),
        };
        let body = serde_json::json!({
            "message": message,
            "url": url,
            "documentation_url": "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects",
        });
        Err(Answer::json(status, &body).with("location", url))
    }

    /// Refuses who may not change this part (`contents`, `pull_requests`, `issues`, `statuses`, `checks`) of a
    /// repository. What a token is too narrow for looks absent to a classic one, and forbidden to the others.
    pub(super) fn may_write(&self, index: usize, area: &str, least: Permission) -> Result<String, Answer> {
        let project = &self.world.projects[index];
        let login = self.login()?;
        match &self.caller {
            Caller::Person { scopes, .. } => {
                let has = |wanted: &str| scopes.iter().any(|scope| scope == wanted);
                let suffices = has("repo")
                    || (has("public_repo") && !project.private)
                    || (area == "statuses" && has("repo:status"));
                if !suffices {
                    return Err(not_found());
                }
            }
            Caller::Limited { permissions, projects, .. } => {
                let is_granted = permissions.get(area).is_some_and(|level| level == "write" || level == "admin");
                let is_chosen = projects.as_ref().is_none_or(|projects| projects.contains(&project.id));
                if !is_granted || !is_chosen {
                    return Err(self.not_accessible());
                }
            }
            Caller::Anonymous | Caller::App(_) => {}
        }
        if self.world.permission(project, &login) < least {
            return Err(match area {
                "contents" | "statuses" | "checks" => not_found(),
                _ => error(403, "Must have admin rights to Repository."),
            });
        }
        if project.archived {
            return Err(error(403, "Repository was archived so is read-only."));
        }
        Ok(login)
    }

    /// Whether the caller may change `.github/workflows`; tokens need a right of its own for that.
    pub(super) fn may_change_workflows(&self) -> bool {
        match &self.caller {
            Caller::Person { scopes, .. } => scopes.iter().any(|scope| scope == "workflow"),
            Caller::Limited { permissions, .. } => permissions.get("workflows").is_some_and(|level| level == "write"),
            Caller::Anonymous | Caller::App(_) => false,
        }
    }

    /// Refuses a change to a workflow from a token that has no right to it.
    pub(super) fn may_touch(&self, path: &str) -> Result<(), Answer> {
        if !path.starts_with(".github/workflows/") || self.may_change_workflows() {
            return Ok(());
        }
        Err(match self.caller {
            Caller::Person { .. } => not_found(),
            _ => self.not_accessible(),
        })
    }

    // ---- bodies ----

    /// A text of the body; null counts as absent.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.body[name].as_str().map(str::to_owned)
    }

    /// A text that must be there.
    pub(super) fn required(&self, resource: &str, name: &str) -> Result<String, Answer> {
        match &self.body[name] {
            Value::String(text) if !text.is_empty() => Ok(text.clone()),
            Value::Null | Value::String(_) => Err(field(resource, name, "missing_field")),
            _ => Err(wrong_type(name, &self.body[name], "a string")),
        }
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.body[name].as_bool().unwrap_or(false)
    }

    // ---- pages ----

    /// The part of a list that was asked for, and the `Link` header that leads to the others.
    pub(super) fn cut<T>(&self, list: Vec<T>) -> (Vec<T>, Option<String>) {
        let number = |name: &str| self.request.parameter(name).and_then(|text| text.parse::<usize>().ok());
        let size = number("per_page").filter(|&size| size > 0).unwrap_or(30).min(100);
        let page = number("page").filter(|&page| page > 0).unwrap_or(1);
        let last = list.len().div_ceil(size).max(1);
        let part: Vec<T> = list.into_iter().skip((page - 1) * size).take(size).collect();
        if last == 1 && page == 1 {
            return (part, None);
        }
        let mut links = Vec::new();
        let mut link = |page: usize, name: &str| links.push(format!("<{}>; rel=\"{name}\"", self.page_url(page)));
        if page > 1 {
            link((page - 1).min(last), "prev");
        }
        if page < last {
            link(page + 1, "next");
            link(last, "last");
        }
        if page > 1 {
            if page > last {
                link(last, "last");
            }
            link(1, "first");
        }
        (part, Some(links.join(", ")))
    }

    /// This request's URL with another page. Repositories are named by their number there.
    fn page_url(&self, page: usize) -> String {
        let segments = self.request.segments();
        let start = if segments.len() > 1 && segments[0] == "api" { 2 } else { 0 };
        let raw: Vec<&str> = self.request.path.trim_matches('/').split('/').skip(start).collect();
        let path = match (raw.first(), segments.get(start + 1), segments.get(start + 2)) {
            (Some(&"repos"), Some(owner), Some(name)) => match self.world.position(owner, name) {
                Some(index) => {
                    let id = self.world.projects[index].id.to_string();
                    [&["repositories", &id], &raw[3..]].concat().join("/")
                }
                None => raw.join("/"),
            },
            _ => raw.join("/"),
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut is_told = false;
        for (name, value) in self.request.parameters() {
            if name == "page" {
                is_told = true;
                query.append_pair("page", &page.to_string());
            } else {
                query.append_pair(&name, &value);
            }
        }
        if !is_told {
            query.append_pair("page", &page.to_string());
        }
        format!("{}/{path}?{}", self.api, query.finish())
    }

    /// A page of a list, each entry written by `write`.
    pub(super) fn page<T>(&self, list: Vec<T>, write: impl Fn(&Pen<'_>, T) -> Value) -> Outcome {
        let (part, link) = self.cut(list);
        let pen = self.pen();
        let body: Vec<Value> = part.into_iter().map(|one| write(&pen, one)).collect();
        Ok(with_link(Answer::json(200, &Value::Array(body)), link))
    }
}

/// The answer with a `Link` header, where there is another page at all.
pub(super) fn with_link(answer: Answer, link: Option<String>) -> Answer {
    match link {
        Some(link) => answer.with("link", link),
        None => answer,
    }
}

/// What the service says of JSON of the wrong type.
pub(super) fn wrong_type(name: &str, value: &Value, wanted: &str) -> Answer {
    let body = serde_json::json!({
        "message": format!("Invalid request.\n\nFor '{name}', {value} is not {wanted}."),
        "documentation_url": "https://docs.github.com/rest",
        "status": "422",
    });
    Answer::json(422, &body)
}

/// Texts of a list, which may also hold objects with a `name` or a `login`.
pub(super) fn names(value: &Value) -> Result<Vec<String>, Answer> {
    let Some(list) = value.as_array() else {
        return Err(wrong_type("names", value, "an array"));
    };
    list.iter()
        .map(|one| {
            let name = one.as_str().or_else(|| one["name"].as_str()).or_else(|| one["login"].as_str());
            name.map(str::to_owned).ok_or_else(|| wrong_type("names", one, "a string"))
        })
        .collect()
}

/// More characters than the service stores.
pub(super) fn too_long(resource: &str, name: &str, text: Option<&str>, most: usize) -> Result<(), Answer> {
    if text.is_some_and(|text| text.chars().count() > most) {
        let message = format!("{name} is too long (maximum is {most} characters)");
        let reason = serde_json::json!({"resource": resource, "code": "custom", "field": name, "message": message});
        return Err(invalid(&[reason]));
    }
    Ok(())
}

/// Who a request comes from. Credentials that nobody has are refused, even where none are needed.
pub(super) fn authenticate(world: &World, request: &Request) -> Result<Caller, Answer> {
    let Some(header) = request.header("authorization") else { return Ok(Caller::Anonymous) };
    let bad = || error(401, "Bad credentials");
    let (scheme, secret) = header.split_once(' ').ok_or_else(bad)?;
    let secret = secret.trim();
    let token = match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "token" => secret.to_owned(),
        "basic" => basic(secret).ok_or_else(bad)?,
        _ => return Err(bad()),
    };
    if token.matches('.').count() == 2 {
        return app(world, &token);
    }
    let known = world.tokens.get(&token).ok_or_else(bad)?;
    if known.expires_at.is_some_and(|end| end <= world.clock.now()) {
        return Err(bad());
    }
    let login = known.login.clone();
    Ok(match known.rights.clone() {
        Rights::Scopes(scopes) => Caller::Person { login, scopes },
        Rights::Permissions { permissions, projects, installation } => {
            Caller::Limited { login, permissions, projects, installation }
        }
    })
}

/// The token of Basic credentials: the password, or the name where the password says nothing.
fn basic(secret: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(secret).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some(if password.is_empty() || password == "x-oauth-basic" { name } else { password }.to_owned())
}

/// An app's web token. Its times are held against each other, not against the fake clock: the caller has another.
fn app(world: &World, token: &str) -> Result<Caller, Answer> {
    let refused = |message: &str| error(401, message);
    let undecodable = || refused("A JSON web token could not be decoded");
    let parts: Vec<&str> = token.split('.').collect();
    let json = |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let head = json(parts[0]).ok_or_else(undecodable)?;
    let claims = json(parts[1]).ok_or_else(undecodable)?;
    let signature = URL_SAFE_NO_PAD.decode(parts[2]).map_err(|_| undecodable())?;
    if head["alg"] != "RS256" || signature.is_empty() {
        return Err(undecodable());
    }
    let issuer = claims["iss"].as_u64().or_else(|| claims["iss"].as_str()?.parse().ok());
    let found = world.apps.iter().find(|app| Some(app.id) == issuer);
    let Some(found) = found else { return Err(refused("Integration not found")) };
    let (Some(issued), Some(expires)) = (claims["iat"].as_i64(), claims["exp"].as_i64()) else {
        return Err(refused(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ));
    };
    // Ten minutes, and one more that callers take off `iat` against clocks that differ.
    if expires <= issued || expires - issued > 660 {
        return Err(refused("'Expiration time' claim ('exp') is too far in the future"));
    }
    if let Some(key) = &found.public_key {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        key.verify(format!("{}.{}", parts[0], parts[1]).as_bytes(), &signature).map_err(|_| undecodable())?;
    }
    Ok(Caller::App(found.id))
}

/// Whether a login is an app's.
pub(super) fn is_bot(world: &World, login: &str) -> bool {
    world.account(login).is_some_and(|account| account.kind == Kind::Bot)
}

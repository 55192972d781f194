//! A registry over real HTTP that answers whatever a test wants it to, and remembers what it was asked.

// Each test binary that includes this file uses its part of it.
#![allow(dead_code, unreachable_pub)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The server's own address, for links to itself.
    pub here: String,
}

impl Asked {
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What to answer.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    delay: Duration,
    /// Closes the connection instead of answering.
    dropped: bool,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), delay: Duration::ZERO, dropped: false }
    }

    pub fn json(body: impl Into<String>) -> Self {
        Self::status(200).header("Content-Type", "application/json").body(body.into())
    }

    pub fn tags(tags: &[&str]) -> Self {
        Self::json(serde_json::json!({ "name": "any", "tags": tags }).to_string())
    }

    /// No answer at all.
    pub fn hang_up() -> Self {
        Self { dropped: true, ..Self::status(500) }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// A running server. It lives until the tests end.
pub struct Fake {
    here: String,
    log: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    pub fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::listen("http", answer, Ok)
    }

    /// With TLS, and a certificate that the authority in `tests/fake/tls` vouches for.
    pub fn start_tls(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let certificate = CertificateDer::from(&include_bytes!("tls/server.der")[..]);
        let key = PrivateKeyDer::try_from(&include_bytes!("tls/server.key.der")[..]).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        Self::listen("https", answer, move |stream| {
            let connection = ServerConnection::new(config.clone()).map_err(std::io::Error::other)?;
            Ok(StreamOwned::new(connection, stream))
        })
    }

    fn listen<S: Read + Write>(
        scheme: &str,
        answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
        open: impl Fn(TcpStream) -> std::io::Result<S> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = format!("{scheme}://{}", listener.local_addr().unwrap());
        let fake = Self { here: here.clone(), log: Arc::default() };
        let (log, answer, open) = (fake.log.clone(), Arc::new(answer), Arc::new(open));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (log, answer, open, here) = (log.clone(), answer.clone(), open.clone(), here.clone());
                std::thread::spawn(move || {
                    // A client that goes away is none of the server's troubles.
                    let _ = open(stream).and_then(|stream| serve(stream, &here, &log, &*answer));
                });
            }
        });
        fake
    }

    /// `http://127.0.0.1:PORT`, or `https://…`.
    pub fn url(&self) -> &str {
        &self.here
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> &str {
        self.here.split_once("://").unwrap().1
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }

    /// What was asked, in order: `GET /v2/…`.
    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|asked| format!("{} {}", asked.method, asked.target)).collect()
    }
}

fn serve<S: Read + Write>(
    stream: S,
    here: &str,
    log: &Mutex<Vec<Asked>>,
    answer: &dyn Fn(&Asked) -> Answer,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split_whitespace();
        let (method, target) =
            (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut asked = Asked { method, target, headers, body: String::new(), here: here.to_owned() };
        if let Some(length) = asked.header("content-length").and_then(|length| length.parse().ok()) {
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            asked.body = String::from_utf8_lossy(&body).into_owned();
        }
        log.lock().unwrap().push(asked.clone());
        let answer = answer(&asked);
        std::thread::sleep(answer.delay);
        if answer.dropped {
            return Ok(());
        }
        // In one piece: two would wait for each other's acknowledgement.
        let mut reply = Vec::new();
        write!(reply, "HTTP/1.1 {} Whatever\r\nContent-Length: {}\r\n", answer.status, answer.body.len())?;
        for (name, value) in &answer.headers {
            write!(reply, "{name}: {value}\r\n")?;
        }
        reply.extend_from_slice(b"\r\n");
        if asked.method != "HEAD" {
            reply.extend_from_slice(&answer.body);
        }
        reader.get_mut().write_all(&reply)?;
        reader.get_mut().flush()?;
    }
}

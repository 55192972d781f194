//! HTTP on a port of 127.0.0.1, on a thread of its own, so that plain synchronous tests can hold it.
//!
//! In comes a [`Forge`], which turns requests into answers and knows nothing of sockets. Out go answers,
//! after the latency and with the faults that a test asked for, and a log of every exchange. What the
//! paths mean must never be known here.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;

use crate::exchange::{Answer, Exchange, Request};
use crate::faults::{Fault, Limit, What, When};

/// Larger bodies get a 413. A push of a whole repository must fit.
const LARGEST_BODY: usize = 256 * 1024 * 1024;

/// What answers. Called on many threads at once.
pub trait Forge: Send + Sync + 'static {
    /// Does what is asked.
    fn answer(&self, request: &Request) -> Answer;

    /// How this forge says that there were too many requests.
    fn limited(&self, limit: &Limit) -> Answer;

    /// Whether a request changes something. Fetching by git and reading by GraphQL are POSTs all the same.
    fn is_write(&self, request: &Request) -> bool {
        matches!(request.method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE")
            && !request.path.ends_with("/git-upload-pack")
    }
}

/// An address that is taken, so that a forge can know its own before it serves.
#[derive(Debug)]
pub struct Address(TcpListener);

impl Address {
    /// A port of 127.0.0.1; 0 takes a free one.
    pub fn take(port: u16) -> Self {
        Self(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free"))
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }
}

/// A running server; it stops when this is dropped.
pub struct Server {
    url: String,
    desk: Arc<Desk>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

type Interruption = Box<dyn FnOnce() + Send>;

/// What the threads of a server share.
struct Desk {
    forge: Arc<dyn Forge>,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    faults: Vec<Fault>,
    on_request: Vec<(usize, Interruption)>,
    on_write: Vec<(usize, Interruption)>,
    log: Vec<Exchange>,
    requests: usize,
    writes: usize,
    latency: Duration,
}

impl Server {
    /// Serves a forge at an address.
    pub fn start(address: Address, forge: Arc<dyn Forge>) -> Self {
        let url = address.url();
        let desk = Arc::new(Desk { forge, notes: Mutex::default() });
        let (stop, stopped) = watch::channel(false);
        let at_work = Arc::clone(&desk);
        address.0.set_nonblocking(true).unwrap();
        let thread = std::thread::Builder::new()
            .name("fake forge".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(serve(address.0, at_work, stopped));
                // Handlers that still run git are nobody's business any more.
                runtime.shutdown_background();
            })
            .unwrap();
        Self { url, desk, stop, thread: Some(thread) }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets something go wrong. Of several faults that strike the same request, the first one told does.
    pub fn fault(&self, fault: Fault) {
        self.desk.notes().faults.push(fault);
    }

    /// Nothing goes wrong from here on.
    pub fn clear_faults(&self) {
        self.desk.notes().faults.clear();
    }

    /// Calls this when the k-th request has come in, before anything is done about it.
    pub fn on_request(&self, serial: usize, interruption: impl FnOnce() + Send + 'static) {
        self.desk.notes().on_request.push((serial, Box::new(interruption)));
    }

    /// Calls this when the k-th write has come in, before anything is done about it.
    pub fn on_write(&self, serial: usize, interruption: impl FnOnce() + Send + 'static) {
        self.desk.notes().on_write.push((serial, Box::new(interruption)));
    }

    /// Every answer takes this much longer.
    pub fn latency(&self, latency: Duration) {
        self.desk.notes().latency = latency;
    }

    /// Every exchange since the start or the last [`Server::clear_requests`], in the order of the requests.
    pub fn requests(&self) -> Vec<Exchange> {
        let mut log = self.desk.notes().log.clone();
        log.sort_by_key(|exchange| exchange.request.serial);
        log
    }

    /// The exchanges that were to change something.
    pub fn writes(&self) -> Vec<Exchange> {
        self.requests().into_iter().filter(|exchange| exchange.request.write.is_some()).collect()
    }

    /// Forgets the log and counts requests and writes from 1 again.
    pub fn clear_requests(&self) {
        let mut notes = self.desk.notes();
        notes.log.clear();
        (notes.requests, notes.writes) = (0, 0);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        // What the forge keeps on disk goes with the last of those who know it: that must be us. Interruptions
        // run on threads of their own, so even one that drops the last handle can wait here.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }
}

impl Desk {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Numbers a request, and says what is to go wrong with it, what to call first and how long to wait.
    fn receive(&self, request: &mut Request) -> (Option<Fault>, Vec<Interruption>, Duration) {
        let is_write = self.forge.is_write(request);
        let mut notes = self.notes();
        notes.requests += 1;
        request.serial = notes.requests;
        if is_write {
            notes.writes += 1;
            request.write = Some(notes.writes);
        }
        let mut interruptions = due(&mut notes.on_request, request.serial);
        if let Some(write) = request.write {
            interruptions.extend(due(&mut notes.on_write, write));
        }
        let mut striking = None;
        for fault in &mut notes.faults {
            // Each one counts, though only one strikes.
            if fault.strikes(request) && striking.is_none() {
                striking = Some(fault.clone());
            }
        }
        (striking, interruptions, notes.latency)
    }

    fn log(&self, request: Request, answer: &Answer, faulted: bool) {
        let mut answer = answer.clone();
        if request.method == "HEAD" {
            // What the wire sees: its length is told, the body itself stays here.
            answer.body.clear();
        }
        self.notes().log.push(Exchange { request, answer, faulted });
    }
}

fn due(waiting: &mut Vec<(usize, Interruption)>, serial: usize) -> Vec<Interruption> {
    let (due, later) = waiting.drain(..).partition(|(wanted, _)| *wanted == serial);
    *waiting = later;
    due.into_iter().map(|(_, interruption): (usize, Interruption)| interruption).collect()
}

async fn serve(listener: TcpListener, desk: Arc<Desk>, mut stopped: watch::Receiver<bool>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let accepted: std::io::Result<(tokio::net::TcpStream, SocketAddr)> = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let _ = stream.set_nodelay(true);
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            let service = service_fn(move |request| exchange(Arc::clone(&desk), request));
            let connection =
                http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
            // A fault that cuts the connection ends here as an error, as do clients that went away.
            let _ = connection.await;
        });
    }
}

/// Cuts the connection.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the connection is cut on purpose")
    }
}

impl std::error::Error for Cut {}

async fn exchange(desk: Arc<Desk>, incoming: hyper::Request<Incoming>) -> Result<hyper::Response<Sent>, Cut> {
    let (head, body) = incoming.into_parts();
    let mut request = Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        ..Request::default()
    };
    match http_body_util::Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => request.body = body.to_bytes().to_vec(),
        Err(_) => return Ok(response(&Answer::text(413, "Payload Too Large"), None)),
    }

    let (fault, interruptions, latency) = desk.receive(&mut request);
    let at_work = Arc::clone(&desk);
    let before = fault.as_ref().is_some_and(|fault| fault.when == When::Before && !matches!(fault.what, What::Slow(_)));
    let (request, answer) = tokio::task::spawn_blocking(move || {
        for interruption in interruptions {
            interruption();
        }
        let answer = if before { Answer::empty(0) } else { at_work.forge.answer(&request) };
        (request, answer)
    })
    .await
    .unwrap_or_else(|error| {
        // A panic in a forge is a fault of the fake: loud in the answer, since the thread's message is captured.
        (Request::default(), Answer::text(599, &format!("the fake forge panicked: {error}")))
    });
    tokio::time::sleep(latency).await;

    match fault.map(|fault| fault.what) {
        None => {
            desk.log(request, &answer, false);
            Ok(response(&answer, None))
        }
        Some(What::Slow(milliseconds)) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            desk.log(request, &answer, false);
            Ok(response(&answer, None))
        }
        Some(What::Answer(answer)) => {
            desk.log(request, &answer, true);
            Ok(response(&answer, None))
        }
        Some(What::Limited(limit)) => {
            let answer = desk.forge.limited(&limit);
            desk.log(request, &answer, true);
            Ok(response(&answer, None))
        }
        Some(What::Timeout) => {
            desk.log(request, &Answer::empty(0), true);
            std::future::pending().await
        }
        Some(What::Reset) => {
            desk.log(request, &Answer::empty(0), true);
            Err(Cut)
        }
        Some(What::Truncated) => {
            // Without an effect there is no body to cut: a made-up one must do.
            let answer = if before { Answer::text(200, "{\"id\":1,\"name\":\"half of an ans") } else { answer };
            desk.log(request, &answer, true);
            Ok(response(&answer, Some(answer.body.len() / 2)))
        }
    }
}

fn response(answer: &Answer, cut_after: Option<usize>) -> hyper::Response<Sent> {
    let mut builder = hyper::Response::builder().status(answer.status);
    let mut has_length = false;
    for (name, value) in &answer.headers {
        has_length |= name == "content-length";
        builder = builder.header(name, value);
    }
    if !has_length && answer.status != 204 && answer.status != 304 {
        builder = builder.header("content-length", answer.body.len());
    }
    builder.body(Sent::new(&answer.body, cut_after)).expect("headers of answers are ASCII")
}

/// A body that can end before its length is reached.
struct Sent {
    promised: u64,
    rest: Option<Bytes>,
    /// What was sent must have left before the connection is cut.
    cut: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Sent {
    fn new(body: &[u8], cut_after: Option<usize>) -> Self {
        let sent = Bytes::copy_from_slice(&body[..cut_after.unwrap_or(body.len())]);
        let cut = cut_after.map(|_| Box::pin(tokio::time::sleep(Duration::from_millis(20))));
        Self { promised: body.len() as u64, rest: Some(sent).filter(|sent| !sent.is_empty()), cut }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(rest) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        match &mut self.cut {
            Some(left) => left.as_mut().poll(context).map(|()| Some(Err(Cut))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.cut.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}

//! The log and the faults, over a forge that counts what it was asked to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fake_forges::server::{Address, Forge, Server};
use fake_forges::{Answer, Fault, Limit, Request, What};

#[derive(Default)]
struct Counter(AtomicUsize);

impl Forge for Counter {
    fn answer(&self, request: &Request) -> Answer {
        let done = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        Answer::text(200, &format!("{} {} {done}", request.method, request.target()))
    }

    fn limited(&self, limit: &Limit) -> Answer {
        Answer::text(429, "Retry later").with("retry-after", limit.retry_after.unwrap_or(60).to_string())
    }
}

fn served() -> (Server, Arc<Counter>, ureq::Agent) {
    let counter = Arc::new(Counter::default());
    let server = Server::start(Address::take(0), Arc::clone(&counter) as Arc<dyn Forge>);
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(2)))
        .build()
        .new_agent();
    (server, counter, agent)
}

#[test]
fn an_exchange_is_logged_with_its_encoded_path() {
    let (server, _, agent) = served();
    let body = agent.get(format!("{}/a%2Fb?x=1+2", server.url())).call().unwrap().body_mut().read_to_string().unwrap();
    assert_eq!(body, "GET /a%2Fb?x=1+2 1");
    agent.post(format!("{}/c", server.url())).send("hello").unwrap();
    let log = server.requests();
    assert_eq!(log[0].request.segments(), ["a/b"]);
    assert_eq!(log[0].request.parameter("x").unwrap(), "1 2");
    assert_eq!((log[1].request.serial, log[1].request.write), (2, Some(1)));
    assert_eq!(log[1].request.body, b"hello");
    assert_eq!(log[1].answer.body, b"POST /c 2");
    assert_eq!(server.writes().len(), 1);
    server.clear_requests();
    assert!(server.requests().is_empty());
}

#[test]
fn a_fault_strikes_before_or_after_the_effect() {
    let (server, counter, agent) = served();
    let post =
        |path: &str| agent.post(format!("{}{path}", server.url())).send("").map(|answer| answer.status().as_u16());
    server.fault(Fault::on("POST", "/x$").nth(2).status(503, &[("retry-after", "7")], "later"));
    assert_eq!((post("/x").unwrap(), counter.0.load(Ordering::SeqCst)), (200, 1));
    assert_eq!((post("/x").unwrap(), counter.0.load(Ordering::SeqCst)), (503, 1));
    assert_eq!((post("/x").unwrap(), counter.0.load(Ordering::SeqCst)), (200, 2));
    assert!(server.requests()[1].faulted);

    server.clear_requests();
    server.fault(Fault::write(1).after().what(What::Reset));
    assert!(post("/y").is_err(), "no answer comes");
    assert_eq!(counter.0.load(Ordering::SeqCst), 3, "yet it was done");
    server.fault(Fault::request(2).what(What::Limited(Limit { retry_after: Some(3), secondary: false })));
    assert_eq!((post("/y").unwrap(), counter.0.load(Ordering::SeqCst)), (429, 3));
}

#[test]
fn an_answer_can_be_cut_or_never_come() {
    let (server, _, agent) = served();
    server.fault(Fault::on("GET", "cut").after().what(What::Truncated));
    server.fault(Fault::on("GET", "never").what(What::Timeout));
    let mut answer = agent.get(format!("{}/cut", server.url())).call().unwrap();
    assert!(answer.body_mut().read_to_string().is_err());
    assert!(agent.get(format!("{}/never", server.url())).call().is_err());
    assert_eq!(agent.head(format!("{}/head", server.url())).call().unwrap().headers()["content-length"], "12");
}

#[test]
fn something_can_happen_between_two_requests() {
    let (server, counter, agent) = served();
    let meanwhile = Arc::clone(&counter);
    server.on_request(2, move || {
        meanwhile.0.fetch_add(10, Ordering::SeqCst);
    });
    let get = || agent.get(server.url()).call().unwrap().body_mut().read_to_string().unwrap();
    assert_eq!((get(), get(), get()), ("GET / 1".to_owned(), "GET / 12".to_owned(), "GET / 13".to_owned()));
}

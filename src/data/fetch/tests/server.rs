//! A web server on loopback that answers as it is told, falsely too.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the server does with a request.
#[derive(Clone)]
pub enum Answer {
    /// The whole body, or the range asked for.
    Serve(Vec<u8>),
    /// The whole body whatever is asked for.
    NoRanges(Vec<u8>),
    /// Promises all, sends so many bytes, closes.
    Truncate(Vec<u8>, usize),
    /// Promises all, sends so many bytes, falls silent.
    Stall(Vec<u8>, usize),
    /// A body without a length, ended by closing.
    Unmeasured(Vec<u8>),
    /// Only a status.
    Status(u16),
    /// Elsewhere.
    Redirect(String),
    /// A range that was not asked for.
    WrongRange(Vec<u8>),
    /// Not HTTP.
    Garbage,
}

/// An HTTP server on a thread; each path has a list of answers, the last of which stays.
pub struct Server {
    pub address: String,
    pub log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn new(answers: Vec<(&str, Vec<Answer>)>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let answers: BTreeMap<String, Vec<Answer>> = answers
            .into_iter()
            .map(|(path, a)| (path.to_owned(), a))
            .collect();
        let answers = Arc::new(Mutex::new(answers));
        let logged = Arc::clone(&log);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, log) = (Arc::clone(&answers), Arc::clone(&logged));
                thread::spawn(move || respond(stream, &answers, &log));
            }
        });
        Server { address, log }
    }

    pub fn requests(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

fn respond(mut stream: TcpStream, answers: &Mutex<BTreeMap<String, Vec<Answer>>>, log: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut path, mut start) = (String::new(), 0);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
        if let Some(rest) = line.strip_prefix("GET ") {
            path = rest.split(' ').next().unwrap().to_owned();
        }
        let lower = line.to_lowercase();
        if let Some(range) = lower.strip_prefix("range: bytes=") {
            start = range.trim().trim_end_matches('-').parse().unwrap();
        }
        line.clear();
    }
    log.lock().unwrap().push(format!("{path} from {start}"));
    let answer = {
        let mut answers = answers.lock().unwrap();
        match answers.get_mut(&path) {
            Some(list) if list.len() > 1 => list.remove(0),
            Some(list) => list[0].clone(),
            None => Answer::Status(404),
        }
    };
    let head = |code: u16, length: usize, more: &str| {
        format!("HTTP/1.1 {code} X\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n")
    };
    let send = |stream: &mut TcpStream, head: String, body: &[u8]| {
        let _ = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body));
    };
    match answer {
        Answer::Serve(body) if start > 0 => {
            let range = format!(
                "Content-Range: bytes {start}-{}/{}\r\n",
                body.len() - 1,
                body.len()
            );
            send(&mut stream, head(206, body.len() - start, &range), &body[start..]);
        }
        Answer::Serve(body) | Answer::NoRanges(body) => send(&mut stream, head(200, body.len(), ""), &body),
        Answer::Truncate(body, n) => send(&mut stream, head(200, body.len(), ""), &body[..n]),
        Answer::Stall(body, n) => {
            send(&mut stream, head(200, body.len(), ""), &body[..n]);
            thread::sleep(Duration::from_secs(20));
        }
        Answer::Unmeasured(body) => {
            send(
                &mut stream,
                "HTTP/1.1 200 X\r\nConnection: close\r\n\r\n".to_owned(),
                &body,
            );
        }
        Answer::Status(code) => send(&mut stream, head(code, 0, ""), b""),
        Answer::Redirect(to) => send(&mut stream, head(302, 0, &format!("Location: {to}\r\n")), b""),
        Answer::WrongRange(body) => {
            let range = format!("Content-Range: bytes 0-{}/{}\r\n", body.len() - 1, body.len());
            send(&mut stream, head(206, body.len() - start, &range), &body[start..]);
        }
        Answer::Garbage => send(&mut stream, "220 mail.example.org ESMTP\r\n\r\n".to_owned(), b""),
    }
}

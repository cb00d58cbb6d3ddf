//! One request to one server.

use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use ureq::Body;
use ureq::http::Response;

use super::{FetchProgress, SourceFile, length, remove};
use crate::support::error::Error;

/// What asks the servers.
pub(super) fn agent(patience: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_resolve(Some(patience))
        .timeout_connect(Some(patience))
        .timeout_recv_response(Some(patience))
        .timeout_per_read(Some(patience))
        .user_agent(concat!("goodinit/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

/// Why one attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server does not have it, or cannot be reached.
    Refused(String),
    /// The transfer broke off; what came is kept.
    Broken(String),
    /// What came is not the file.
    Wrong(String),
    /// This machine cannot store it: no mirror will help.
    Disk(Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Refused(text) | Failure::Broken(text) | Failure::Wrong(text) => f.write_str(text),
            Failure::Disk(error) => error.fmt(f),
        }
    }
}

/// Asks for `file` from byte `have` on. Returns the answer and where it begins: 0 if the server
/// will not resume.
fn request(
    agent: &ureq::Agent,
    url: &str,
    file: &SourceFile,
    have: u64,
) -> Result<(Response<Body>, u64), Failure> {
    let mut request = agent.get(url).header("Accept-Encoding", "identity");
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let response = request.call().map_err(|error| match error {
        ureq::Error::StatusCode(416) => {
            Failure::Wrong("the server has nothing after what is here (status 416)".into())
        }
        ureq::Error::StatusCode(code) => Failure::Refused(format!("status {code}")),
        error => Failure::Refused(error.to_string()),
    })?;
    let partial = response.status().as_u16() == 206;
    let have = match have {
        0 => 0,
        _ if partial && starts_at(&response, have) => have,
        _ if partial => {
            let text = "the server sent another part than the one asked for";
            return Err(Failure::Wrong(text.into()));
        }
        _ => 0,
    };
    let rest = file.bytes - have;
    match response.body().content_length() {
        Some(length) if length != rest => Err(Failure::Refused(format!(
            "the server offers {length} bytes, not the {rest} that the file has"
        ))),
        _ => Ok((response, have)),
    }
}

/// One transfer: appends to what is in `part`, or starts over if the server will not resume.
pub(super) fn transfer(
    agent: &ureq::Agent,
    url: &str,
    file: &SourceFile,
    part: &Path,
    progress: &dyn FetchProgress,
) -> Result<(), Failure> {
    let mut have = length(part);
    if have > file.bytes {
        remove(part).map_err(Failure::Disk)?;
        have = 0;
    }
    if have == file.bytes {
        return Ok(());
    }
    let (mut response, mut have) = request(agent, url, file, have)?;
    progress.begin(file.name, url, have, file.bytes);
    let disk = |e: &io::Error| Failure::Disk(Error::io("write", part, e));
    let open = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(have == 0)
        .append(have > 0)
        .open(part);
    let mut out = open.map_err(|e| disk(&e))?;
    let mut body = response.body_mut().as_reader();
    let mut buffer = vec![0; 1 << 16];
    let broken = |have: u64, why: &str| {
        Failure::Broken(format!("broke off after {have} of {} bytes{why}", file.bytes))
    };
    loop {
        let n = match body.read(&mut buffer) {
            Ok(0) if have < file.bytes => return Err(broken(have, "")),
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) => return Err(broken(have, &format!(" ({e})"))),
        };
        have += n as u64;
        if have > file.bytes {
            let text = format!("sends more than the {} bytes that the file has", file.bytes);
            return Err(Failure::Wrong(text));
        }
        out.write_all(&buffer[..n]).map_err(|e| disk(&e))?;
        progress.advance(n as u64);
    }
}

/// Whether the answer's `Content-Range` begins at byte `start`.
fn starts_at(response: &Response<Body>, start: u64) -> bool {
    let range = response
        .headers()
        .get("content-range")
        .and_then(|v| v.to_str().ok());
    let first = range.and_then(|r| r.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
    first == Some(start)
}

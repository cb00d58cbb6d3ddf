//! The download code against a server on loopback that lies, stalls and breaks off.

use std::cell::RefCell;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use self::server::{Answer, Server};
use super::*;
use crate::data::idx::tests::gzip;

mod server;

/// A progress that remembers what it was told.
#[derive(Default)]
struct Notes(RefCell<Vec<String>>);

impl FetchProgress for Notes {
    fn begin(&self, file: &str, _: &str, done: u64, total: u64) {
        self.0.borrow_mut().push(format!("begin {file} {done}/{total}"));
    }
    fn advance(&self, _: u64) {}
    fn end(&self) {}
    fn say(&self, line: &str) {
        self.0.borrow_mut().push(line.to_owned());
    }
}

/// One small file, its packed bytes and how the catalogue describes it.
fn sample() -> (Vec<u8>, Vec<u8>, SourceFile) {
    let content: Vec<u8> = (0..50_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let packed = gzip(&content);
    let sha256: &'static str = Box::leak(hex(&Sha256::digest(&packed)).into_boxed_str());
    let file = SourceFile {
        name: "file.gz",
        bytes: packed.len() as u64,
        sha256,
        unpacked_bytes: content.len() as u64,
    };
    (content, packed, file)
}

struct Outcome {
    result: Result<()>,
    files: Vec<String>,
    content: Option<Vec<u8>>,
    notes: Vec<String>,
}

fn run_in(dir: &Path, mirrors: &[&Server]) -> Outcome {
    let (_, _, file) = sample();
    let options = Options {
        mirrors: mirrors.iter().map(|s| format!("{}/data/", s.address)).collect(),
        patience: Duration::from_millis(300),
    };
    let notes = Notes::default();
    let result = fetch_files(&[file], dir, &options, &notes);
    let mut files: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    files.retain(|f| f != ".lock");
    Outcome {
        result,
        files,
        content: fs::read(dir.join("file")).ok(),
        notes: notes.0.take(),
    }
}

fn run(mirrors: &[&Server]) -> Outcome {
    run_in(tempfile::tempdir().unwrap().path(), mirrors)
}

fn server(answers: Vec<Answer>) -> Server {
    Server::new(vec![("/data/file.gz", answers)])
}

#[test]
fn a_good_server_is_asked_once_and_never_again() {
    let (content, packed, _) = sample();
    let server = server(vec![Answer::Serve(packed)]);
    let dir = tempfile::tempdir().unwrap();
    let first = run_in(dir.path(), &[&server]);
    first.result.unwrap();
    assert_eq!(
        (first.files, first.content),
        (vec!["file".to_owned()], Some(content))
    );
    let second = run_in(dir.path(), &[&server]);
    second.result.unwrap();
    assert!(
        second.notes[0].ends_with("is there already"),
        "{:?}",
        second.notes
    );
    assert_eq!(server.requests(), ["/data/file.gz from 0"]);
}

#[test]
fn a_broken_download_is_resumed_where_it_broke_off() {
    let (content, packed, _) = sample();
    for broken in [
        Answer::Truncate(packed.clone(), 1000),
        Answer::Stall(packed.clone(), 1000),
    ] {
        let server = server(vec![broken, Answer::Serve(packed.clone())]);
        let outcome = run(&[&server]);
        outcome.result.unwrap();
        assert_eq!(outcome.content.as_ref(), Some(&content));
        assert_eq!(
            server.requests(),
            ["/data/file.gz from 0", "/data/file.gz from 1000"]
        );
        assert!(
            outcome
                .notes
                .iter()
                .any(|n| n.contains("broke off after 1000 of")),
            "{:?}",
            outcome.notes
        );
    }
}

#[test]
fn a_server_that_cannot_resume_starts_over() {
    let (content, packed, _) = sample();
    let server = server(vec![
        Answer::Truncate(packed.clone(), 1000),
        Answer::NoRanges(packed),
    ]);
    let outcome = run(&[&server]);
    outcome.result.unwrap();
    assert_eq!(outcome.content, Some(content));
    assert_eq!(
        server.requests(),
        ["/data/file.gz from 0", "/data/file.gz from 1000"]
    );
}

#[test]
fn the_next_mirror_goes_on_where_the_first_broke_off() {
    let (content, packed, _) = sample();
    let first = server(vec![Answer::Truncate(packed.clone(), 1000), Answer::Status(500)]);
    let second = server(vec![Answer::Serve(packed)]);
    let outcome = run(&[&first, &second]);
    outcome.result.unwrap();
    assert_eq!(outcome.content, Some(content));
    assert_eq!(second.requests(), ["/data/file.gz from 1000"]);
}

#[test]
fn a_redirect_is_followed_and_a_body_without_a_length_is_read() {
    let (content, packed, _) = sample();
    let target = server(vec![Answer::Unmeasured(packed)]);
    let server = server(vec![Answer::Redirect(format!("{}/data/file.gz", target.address))]);
    let outcome = run(&[&server]);
    outcome.result.unwrap();
    assert_eq!(outcome.content, Some(content));
}

#[test]
fn whatever_is_wrong_the_second_mirror_is_tried_and_nothing_false_takes_the_final_name() {
    let (content, packed, _) = sample();
    let mut lie = packed.clone();
    lie[500] ^= 1;
    let longer = [&packed[..], b"more"].concat();
    let circle = Server::new(vec![]);
    for (bad, says) in [
        (Answer::Status(404), "status 404"),
        (Answer::Status(500), "status 500"),
        (Answer::Serve(lie.clone()), "not the right file: its SHA-256 is"),
        (Answer::Unmeasured(longer.clone()), "sends more than the"),
        (Answer::Serve(longer), "the server offers"),
        (
            Answer::Serve(b"<html>log in first</html>".to_vec()),
            "the server offers 25 bytes, not the",
        ),
        (
            Answer::Unmeasured(packed[..1000].to_vec()),
            "broke off after 1000 of",
        ),
        (Answer::Stall(packed.clone(), 0), "broke off after 0 of"),
        (Answer::Truncate(packed.clone(), 0), "broke off after 0 of"),
        (
            Answer::Redirect(format!("{}/nowhere", circle.address)),
            "status 404",
        ),
        (Answer::Redirect("/data/file.gz".into()), "redirect"),
        (Answer::Garbage, "http"),
    ] {
        let first = server(vec![bad]);
        let alone = run(&[&first]);
        let error = alone.result.unwrap_err();
        assert_eq!(error.kind(), Kind::Network);
        let text = error.to_string();
        assert!(
            text.contains("cannot download file.gz: the only mirror failed"),
            "{text}"
        );
        assert!(
            text.to_lowercase().contains(&says.to_lowercase()),
            "{text}\nshould say: {says}"
        );
        assert_eq!(alone.content, None);
        assert!(
            alone.files.iter().all(|f| f == "file.gz.part"),
            "{:?}",
            alone.files
        );
        let second = server(vec![Answer::Serve(packed.clone())]);
        let both = run(&[&first, &second]);
        both.result.unwrap();
        assert_eq!(
            (both.files, both.content.as_ref()),
            (vec!["file".to_owned()], Some(&content))
        );
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = Server {
        address: format!("http://{}", listener.local_addr().unwrap()),
        log: Arc::default(),
    };
    drop(listener);
    let text = run(&[&gone, &gone]).result.unwrap_err().to_string();
    assert!(
        text.contains("all 2 mirrors failed") && text.contains(&gone.address),
        "{text}"
    );
    assert!(
        run(&[])
            .result
            .unwrap_err()
            .to_string()
            .contains("no mirror is given")
    );
}

#[test]
fn a_false_beginning_left_by_an_earlier_download_is_thrown_away() {
    let (content, packed, _) = sample();
    for stale in [vec![7; 1000], vec![7; packed.len()], vec![7; packed.len() + 10]] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file.gz.part"), &stale).unwrap();
        let server = server(vec![Answer::Serve(packed.clone())]);
        let outcome = run_in(dir.path(), &[&server]);
        outcome.result.unwrap();
        assert_eq!(
            (outcome.files, outcome.content.as_ref()),
            (vec!["file".to_owned()], Some(&content))
        );
    }
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file.gz.part"), &packed[..1000]).unwrap();
    let server = server(vec![Answer::WrongRange(packed.clone()), Answer::Serve(packed)]);
    let outcome = run_in(dir.path(), &[&server]);
    outcome.result.unwrap();
    assert_eq!(outcome.content.as_ref(), Some(&content));
}

#[test]
fn a_packed_file_put_there_by_hand_is_used_and_kept() {
    let (content, packed, _) = sample();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file.gz"), &packed).unwrap();
    let outcome = run_in(dir.path(), &[]);
    outcome.result.unwrap();
    assert_eq!(outcome.content, Some(content));
    assert_eq!(outcome.files, ["file", "file.gz"]);
}

#[test]
fn two_downloads_at_once_do_not_meet() {
    let (content, packed, _) = sample();
    let server = server(vec![Answer::Serve(packed)]);
    let dir = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| run_in(dir.path(), &[&server]).result.unwrap());
        }
    });
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), content);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a-file");
    fs::write(&file, "").unwrap();
    let (_, _, sample) = sample();
    let options = Options {
        mirrors: vec![],
        patience: Duration::from_secs(1),
    };
    let error = fetch_files(&[sample], &file.join("dir"), &options, &Notes::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Io);
    assert!(error.to_string().contains("cannot make the directory"), "{error}");
}

#[test]
fn mirrors_come_from_the_flag_before_the_catalogue() {
    let item = &crate::data::mnist::FASHION;
    assert_eq!(mirror_variable(item), "GOODINIT_FASHION_MNIST_MIRROR");
    assert_eq!(Options::new(item, vec!["http://x".into()]).mirrors, ["http://x"]);
    assert!(Options::new(item, vec![]).mirrors.len() >= 2);
    let error = fetch(
        &crate::data::digits::ITEM,
        &Environment::default(),
        &Options::new(item, vec![]),
        &Notes::default(),
    );
    assert!(error.unwrap_err().to_string().contains("needs no download"));
}

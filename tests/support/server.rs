//! A server on loopback that hands out files as web servers and S3 do, plays tricks when told to, and remembers what it was
//! asked. It stops when it is dropped.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Keys of one page of a list; few, so that there are several.
const PAGE: usize = 3;

/// What it was asked, and how much of a file it sent.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Without what is behind the `?`, decoded.
    pub path: String,
    pub range: Option<String>,
    pub authorization: Option<String>,
    pub sent: u64,
}

/// An answer that is not the file.
#[derive(Clone, Debug)]
pub enum Trick {
    /// None.
    Pass,
    /// A status, with a body.
    Status(u16, &'static str),
    /// The whole length in the headers, so many bytes of it in the body.
    Cut(usize),
    Hang,
    Redirect(String),
    /// The whole file, whatever part was asked for.
    Whole,
    /// The answer of a file that has been replaced.
    Replaced(Vec<u8>),
    /// The file, once so many requests wait for one; nothing where they do not come.
    Together(usize),
}

#[derive(Default)]
struct Shared {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    asked: Mutex<Vec<Asked>>,
    /// Method (or nothing) and part of a path it is for, and how often.
    tricks: Mutex<Vec<(&'static str, String, usize, Trick)>>,
    key: Mutex<Option<String>>,
    /// Requests that are being answered, and the most that were at one time.
    busy: Mutex<(usize, usize)>,
    /// Of those that wait for one another: how many have come.
    together: Mutex<usize>,
    stop: AtomicBool,
}

pub struct Server {
    pub port: u16,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let listening = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if own.stop.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), own) = (stream, Arc::clone(&own)) else { continue };
                std::thread::spawn(move || serve(&stream, &own));
            }
        });
        Self { port, shared, listening: Some(listening) }
    }

    /// Requests must be signed with this key.
    pub fn with_key(self, key: &str) -> Self {
        *self.shared.key.lock().unwrap() = Some(key.to_owned());
        self
    }

    /// `/bucket/events/a.csv`.
    pub fn put(&self, path: &str, content: impl Into<Vec<u8>>) {
        self.shared.files.lock().unwrap().insert(path.to_owned(), content.into());
    }

    /// The next `times` requests of a method (any, when empty) whose path holds `part` are answered so.
    pub fn trick(&self, method: &'static str, part: &str, times: usize, trick: Trick) {
        self.shared.tricks.lock().unwrap().push((method, part.to_owned(), times, trick));
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// The most requests that were answered at one time.
    pub fn most(&self) -> usize {
        self.shared.busy.lock().unwrap().1
    }

    pub fn forget(&self) {
        self.shared.asked.lock().unwrap().clear();
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
}

fn serve(stream: &TcpStream, shared: &Shared) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let mut reader = BufReader::new(stream);
    while let Some(request) = request(&mut reader) {
        {
            let mut busy = shared.busy.lock().unwrap();
            *busy = (busy.0 + 1, busy.1.max(busy.0 + 1));
        }
        let open = !shared.stop.load(Ordering::SeqCst) && answer(stream, &request, shared);
        shared.busy.lock().unwrap().0 -= 1;
        if !open {
            break;
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Both);
}

fn request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = query.map(|(key, value)| (key.to_owned(), decoded(value))).collect();
    Some(Request { method, path: decoded(path), query, headers })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        let hex = (*first == b'%').then(|| std::str::from_utf8(more.get(..2)?).ok()).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether the connection stays open.
fn answer(stream: &TcpStream, request: &Request, shared: &Shared) -> bool {
    let trick = {
        let mut tricks = shared.tricks.lock().unwrap();
        let fits = |(method, part, times, _): &&mut (&str, String, usize, Trick)| {
            *times > 0 && (method.is_empty() || *method == request.method) && request.path.contains(part.as_str())
        };
        tricks.iter_mut().find(fits).map(|(_, _, times, trick)| {
            *times -= 1;
            trick.clone()
        })
    };
    let at = {
        let mut asked = shared.asked.lock().unwrap();
        let header = |name: &str| request.headers.get(name).cloned();
        asked.push(Asked {
            path: request.path.clone(),
            range: header("range"),
            authorization: header("authorization"),
            sent: 0,
        });
        asked.len() - 1
    };
    let key = shared.key.lock().unwrap().clone();
    let signed = key.is_none_or(|key| {
        let authorization = request.headers.get("authorization").map_or("", String::as_str);
        authorization.starts_with(&format!("AWS4-HMAC-SHA256 Credential={key}/"))
    });
    match &trick {
        Some(Trick::Hang) => {
            let start = Instant::now();
            while !shared.stop.load(Ordering::SeqCst) && start.elapsed() < Duration::from_secs(30) {
                std::thread::sleep(Duration::from_millis(20));
            }
            return false;
        }
        Some(Trick::Together(all)) => {
            *shared.together.lock().unwrap() += 1;
            let start = Instant::now();
            while *shared.together.lock().unwrap() < *all {
                if shared.stop.load(Ordering::SeqCst) || start.elapsed() > Duration::from_secs(20) {
                    return false;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Some(Trick::Redirect(to)) => return send(stream, 302, &format!("Location: {to}\r\n"), b"", request),
        Some(Trick::Status(status, body)) => return send(stream, *status, "", body.as_bytes(), request),
        _ if !signed => return send(stream, 403, "", b"<Error><Code>AccessDenied</Code></Error>", request),
        _ => {}
    }
    let files = shared.files.lock().unwrap().clone();
    if request.query.contains_key("list-type") {
        return list(stream, request, &files);
    }
    let replaced = match &trick {
        Some(Trick::Replaced(content)) => Some(content),
        _ => None,
    };
    let Some(content) = replaced.or_else(|| files.get(&request.path)) else {
        return send(stream, 404, "", b"<Error><Code>NoSuchKey</Code></Error>", request);
    };
    let range = request.headers.get("range").filter(|_| !matches!(trick, Some(Trick::Whole)));
    let (from, to) = match range.and_then(|range| part(range, content.len())) {
        Some(range) => range,
        None => (0, content.len()),
    };
    let mut headers = format!(
        "ETag: \"{:x}\"\r\nLast-Modified: Thu, 01 Jan 2026 10:00:00 GMT\r\nAccept-Ranges: bytes\r\n",
        content.iter().fold(17u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(*byte)))
    );
    if range.is_some() {
        let _ = write!(headers, "Content-Range: bytes {from}-{}/{}\r\n", to.saturating_sub(1), content.len());
    }
    let body = &content[from..to];
    let status = if range.is_some() { 206 } else { 200 };
    if let Some(Trick::Cut(bytes)) = trick
        && request.method == "GET"
    {
        let bytes = bytes.min(body.len());
        let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
        let _ = (&*stream).write_all(head.as_bytes()).and_then(|()| (&*stream).write_all(&body[..bytes]));
        return false;
    }
    if request.method == "GET" {
        shared.asked.lock().unwrap()[at].sent = body.len() as u64;
    }
    send(stream, status, &headers, body, request)
}

fn send(mut stream: &TcpStream, status: u16, headers: &str, body: &[u8], request: &Request) -> bool {
    let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    let body = if request.method == "HEAD" { b"" } else { body };
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).and_then(|()| stream.flush()).is_ok()
}

fn part(range: &str, length: usize) -> Option<(usize, usize)> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let from: usize = from.parse().ok()?;
    let to = if to.is_empty() { length } else { to.parse::<usize>().ok()? + 1 };
    Some((from.min(length), to.min(length)))
}

/// ListObjectsV2.
fn list(stream: &TcpStream, request: &Request, files: &BTreeMap<String, Vec<u8>>) -> bool {
    let bucket = request.path.trim_matches('/');
    let whole = format!("/{bucket}/");
    if !files.keys().any(|path| path.starts_with(&whole)) {
        return send(stream, 404, "", b"<Error><Code>NoSuchBucket</Code></Error>", request);
    }
    let get = |name: &str| request.query.get(name).map_or("", String::as_str);
    let (prefix, delimiter, after) = (get("prefix"), get("delimiter"), get("continuation-token"));
    let (mut keys, mut folders) = (Vec::new(), Vec::new());
    for (path, content) in files {
        let Some(rest) = path.strip_prefix(&whole).and_then(|key| key.strip_prefix(prefix)) else { continue };
        let inner = rest.split_once(delimiter).filter(|_| !delimiter.is_empty()).map(|(folder, _)| folder);
        match inner {
            Some(folder) if !folders.contains(&folder) => folders.push(folder),
            Some(_) => {}
            None => keys.push((format!("{prefix}{rest}"), content)),
        }
    }
    keys.retain(|(key, _)| key.as_str() > after);
    let more = keys.len() > PAGE;
    keys.truncate(PAGE);
    let mut body = format!("<?xml version=\"1.0\"?><ListBucketResult><Name>{bucket}</Name>");
    for (key, content) in &keys {
        let tag = content.iter().fold(17u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        let _ = write!(
            body,
            "<Contents><Key>{key}</Key><Size>{}</Size><ETag>&quot;{tag:x}&quot;</ETag><LastModified>2026-01-01T10:00:00.000Z</LastModified></Contents>",
            content.len()
        );
    }
    for folder in folders {
        let _ = write!(body, "<CommonPrefixes><Prefix>{prefix}{folder}/</Prefix></CommonPrefixes>");
    }
    if let Some((last, _)) = keys.last().filter(|_| more) {
        let _ = write!(body, "<NextContinuationToken>{last}</NextContinuationToken>");
    }
    let _ = write!(body, "<IsTruncated>{more}</IsTruncated></ListBucketResult>");
    send(stream, 200, "Content-Type: application/xml\r\n", body.as_bytes(), request)
}

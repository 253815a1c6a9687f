//! A place that is connected to: what lies below it, and why it cannot be read.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::StreamExt;
use futures::executor::block_on;
use kepi_lang::diag::Code;
use kepi_lang::resolve::address::{Address, Scheme};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpErrorKind};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, Error, GetOptions, ObjectStore, RetryConfig};
use reqwest::redirect::{Attempt, Policy};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::sources::stores::Fault;
use crate::sources::stores::environment::{credentials, whole_number};
use crate::sources::stores::object::Object;

/// Threads on which requests run: they wait, they do not compute.
const THREADS: usize = 2;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
const MOST_REDIRECTS: usize = 5;
/// Names of a place that are shown.
const SHOWN: usize = 1000;

/// A place that is connected to.
#[derive(Debug)]
pub(crate) struct Store {
    inner: Arc<dyn ObjectStore>,
    address: Address,
}

impl Store {
    /// Finds credentials and settings in the environment; nothing is asked of the server yet.
    pub fn connect(address: &Address) -> Result<Self, Fault> {
        let place = address.to_string();
        credentials(address)?;
        let patience = Duration::from_secs(whole_number("KEPI_STORE_TIMEOUT", 30, &place)?.max(1));
        let retry = RetryConfig {
            backoff: BackoffConfig { init_backoff: FIRST_WAIT, max_backoff: LONGEST_WAIT, base: 2.0 },
            max_retries: usize::try_from(whole_number("KEPI_STORE_RETRIES", 4, &place)?).unwrap_or(usize::MAX),
            retry_timeout: Duration::from_secs(180),
        };
        let connector = Connector { within: prefix(address), patience };
        let bucket = &address.authority;
        let inner: Result<Arc<dyn ObjectStore>, Error> = match address.scheme {
            Scheme::S3 => {
                let builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
                builder.with_retry(retry).with_http_connector(connector).build().map(|s| Arc::new(s) as _)
            }
            Scheme::Gs => {
                let builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket);
                builder.with_retry(retry).with_http_connector(connector).build().map(|s| Arc::new(s) as _)
            }
            Scheme::Az => {
                let builder = MicrosoftAzureBuilder::from_env().with_container_name(bucket);
                builder.with_retry(retry).with_http_connector(connector).build().map(|s| Arc::new(s) as _)
            }
            Scheme::Https | Scheme::Http => {
                let plain = address.scheme == Scheme::Http;
                let options = ClientOptions::new().with_allow_http(plain);
                let host = format!("{}://{bucket}/", address.scheme.name());
                let builder = HttpBuilder::new().with_url(host).with_client_options(options);
                builder.with_retry(retry).with_http_connector(connector).build().map(|s| Arc::new(s) as _)
            }
        };
        match inner {
            Ok(inner) => Ok(Self { inner, address: address.clone() }),
            Err(error) if address.scheme.lists() => {
                let text = format!("cannot be connected to: {}", kind_of(&error));
                let help = "look at the variables of the environment that its credentials come from";
                Err(Fault::new(Code::NoCredentials, place, text).help(help))
            }
            Err(error) => Err(explained(&error, &place, "cannot be connected to")),
        }
    }

    /// What lies below a folder of the place, as names relative to the place; at most `most` and one more.
    pub fn list(&self, folder: &[&str], most: usize) -> Result<Vec<(String, Object)>, Fault> {
        let from = self.path(folder)?;
        let store = Arc::clone(&self.inner);
        let listed = self.wait(async move {
            let mut stream = store.list((!from.as_ref().is_empty()).then_some(&from)).take(most.saturating_add(1));
            let mut listed = Vec::new();
            while let Some(meta) = stream.next().await {
                listed.push(meta?);
            }
            Ok(listed)
        })?;
        let own = self.address.parts.len();
        let objects = listed.into_iter().map(|meta| {
            let parts: Vec<&str> = meta.location.as_ref().split('/').skip(own).collect();
            let inner = parts.join("/");
            let address = format!("{}/{inner}", self.address);
            (inner, Object::new(Arc::clone(&self.inner), address, meta))
        });
        Ok(objects.collect())
    }

    /// The object of this name below the place; `None` where there is none.
    pub fn one(&self, parts: &[&str]) -> Result<Option<Object>, Fault> {
        let path = self.path(parts)?;
        let own = self.address.to_string();
        let address = parts.iter().fold(own, |address, part| format!("{address}/{part}"));
        let store = Arc::clone(&self.inner);
        let asked = self.wait(async move {
            let options = GetOptions { head: true, ..GetOptions::default() };
            match store.get_opts(&path, options).await {
                Ok(got) => Ok(Some(got.meta)),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        });
        match asked {
            Ok(meta) => Ok(meta.map(|meta| Object::new(Arc::clone(&self.inner), address, meta))),
            Err(fault) => Err(Fault { place: address, ..fault }),
        }
    }

    /// The first names in the place itself, those of folders with a `/`; an error where the bucket does not exist.
    pub fn names(&self) -> Result<Vec<String>, Fault> {
        let from = self.path(&[])?;
        let store = Arc::clone(&self.inner);
        let listed =
            self.wait(async move { store.list_with_delimiter((!from.as_ref().is_empty()).then_some(&from)).await })?;
        let name = |path: &Path| path.filename().unwrap_or_default().to_owned();
        let folders = listed.common_prefixes.iter().map(|path| format!("{}/", name(path)));
        let mut names: Vec<String> = folders.chain(listed.objects.iter().map(|meta| name(&meta.location))).collect();
        names.sort();
        names.truncate(SHOWN);
        Ok(names)
    }

    fn path(&self, parts: &[&str]) -> Result<Path, Fault> {
        let own = self.address.parts.iter().map(String::as_str);
        let whole = own.chain(parts.iter().copied()).collect::<Vec<_>>().join("/");
        Path::parse(&whole).map_err(|_| {
            let text = format!("cannot hold `{}`: no store has such a name", parts.join("/"));
            Fault::new(Code::NoSuchObject, self.address.to_string(), text)
        })
    }

    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Fault> {
        let place = self.address.to_string();
        let lost = || Fault::new(Code::Internal, place.clone(), "was being asked when asking stopped");
        let answer = block_on(spawn(work)?).map_err(|_| lost())?;
        answer.map_err(|error| explained(&error, &place, "cannot be listed"))
    }
}

/// Runs requests; they can be waited for from anywhere.
pub(super) fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<JoinHandle<T>, Fault> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(THREADS).thread_name("requests").enable_all().build().map_err(|e| e.to_string())
    });
    match runtime {
        Ok(runtime) => Ok(runtime.spawn(work)),
        Err(error) => Err(Fault::new(Code::RuntimeFailed, "data", format!("cannot be asked for: {error}"))),
    }
}

/// Makes clients that go nowhere but where they are sent.
#[derive(Debug)]
struct Connector {
    /// Below this a web server may redirect; an object store never.
    within: Option<reqwest::Url>,
    patience: Duration,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let plain = options.get_config_value(&ClientConfigKey::AllowHttp).is_some_and(|value| value == "true");
        let within = self.within.clone();
        let client = reqwest::Client::builder()
            .connect_timeout(self.patience)
            .read_timeout(self.patience)
            .https_only(!plain)
            .referer(false)
            .redirect(Policy::custom(move |attempt| redirected(attempt, within.as_ref())))
            .build();
        client.map(HttpClient::new).map_err(|error| Error::Generic { store: "HTTP", source: Box::new(error) })
    }
}

/// The address of a web server's prefix, ending in `/`.
fn prefix(address: &Address) -> Option<reqwest::Url> {
    if address.scheme.lists() {
        return None;
    }
    let mut url = reqwest::Url::parse(&format!("{}://{}/", address.scheme.name(), address.authority)).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(&address.parts).push("");
    Some(url)
}

fn redirected(attempt: Attempt<'_>, within: Option<&reqwest::Url>) -> reqwest::redirect::Action {
    let to = attempt.url();
    let inside = within.is_some_and(|within| {
        to.origin() == within.origin() && to.username().is_empty() && to.path().starts_with(within.path())
    });
    if inside && attempt.previous().len() <= MOST_REDIRECTS {
        return attempt.follow();
    }
    let same = within.is_some_and(|within| within.origin() == to.origin());
    let text = match (inside, same, to.host_str()) {
        (true, ..) => format!("is redirected more than {MOST_REDIRECTS} times"),
        (_, true, _) => "is redirected out of the prefix that `data` names".to_owned(),
        (_, _, Some(host)) => format!("is redirected to another server, `{}://{host}`", to.scheme()),
        (_, _, None) => "is redirected to another server".to_owned(),
    };
    attempt.error(Redirected(text))
}

#[derive(Debug)]
struct Redirected(String);

impl fmt::Display for Redirected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Redirected {}

/// An error of the store's crate in our words. Its own may hold what was signed and with which key, so they are not passed on.
pub(super) fn explained(error: &Error, place: &str, cannot: &str) -> Fault {
    let chain = chain(error);
    if let Some(Redirected(text)) = chain.iter().find_map(|e| e.downcast_ref()) {
        let help = "name the place that it leads to with `data:` in kepi.yaml";
        return Fault::new(Code::LeadsAway, place, text.clone()).help(help);
    }
    let text = error.to_string();
    let (status, code) = (status(&text), code(&text));
    let said = match (status, code) {
        (Some(status), Some(code)) => format!(" ({status}, {code})"),
        (Some(status), None) => format!(" ({status})"),
        (None, _) => String::new(),
    };
    if text.contains("Received redirect without LOCATION") || status.is_some_and(|s| (300..400).contains(&s)) {
        let text = format!("{cannot}: the store refers to another one{said}");
        return Fault::new(Code::LeadsAway, place, text).help("is the region right (`AWS_REGION`)?");
    }
    if matches!(error, Error::NotFound { .. }) || status == Some(404) {
        return Fault::new(Code::NoSuchObject, place, format!("{cannot}: it does not exist{said}"));
    }
    let denied = matches!(error, Error::PermissionDenied { .. } | Error::Unauthenticated { .. });
    if denied || matches!(status, Some(401 | 403)) {
        let help = "the credentials of the environment must allow reading and, for patterns, listing";
        return Fault::new(Code::AccessDenied, place, format!("{cannot}: access is denied{said}")).help(help);
    }
    let http = chain.iter().find_map(|e| e.downcast_ref::<HttpError>()).map(HttpError::kind);
    let inner = || chain.last().map(|e| e.to_string()).unwrap_or_default();
    match (http, status) {
        (Some(HttpErrorKind::Timeout), _) => {
            let text = format!("{cannot}: there is no answer");
            Fault::new(Code::Unreachable, place, text).help("`KEPI_STORE_TIMEOUT` is how many seconds are waited")
        }
        (Some(HttpErrorKind::Connect), _) => {
            Fault::new(Code::Unreachable, place, format!("{cannot}: the server cannot be reached: {}", short(&inner())))
        }
        (Some(_), _) if inner().contains("URL scheme is not allowed") => {
            let text = format!("{cannot}: its server is asked without encryption");
            Fault::new(Code::Unreachable, place, text).help("write `AWS_ALLOW_HTTP=true` if that is meant")
        }
        (Some(_), _) => {
            Fault::new(Code::StoreFailed, place, format!("{cannot}: the answer breaks off: {}", short(&inner())))
        }
        (None, Some(status)) => {
            let error = if status >= 500 { "an error of its own" } else { "an error" };
            Fault::new(Code::StoreFailed, place, format!("{cannot}: the server answers with {error}{said}"))
        }
        (None, None) if text.contains("non-partial response") => {
            Fault::new(Code::StoreFailed, place, format!("{cannot}: the server does not hand out parts of a file"))
                .help("copy the files into a folder of the project, or to a server that answers range requests")
        }
        (None, None) => Fault::new(Code::StoreFailed, place, format!("{cannot}: {}", short(&kind_of(error)))),
    }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> Vec<&'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source()).collect()
}

/// What an error says that comes from no server.
fn kind_of(error: &Error) -> String {
    match error {
        Error::Generic { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

fn short(text: &str) -> String {
    const LONGEST: usize = 120;
    let line = text.lines().next().unwrap_or_default();
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect()
}

/// The status of an answer that was none of success.
fn status(text: &str) -> Option<u16> {
    let (_, after) = text.split_once("status code: ")?;
    after.get(..3)?.parse().ok()
}

/// What stores call an error in their answers.
fn code(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("<Code>")?;
    let (code, _) = after.split_once("</Code>")?;
    (code.len() <= 60 && code.chars().all(|c| c.is_ascii_alphanumeric())).then_some(code)
}

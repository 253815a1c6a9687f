//! Addresses of data that lie outside of the project: `s3://bucket/folder`, `https://host/folder`.

use std::fmt;

/// How a place is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    S3,
    Gs,
    Az,
    Https,
    Http,
}

const SCHEMES: [(&str, Scheme); 5] =
    [("s3", Scheme::S3), ("gs", Scheme::Gs), ("az", Scheme::Az), ("https", Scheme::Https), ("http", Scheme::Http)];

impl Scheme {
    pub fn name(self) -> &'static str {
        SCHEMES.iter().find(|(_, scheme)| *scheme == self).map_or("", |(name, _)| name)
    }

    /// Whether the files below a prefix can be listed; plain web servers only hand out what is named.
    pub fn lists(self) -> bool {
        !matches!(self, Self::Https | Self::Http)
    }
}

/// A prefix, or a pattern of names below one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    pub scheme: Scheme,
    /// Bucket, container, or host with its port.
    pub authority: String,
    /// What stands behind it, between `/`.
    pub parts: Vec<String>,
}

impl Address {
    /// `None` for a path of the project; the error is what is wrong with the address. A pattern may have wildcards behind
    /// the bucket or host.
    pub fn parse(text: &str, pattern: bool) -> Option<Result<Self, String>> {
        let (scheme, rest) = text.split_once("://")?;
        Some(Self::of(scheme, rest, pattern))
    }

    fn of(scheme: &str, rest: &str, pattern: bool) -> Result<Self, String> {
        let Some((_, scheme)) = SCHEMES.iter().find(|(name, _)| *name == scheme) else {
            return Err(format!("`{scheme}://` is not read, only `s3://`, `gs://`, `az://` and `https://`"));
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let web = !scheme.lists();
        if authority.contains('@') {
            return Err("names and passwords have no place in an address".to_owned());
        }
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let plain = authority.starts_with(|c: char| c.is_ascii_alphanumeric()) && authority.chars().all(named);
        if !(plain || web && is_host(authority)) {
            let what = if web { "host" } else { "bucket" };
            return Err(format!("`{authority}` is no name of a {what}"));
        }
        if path.contains(['\\', '\0', '#', '%', '$']) || path.chars().any(char::is_control) {
            return Err("names are written as they are: no `%`, `$`, `#` or `\\`".to_owned());
        }
        if !pattern && path.contains(['*', '?', '[', ']', '{', '}']) {
            return Err("a prefix has no wildcards; they belong to `files`".to_owned());
        }
        // Alternatives could hide a `..` from the look at each part.
        if path.split(['/', '{', '}', ',']).any(|part| part == ".." || part == ".") {
            return Err("`..` leads out of the folder".to_owned());
        }
        let path = if pattern { path } else { path.strip_suffix('/').unwrap_or(path) };
        if path.is_empty() {
            return Ok(Self { scheme: *scheme, authority: authority.to_owned(), parts: Vec::new() });
        }
        if path.split('/').any(str::is_empty) {
            return Err("a name between two `/` is empty".to_owned());
        }
        let parts = path.split('/').map(str::to_owned).collect();
        Ok(Self { scheme: *scheme, authority: authority.to_owned(), parts })
    }

    /// What is left of this address below a prefix.
    pub fn below(&self, prefix: &Self) -> Option<&[String]> {
        let same = self.scheme == prefix.scheme && self.authority == prefix.authority;
        same.then(|| self.parts.strip_prefix(prefix.parts.as_slice())).flatten()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.authority)?;
        self.parts.iter().try_for_each(|part| write!(f, "/{part}"))
    }
}

/// A host, perhaps with a port; IPv6 in brackets.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let six = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let host = match six {
        Some(six) => six.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.starts_with(|c: char| c.is_ascii_alphanumeric()) && host.chars().all(named),
    };
    host && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::Address;

    fn parse(text: &str, pattern: bool) -> String {
        match Address::parse(text, pattern) {
            None => "a path".to_owned(),
            Some(Ok(address)) => address.to_string(),
            Some(Err(why)) => format!("! {why}"),
        }
    }

    #[test]
    fn reads_what_names_a_place() {
        for (text, expected) in [
            ("events/a.csv", "a path"),
            ("s3://bucket", "s3://bucket"),
            ("s3://bucket/", "s3://bucket"),
            ("gs://my.bucket_1/events/app/", "gs://my.bucket_1/events/app"),
            ("https://example.org:8443/data", "https://example.org:8443/data"),
            ("http://[::1]:9000/data", "http://[::1]:9000/data"),
            ("s3://bucket/day=2026-01-01/a b.csv", "s3://bucket/day=2026-01-01/a b.csv"),
        ] {
            assert_eq!(parse(text, false), expected, "{text}");
        }
        assert_eq!(parse("s3://bucket/events/**/*.parquet", true), "s3://bucket/events/**/*.parquet");
    }

    #[test]
    fn refuses_what_leads_elsewhere() {
        for text in [
            "ftp://host/a",
            "file:///etc/passwd",
            "S3://bucket/a",
            "s3://",
            "s3:///a",
            "s3://bucket:80/a",
            "s3://b*/a",
            "s3://$BUCKET/a",
            "https://user:secret@host/a",
            "https://host:99999/a",
            "https://host:/a",
            "https://[::1/a",
            "s3://bucket/../other/a",
            "s3://bucket/a/..",
            "s3://bucket/{..,b}/a",
            "s3://bucket/./a",
            "s3://bucket//a",
            "s3://bucket/a\\b",
            "https://host/%2e%2e/a",
            "https://host/a#b",
            "s3://bucket/$HOME/a",
        ] {
            assert!(parse(text, true).starts_with("! "), "{text}: {}", parse(text, true));
        }
        assert!(parse("s3://bucket/*/a", false).starts_with("! "));
        assert!(parse("https://host/a?b=c", false).starts_with("! "));
    }

    #[test]
    fn lies_below_a_prefix_by_whole_names() {
        let of = |text: &str| Address::parse(text, true).unwrap().unwrap();
        let prefix = of("s3://bucket/events");
        assert_eq!(of("s3://bucket/events/a/*.csv").below(&prefix).unwrap(), ["a", "*.csv"]);
        for other in [
            "s3://bucket/eventsx/a",
            "s3://other/events/a",
            "gs://bucket/events/a",
            "s3://bucket/a",
            "s3://bucket/ev*/a",
        ] {
            assert_eq!(of(other).below(&prefix), None, "{other}");
        }
    }
}

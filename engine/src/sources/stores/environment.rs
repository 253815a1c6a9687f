//! What the environment says of a place: credentials and settings.

use std::env;

use kepi_lang::diag::Code;
use kepi_lang::resolve::address::{Address, Scheme};

use crate::sources::stores::Fault;

/// Variables of the environment of which one (`|`) or all (`+`) give access.
fn ways(scheme: Scheme) -> (&'static [&'static [&'static str]], &'static str) {
    match scheme {
        Scheme::S3 => (
            &[
                &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
                &["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"],
                &["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"],
                &["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
            ],
            "AWS_SKIP_SIGNATURE",
        ),
        Scheme::Gs => (
            &[
                &["GOOGLE_APPLICATION_CREDENTIALS"],
                &["GOOGLE_SERVICE_ACCOUNT"],
                &["GOOGLE_SERVICE_ACCOUNT_PATH"],
                &["GOOGLE_SERVICE_ACCOUNT_KEY"],
            ],
            "GOOGLE_SKIP_SIGNATURE",
        ),
        Scheme::Az => (
            &[
                &["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY"],
                &["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_SAS_TOKEN"],
                &["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"],
                &["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_TENANT_ID"],
            ],
            "AZURE_SKIP_SIGNATURE",
        ),
        Scheme::Https | Scheme::Http => (&[], ""),
    }
}

/// An error where the environment holds no credentials for a place: those of the machine itself, of a profile or of a home
/// folder are never looked for.
pub(super) fn credentials(address: &Address) -> Result<(), Fault> {
    let (ways, public) = ways(address.scheme);
    let set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let on = env::var(public).is_ok_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1"));
    if ways.is_empty() || on || ways.iter().any(|way| way.iter().all(set)) {
        return Ok(());
    }
    let names = |way: &[&str]| way.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
    // The way that is nearest to being there; of equal ones the first.
    let nearest = ways.iter().rev().max_by_key(|way| way.iter().filter(|name| set(name)).count());
    let wanted = nearest.map(|way| names(way)).unwrap_or_default();
    let text = "cannot be read: the environment holds no credentials for it";
    let help = format!("set {wanted}, or `{public}=true` for what everybody may read");
    Err(Fault::new(Code::NoCredentials, address.to_string(), text).help(help))
}

/// A setting of the environment that is a whole number.
pub(super) fn whole_number(name: &str, otherwise: u64, place: &str) -> Result<u64, Fault> {
    match env::var_os(name) {
        None => Ok(otherwise),
        Some(value) => value.to_str().and_then(|text| text.trim().parse().ok()).ok_or_else(|| {
            let text = format!("cannot be read: `{name}` is not a whole number");
            Fault::new(Code::StoreFailed, place, text)
        }),
    }
}

//! Projects that ship with kepi: definitions as files, data out of the generator.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use kepi_engine::generate::{App, Customer, Purchase, app, shop};
use kepi_lang::syntax::print;

use crate::args::Template;
use crate::commands::Stop;
use crate::commands::init::{cannot, made};
use crate::interrupt;
use crate::scaffold::Scaffold;

/// The generated data begin here and cover so many days, to the end of August.
const START: Date = date(2026, 1, 1);
const DAYS: u32 = 243;

/// Writes a project; returns the paths of its files.
pub fn write(root: &Path, template: Template, name: &str, force: bool) -> Result<Vec<String>, Stop> {
    let mut scaffold = Scaffold::new(root, manifest(template, name));
    for (path, text) in definitions(template) {
        scaffold.text(path, *text);
    }
    match template {
        Template::App => scaffold.other("data/events.parquet"),
        Template::Shop => {
            let (orders, customers) = shop(START, DAYS, 30, 1);
            scaffold.text("data/orders.csv", orders_csv(&orders));
            scaffold.text("data/customers.csv", customers_csv(&customers));
        }
    }
    if let Some(line) = scaffold.in_the_way().filter(|_| !force) {
        return Err(Stop::Usage(line));
    }
    made(root)?;
    if template == Template::App {
        let data = root.join("data");
        let spec = App { events: 40_000, actors: 900, days: DAYS, start: START, ..App::default() };
        interrupt::hold().unfinished(&data);
        app(&data, &spec).map_err(|e| Stop::Data(e.to_string()))?;
    }
    scaffold.write().map_err(|(path, error)| cannot(&path, &error))
}

fn manifest(template: Template, name: &str) -> String {
    let text = match template {
        Template::App => include_str!("../../../templates/app/kepi.yaml"),
        Template::Shop => include_str!("../../../templates/shop/kepi.yaml"),
    };
    text.replace("{{name}}", &print::yaml(name))
}

fn definitions(template: Template) -> &'static [(&'static str, &'static str)] {
    match template {
        Template::App => &[
            ("metrics/sources.yaml", include_str!("../../../templates/app/metrics/sources.yaml")),
            ("metrics/product.yaml", include_str!("../../../templates/app/metrics/product.yaml")),
            ("metrics/aims.yaml", include_str!("../../../templates/app/metrics/aims.yaml")),
        ],
        Template::Shop => &[
            ("metrics/sources.yaml", include_str!("../../../templates/shop/metrics/sources.yaml")),
            ("metrics/shop.yaml", include_str!("../../../templates/shop/metrics/shop.yaml")),
            ("metrics/aims.yaml", include_str!("../../../templates/shop/metrics/aims.yaml")),
        ],
    }
}

fn orders_csv(orders: &[Purchase]) -> String {
    let mut out = String::from("at,event,order_id,customer_id,country,channel,category,items,amount\n");
    for o in orders {
        let at =
            Timestamp::from_second(o.at).map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default();
        let customer = o.customer.map_or_else(String::new, |id| id.to_string());
        out += &format!(
            "{at},{},{},{customer},{},{},{},{},{}.{:02}\n",
            o.event,
            o.order,
            o.country,
            o.channel,
            o.category,
            o.items,
            o.cents / 100,
            o.cents % 100
        );
    }
    out
}

fn customers_csv(customers: &[Customer]) -> String {
    let lines = customers.iter().map(|c| format!("{},{},{}\n", c.id, c.kind, c.country));
    std::iter::once("customer_id,kind,home\n".to_owned()).chain(lines).collect()
}

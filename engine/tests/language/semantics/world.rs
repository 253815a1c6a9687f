//! The project of the hand-worked numbers.

use kepi_lang::decimal::Decimal;

use crate::data::{Cell, Data, Encoding, Field, Kind, Table};

pub const MANIFEST: &str = "kepi: 1\nname: semantics\ntime_zone: UTC\ncurrency: EUR\n";

pub const DEFINITIONS: &str = r#"
sources:
  order:
    files: order_*
    time: at
    actor: user_id
    key: id
    columns:
      amount: {unit: EUR}
      took: {unit: ms}
      kind: {expr: n + 1}
  click:
    files: click_*
    time: at
    actor: user_id
  balance:
    files: balance_*
    time: at
    actor: account_id
    snapshot: true
    columns:
      amount: {unit: EUR}
  contract:
    files: contract_*
    time: none
lookups:
  users: {files: users_*, key: user_id, actor: true}
segments:
  pro: plan = "pro"
"#;

/// Three days: orders on the first and the third of March, none on the second; one before, on the last day of February.
const ORDERS: &str = "
2024-02-29T12:00:00Z,u9,FR, 1.00,9,false,9000,e0
2024-03-01T08:00:00Z,u1,DE,10.00,1,true ,1000,e1
2024-03-01T09:00:00Z,u1,DE,20.00,2,false,2000,e2
2024-03-01T10:00:00Z,u2,FR,30.00,3,true ,3000,e3
2024-03-01T11:00:00Z,  ,FR,40.00,4,     ,4000,e4
2024-03-03T08:00:00Z,u2,  ,     ,5,true , 500,e5
2024-03-03T09:00:00Z,u3,DE, 5.50, ,false,    ,e6
2024-03-03T09:00:00Z,u3,DE, 6.50,7,     ,1500,e7
2024-03-03T10:00:00Z,u3,DE, 6.50,7,     ,1500,e7
                    ,u1,DE, 7.00,7,true ,1500,e8
";

/// Their `n` is a decimal, that of orders a whole number.
const CLICKS: &str = "
2024-03-01T12:00:00Z,u3,DE,2.00
2024-03-02T12:00:00Z,u1,FR,0.25
";

const BALANCES: &str = "
2024-03-01T00:00:00Z,a,100.00
2024-03-01T00:00:00Z,b, 50.00
2024-03-03T00:00:00Z,a,120.00
";

const CONTRACTS: &str = "
gold,3
gold,4
free,
";

/// No row for u9.
const USERS: &str = "
u1,pro ,30
u2,free,40
u3,    ,
";

pub fn tables(encoding: Encoding) -> Data {
    use Kind::{Bool, Decimal, Int, Text, Zoned};
    let order = [
        ("at", Zoned),
        ("user_id", Text),
        ("country", Text),
        ("amount", Decimal),
        ("n", Int),
        ("flag", Bool),
        ("took", Int),
        ("id", Text),
    ];
    let table = |name: &str, fields: &[(&str, Kind)], rows: &str| table(name, encoding, fields, rows);
    Data {
        sources: vec![
            table("order", &order, ORDERS),
            table("click", &[("at", Zoned), ("user_id", Text), ("country", Text), ("n", Decimal)], CLICKS),
            table("balance", &[("at", Zoned), ("account_id", Text), ("amount", Decimal)], BALANCES),
            table("contract", &[("kind", Text), ("seats", Int)], CONTRACTS),
        ],
        lookups: vec![table("users", &[("user_id", Text), ("plan", Text), ("age", Int)], USERS)],
        of_sources: Vec::new(),
    }
}

fn table(name: &str, encoding: Encoding, fields: &[(&str, Kind)], rows: &str) -> Table {
    let rows: Vec<Vec<Cell>> = rows
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split(',').zip(fields).map(|(text, (_, kind))| cell(text.trim(), *kind)).collect())
        .collect();
    let fields = fields.iter().map(|(name, kind)| Field { name: (*name).to_owned(), kind: *kind }).collect();
    let (first, second) = rows.split_at(rows.len() / 2);
    Table { name: name.to_owned(), encoding, fields, files: vec![first.to_vec(), second.to_vec()] }
}

fn cell(text: &str, kind: Kind) -> Cell {
    match kind {
        _ if text.is_empty() => Cell::Null,
        Kind::Bool => Cell::Bool(text == "true"),
        Kind::Int => Cell::Int(text.parse().expect("a number")),
        Kind::Decimal => Cell::Decimal(text.parse::<Decimal>().expect("a number")),
        Kind::Zoned => Cell::Zoned(text.parse().expect("an instant")),
        _ => Cell::Text(text.to_owned()),
    }
}

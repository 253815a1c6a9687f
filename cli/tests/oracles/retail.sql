-- What the objectives of examples/retail must say, in DuckDB's SQL. Run with DuckDB 1.x or later in the project's folder:
--   duckdb -json < cli/tests/oracles/retail.sql > cli/tests/oracles/retail.json
create view line as
  select *, quantity * unit_price as value from 'examples/retail/data/online_retail.parquet'
  where invoice_no not like 'A%' and invoice_ts < timestamp '2011-12-01';
create view window_ (label, a, b) as values
  ('2011-Q1', timestamp '2011-01-01', timestamp '2011-04-01'),
  ('2011-Q2', timestamp '2011-04-01', timestamp '2011-07-01'),
  ('2011-Q3', timestamp '2011-07-01', timestamp '2011-10-01'),
  ('3 months to 30 Nov 2011', timestamp '2011-09-01', timestamp '2011-12-01'),
  ('2011-10', timestamp '2011-10-01', timestamp '2011-11-01'),
  ('2011-11', timestamp '2011-11-01', timestamp '2011-12-01');
create view windowed as select * from window_ join line on invoice_ts >= a and invoice_ts < b;
create view orders as
  select label, invoice_no, sum(value) as v from windowed where invoice_no not like 'C%' group by 1, 2;
create view buyers as
  select label, customer_id, count(distinct invoice_no) as n from windowed
  where invoice_no not like 'C%' and customer_id is not null group by 1, 2;
select w.label,
  (select count(*) from buyers b where b.label = w.label) as active_customers,
  (select count(*) from buyers b where b.label = w.label and n >= 2) as repeat_customers,
  (select avg((n >= 2)::int) from buyers b where b.label = w.label) as repeat_rate,
  (select sum(value) from windowed x where x.label = w.label) as revenue,
  (select avg(v) from orders o where o.label = w.label) as order_value,
  (select median(v) from orders o where o.label = w.label) as order_value_median,
  (select quantile_cont(v, 0.9) from orders o where o.label = w.label) as order_value_p90,
  (select count(*) from orders o where o.label = w.label) as orders,
  (select count(distinct invoice_no) from windowed x where x.label = w.label and invoice_no like 'C%') * 1.0
    / (select count(distinct invoice_no) from windowed x where x.label = w.label) as cancelled_share,
  (select count(distinct invoice_no) from windowed x where x.label = w.label and invoice_no like 'C%' and country != 'United Kingdom') * 1.0
    / (select count(distinct invoice_no) from windowed x where x.label = w.label and country != 'United Kingdom') as cancelled_share_abroad,
  (select sum(value) from windowed x where x.label = w.label and invoice_no not like 'C%' and customer_id is not null)
    / (select count(*) from buyers b where b.label = w.label) as revenue_per_customer,
  (select count(distinct customer_id) from windowed x where x.label = w.label and invoice_no not like 'C%' and country != 'United Kingdom') * 1.0
    / (select count(*) from buyers b where b.label = w.label) as abroad_share
from window_ w order by a, label;

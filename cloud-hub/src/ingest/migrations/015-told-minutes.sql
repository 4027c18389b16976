-- Minutes that a gateway told (content 9): reckoned from all of its samples, where only some of them are told. By minute of
-- the hour the revision with which it was told, 0 where the minute was computed here; one element when all are equal.
alter table rollup_minutes add column told bigint[];
alter table rollup_minutes alter column told set storage main;
-- Each pass of the sorter asks for those of the hours that it computes again; nearly always there are none.
create index rollup_minutes_told on rollup_minutes (series, slot) where told is not null;

create or replace view rollup_1m as
select s.gateway, s.tag, s.name, s.device, s.asset, s.unit, s.kind,
  to_timestamp((r.slot::bigint * 60 + coalesce(r.places[b.at], r.first + b.at - 1)) * 60) as time,
  rollup_pick(r.samples, b.at) as samples,
  coalesce(rollup_pick(r.good, b.at), rollup_pick(r.samples, b.at)) as good,
  c.good_us / 60000000::double precision as good_share,
  rollup_value(r.values2, r.values4, r.values8, r.base, r.decimals, b.at) as minimum,
  rollup_value(r.values2, r.values4, r.values8, r.base, r.decimals, r.n + b.at) as maximum,
  case when c.good_us > 0 then coalesce(
    (r.integrals8[b.at] / c.good_us + r.base) / power(10::double precision, r.decimals),
    r.integrals_double[b.at] / c.good_us) end as mean,
  case when c.good > 0 then coalesce(
    (coalesce(r.sums4[b.at], r.sums8[b.at]) / c.good + r.base) / power(10::double precision, r.decimals),
    r.sums_double[b.at] / c.good) end as average,
  case when c.good > 0 then coalesce(
    sqrt(greatest(0, coalesce(r.squares4[b.at], r.squares8[b.at]) / c.good
      - (coalesce(r.sums4[b.at], r.sums8[b.at]) / c.good) ^ 2)) / power(10::double precision, r.decimals),
    sqrt(greatest(0, r.squares_double[b.at] / c.good - (r.sums_double[b.at] / c.good) ^ 2))) end as deviation,
  rollup_value(r.values2, r.values4, r.values8, r.base, r.decimals, 2 * r.n + b.at) as first,
  rollup_value(r.values2, r.values4, r.values8, r.base, r.decimals, 3 * r.n + b.at) as last,
  coalesce(r.worst[b.at], 0)::bigint & 4294967295 as worst_status,
  coalesce(r.delta[b.at], 0) as counted,
  coalesce(r.changes[b.at], 0) as changes,
  r.slot,
  coalesce(case when cardinality(r.told) = 1 then r.told[1] else r.told[coalesce(r.places[b.at], r.first + b.at - 1) + 1] end, 0) > 0 as told
from rollup_minutes r join series s on s.no = r.series
cross join lateral generate_series(1, r.n) b (at)
cross join lateral (select
  coalesce(rollup_pick(r.good_us, b.at)::bigint + 2147483648, 60000000)::double precision as good_us,
  coalesce(rollup_pick(r.good, b.at), rollup_pick(r.samples, b.at))::double precision as good) c;
comment on column rollup_1m.told is 'As the gateway reckoned it from all of its samples; else computed from the samples that were told.';

-- Minutes and hours of every tag, as arrays: minutes by tag and hour, hours by tag and day. One row for each bucket would
-- take more room than the samples. What each column holds: history/rollups/packed-buckets.ts.

create table rollup_minutes (
  series integer not null,
  -- Hours since 1970, UTC.
  slot integer not null,
  first smallint not null,
  n smallint not null,
  places smallint[],
  samples integer[] not null,
  good integer[],
  good_us integer[],
  worst integer[],
  decimals smallint,
  base bigint not null,
  values2 smallint[],
  values4 integer[],
  values8 double precision[],
  first_us integer[],
  last_us integer[],
  sums4 integer[],
  sums8 bigint[],
  sums_double double precision[],
  squares4 integer[],
  squares8 bigint[],
  squares_double double precision[],
  integrals8 bigint[],
  integrals_double double precision[],
  delta double precision[],
  roll_overs integer[],
  resets integer[],
  changes integer[],
  states jsonb,
  exact jsonb,
  primary key (series, slot)
) partition by range (slot);
create table rollup_minutes_other partition of rollup_minutes default;

create table rollup_hours (
  series integer not null,
  -- Days since 1970, UTC.
  slot integer not null,
  first smallint not null,
  n smallint not null,
  places smallint[],
  samples integer[] not null,
  good integer[],
  good_us integer[],
  worst integer[],
  decimals smallint,
  base bigint not null,
  values2 smallint[],
  values4 integer[],
  values8 double precision[],
  first_us integer[],
  last_us integer[],
  sums4 integer[],
  sums8 bigint[],
  sums_double double precision[],
  squares4 integer[],
  squares8 bigint[],
  squares_double double precision[],
  integrals8 bigint[],
  integrals_double double precision[],
  delta double precision[],
  roll_overs integer[],
  resets integer[],
  changes integer[],
  states jsonb,
  exact jsonb,
  primary key (series, slot)
) partition by range (slot);
create table rollup_hours_other partition of rollup_hours default;

create function rollup_pick(numbers integer[], at integer) returns integer language sql immutable parallel safe
  return case when cardinality(numbers) = 1 then numbers[1] else numbers[at] end;

create function rollup_value(values2 smallint[], values4 integer[], values8 double precision[], base bigint,
  decimals smallint, at integer) returns double precision language sql immutable parallel safe
  return case
    when values2 is not null then (nullif(values2[at], -32768) + base) / power(10::double precision, decimals)
    when values4 is not null then (nullif(values4[at], -2147483648) + base) / power(10::double precision, decimals)
    else nullif(values8[at], 'NaN') end;

-- What Grafana and BI tools read. A question that names gateway, tag and a range of slots is answered by an index.

create view rollup_1m as
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
  r.slot
from rollup_minutes r join series s on s.no = r.series
cross join lateral generate_series(1, r.n) b (at)
cross join lateral (select
  coalesce(rollup_pick(r.good_us, b.at)::bigint + 2147483648, 60000000)::double precision as good_us,
  coalesce(rollup_pick(r.good, b.at), rollup_pick(r.samples, b.at))::double precision as good) c;
comment on view rollup_1m is 'One row for each tag and minute in which a sample lies or a value holds. slot: hours since 1970, for ranges by index.';

create view rollup_1h as
select s.gateway, s.tag, s.name, s.device, s.asset, s.unit, s.kind,
  to_timestamp((r.slot::bigint * 24 + coalesce(r.places[b.at], r.first + b.at - 1)) * 3600) as time,
  rollup_pick(r.samples, b.at) as samples,
  coalesce(rollup_pick(r.good, b.at), rollup_pick(r.samples, b.at)) as good,
  c.good_us / 3600000000::double precision as good_share,
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
  r.slot
from rollup_hours r join series s on s.no = r.series
cross join lateral generate_series(1, r.n) b (at)
cross join lateral (select
  coalesce(rollup_pick(r.good_us, b.at)::bigint + 2147483648, 3600000000)::double precision as good_us,
  coalesce(rollup_pick(r.good, b.at), rollup_pick(r.samples, b.at))::double precision as good) c;
comment on view rollup_1h is 'One row for each tag and hour in which a sample lies or a value holds. slot: days since 1970, for ranges by index.';
comment on column rollup_1m.time is 'Begin of the bucket.';
comment on column rollup_1m.samples is 'Samples of any status that were measured in the bucket.';
comment on column rollup_1m.good is 'Those among them of good status.';
comment on column rollup_1m.good_share is 'Part of the bucket in which a good value held, 0 to 1.';
comment on column rollup_1m.minimum is 'Least good value; null without one.';
comment on column rollup_1m.maximum is 'Greatest good value.';
comment on column rollup_1m.mean is 'Time-weighted mean: each value counts for as long as it held. Use this one for averages over time.';
comment on column rollup_1m.average is 'Mean of the good samples, however they lie in time.';
comment on column rollup_1m.deviation is 'Standard deviation of the good samples.';
comment on column rollup_1m.first is 'First good value.';
comment on column rollup_1m.last is 'Last good value.';
comment on column rollup_1m.worst_status is 'Greatest OPC UA status code; severity in its top two bits.';
comment on column rollup_1m.counted is 'Of a counter: what was counted. A step over a gap stands in the bucket of the later sample.';
comment on column rollup_1m.changes is 'Good samples that differ from the one before; of states, set points and texts.';
comment on column rollup_1h.time is 'Begin of the bucket.';
comment on column rollup_1h.samples is 'Samples of any status that were measured in the bucket.';
comment on column rollup_1h.good is 'Those among them of good status.';
comment on column rollup_1h.good_share is 'Part of the bucket in which a good value held, 0 to 1.';
comment on column rollup_1h.minimum is 'Least good value; null without one.';
comment on column rollup_1h.maximum is 'Greatest good value.';
comment on column rollup_1h.mean is 'Time-weighted mean: each value counts for as long as it held. Use this one for averages over time.';
comment on column rollup_1h.average is 'Mean of the good samples, however they lie in time.';
comment on column rollup_1h.deviation is 'Standard deviation of the good samples.';
comment on column rollup_1h.first is 'First good value.';
comment on column rollup_1h.last is 'Last good value.';
comment on column rollup_1h.worst_status is 'Greatest OPC UA status code; severity in its top two bits.';
comment on column rollup_1h.counted is 'Of a counter: what was counted. A step over a gap stands in the bucket of the later sample.';
comment on column rollup_1h.changes is 'Good samples that differ from the one before; of states, set points and texts.';

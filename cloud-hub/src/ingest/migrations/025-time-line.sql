-- The time line of a gateway (time-line/): when it was heard and when it was not, by the hub's clock.
create table presences (
  id bigint generated always as identity primary key,
  -- May be known by beats alone, before its row among the gateways is there.
  gateway text not null,
  -- 'heard', 'silent' or 'sleeping', from at_us on.
  state text not null,
  at_us bigint not null
);
create index presences_by_gateway on presences (gateway, at_us, id);

-- What happened while the hub itself was away is nobody's silence: each start of a hub, and up to when its presences are whole.
create table hub_runs (
  id bigint generated always as identity primary key,
  started_us bigint not null,
  until_us bigint not null
);

alter table dictionaries
  -- When the gateway sealed it for the first time, by its clock; null of those that came before this was noted.
  add column first_us bigint;

-- What happened on gateways: alarms, episodes, commands. The same event may come in several frames (a hub that was put back, a
-- copy of a journal), and two journals of one gateway may give a number twice: an event is known by the journal, its number and
-- what it says. `body` is JSON as the gateway wrote it; text, because what a gateway may write PostgreSQL's jsonb may not take.
create table events (
  id bigint generated always as identity primary key,
  gateway text not null references gateways,
  -- When the journal was begun that numbers them.
  journal_us bigint not null,
  number bigint not null,
  -- Of what it says.
  digest bigint not null,
  kind smallint not null,
  at_us bigint not null,
  asset text not null,
  subject text not null,
  body text not null,
  unique (gateway, journal_us, number, digest)
);
create index events_by_time on events (at_us, id);
create index events_by_gateway on events (gateway, at_us, id);
create index events_by_kind on events (kind, at_us, id);
create index events_by_subject on events (gateway, kind, subject, at_us, id);

-- The newest event of each alarm: what is active is read from here and not from years of history.
create table alarms (
  gateway text not null references gateways,
  alarm text not null,
  journal_us bigint not null,
  number bigint not null,
  -- As its last event says.
  state text not null,
  at_us bigint not null,
  asset text not null,
  body text not null,
  primary key (gateway, alarm)
);
create index alarms_not_normal on alarms (gateway) where state <> 'normal';

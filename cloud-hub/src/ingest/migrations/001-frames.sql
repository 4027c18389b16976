-- What the hub keeps. Frames are the truth; marks are a promise about them, in the same transaction.

create table hub (
  only_row boolean primary key default true check (only_row),
  -- Part of the incarnation; replaced when a gateway shows that this database is older than what it had promised.
  salt text not null
);
insert into hub (salt) values (gen_random_uuid()::text);

create table gateways (
  gateway text primary key,
  session bigint not null default 0,
  hello jsonb,
  hello_us bigint not null default 0,
  beat jsonb,
  beat_us bigint not null default 0
);

create table epochs (
  no integer generated always as identity primary key,
  gateway text not null references gateways,
  epoch text not null,
  -- null: known from frames alone.
  rank integer,
  parent text,
  started_us bigint not null default 0,
  unique (gateway, epoch)
);

create table marks (
  epoch_no integer not null references epochs,
  lane smallint not null,
  seq bigint not null default 0,
  chain bigint not null default 0,
  cum bigint not null default 0,
  frame_samples bigint not null default 0,
  void_samples bigint not null default 0,
  primary key (epoch_no, lane)
);

create table frames (
  epoch_no integer not null references epochs,
  lane smallint not null,
  seq bigint not null,
  content smallint not null,
  chain bigint not null,
  content_crc bigint not null,
  cum bigint not null,
  sample_count bigint not null,
  first_us bigint not null,
  last_us bigint not null,
  sealed_us bigint not null,
  received_us bigint not null,
  bytes bytea not null,
  primary key (epoch_no, lane, seq)
);
-- Frames come compressed; trying again only takes time.
alter table frames alter column bytes set storage external;
-- Content 1 is samples: what charts and twins read.
create index frames_by_time on frames (epoch_no, last_us) where content = 1;
create index frames_by_arrival on frames (epoch_no, received_us) where content = 1;

create table voids (
  epoch_no integer not null references epochs,
  lane smallint not null,
  from_seq bigint not null,
  to_seq bigint not null,
  chain_before bigint not null,
  chain_at bigint not null,
  cum bigint not null,
  sample_count bigint not null,
  primary key (epoch_no, lane, to_seq, from_seq, chain_before, chain_at)
);

create table dictionaries (
  gateway text not null references gateways,
  hash bigint not null,
  epoch_no integer not null references epochs,
  sealed_us bigint not null,
  body bytea not null,
  primary key (gateway, hash)
);

-- The whole row is the key: entries of one number with different content are both kept (no-loss protocol 2).
create table ledger_entries (
  epoch_no integer not null references epochs,
  number bigint not null,
  reason smallint not null,
  scope text not null,
  scope_id text not null,
  from_us bigint not null,
  to_us bigint not null,
  count_kind text not null,
  samples bigint not null,
  primary key (epoch_no, number, reason, scope, scope_id, from_us, to_us, count_kind, samples)
);

create table quarantine (
  id bigint generated always as identity primary key,
  gateway text not null,
  epoch text,
  lane smallint not null,
  seq bigint,
  chain bigint,
  -- 'corrupt' and 'foreign' are not stored; 'fork' is kept here; 'undecodable' is kept among the frames.
  kind text not null,
  reason text not null,
  received_us bigint not null,
  byte_count bigint not null,
  bytes bytea not null,
  -- A fork that is delivered again is the same fork. Rows without a number are never equal.
  unique (gateway, epoch, lane, seq, chain, kind)
);
create index quarantine_by_gateway on quarantine (gateway, kind, id);

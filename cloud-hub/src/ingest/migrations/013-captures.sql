-- Captures whose bytes lie in the folder of captures, under their SHA-256, and were found to be those.
create table captures (
  id bigint generated always as identity primary key,
  gateway text not null references gateways,
  tag text not null,
  asset text not null,
  start_us bigint not null,
  sha256 text not null,
  byte_count bigint not null,
  -- 'stored', or 'damaged': its pieces came twice and were not together what the record says.
  state text not null,
  record bytea not null,
  stored_us bigint not null,
  -- The same capture comes again by another epoch when a journal is a copy.
  unique (gateway, tag, start_us, sha256)
);
create index captures_by_time on captures (gateway, start_us desc);
create index captures_by_sha256 on captures (sha256);

-- How far captures were put together, of each epoch: what lies above is not safe, whatever the mark says.
create table capture_marks (
  epoch_no integer primary key references epochs,
  seq bigint not null,
  chain bigint not null,
  cum bigint not null
);

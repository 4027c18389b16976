-- Backups of this database that were verified: each was read back into a database of its own.
create table backups (
  id bigint generated always as identity primary key,
  -- Its folder.
  path text not null,
  -- What was stored by then is in it, µs.
  made_us bigint not null,
  verified_us bigint not null,
  byte_count bigint not null
);

-- How far the newest of them goes in each lane (no-loss protocol 6.6). They lie in the database so that they go back
-- with it: after a restore they promise no more than there is.
create table safe_marks (
  epoch_no integer not null references epochs,
  lane smallint not null,
  seq bigint not null,
  primary key (epoch_no, lane)
);

-- The lake: Parquet files of whole days. A file is valid only while it is listed here (no-loss protocol 6.8).
create table lake_files (
  id bigint generated always as identity primary key,
  day integer not null,
  bucket smallint not null,
  -- Below the lake's folder, and the same in a bucket of objects.
  path text not null unique,
  -- 'listed'; 'replaced' by a later one of the same day and bucket; 'damaged'; 'expired' by the settings.
  state text not null default 'listed',
  samples bigint not null,
  byte_count bigint not null,
  sha256 text not null,
  from_us bigint not null,
  to_us bigint not null,
  listed_us bigint not null,
  -- When its bytes were last found to be those that were written.
  verified_us bigint not null
);
create index lake_files_by_day on lake_files (day, bucket) where state = 'listed';

-- What was done by policy or by a person and cannot be undone. Each entry holds the hash of the one before.
create table audit_log (
  no bigint generated always as identity primary key,
  at_us bigint not null,
  -- 'policy', or who.
  actor text not null,
  act text not null,
  details jsonb not null,
  previous text not null,
  hash text not null
);

-- Frames that could not be decoded stay when their day is released: a later version decodes them.
create table frames_undecodable (like frames including defaults including storage);
create unique index frames_undecodable_by_number on frames_undecodable (epoch_no, lane, seq);

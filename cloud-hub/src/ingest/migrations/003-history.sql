-- History: what charts, exports and BI tools read. All of it is made from frames by history/sorter.ts.

-- One row for each tag of each gateway. A tag keeps its number for ever.
create table series (
  no integer generated always as identity primary key,
  gateway text not null,
  tag text not null,
  -- As the newest dictionary that was sorted says.
  name text not null,
  device text not null,
  asset text not null,
  unit text not null,
  type text not null,
  kind text not null,
  decimals smallint not null,
  unique (gateway, tag)
);

-- How far the frames of a lane are sorted. Never above its mark.
create table sorted_lanes (
  epoch_no integer not null references epochs,
  lane smallint not null,
  seq bigint not null,
  primary key (epoch_no, lane)
);
-- Frames that fill a void come below that place.
alter table frames_in_voids add column sorted boolean not null default false;
create index frames_in_voids_unsorted on frames_in_voids (epoch_no, lane, seq) where not sorted;

-- Samples of one tag and one clock segment, in order of time. Chunks of a series and segment do not overlap, and no
-- sample stands in two of them (N2).
create table chunks (
  -- UTC day of its samples, days since 1970. A chunk does not go over midnight.
  day integer not null,
  series integer not null,
  -- 0 where the device stamps.
  segment bigint not null,
  first_us bigint not null,
  last_us bigint not null,
  samples integer not null,
  -- Samples of one identity with another value, which are both kept.
  conflicts integer not null,
  -- What is to be added to its times when they are read; null is nothing.
  offset_us bigint,
  dictionary bigint not null,
  bytes bytea not null
) partition by range (day);
alter table chunks alter column bytes set storage external;
create index chunks_by_series on chunks (series, first_us);
create index chunks_with_offset on chunks (series) where offset_us is not null;
-- Days that have no partition: long gone, or of a clock that was not set.
create table chunks_other_days partition of chunks default;

-- What there is of a day, for a sixteenth of the gateways (the buckets of their subjects).
create table history_days (
  day integer not null,
  bucket smallint not null,
  -- Rises with each change of its chunks; compacted up to the version that the listed files hold.
  version bigint not null default 0,
  compacted bigint not null default 0,
  changed_us bigint not null,
  -- Its chunks up to `compacted` are gone; the files hold them.
  released boolean not null default false,
  primary key (day, bucket)
);

-- samples in frames = stored + repeats (no-loss protocol 7, hub, samples).
create table sample_counts (
  gateway text primary key,
  in_frames bigint not null default 0,
  stored bigint not null default 0,
  repeats bigint not null default 0,
  conflicts bigint not null default 0
);

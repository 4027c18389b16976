-- Samples get tiers: frames, chunks by tag, rollups.
-- Samples of some neighbouring tags, sorted by tag (`tiers/`). The key is the group of tags * 2^28 + a place; the rows of
-- frames above fact "chunked to" are not finished. Short columns first, as with frames.
create table chunk (
  id integer primary key,
  from_id integer not null,
  to_id integer not null,
  sealed_us integer not null,
  first_us integer not null,
  last_us integer not null,
  samples integer not null,
  first_tag integer not null,
  last_tag integer not null,
  segment integer not null,
  late integer not null,
  dictionary blob not null,
  body blob not null
);
create index chunk_by_age on chunk (to_id);

-- Buckets of a group of tags in one hour. The key is the group * 2^28 + hours since 1970. `head` has the buckets of the
-- hour, `finer` those of minutes and seconds.
create table rollup (
  id integer primary key,
  thinned integer not null,
  head blob not null,
  finer blob not null
);

-- Hours that are to be rolled up, or rolled up again: keys as in `rollup`.
create table dirty_hour (id integer primary key);

-- The journal: one file, written by one thread. Frames are append-only rows whose key carries their place, so that an
-- append touches the end of one tree and no index: each page more in a commit is written twice (log and file) and wears
-- the card (field practice 73).
--
-- Keys of frames: rank of the epoch * 2^32 + number in the lane (raw number for sample frames).

-- One row for each start of the runtime. Never deleted: it tells a successor from a copy.
create table start (
  rank integer primary key,
  epoch text not null unique,
  parent text,
  last_commit_us integer not null,
  started_us integer not null
);

-- Small facts that change seldom: gateway, last commit of a journal without frames, incarnation, next tag index.
create table fact (name text primary key, value) without rowid;

-- Every tag that ever was, under its permanent index. Never deleted: an index is never used again.
create table tag (
  id text primary key,
  tag_index integer not null unique,
  revision integer not null,
  declared integer not null,
  definition text not null
) without rowid;

-- What the sample frames held here were encoded with. Bodies as in dictionary frames. `last_id` is the last sample frame
-- that may use it, null for the one in use.
create table dictionary (hash blob primary key, last_id integer, body blob not null) without rowid;

-- Every sample as it was acquired. The short columns come first, so that a reader who needs only them does not follow
-- the overflow pages of the body.
create table sample_frame (
  id integer primary key,
  sealed_us integer not null,
  first_us integer not null,
  last_us integer not null,
  samples integer not null,
  dictionary blob not null,
  raw_head blob not null,
  body blob not null
);

-- What the hub is told, and from which sample frames it comes. A frame that tells all of one sample frame has no body of
-- its own: it is that of `raw_to`.
create table live_frame (
  id integer primary key,
  sealed_us integer not null,
  first_us integer not null,
  last_us integer not null,
  samples integer not null,
  cum integer not null,
  chain blob not null,
  raw_from integer not null,
  raw_to integer not null,
  head blob not null,
  body blob
);

create table history_frame (
  id integer primary key,
  sealed_us integer not null,
  first_us integer not null,
  last_us integer not null,
  samples integer not null,
  cum integer not null,
  chain blob not null,
  raw_from integer not null,
  raw_to integer not null,
  head blob not null,
  body blob
);

create table critical_frame (
  id integer primary key,
  sealed_us integer not null,
  chain blob not null,
  head blob not null,
  body blob not null
);

-- Stands for frames that are gone; a row covers from_seq .. the number in its key.
create table void_frame (
  lane text not null,
  id integer not null,
  from_seq integer not null,
  sealed_us integer not null,
  samples integer not null,
  cum integer not null,
  chain blob not null,
  head blob not null,
  body blob not null,
  primary key (lane, id)
) without rowid;

-- What is known of each segment of the clock that stamps, oldest first.
create table clock_segment (
  id integer primary key,
  segment integer not null unique,
  offset_us integer not null,
  disciplined integer not null,
  at_us integer not null,
  cause text,
  step_us integer not null
);

-- Where the hub stands, for each epoch and lane. A lane whose frames are all safe stays known as released, so that a hub
-- that is put back to an older state can be asked for it. `left_at`: another journal has gone on in this epoch, and what
-- this one holds above this number is being sealed again elsewhere.
create table lane (
  rank integer not null,
  lane text not null,
  base_seq integer not null,
  base_chain blob not null,
  base_cum integer not null,
  stored_seq integer not null,
  released integer not null default 0,
  left_at integer,
  primary key (rank, lane)
) without rowid;

-- Claims. Open while `number` is null; sealed ones stay for charts as long as raw frames do, and as long as `frame`, the
-- critical frame that tells them, is held.
create table claim (
  id integer primary key,
  rank integer,
  number integer,
  frame integer,
  reason text not null,
  scope text not null,
  name text not null,
  from_us integer not null,
  to_us integer not null,
  kind text not null,
  samples integer not null
);
create index claim_by_end on claim (to_us);

create table resume (device text primary key, point text not null) without rowid;

-- Time ranges of blocks of sample frames, so that a chart of minutes does not walk through days.
create table span (
  first_id integer primary key,
  last_id integer not null,
  first_us integer not null,
  last_us integer not null
);

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

-- Frames lie in partitions by the day on which the hub received them, so that days go by dropping a table. PostgreSQL
-- would want the day in a key of the whole; instead each partition keeps its own numbers apart, and the lock on the
-- mark keeps two days apart (no-loss protocol 6.1). Partitions are made by the program: ingest/day-partitions.ts.

alter table frames rename to frames_before_partitions;
drop index frames_by_arrival;
drop index frames_by_time;

create table frames (
  like frames_before_partitions including defaults including storage
) partition by range (received_us);

do $$
declare
  day_us constant bigint := 86400000000;
  -- All that is there becomes one partition that ends with the day of its last frame.
  until_us bigint := (select (max(received_us) / day_us + 1) * day_us from frames_before_partitions);
begin
  if until_us is null then
    drop table frames_before_partitions;
  else
    execute format(
      'alter table frames attach partition frames_before_partitions for values from (minvalue) to (%s)', until_us);
  end if;
end $$;

-- The greatest number that is stored. Where it is not above the mark nothing waits, and nothing has to be looked for.
alter table marks add column top_seq bigint not null default 0;
update marks m set top_seq = greatest(m.seq,
  coalesce((select max(f.seq) from frames f where f.epoch_no = m.epoch_no and f.lane = m.lane), 0));

-- A number at or below the mark without a frame belonged to a frame of a day that is gone, or to a void. What a void
-- accounts for begins above the mark that stood when it came, and these are the frames that are stored all the same.
alter table voids add column counts_from bigint not null default 0;
update voids set counts_from = from_seq;
create table frames_in_voids (
  epoch_no integer not null references epochs,
  lane smallint not null,
  seq bigint not null,
  primary key (epoch_no, lane, seq)
);
insert into frames_in_voids
  select distinct f.epoch_no, f.lane, f.seq from voids v
  join frames f on f.epoch_no = v.epoch_no and f.lane = v.lane and f.seq between v.from_seq and v.to_seq;

-- Told frames get rows of their own: a frame for the road need not hold all of a sample frame any more.
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
insert into live_frame (id, sealed_us, first_us, last_us, samples, cum, chain, raw_from, raw_to, head)
select id, sealed_us, first_us, last_us, samples, live_cum, live_chain, id, id, live_head from sample_frame;

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

alter table sample_frame drop column live_cum;
alter table sample_frame drop column live_chain;
alter table sample_frame drop column live_head;

-- What gateways know of the segments of their clocks (no-loss protocol 2, clock segment). The whole row is the key: one that
-- is told again says nothing new. Of one segment the correction counts, which is disciplined and has an offset.
create table clock_records (
  gateway text not null references gateways,
  segment bigint not null,
  -- To be added to stamps of the segment when they are read.
  offset_us bigint not null,
  disciplined boolean not null,
  -- When the gateway knew it, by its own clock.
  at_us bigint not null,
  -- Why the segment began; 0 in a correction.
  cause smallint not null,
  -- By how much the clock was ahead of where the segment before would have had it.
  step_us bigint not null,
  -- Samples that were sorted before it was known are read with it, too.
  applied boolean not null default false,
  primary key (gateway, segment, offset_us, disciplined, at_us, cause, step_us)
);
create index clock_records_to_apply on clock_records (gateway) where not applied and offset_us <> 0;

-- Steps of a gateway's clock bound what a lost journal may have had: those that the hub was told of since the epoch was complete.
alter table epochs
  -- The head of the critical lane that was named with complete_us.
  add column complete_seq bigint not null default 0;

alter table clock_records
  -- The critical frame that told of it when it happened; null where it was told again, or before this was noted.
  add column epoch_no integer references epochs,
  add column seq bigint;
create index clock_records_of_steps on clock_records (epoch_no, seq) where step_us <> 0;

-- A lane whose frames are all safe stays known as released, so that a hub that is put back to an older state can be asked
-- for it.
alter table lane add column released integer not null default 0;
-- Another journal has gone on in this epoch: what this one holds above this number is being sealed again elsewhere.
alter table lane add column left_at integer;

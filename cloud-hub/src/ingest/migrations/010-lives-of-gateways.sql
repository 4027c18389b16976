-- Up to when everything of an epoch is here (no-loss protocol 2, complete): what a lost journal is claimed from.
alter table epochs
  -- null: no hello has named the epoch.
  add column complete_us bigint,
  -- Heads that frames have named and that the marks have not reached: the nearest and the farthest.
  add column complete_waiting jsonb not null default '[]',
  add column ended boolean not null default false,
  -- A hello of it has come although another gateway with this name had started later.
  add column fenced boolean not null default false;

alter table gateways
  -- The epoch of the gateway with this name that was started last, and when one that is a copy last said hello, µs.
  add column running text,
  add column copy_us bigint not null default 0;

-- Samples of forks are stored by their identity (no-loss protocol 6.4): the sorter takes them from here.
alter table quarantine add column sorted boolean not null default true;
create index quarantine_unsorted on quarantine (id) where not sorted;

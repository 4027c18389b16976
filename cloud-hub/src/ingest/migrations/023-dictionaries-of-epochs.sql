-- Which dictionary is in force is known by the place of its epoch in the life of its gateway, and within an epoch by the number of
-- its frame: epochs may arrive in any order, and clocks may be set back.
alter table epochs
  -- The last that came of the epoch; null where none did.
  add column dictionary bigint,
  -- Its number in the critical lane; 0 of what was known before this was noted.
  add column dictionary_seq bigint not null default 0;
update epochs e set dictionary = d.hash
from (select distinct on (epoch_no) epoch_no, hash from dictionaries order by epoch_no, sealed_us desc) d
where d.epoch_no = e.no;
alter table dictionaries drop column epoch_no, drop column sealed_us;

-- Hours that a gateway told, because a person asked for them where its minutes or samples would be too many: by hour of the
-- day the revision with which it was told, 0 where it was computed here; one element when all are equal.
alter table rollup_hours add column told bigint[];
alter table rollup_hours alter column told set storage main;

-- In which form an answer is wanted: samples, minutes or hours.
alter table orders add column resolution text not null default 'samples';

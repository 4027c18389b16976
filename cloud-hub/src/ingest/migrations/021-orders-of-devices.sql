-- From where an answer is wanted: what the gateway has, or what the devices kept of the range as well.
alter table orders add column source text not null default 'gateway';

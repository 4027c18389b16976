-- The critical frame that tells a sealed claim. Of those sealed before it is not known: the last that their epoch can have.
alter table claim add column frame integer;
update claim set frame = (rank + 1) * 4294967296 - 1 where number is not null;

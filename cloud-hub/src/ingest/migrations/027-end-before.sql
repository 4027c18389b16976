-- How the run before ended, as the gateway says with the first hello of this one; null where it has not.
alter table epochs add column end_before text;

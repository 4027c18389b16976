-- A capture's bytes: when they went to the bucket, and when they were last read whole. A state more: 'expired', until the
-- file is gone here and there.
alter table captures add column uploaded_us bigint, add column verified_us bigint not null default 0;
create index captures_to_upload on captures (sha256) where state = 'stored' and uploaded_us is null;
create index captures_to_verify on captures (verified_us) where state = 'stored';

-- When a file was put into the bucket of objects; null while it lies in the folder alone.
alter table lake_files add column uploaded_us bigint;

-- Frames that follow each other in a lane and come together share a row, with the number, chain and count of the last:
-- database/frame-runs.ts. Null: the row is one frame, as all were before.
alter table frames add column run_from bigint;
alter table frames_undecodable add column run_from bigint;

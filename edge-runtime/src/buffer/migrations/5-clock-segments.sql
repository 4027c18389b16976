-- What is known of each segment of the clock that stamps, oldest first.
create table clock_segment (
  id integer primary key,
  segment integer not null unique,
  offset_us integer not null,
  disciplined integer not null,
  at_us integer not null,
  cause text,
  step_us integer not null
);

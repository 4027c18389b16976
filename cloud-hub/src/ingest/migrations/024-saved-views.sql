-- Views of the trends screen that people have saved under a name (saved-views/).
create table saved_views (
  id bigint generated always as identity primary key,
  name text not null,
  -- As names are compared: two that differ in case only are one to people.
  name_key text not null unique,
  -- Time and form, as the address of the screen says them. The page alone reads it.
  chart text not null,
  -- [{"gateway": ..., "tag": ...}]; the first one leads.
  tags jsonb not null,
  -- 1, and one more with each change: who changes a view says which one was seen.
  version integer not null,
  -- Who saved it last, and when.
  person text not null,
  saved_us bigint not null
);

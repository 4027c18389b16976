-- The key of each gateway, as it was at first contact or as a person has accepted it since: what its sticks are signed
-- with. Another key that a gateway shows is noted, and changes nothing.
create table gateway_keys (
  gateway text primary key,
  public_key text not null,
  pinned_us bigint not null,
  -- "first contact", or the act of a person.
  pinned_by text not null,
  offered_key text,
  offered_us bigint not null default 0
);

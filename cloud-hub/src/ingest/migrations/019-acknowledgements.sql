-- What people at the hub have acknowledged of alarms, until the gateway that owns the alarm has answered (orders/).
create table acknowledgements (
  -- Given at random and never again, as that of an order is.
  id bigint primary key,
  gateway text not null,
  alarm text not null,
  -- The occurrence that the person saw.
  raised_us bigint not null,
  person text not null,
  asked_us bigint not null,
  -- Of all events the newest one then: the answer came later.
  after_event bigint not null,
  -- 'accepted' or 'refused'; null while it waits.
  outcome text,
  reason text not null default '',
  -- When, by the clock of the gateway.
  answered_us bigint
);
create index acknowledgements_open on acknowledgements (gateway) where outcome is null;
create index acknowledgements_by_gateway on acknowledgements (gateway, asked_us);

-- What people have ordered of gateways: repairs of a range, recordings of a time to come (orders/).
create table orders (
  -- Given at random and never again: a database that was put back must not name another order by an old number.
  id bigint primary key,
  gateway text not null,
  kind text not null,
  tags text[] not null,
  -- Measured times, µs; to_us is excluded.
  from_us bigint not null,
  to_us bigint not null,
  bytes_per_s_max double precision not null,
  asked_us bigint not null,
  -- Claims that touch the range, and what was stored of it before the answer came.
  counted jsonb,
  -- What the gateway said last.
  report jsonb,
  -- 'done', 'refused' or 'cancelled'; null while it is not over.
  outcome text,
  ended_us bigint,
  -- What both sides hold, by tag.
  comparison jsonb
);
create index orders_open on orders (gateway) where outcome is null;
create index orders_by_gateway on orders (gateway, asked_us);

-- Samples that are stored now and were claimed as missing: what a claim is charged is claimed minus stored.
create table repaired (
  epoch_no integer not null references epochs,
  number bigint not null,
  order_id bigint not null references orders,
  samples bigint not null,
  primary key (epoch_no, number, order_id)
);

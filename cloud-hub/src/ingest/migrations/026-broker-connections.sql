-- How connections of gateways to the broker ended (silence/): the broker forgets it with its next start.
create table broker_connections (
  -- One run of a broker, and the number of the connection in it.
  server text not null,
  connection bigint not null,
  gateway text not null,
  -- It said the name of the gateway; one that did not came from the address of this gateway alone.
  named boolean not null,
  address text not null,
  -- By the hub's clock.
  began_us bigint not null,
  ended_us bigint not null,
  -- In the words of the broker.
  reason text not null,
  primary key (server, connection)
);
create index broker_connections_by_gateway on broker_connections (gateway, ended_us);

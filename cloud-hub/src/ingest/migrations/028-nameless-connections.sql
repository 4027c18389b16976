-- A connection that ended before it said a name is nobody's until it is asked who comes from its address.
update broker_connections set gateway = '' where not named;
alter table broker_connections drop column named;
create index broker_connections_nameless on broker_connections (address, ended_us) where gateway = '';

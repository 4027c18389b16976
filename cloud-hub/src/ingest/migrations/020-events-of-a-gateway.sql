-- Charts mark the alarms and the episodes of one gateway, by time: without this all its commands would be gone through for them.
create index events_by_gateway_and_kind on events (gateway, kind, at_us, id);

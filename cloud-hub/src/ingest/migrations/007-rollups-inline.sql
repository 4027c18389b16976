-- Arrays of a row stay in the row, compressed where that helps: out of line each of them would cost a row of its own.
do $$
declare
  place record;
begin
  for place in
    select c.oid::regclass as name, a.attname as field
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p') and c.relname ~ '^rollup_(minutes|hours)(_|$)'
      and (a.atttypid::regtype::text like '%[]' or a.atttypid = 'jsonb'::regtype)
  loop
    execute format('alter table %s alter column %I set storage main', place.name, place.field);
  end loop;
end $$;

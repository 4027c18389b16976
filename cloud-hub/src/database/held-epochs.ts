/**
 * A condition on the rows `e` of epochs: those of which a gateway may hold something still, because they have not ended, or
 * because its last hello named them. A gateway begins one with each start; what is kept in memory of each that there ever
 * was would grow with the age of the fleet.
 */
export const mayBeHeld = `(not e.ended or exists (
  select from gateways g where g.gateway = e.gateway
    and g.hello -> 'epochs' @> jsonb_build_array(jsonb_build_object('epoch', e.epoch))))`;

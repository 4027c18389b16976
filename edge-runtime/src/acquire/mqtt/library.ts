/**
 * What we use of the MQTT library, as a file of its own that is loaded when a broker is spoken to. A bundler knows the
 * names of a CommonJS package only where it is imported by a static statement.
 */
export { connect } from "mqtt";

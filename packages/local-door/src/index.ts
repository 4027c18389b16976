export { callDoor, DoorClosed } from "./call-door.ts";
export { LocalDoor, type DoorAnswer, type DoorHandler, type DoorHandlers } from "./local-door.ts";

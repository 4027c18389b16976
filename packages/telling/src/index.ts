export { reconstruct } from "./reconstruct.ts";
export { Teller } from "./teller.ts";
export { ToldRows } from "./told-rows.ts";

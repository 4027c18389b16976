/**
 * What a change is tested with in automation, where there is little time: `SHORT=1` leaves out the longest plays and says
 * of each that it was left out. As a value of `skip`.
 */
export const leftOutWhenShort: string | false =
  process.env["SHORT"] === "1" ? "left out with SHORT=1; make hil plays it" : false;

/** As a value of `skip`, for what only root may do. */
export const leftOutWithoutRoot: string | false =
  process.getuid?.() === 0 ? false : "needs root: it mounts a file system";

import { Fault } from "@millwright/kit";

/** The folder of a carrier cannot be used as it is; the hint says what a person can do about it. */
export class CarrierUnusable extends Fault {
  override readonly name = "CarrierUnusable";
  readonly code = "carrier.unusable";
  readonly retry = "never";
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** What the system says of a stick, in words. */
export function carrierFault(folder: string, cause: unknown): CarrierUnusable {
  if (cause instanceof CarrierUnusable) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const options = { cause };
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new CarrierUnusable(
        `${folder} is full`,
        "Take a larger stick, or carry a part of the time with --from and --until.",
        options,
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new CarrierUnusable(
        `${folder} is not writable`,
        "Open the write protection of the stick, or give this user the right to write there.",
        options,
      );
    case "ENOENT":
    case "ENOTDIR":
      return new CarrierUnusable(
        `${folder} is not a folder that is there`,
        "Check that the stick is in and mounted, and name its folder.",
        options,
      );
    default:
      return new CarrierUnusable(
        `${folder} cannot be used`,
        "Check that the stick is still in; begin again with a stick that is whole.",
        options,
      );
  }
}

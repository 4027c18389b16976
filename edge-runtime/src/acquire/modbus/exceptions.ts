/** What a device's exception means for readings and for writes (application protocol 1.1b3, 7). Pure. */
import { status, type StatusCode } from "@millwright/wire-contract";

export type ExceptionMeaning =
  /** Something in the question is refused: find out what. */
  | { readonly kind: "blame"; readonly status: StatusCode }
  /** Later, unchanged. */
  | { readonly kind: "busy" }
  /** The unit behind the gateway does not answer; the gateway does. */
  | { readonly kind: "gone" }
  /** The reading failed in the device. */
  | { readonly kind: "failed"; readonly status: StatusCode };

export function meaningOf(code: number): ExceptionMeaning {
  switch (code) {
    case 1:
      return { kind: "blame", status: status.badNotSupported };
    case 2:
    case 3:
      return { kind: "blame", status: status.badNodeIdUnknown };
    case 5:
    case 6:
      return { kind: "busy" };
    case 10:
    case 11:
      return { kind: "gone" };
    case 4:
    case 8:
      return { kind: "failed", status: status.badDeviceFailure };
    default:
      return { kind: "failed", status: status.badUnexpected };
  }
}

/** For a person. */
export function exceptionWords(code: number): string {
  switch (code) {
    case 1:
      return "the device does not know this function";
    case 2:
      return "the device has no such address";
    case 3:
      return "the device does not accept this number of registers or this value";
    case 4:
      return "the device failed while doing it";
    case 5:
      return "the device has begun and is not done";
    case 6:
      return "the device is busy";
    case 8:
      return "the device found its memory damaged";
    case 10:
      return "the gateway has no way to the unit";
    case 11:
      return "the unit behind the gateway does not answer";
    default:
      return `the device raised exception ${code}`;
  }
}

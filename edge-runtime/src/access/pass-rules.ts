/** What a person may choose to sign in with. Pure. */
import type { Refused } from "@millwright/kit";

import { refuse } from "./refuse.ts";

/** Digits for a pad and a glove, or words for a keyboard. */
export type PassKind = "pin" | "passphrase";

/**
 * Of six digits a million can be tried, 24 a day when the throttle is at its longest: 50 years for a half. Four digits
 * would be 200 days.
 */
const pinDigitsMin = 6;
const pinDigitsMax = 12;
/** NIST SP 800-63B-4, 3.1.1.2: 15 characters where nothing else is asked for; everything may be typed or pasted, up to at least 64. */
const passphraseMin = 15;
const passphraseMax = 128;

/** The kind of what was chosen, or why it may not be chosen. */
export function checkPass(pass: string): PassKind | Refused {
  if (/^\d*$/.test(pass)) {
    if (pass.length < pinDigitsMin || pass.length > pinDigitsMax) {
      return refuse(`a PIN has ${pinDigitsMin} to ${pinDigitsMax} digits`);
    }
    if (isRun(pass) || isPattern(pass)) {
      return refuse("this PIN is one of the first that anybody would try; choose another");
    }
    return "pin";
  }
  const length = Array.from(pass).length;
  if (length < passphraseMin || length > passphraseMax) {
    return refuse(
      `a passphrase has ${passphraseMin} to ${passphraseMax} characters; a PIN has digits only`,
    );
  }
  if (isPattern(pass)) return refuse("this passphrase repeats itself; choose another");
  return "passphrase";
}

/** The same to every keyboard (RFC 8265, 4.2.2: NFC), so that one place lets in what another has set. */
export function normalPass(pass: string): string {
  return pass.normalize("NFC");
}

/** 123456, 987654. */
function isRun(digits: string): boolean {
  const steps = new Set<number>();
  for (let at = 1; at < digits.length; at++) {
    steps.add(digits.charCodeAt(at) - digits.charCodeAt(at - 1));
  }
  const [step] = steps;
  return steps.size === 1 && (step === 1 || step === -1);
}

/** 000000, 121212, 123123. */
function isPattern(text: string): boolean {
  for (let length = 1; length <= text.length / 2; length++) {
    if (text.length % length !== 0) continue;
    if (text === text.slice(0, length).repeat(text.length / length)) return true;
  }
  return false;
}

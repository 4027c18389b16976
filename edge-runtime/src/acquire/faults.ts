import { Fault } from "@millwright/kit";

/** The conversation is over; the supervisor begins a new one with back-off. */
export class LinkLost extends Fault {
  override readonly name = "LinkLost";
  readonly code = "acquire.link-lost";
  readonly retry = "soon";
  readonly hint: string;

  constructor(device: string, options?: ErrorOptions) {
    super(`link lost to ${device}`, options);
    this.hint = `Check that ${device} has power and that its network cable is in.`;
  }
}

/** The device did not answer when we tried to begin. */
export class DeviceUnreachable extends Fault {
  override readonly name = "DeviceUnreachable";
  readonly code = "acquire.device-unreachable";
  readonly retry = "soon";
  readonly hint: string;

  constructor(device: string, options?: ErrorOptions & { readonly hint?: string }) {
    super(`${device} does not answer`, options);
    this.hint =
      options?.hint ?? `Check that ${device} has power, and that address and port are those typed.`;
  }
}

/**
 * The device answers, and will go on refusing until a person has changed something: a certificate is not trusted, a
 * name or password is wrong, an address does not exist. Tried again slowly all the same, because the person may act on
 * the device's side.
 */
export class SettingsRefused extends Fault {
  override readonly name = "SettingsRefused";
  readonly code = "acquire.settings-refused";
  readonly retry = "never";
  readonly hint: string;

  constructor(device: string, what: string, hint: string, options?: ErrorOptions) {
    super(`${device} refuses: ${what}`, options);
    this.hint = hint;
  }
}

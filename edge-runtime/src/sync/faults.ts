import { Fault } from "@millwright/kit";

export class HubUnreachable extends Fault {
  override readonly name = "HubUnreachable";
  readonly code = "sync.hub-unreachable";
  readonly retry = "soon";
  readonly hint: string;

  constructor(address: string, options?: ErrorOptions) {
    super(`hub cannot be reached at ${address}`, options);
    this.hint = `Check that the hub runs and that the gateway may connect to ${address}. Nothing is lost: frames wait.`;
  }
}

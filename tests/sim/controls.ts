/** A protection off, and what must then be red: a simulation that finds nothing there would find nothing anywhere. */
import { restores, scenarios, type Protection, type Scenario } from "@millwright/scenario";

export interface Control {
  readonly scenario: Scenario;
  readonly seed: number;
  /** The invariants that do not hold. */
  readonly breaks: readonly string[];
}

/** With the protections on these scenarios are at rest after half of that; a minute more only takes time. */
export const controlRestMs = 100_000;

export const controls: readonly Control[] = [
  control(
    ["release-below-mark"],
    "the broker forgets all it stored while the hub is away",
    1,
    "N4",
  ),
  control(
    ["safe-mark"],
    "the hub is restored, and what gateways have let go is really gone",
    2,
    "N1",
  ),
  control(["twin-order"], "the uplink is out for a while", 1, "N9"),
  control(["resend-round"], "the hub is restored from an older backup", 1, "N6", "N11"),
  control(["sample-identity"], "a virtual machine is cloned while it runs", 1, "N2"),
  control(["tell-copies"], "a virtual machine is cloned while it runs", 1, "N6"),
  control(["claim-gateway-down"], "the gateway's journal is restored from an older copy", 1, "N1"),
  control(
    ["claim-journal-lost"],
    "the gateway's hardware is replaced with samples that the hub does not have",
    1,
    "N1",
  ),
  control(["claim-restored-copy"], "a copy that never said hello is replaced", 4, "N1"),
  control(["claim-frame-corrupt"], "a frame is damaged on disk before the hub has it", 2, "N1"),
  control(
    ["explained-first"],
    "a damaged frame is found, its claim is refused, and the journal is put back to before that",
    2,
    "N1",
  ),
];

function control(
  without: readonly Protection[],
  name: string,
  seed: number,
  ...breaks: readonly string[]
): Control {
  const scenario = [...scenarios, ...restores].find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario "${name}"`);
  return { scenario: { ...scenario, without }, seed, breaks };
}

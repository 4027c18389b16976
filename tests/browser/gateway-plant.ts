/** How a gateway itself is: its devices, its counters, its room, its way to the hub. */
import type {
  CertificateEnd,
  DeviceStatus,
  GatewayCounters,
  HubLink,
} from "@millwright/wire-contract";

import type { Condition } from "./fixture-server.ts";

/** @param startedUs since when it is as it is; the same below */
export function devicesOf(
  condition: Condition,
  devices: readonly DeviceStatus[],
  startedUs: number,
): readonly DeviceStatus[] {
  if (condition !== "trouble") return devices;
  return devices.map((device, index) => {
    if (index === 0) return { ...device, badge: "no security" };
    if (index === 1) {
      return {
        ...device,
        state: "down" as const,
        sinceUs: startedUs - 131e6,
        note: "connect to 192.168.10.12:502 timed out; next try in 8 s. Check that it has power and that its network cable is in.",
      };
    }
    if (index === 2) {
      return {
        ...device,
        state: "refused" as const,
        note: "The device does not trust this gateway's certificate. Accept it in the device, then wait for the next try.",
      };
    }
    return device;
  });
}

export function countersOf(
  condition: Condition,
  devices: readonly DeviceStatus[],
): GatewayCounters {
  const trouble = condition === "trouble";
  return {
    unexplained: trouble ? 3 : 0,
    clock: trouble ? "unset" : "set",
    told: 17_000_000,
    rates: { acquiredPerS: 639.7, toldPerS: trouble ? 0 : 61.2 },
    certificates: certificatesOf(trouble),
    journal: {
      received: 18_400_120,
      sent: 18_400_000,
      dropped: trouble ? 120 : 0,
      failed: 0,
      commitP50Ms: 3.2,
      commitP99Ms: 11.7,
      bytesWritten: 1_400_000_000,
      journalBytes: trouble ? 2 ** 31 : 412_000_000,
      bytesMax: 2 ** 31,
      full: trouble,
      found: { mendedPages: trouble ? [7, 9] : [], damagedPages: [] },
    },
    devices: devices.map(({ device }, index) => ({
      device,
      due: 12_603,
      read: trouble && index === 1 ? 12_472 : 12_603,
      lost: trouble && index === 1 ? 131 : 0,
      unexplained: 0,
    })),
  };
}

/** Half a day more, so that the days hold while a test looks. */
function certificatesOf(trouble: boolean): readonly CertificateEnd[] {
  const endsIn = (days: number): number => (Date.now() + (days + 0.5) * 86_400_000) * 1_000;
  const page = { use: "page", notAfterUs: endsIn(612) } as const;
  const press = { use: "opcua-application", device: "press-1" } as const;
  return trouble
    ? [
        {
          ...{ ...press, notAfterUs: endsIn(74) },
          due: "The certificate shown to press-1 ends on 2027-02-05, in 74 days. Renew it: millwright certificate press-1",
        },
        page,
      ]
    : [page, { ...press, notAfterUs: endsIn(3_401) }];
}

export const diagnostics = {
  name: "diagnostics-line-1-20270301T140211Z.json",
  text: '{\n"about": {"version": 1}\n}\n',
} as const;

export function hubLinkOf(condition: Condition, startedUs: number, nowUs: number): HubLink {
  if (condition !== "trouble") {
    return {
      state: "in sync",
      sinceUs: startedUs,
      waitingFrames: 0,
      waitingSamples: 0,
      behindMs: 0,
    };
  }
  return {
    state: "unreachable",
    sinceUs: nowUs - 8_040e6,
    waitingFrames: 8_040,
    waitingSamples: 1_204_120,
    behindMs: 8_040_000,
    roomS: 9 * 86_400,
    fenced: true,
  };
}

/** The way to the hub as a gateway finds it: in trouble its broker is away. */
export function connectionOf(condition: Condition): object {
  const [name, tcp] = [
    { step: "name", outcome: "passed", found: "hub.plant.example is 10.20.0.5", tookMs: 3.2 },
    { step: "tcp", outcome: "passed", found: "10.20.0.5, port 4222, is reached", tookMs: 1.1 },
  ] as const;
  if (condition === "trouble") {
    const found = "hub.plant.example answers, and nothing listens at port 4222";
    return {
      steps: [name, { ...tcp, outcome: "failed", found }],
      hint: "Check that the hub and its broker run.",
    };
  }
  const certificate =
    "certificate of hub.plant.example, signed by Plant CA, valid until 2027-03-01";
  return {
    steps: [
      ...[name, tcp],
      { step: "broker", outcome: "passed", found: "nats-server 2.9.10", tookMs: 0.8 },
      { step: "tls", outcome: "passed", found: certificate, tookMs: 12.4 },
      { step: "sign-in", outcome: "passed", found: "accepted", tookMs: 16.9 },
      {
        ...{ step: "streams", outcome: "passed", tookMs: 2.1 },
        found: "critical, live, history, capture: each has its stream",
      },
      { step: "hub", outcome: "passed", found: "the hub and its database answer", tookMs: 4.4 },
    ],
  };
}

/** Room for 9 days, of which the last three thin older history. */
export function bufferView(outageHours = "0"): object {
  const outageS = Number(outageHours) * 3_600;
  const [thinsInS, shedsInS] = [6 * 86_400, 9 * 86_400];
  return {
    ...{ outageS, thinsInS, shedsInS },
    thinnedBytes: Math.max(0, outageS - thinsInS) * 2_000,
    shedS: Math.max(0, outageS - shedsInS),
    refusedS: 0,
  };
}

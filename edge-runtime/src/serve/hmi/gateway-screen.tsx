/** H7: is the box itself all right, how much waits, which devices deliver? */
import {
  countWords,
  DeviceList,
  durationWords,
  FailedState,
  hrefOf,
  hubWordsNow,
  Indicator,
  loadJson,
  ThemeChoice,
  useResource,
  type LiveStore,
  type PageClock,
} from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type {
  CertificateEnd,
  DeviceStatus,
  GatewayCounters,
  GatewayPage,
  SampleRates,
} from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { BufferAnswer } from "../page-answers.ts";
import { ConnectionTest } from "./connection-test.tsx";
import { DiagnosticsExport } from "./diagnostics-export.tsx";
import { Facts, type Fact } from "./facts.tsx";
import { DiskPanel } from "./gateway-disk.tsx";
import { decimalsMaxOf, ownDeviceOf, ownTagsOf } from "./machines.ts";
import { say, sayCount } from "./messages.ts";
import { ModelsPanel } from "./models-panel.tsx";
import { OutagePanel } from "./outage-panel.tsx";
import { PeoplePanel } from "./people-panel.tsx";
import { PublishPanel } from "./publish-panel.tsx";

/** Counters are for looking at; a count that is five seconds old is a count. */
const refreshMs = 5_000;

export function GatewayScreen(props: {
  readonly store: LiveStore;
  readonly page: GatewayPage;
  readonly clock: PageClock;
}): JSX.Element {
  const { store, page } = props;
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTurn((count) => count + 1), refreshMs);
    return () => clearInterval(timer);
  }, []);
  const counters = useResource(
    `counters ${turn}`,
    (signal) => loadJson<GatewayCounters>("/api/counters", signal),
    () => props.clock.wallMs(),
  );
  const buffer = useResource(
    `buffer ${turn}`,
    (signal) => loadJson<BufferAnswer>("/api/buffer", signal),
    () => props.clock.wallMs(),
  );
  return (
    <>
      <div class="screen-head">
        <h1>{say("gateway.title", { name: page.name })}</h1>
      </div>
      {counters.failedMs !== undefined && (
        <FailedState
          what={say("gateway.counters.failed")}
          sinceMs={counters.failedMs}
          onRetry={counters.retry}
        />
      )}
      <div class="panels">
        <SyncPanel store={store} counters={counters.value} />
        <DiskPanel page={page} counters={counters} buffer={buffer} />
      </div>
      <section class="panel">
        <h2>{say("gateway.devices")}</h2>
        <DeviceList
          store={store}
          none={say("gateway.no-devices")}
          detailOf={(device) => accountWords(device, counters.value)}
        />
      </section>
      <BoxPanel store={store} page={page} />
      <div class="panels">
        <ModelsPanel clock={props.clock} turn={turn} />
        <PublishPanel clock={props.clock} turn={turn} />
        <OutagePanel clock={props.clock} />
        <AboutPanel store={store} page={page} counters={counters.value} />
        <PeoplePanel clock={props.clock} />
        <section class="panel">
          <h2>{say("gateway.display")}</h2>
          <ThemeChoice />
        </section>
      </div>
    </>
  );
}

function SyncPanel(props: {
  readonly store: LiveStore;
  readonly counters: GatewayCounters | undefined;
}): JSX.Element {
  const { store, counters } = props;
  const link = useComputed(() => hubWordsNow(store));
  const waiting = useComputed(() =>
    thenWords(
      store,
      say("gateway.waiting.words", {
        samples: sayCount("gateway.waiting.samples", store.hub.value?.waitingSamples ?? 0),
        frames: sayCount("gateway.waiting.frames", store.hub.value?.waitingFrames ?? 0),
      }),
    ),
  );
  const behind = useComputed(() =>
    thenWords(
      store,
      (store.hub.value?.waitingFrames ?? 0) === 0
        ? say("gateway.behind.none")
        : durationWords(store.hub.value?.behindMs ?? 0),
    ),
  );
  const fenced = useComputed(() => store.hub.value?.fenced === true).value;
  const hasHub = useComputed(() => (store.hub.value?.state ?? "off") !== "off").value;
  const facts: readonly Fact[] = [
    [say("gateway.state"), link],
    ...(counters?.rates === undefined
      ? []
      : [[say("gateway.rate"), thenWords(store, rateWords(counters.rates))] as const]),
    [say("gateway.waiting"), waiting],
    [say("gateway.behind"), behind],
    ...(counters === undefined
      ? []
      : [[say("gateway.unexplained"), countWords(counters.unexplained)] as const]),
  ];
  return (
    <section class="panel">
      <h2>{say("gateway.sync")}</h2>
      {fenced && (
        <div class="facts-note">
          <p>{say("gateway.fenced")}</p>
          <p>
            <strong>{say("gateway.fenced.do")}</strong>
          </p>
        </div>
      )}
      {counters !== undefined && counters.unexplained > 0 && (
        <p class="facts-note">
          <strong>{say("gateway.unexplained.do")}</strong>
        </p>
      )}
      <Facts facts={facts} />
      {hasHub && <ConnectionTest />}
    </section>
  );
}

/** Of a gateway that this page has lost nobody knows what comes, goes and waits there by now. */
function thenWords(store: LiveStore, words: string): string {
  return store.lost.value ? say("gateway.then", { words }) : words;
}

function rateWords({ acquiredPerS, toldPerS }: SampleRates): string {
  const came = countWords(Math.round(acquiredPerS));
  return toldPerS === undefined
    ? say("gateway.rate.in", { came })
    : say("gateway.rate.both", { came, told: countWords(Math.round(toldPerS)) });
}

/** The values that the gateway measures of itself; nothing where it has been told not to. */
function BoxPanel(props: {
  readonly store: LiveStore;
  readonly page: GatewayPage;
}): JSX.Element | null {
  const { store, page } = props;
  const tags = ownTagsOf(page, ownDeviceOf(store.devices.value));
  if (tags.length === 0) return null;
  return (
    <section>
      <h2 class="rows-head">{say("gateway.box")}</h2>
      <ul class="rows">
        {tags.map((tag) => (
          <li key={tag.id}>
            <Indicator
              store={store}
              tag={tag}
              decimalsMax={decimalsMaxOf(tags)}
              href={hrefOf("tag", tag.id)}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

function AboutPanel(props: {
  readonly store: LiveStore;
  readonly page: GatewayPage;
  readonly counters: GatewayCounters | undefined;
}): JSX.Element {
  const { store, page, counters } = props;
  const certificates = counters?.certificates ?? [];
  const firstEnd = useComputed(() => endWords(certificates[0], store.secondUs.value));
  const screenClock = useComputed(() => clockAheadWords(store.clockAheadMs.value));
  const facts: readonly Fact[] = [
    ...(counters === undefined
      ? []
      : [[say("gateway.own-clock"), say(`gateway.own-clock.${counters.clock}`)] as const]),
    [say("gateway.clock"), screenClock],
    [say("gateway.software"), page.software],
    ...(page.fingerprint === undefined ? [] : [[say("gateway.key"), page.fingerprint] as const]),
    ...(certificates.length === 0 ? [] : [[say("gateway.certificate"), firstEnd] as const]),
  ];
  return (
    <section class="panel">
      <h2>{say("gateway.about")}</h2>
      {certificates.map(({ use, device, due }) =>
        due === undefined ? null : (
          <p class="facts-note" key={`${use} ${device}`}>
            <strong>{due}</strong>
          </p>
        ),
      )}
      <Facts facts={facts} />
      <DiagnosticsExport />
    </section>
  );
}

const dayUs = 86_400_000_000;

/** @param nowUs by the gateway's clock; 0 as long as that is not known */
function endWords(first: CertificateEnd | undefined, nowUs: number): string {
  if (first === undefined || nowUs === 0) return "";
  const { use, device = "", notAfterUs } = first;
  const days = Math.max(0, Math.floor((notAfterUs - nowUs) / dayUs));
  const which = say(`gateway.certificate.${use}`, { device });
  return say("gateway.certificate.left", { days: countWords(days), which });
}

/** What was due of a device since the start, and what became of it; "" as long as that is not known. */
function accountWords(device: DeviceStatus, counters: GatewayCounters | undefined): string {
  const account = counters?.devices.find((one) => one.device === device.device);
  if (account === undefined) return "";
  const read = countWords(account.read);
  return account.lost === 0
    ? say("gateway.device.read", { read })
    : say("gateway.device.lost", { read, lost: countWords(account.lost) });
}

/** Beyond 2 s a person comparing watches would notice (ux-guide 7). */
function clockAheadWords(aheadMs: number): string {
  if (Math.abs(aheadMs) <= 2_000) return say("gateway.clock.ok");
  const time = durationWords(Math.abs(aheadMs));
  return say(aheadMs > 0 ? "gateway.clock.ahead" : "gateway.clock.behind", { time });
}

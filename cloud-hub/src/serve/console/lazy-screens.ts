/** The screens that come when they are first asked for: the list of gateways does not carry them. */
import { lazyScreen, type Screen } from "@millwright/ui-kit";

function screenOf<Name extends string, Props extends { readonly wallMs: () => number }>(
  load: () => Promise<Readonly<Record<Name, Screen<Props>>>>,
  name: Name,
  height = "30rem",
): Screen<Props> {
  return lazyScreen(load, name, (props) => props.wallMs(), height);
}

export const LazyAlarms = screenOf(() => import("./alarms-screen.tsx"), "AlarmsScreen");
export const LazyModels = screenOf(() => import("./models-screen.tsx"), "ModelsScreen");
export const LazySilence = screenOf(() => import("./silence.tsx"), "GatewaySilence", "8rem");
export const LazyRecordings = screenOf(
  () => import("./gateway-recordings.tsx"),
  "GatewayRecordings",
  "8rem",
);
export const LazyTimeLine = screenOf(() => import("./time-line.tsx"), "GatewayTimeLine", "18rem");
export const LazyTrends = screenOf(() => import("./trends-screen.tsx"), "TrendsScreen");

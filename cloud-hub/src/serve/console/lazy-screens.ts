/** The screens that come when they are first asked for: the list of gateways does not carry them. */
import { lazyScreen, type Screen } from "@millwright/ui-kit";

function screenOf<Name extends string, Props extends { readonly wallMs: () => number }>(
  load: () => Promise<Readonly<Record<Name, Screen<Props>>>>,
  name: Name,
): Screen<Props> {
  return lazyScreen(load, name, (props) => props.wallMs(), "30rem");
}

export const LazyAlarms = screenOf(() => import("./alarms-screen.tsx"), "AlarmsScreen");
export const LazyModels = screenOf(() => import("./models-screen.tsx"), "ModelsScreen");
export const LazyTrends = screenOf(() => import("./trends-screen.tsx"), "TrendsScreen");

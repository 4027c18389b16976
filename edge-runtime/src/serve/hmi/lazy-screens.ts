/** The screens that come when they are first asked for: the overview does not carry them. */
import { lazyScreen, type PageClock, type Screen } from "@millwright/ui-kit";

import type { SignInScreenProps } from "./sign-in-screen.tsx";

interface Timed {
  readonly clock: PageClock;
}

function screenOf<Name extends string, Props extends Timed>(
  load: () => Promise<Readonly<Record<Name, Screen<Props>>>>,
  name: Name,
): Screen<Props> {
  return lazyScreen(load, name, ({ clock }) => clock.wallMs(), "24rem");
}

export const LazyAlarms = screenOf(() => import("./alarms-screen.tsx"), "AlarmsScreen");
export const LazyControl = screenOf(() => import("./control-screen.tsx"), "ControlScreen");
export const LazyTrends = screenOf(() => import("./trends-screen.tsx"), "TrendsScreen");
export const LazySignIn = screenOf<"SignInScreen", SignInScreenProps & Timed>(
  () => import("./sign-in-screen.tsx"),
  "SignInScreen",
);

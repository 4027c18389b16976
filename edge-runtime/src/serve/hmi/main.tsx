import { browserClock, startLiveStore, startRoute, startTheme, loadJson } from "@millwright/ui-kit";
import type { GatewayPage } from "@millwright/wire-contract";
import { render } from "preact";

import { afterFirstValues } from "./after-first-values.ts";
import { App } from "./app.tsx";
import { startAlarms } from "./alarms.ts";
import { startAssets } from "./assets.ts";
import { startPeople } from "./people.ts";
import "@millwright/ui-kit/styles.css";
import "./hmi.css";
import "./alarms.css";
import "./episodes.css";

startTheme("light");
startRoute();
const { store } = startLiveStore();
const place = document.getElementById("page");
if (place !== null) {
  const loadPage = (signal: AbortSignal): Promise<GatewayPage> => loadJson("/api/gateway", signal);
  startAlarms(store, browserClock);
  afterFirstValues(store, startPeople);
  afterFirstValues(store, () => startAssets(store));
  render(<App store={store} loadPage={loadPage} clock={browserClock} />, place);
}

import { browserClock, keepAlive, openEvents, startRoute, startTheme } from "@millwright/ui-kit";
import { render } from "preact";

import { App } from "./app.tsx";
import { FleetStore } from "./fleet-store.ts";
import "@millwright/ui-kit/styles.css";
import "./console.css";

startTheme("light");
startRoute();
const fleet = new FleetStore(browserClock, openEvents);
keepAlive(fleet);
const place = document.getElementById("page");
if (place !== null) render(<App fleet={fleet} clock={browserClock} />, place);

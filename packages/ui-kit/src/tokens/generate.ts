/** Writes `tokens.css` from `tokens.json`. Run after a change of the JSON; a test notices when it was forgotten. */
import { readFileSync, writeFileSync } from "node:fs";

import { tokensToCss, type Tokens } from "./tokens.ts";

const tokens = JSON.parse(readFileSync(new URL("tokens.json", import.meta.url), "utf8")) as Tokens;
writeFileSync(new URL("tokens.css", import.meta.url), tokensToCss(tokens));

/** Writes the tag tables of the default machines beside the package: `node src/tables/write-tables.ts`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { shippedTables, templatesFolder } from "./shipped-tables.ts";

const folder = fileURLToPath(templatesFolder);
mkdirSync(folder, { recursive: true });
for (const [file, text] of shippedTables()) writeFileSync(`${folder}/${file}`, text);

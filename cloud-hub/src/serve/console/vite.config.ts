import { pageBuild } from "@millwright/ui-kit/build";
import { defineConfig, type UserConfig } from "vite";

const config: UserConfig = defineConfig(
  pageBuild({
    root: import.meta.dirname,
    outDir: `${import.meta.dirname}/../../../dist/console`,
    firstAnswers: [],
  }),
);
export default config;

/** Who may know whom (house style 2), where a machine can read it. */
const steps = [
  "access",
  "acquire",
  "capture",
  "normalise",
  "detect",
  "decide",
  "buffer",
  "sync",
  "publish",
  "serve",
  "diagnostics",
  "update",
  "supervise",
];
const hubSteps = [
  "children",
  "ingest",
  "twin",
  "history",
  "captures",
  "orders",
  "saved-views",
  "time-line",
  "silence",
  "backup",
  "alarm",
  "maintain",
  "simulate",
  "rollout",
  "models",
  "access",
  "serve",
];
// Rigs of tests lie beside them, and join what a test needs.
const tests = "\\.test\\.ts$|/test-[a-z-]+\\.ts$|^tests/|^bench/";

/** @param {string} root @param {readonly string[]} names */
function stepsApart(root, names) {
  return names.map((name) => ({
    name: `${root.split("/")[0]}-${name}-knows-no-other-step`,
    comment:
      "Steps meet in runtime.ts or hub.ts, through types only. A step can be read and replaced alone.",
    severity: "error",
    from: { path: `^${root}/${name}/`, pathNot: tests },
    to: { path: names.filter((other) => other !== name).map((other) => `^${root}/${other}/`) },
  }));
}

/** @param {string} library @param {string} home */
function livesIn(library, home) {
  return {
    name: `${library.replace(/\W+/g, "-")}-has-one-home`,
    comment: "A foreign library lives in one folder, so that it can be exchanged there.",
    severity: "error",
    from: { pathNot: `${home}|${tests}|^packages/virtual-plant/` },
    to: { path: `node_modules/${library}/` },
  };
}

module.exports = {
  forbidden: [
    {
      name: "no-circles",
      comment: "Two files that need each other are one idea, or hide a third.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "edge-and-hub-apart",
      comment: "They speak over the wire only.",
      severity: "error",
      from: { path: "^edge-runtime/" },
      to: { path: "^cloud-hub/" },
    },
    {
      name: "hub-and-edge-apart",
      comment: "They speak over the wire only.",
      severity: "error",
      from: { path: "^cloud-hub/" },
      to: { path: "^edge-runtime/" },
    },
    {
      name: "kit-knows-nothing-of-us",
      severity: "error",
      from: { path: "^packages/kit/" },
      to: { path: "^(packages/(?!kit/)|edge-runtime/|cloud-hub/)" },
    },
    {
      name: "wire-contract-knows-only-kit",
      severity: "error",
      from: { path: "^packages/wire-contract/" },
      to: { path: "^(packages/(?!kit/|wire-contract/)|edge-runtime/|cloud-hub/)" },
    },
    {
      name: "the-plant-is-foreign",
      comment: "Machines know nothing of the gateway; only tests and benches start them.",
      severity: "error",
      from: { path: "^(edge-runtime|cloud-hub|packages/(?!virtual-plant))", pathNot: tests },
      to: { path: "^packages/virtual-plant/" },
    },
    ...stepsApart("edge-runtime/src", steps),
    ...stepsApart("cloud-hub/src", hubSteps),
    livesIn("node-opcua-client", "^edge-runtime/src/acquire/opcua/"),
    livesIn("(modbus-serial|serialport)", "^edge-runtime/src/acquire/modbus/"),
    livesIn("(@node-rs/argon2|@peculiar/x509)", "^edge-runtime/src/access/"),
    livesIn("onnxruntime-node", "^edge-runtime/src/detect/host/"),
    livesIn("mqtt", "^edge-runtime/src/(acquire/mqtt|publish/sparkplug)/"),
    livesIn("protobufjs", "^packages/sparkplug-b/"),
    livesIn("better-sqlite3", "^edge-runtime/src/buffer/"),
    livesIn("@nats-io", "^edge-runtime/src/sync/|^cloud-hub/src/(ingest|rollout)/"),
    livesIn("@bufbuild/cel", "^edge-runtime/src/decide/rules/"),
    livesIn("pg", "^cloud-hub/src/"),
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/(dist|\\.build)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "node"],
    },
  },
};

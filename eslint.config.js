import tseslint from "typescript-eslint";

/** Alarm colours belong to alarms (ux-guide 3.2): nobody else may name their tokens. */
const alarmTokens = {
  selector: "Literal[value=/--(p1|p2|p3|adv)\\b/]",
  message: "Alarm colours belong to AlarmSymbol, AlarmStrip, LimitMarker and AdviceSymbol.",
};
const doors = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: "Time comes through Clock, so that a test can play it.",
  },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: "Chance comes from a seeded source, so that a fault can be played again.",
  },
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: "Settings come from settings/.",
  },
];

export default tseslint.config(
  {
    ignores: ["**/dist/**", "**/.build/**", "**/node_modules/**", "artefacts/**", "**/planted/**"],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["*.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            { from: "package", name: ["test", "describe", "it", "suite"], package: "node:test" },
          ],
        },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "no-restricted-syntax": ["error", alarmTokens],
    },
  },
  {
    files: ["**/src/**/*.ts", "**/src/**/*.tsx"],
    ignores: ["packages/kit/src/clock.ts", "**/*.test.ts", "**/settings/**", "bench/**"],
    rules: { "no-restricted-syntax": ["error", alarmTokens, ...doors] },
  },
  { files: ["**/*.js", "**/*.cjs"], extends: [tseslint.configs.disableTypeChecked] },
);

import type { JSX } from "preact";

import { chooseTheme, theme, themes } from "../page.ts";
import { sayKit } from "../words/english.ts";
import { Button } from "./button.tsx";

/** How this device displays the page; kept on the device (ux-guide 3.1). */
export function ThemeChoice(): JSX.Element {
  return (
    <div class="button-row" role="group" aria-label={sayKit("theme.label")}>
      {themes.map((one) => (
        <Button
          key={one}
          label={sayKit(`theme.${one}`)}
          pressed={theme.value === one}
          onPress={() => chooseTheme(one)}
        />
      ))}
    </div>
  );
}

/** Mantine in the colours of `tokens.css`. */
import {
  type CSSVariablesResolver,
  createTheme,
  type MantineColorsTuple,
  type MantineTheme,
} from "@mantine/core";

/** The safelight from pale to deep; shade 6 is the accent of the dark theme, 8 that of the light one. */
const safelight: MantineColorsTuple = [
  "#fff0ec",
  "#ffded6",
  "#ffbcae",
  "#ff9983",
  "#ff8a72",
  "#ff7a60",
  "#ff6a4d",
  "#df4f35",
  "#b3321f",
  "#8c2415",
];

/** Greys with a little of the safelight's warmth, from text to what lies deepest. */
const dark: MantineColorsTuple = [
  "#eeebe7",
  "#cfc9c2",
  "#b3ada6",
  "#8e8880",
  "#403c39",
  "#34312e",
  "#282623",
  "#1e1d1b",
  "#161514",
  "#141312",
];
const gray: MantineColorsTuple = [
  "#faf9f7",
  "#f3f1ee",
  "#eae7e3",
  "#dcd8d3",
  "#c9c4be",
  "#a8a29a",
  "#716b64",
  "#57524c",
  "#393632",
  "#1d1b19",
];

export const theme = createTheme({
  colors: { safelight, dark, gray },
  primaryColor: "safelight",
  primaryShade: { light: 8, dark: 6 },
  autoContrast: true,
  luminanceThreshold: 0.3,
  defaultRadius: "sm",
  radius: { sm: "6px" },
  fontFamily:
    'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans SC", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "JetBrains Mono", "SF Mono", Menlo, Consolas, monospace',
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  respectReducedMotion: true,
  components: {
    // Upon the accent, in both schemes; Mantine would choose by the light one's shade alone.
    Button: { vars: (_: MantineTheme, props: Filled) => ({ root: onAccent("--button-color", props) }) },
    ActionIcon: { vars: (_: MantineTheme, props: Filled) => ({ root: onAccent("--ai-color", props) }) },
    // The placeholder is a child no menu may have.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Tooltip: { defaultProps: { openDelay: 500, withArrow: true } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.5 } } },
  },
});

interface Filled {
  readonly variant?: string;
  readonly color?: string;
}

function onAccent(name: string, { variant = "filled", color }: Filled): Record<string, string> {
  return variant === "filled" && color === undefined ? { [name]: "var(--dr-accent-on)" } : {};
}

/** Mantine's own variables, drawn from ours in both schemes. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {
    "--mantine-color-body": "var(--dr-surface)",
    "--mantine-color-text": "var(--dr-text)",
    "--mantine-color-dimmed": "var(--dr-text-dim)",
    "--mantine-color-placeholder": "var(--dr-text-faint)",
    "--mantine-color-default": "var(--dr-surface-raised)",
    "--mantine-color-default-hover": "var(--dr-surface-sunken)",
    "--mantine-color-default-border": "var(--dr-border)",
    "--mantine-primary-color-contrast": "var(--dr-accent-on)",
    "--mantine-color-anchor": "var(--dr-accent-text)",
    "--mantine-color-error": "var(--dr-failed)",
  },
  // Mantine's own words on tints are too pale for small text.
  light: {
    "--mantine-color-green-light-color": "var(--dr-done)",
    "--mantine-color-red-light-color": "var(--dr-failed)",
    "--mantine-color-yellow-light-color": "var(--dr-warning)",
    "--mantine-color-orange-light-color": "var(--dr-running)",
    "--mantine-color-blue-light-color": "var(--dr-cached)",
    "--mantine-color-gray-light-color": "var(--dr-text-dim)",
  },
  dark: {},
});

import { MantineProvider } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useSettings } from "@/store/settings";
import { cssVariables, theme } from "@/theme/theme";
import { ErrorBoundary } from "./ErrorBoundary";
import { Layout } from "./Layout";
import { useFollowSettings } from "./useFollowSettings";
import { useKeyboard } from "./useKeyboard";

const Later = lazy(async () => {
  await new Promise((drawn) => setTimeout(() => requestAnimationFrame(drawn)));
  return { default: (await import("./Later")).Later };
});

/** `started` is done once the workflow of last time is back. */
export function App({ started }: { readonly started: Promise<void> }) {
  const chosen = useSettings((settings) => settings.theme);
  useKeyboard();
  useFollowSettings();
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      {...(chosen === "system" ? {} : { forceColorScheme: chosen })}
    >
      <ErrorBoundary place="page">
        <Layout started={started} />
        <Suspense fallback={null}>
          <Later />
        </Suspense>
      </ErrorBoundary>
    </MantineProvider>
  );
}

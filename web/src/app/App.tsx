import { MantineProvider } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useSettings } from "@/store/settings";
import { cssVariables, theme } from "@/theme/theme";
import { ErrorBoundary } from "./ErrorBoundary";
import { Layout } from "./Layout";
import { isPage } from "./route";
import { useFollowSettings } from "./useFollowSettings";
import { useRoute } from "./useRoute";

const Later = lazy(async () => {
  await new Promise((drawn) => setTimeout(() => requestAnimationFrame(drawn)));
  return { default: (await import("./Later")).Later };
});

const Page = lazy(async () => ({ default: (await import("@/form/Page")).Page }));

/** `started` is done once the workflow of last time is back. */
export function App({ started }: { readonly started: Promise<void> }) {
  const chosen = useSettings((settings) => settings.theme);
  const isForm = isPage(useRoute());
  useFollowSettings();
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      {...(chosen === "system" ? {} : { forceColorScheme: chosen })}
    >
      <ErrorBoundary place="page">
        {isForm ? (
          <Suspense fallback={null}>
            <Page />
          </Suspense>
        ) : (
          <Layout started={started} />
        )}
        <Suspense fallback={null}>
          <Later />
        </Suspense>
      </ErrorBoundary>
    </MantineProvider>
  );
}

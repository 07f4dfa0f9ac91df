import { MantineProvider } from "@mantine/core";
import { Suspense } from "react";
import { later } from "@/api/parts";
import { useSettings } from "@/store/settings";
import { cssVariables, theme } from "@/theme/theme";
import { ErrorBoundary } from "./ErrorBoundary";
import { Layout } from "./Layout";
import { isPage } from "./route";
import { useFollowSettings } from "./useFollowSettings";
import { useRoute } from "./useRoute";

const Later = later(async () => {
  await new Promise((drawn) => setTimeout(() => requestAnimationFrame(drawn)));
  return import("./Later");
}, "Later");

const Page = later(() => import("@/form/Page"), "Page");

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

import { MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";
import { useSettings } from "@/store/settings";
import { cssVariables, theme } from "@/theme/theme";
import { ErrorBoundary } from "./ErrorBoundary";
import { Layout } from "./Layout";
import { useFollowSettings } from "./useFollowSettings";
import { useKeyboard } from "./useKeyboard";

/** `started` is done once the workflow of last time is back. */
export function App({ started }: { readonly started: Promise<void> }) {
  const { t } = useTranslation("app");
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
        <ModalsProvider labels={{ confirm: t("dialog.ok"), cancel: t("dialog.cancel") }}>
          <Layout started={started} />
          <Notifications position="bottom-right" />
        </ModalsProvider>
      </ErrorBoundary>
    </MantineProvider>
  );
}

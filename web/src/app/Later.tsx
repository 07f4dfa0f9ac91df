import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";

/** What nobody sees until something asks or tells: not needed for the first picture of the page. */
export function Later() {
  const { t } = useTranslation("app");
  return (
    <>
      <ModalsProvider labels={{ confirm: t("dialog.ok"), cancel: t("dialog.cancel") }} />
      <Notifications position="bottom-right" />
    </>
  );
}

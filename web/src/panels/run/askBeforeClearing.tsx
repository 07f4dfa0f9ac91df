import { Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import i18next from "i18next";
import { setting } from "@/store/settings";

/** Clearing takes out what others have queued, too. */
export function askBeforeClearing(): Promise<boolean> {
  if (!setting("confirmClear")) return Promise.resolve(true);
  return new Promise((resolve) => {
    modals.openConfirmModal({
      title: i18next.t("run:clear.title"),
      children: <Text size="sm">{i18next.t("run:clear.text")}</Text>,
      labels: { confirm: i18next.t("run:clear.confirm"), cancel: i18next.t("run:clear.keep") },
      confirmProps: { color: "red" },
      onConfirm: () => resolve(true),
      onCancel: () => resolve(false),
      onClose: () => resolve(false),
    });
  });
}

import { type NotificationData, notifications } from "@mantine/notifications";
import i18next from "i18next";

/** A notification whose button to close it has a name. One of the same id takes its place. */
export function notify(data: NotificationData): void {
  if (data.id !== undefined) notifications.hide(data.id);
  notifications.show({ closeButtonProps: { "aria-label": i18next.t("run:closeNotice") }, ...data });
}

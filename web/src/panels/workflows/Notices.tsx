import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { dismiss, type Notice, useNotices } from "@/store/persist/notices";

const COLOURS = { info: "gray", warning: "yellow", error: "red" } as const;
/** Long enough to read; what needs doing stays. */
const SHOWN_MS = { info: 4_000, warning: 12_000, error: 15_000 } as const;

/** Shows what opening, saving and keeping have to tell. */
export function Notices() {
  const { t } = useTranslation("files");
  const notices = useNotices(({ all }) => all);
  useEffect(() => {
    for (const notice of notices) {
      notifications.show({
        color: COLOURS[notice.kind],
        autoClose: notice.action === undefined ? SHOWN_MS[notice.kind] : 12_000,
        ...(notice.title === undefined ? {} : { title: notice.title }),
        closeButtonProps: { "aria-label": t("ask.close") },
        message: <NoticeText notice={notice} />,
      });
      dismiss(notice.id);
    }
  }, [notices, t]);
  return null;
}

function NoticeText({ notice }: { readonly notice: Notice }) {
  const { t } = useTranslation("files");
  const { action, params } = notice;
  const name = params["name"] || t("untitled");
  return (
    <Group justify="space-between" gap="sm" wrap="nowrap">
      <Text size="sm">{t(notice.key, { ...params, name })}</Text>
      {action !== undefined && (
        <Button size="compact-sm" variant="light" flex="none" onClick={action.run}>
          {t(action.key)}
        </Button>
      )}
    </Group>
  );
}

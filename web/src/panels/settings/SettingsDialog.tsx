import { Modal, NumberInput, Select, Stack, Switch, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { LANGUAGE_NAMES, LANGUAGES } from "@/i18n";
import { changeSetting, useSettings } from "@/store/settings";
import { showDialog } from "@/store/shell";
import { Choice } from "./Choice";
import styles from "./SettingsDialog.module.css";

/** What a person can choose for themselves. Each choice holds at once. */
export function SettingsDialog() {
  const { t } = useTranslation("app");
  const settings = useSettings();
  return (
    <Modal
      opened
      onClose={() => showDialog(null)}
      title={t("settings.title")}
      size="lg"
      closeButtonProps={{ "aria-label": t("dialog.close") }}
    >
      <Group title={t("settings.look")}>
        <Choice name="theme" words={["system", "dark", "light"]} />
        <Select
          label={t("settings.language")}
          value={settings.language}
          allowDeselect={false}
          data={[
            { value: "system", label: t("settings.languageSystem") },
            ...LANGUAGES.map((language) => ({ value: language, label: LANGUAGE_NAMES[language] })),
          ]}
          onChange={(value) => changeSetting("language", value ?? "system")}
        />
      </Group>
      <Group title={t("settings.canvas")}>
        <Choice name="navigation" words={["mouse", "trackpad"]} />
        <Choice name="links" words={["spline", "linear", "straight", "hidden"]} />
        <Switch
          label={t("settings.snap")}
          checked={settings.snap}
          onChange={(event) => changeSetting("snap", event.currentTarget.checked)}
        />
        <NumberInput
          label={t("settings.gridSize")}
          value={settings.gridSize}
          min={1}
          max={500}
          allowDecimal={false}
          onChange={(value) => {
            if (typeof value === "number" && value >= 1 && value <= 500) changeSetting("gridSize", value);
          }}
        />
      </Group>
      <Group title={t("settings.running")}>
        <Choice name="control" words={["after", "before"]} />
        <Choice name="autoQueue" words={["off", "change", "instant"]} />
        <Choice name="preview" words={["auto", "none", "default"]} />
      </Group>
      <Group title={t("settings.safety")}>
        <Switch
          label={t("settings.confirmClear")}
          checked={settings.confirmClear}
          onChange={(event) => changeSetting("confirmClear", event.currentTarget.checked)}
        />
      </Group>
    </Modal>
  );
}

function Group({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className={styles.group}>
      <Title order={3} className={styles.title ?? ""}>
        {title}
      </Title>
      <Stack gap="md">{children}</Stack>
    </section>
  );
}

import { Button, Menu } from "@mantine/core";
import {
  IconArrowBarToUp,
  IconChevronDown,
  IconPlayerPause,
  IconPlayerPlay,
  IconTarget,
  IconTrash,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useCommands } from "@/store/commands";
import { runCommand } from "@/store/perform";
import { useQueue } from "@/store/runs/queue";
import { changeSetting, useSettings } from "@/store/settings";
import styles from "./RunBar.module.css";

const MODES = ["off", "change", "instant"] as const;

/** The other ways to run, and whether runs start by themselves. */
export function RunMenu() {
  const { t } = useTranslation("run");
  const { t: name } = useTranslation("commands");
  const auto = useSettings((settings) => settings.autoQueue);
  const paused = useQueue((queue) => queue.paused);
  return (
    <Menu position="bottom-end" withinPortal shadow="md" width={260}>
      <Menu.Target>
        <Button size="compact-md" h={32} px={6} className={styles.more} aria-label={t("more")}>
          <IconChevronDown size={16} aria-hidden />
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Item id="run.front" icon={<IconArrowBarToUp size={16} />} />
        <Item id="run.selected" icon={<IconTarget size={16} />} />
        <Menu.Divider />
        <Menu.Label>{t("auto.title")}</Menu.Label>
        <Menu.RadioGroup value={auto}>
          {MODES.map((mode) => (
            <Menu.RadioItem
              key={mode}
              value={mode}
              closeMenuOnClick
              onChange={() => changeSetting("autoQueue", mode)}
            >
              {t(`auto.${mode}Item`)}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item
          leftSection={paused ? <IconPlayerPlay size={16} /> : <IconPlayerPause size={16} />}
          onClick={() => runCommand("run.pause")}
        >
          {paused ? t("resume") : name("run.pause")}
        </Menu.Item>
        <Item id="run.clear" icon={<IconTrash size={16} />} />
      </Menu.Dropdown>
    </Menu>
  );
}

function Item({ id, icon }: { readonly id: string; readonly icon: React.ReactNode }) {
  const { t } = useTranslation("commands");
  const command = useCommands(({ all }) => all.find((one) => one.id === id));
  return (
    <Menu.Item leftSection={icon} disabled={command?.when?.() === false} onClick={() => runCommand(id)}>
      {t(id)}
    </Menu.Item>
  );
}

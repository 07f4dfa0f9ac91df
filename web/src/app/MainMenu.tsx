import { Menu, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { AREAS, type Area, type Command, useCommands } from "@/store/commands";
import { runCommand } from "@/store/perform";
import { KeyCaps } from "./KeyCaps";
import { Logo } from "./Logo";
import styles from "./MainMenu.module.css";

/** The menu under the logo: every command, by area. */
export function MainMenu() {
  const { t } = useTranslation("app");
  const all = useCommands((commands) => commands.all);
  return (
    <Menu position="bottom-start" width={200} shadow="md" returnFocus>
      <Menu.Target>
        <UnstyledButton className={styles.logo ?? ""} aria-label={t("menu")} data-testid="main-menu">
          <Logo />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {AREAS.map((area) => (
          <AreaMenu key={area} area={area} commands={all.filter((command) => command.area === area)} />
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function AreaMenu({ area, commands }: { readonly area: Area; readonly commands: readonly Command[] }) {
  const { t } = useTranslation("app");
  if (commands.length === 0) return null;
  return (
    <Menu.Sub>
      <Menu.Sub.Target>
        <Menu.Sub.Item>{t(`area.${area}`)}</Menu.Sub.Item>
      </Menu.Sub.Target>
      <Menu.Sub.Dropdown className={styles.commands ?? ""}>
        {commands.map((command) => (
          <CommandItem key={command.id} command={command} />
        ))}
      </Menu.Sub.Dropdown>
    </Menu.Sub>
  );
}

function CommandItem({ command }: { readonly command: Command }) {
  const { t } = useTranslation("commands");
  const keys = command.keys?.[0];
  return (
    <Menu.Item
      disabled={command.when?.() === false}
      rightSection={keys === undefined ? null : <KeyCaps keys={keys} />}
      onClick={() => runCommand(command.id)}
    >
      {t(command.id)}
    </Menu.Item>
  );
}

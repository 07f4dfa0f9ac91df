import { Menu } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { IS_MAC, keyCaps } from "@/app/keys";
import { type Command, useCommands } from "@/store/commands";
import { useEditor } from "@/store/editor";
import { runCommand } from "@/store/perform";
import { colour } from "../actions/colour";
import { promotable, promote } from "../actions/promote";
import styles from "./ContextMenu.module.css";
import { ALIGN, COLOURS, sectionsFor } from "./lists";
import { closeMenu, useMenu } from "./menu";

/** The menu of whatever was right-clicked. Its items are commands, so each has its key and can be found elsewhere. */
export function ContextMenu() {
  const { t } = useTranslation("canvas");
  const asked = useMenu((state) => state.asked);
  const all = useCommands((state) => state.all);
  const selected = useEditor((editor) => editor.selection.size);
  useEffect(() => {
    // Before Mantine: it would close the menu and let the key go on to the canvas, which would act on it as well.
    const close = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      event.preventDefault();
      closeMenu();
    };
    window.addEventListener("keydown", close, true);
    return () => window.removeEventListener("keydown", close, true);
  }, []);
  if (asked === null) return null;
  const { subject, at } = asked;
  const byId = new Map(all.map((command) => [command.id, command]));
  const sections = sectionsFor(subject)
    .map((ids) => ids.flatMap((id) => byId.get(id) ?? []).filter((command) => command.when?.() !== false))
    .filter((section) => section.length > 0);
  const canColour = subject.kind === "node" || subject.kind === "group";
  const widgets = subject.kind === "node" ? promotable(subject.node) : [];
  return (
    <Menu
      opened
      onClose={closeMenu}
      position="right-start"
      offset={2}
      shadow="md"
      withinPortal
      width={240}
      trapFocus
    >
      <Menu.Target>
        <span className={styles.anchor} style={{ left: at[0], top: at[1] }} />
      </Menu.Target>
      <Menu.Dropdown
        className={styles.menu}
        onContextMenu={(event) => event.preventDefault()}
        // What is pressed in the menu is not meant for the canvas.
        onKeyDown={(event) => event.stopPropagation()}
      >
        {sections.map((section, index) => (
          <div key={section[0]?.id}>
            {index > 0 && <Menu.Divider />}
            {section.map((command) => (
              <Item key={command.id} command={command} />
            ))}
          </div>
        ))}
        {canColour && (
          <>
            <Menu.Divider />
            <Menu.Sub>
              <Menu.Sub.Target>
                <Menu.Sub.Item>{t("menu.colour")}</Menu.Sub.Item>
              </Menu.Sub.Target>
              <Menu.Sub.Dropdown>
                {COLOURS.map(([name, title, body]) => (
                  <Menu.Item
                    key={name}
                    onClick={() => colour(title, body)}
                    leftSection={
                      <i className={styles.swatch} style={{ background: body ?? "var(--dr-node)" }} />
                    }
                  >
                    {t(`colour.${name}`)}
                  </Menu.Item>
                ))}
              </Menu.Sub.Dropdown>
            </Menu.Sub>
          </>
        )}
        {subject.kind === "node" && selected > 1 && (
          <Menu.Sub>
            <Menu.Sub.Target>
              <Menu.Sub.Item>{t("menu.align")}</Menu.Sub.Item>
            </Menu.Sub.Target>
            <Menu.Sub.Dropdown>
              {ALIGN.flatMap((id) => byId.get(id) ?? []).map((command) => (
                <Item key={command.id} command={command} />
              ))}
            </Menu.Sub.Dropdown>
          </Menu.Sub>
        )}
        {widgets.length > 0 && (
          <Menu.Sub>
            <Menu.Sub.Target>
              <Menu.Sub.Item>{t("menu.promote")}</Menu.Sub.Item>
            </Menu.Sub.Target>
            <Menu.Sub.Dropdown>
              {widgets.map((widget) => (
                <Menu.Item key={widget.name} onClick={() => promote(widget)}>
                  {t(widget.isPromoted ? "menu.conceal" : "menu.expose", { name: widget.name })}
                </Menu.Item>
              ))}
            </Menu.Sub.Dropdown>
          </Menu.Sub>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function Item({ command }: { readonly command: Command }) {
  const { t } = useTranslation("commands");
  const keys = command.keys?.[0];
  return (
    <Menu.Item
      onClick={() => runCommand(command.id)}
      rightSection={
        keys === undefined ? null : (
          <span className={styles.keys}>{keyCaps(keys, IS_MAC).join(IS_MAC ? "" : "+")}</span>
        )
      }
    >
      {t(command.id)}
    </Menu.Item>
  );
}

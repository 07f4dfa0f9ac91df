import { Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { KeyCaps } from "@/app/KeyCaps";
import { AREAS, type Command, useCommands } from "@/store/commands";
import { showDialog } from "@/store/shell";
import styles from "./HelpSheet.module.css";

const GESTURES = ["addNode", "pan", "zoom", "box", "moveLink", "insert", "touch"] as const;

/** Every key and gesture, by area. */
export function HelpSheet() {
  const { t } = useTranslation("app");
  const all = useCommands((commands) => commands.all);
  const keyed = all.filter((command) => (command.keys?.length ?? 0) > 0);
  return (
    <Modal
      opened
      onClose={() => showDialog(null)}
      title={t("help.title")}
      size="xl"
      closeButtonProps={{ "aria-label": t("dialog.close") }}
    >
      <div className={styles.sheet}>
        {AREAS.map((area) => (
          <Section key={area} title={t(`area.${area}`)} commands={keyed.filter((one) => one.area === area)} />
        ))}
        <section>
          <h3>{t("help.gestures")}</h3>
          <dl>
            {GESTURES.map((gesture) => (
              <div key={gesture}>
                <dt>{t(`gesture.${gesture}`)}</dt>
                <dd>{t(`gesture.${gesture}How`)}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </Modal>
  );
}

function Section({ title, commands }: { readonly title: string; readonly commands: readonly Command[] }) {
  const { t } = useTranslation("commands");
  if (commands.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {commands.map((command) => (
          <div key={command.id}>
            <dt>{t(command.id)}</dt>
            <dd>
              {command.keys?.map((keys) => (
                <KeyCaps key={keys} keys={keys} />
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

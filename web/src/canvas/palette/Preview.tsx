import { useTranslation } from "react-i18next";
import type { NodeDef } from "@/graph/defs";
import { isVirtual } from "@/graph/kinds";
import { colourOf } from "../model/colours";
import styles from "./Palette.module.css";

interface Props {
  readonly def: NodeDef;
  readonly onHelp: () => void;
}

/** What a class takes and gives, before it is added. For eyes and the mouse: its page says the same, by a key. */
export function Preview({ def, onHelp }: Props) {
  const { t } = useTranslation("canvas");
  const sockets = def.inputs.filter((input) => input.widget === null && input.name !== "");
  const widgets = def.inputs.filter((input) => input.widget !== null);
  return (
    <div className={styles.preview} aria-hidden="true">
      <strong>{def.title}</strong>
      {def.description !== "" && <p>{def.description}</p>}
      {sockets.map((input) => (
        <div key={input.name} className={styles.socket}>
          <i className={styles.dot} style={{ background: colourOf(input.type) }} />
          {input.name}
        </div>
      ))}
      {def.outputs.map((output, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: outputs are known by their place
        <div key={index} className={styles.socket} data-out>
          {output.name}
          <i className={styles.dot} style={{ background: colourOf(output.type) }} />
        </div>
      ))}
      {widgets.length > 0 && (
        <p className={styles.widgets}>{widgets.map((input) => input.name).join(", ")}</p>
      )}
      <code>{def.name}</code>
      {!isVirtual(def.name) && (
        <button
          type="button"
          tabIndex={-1}
          className={styles.help}
          // The search field keeps the keyboard.
          onPointerDown={(event) => event.preventDefault()}
          onMouseDown={(event) => event.preventDefault()}
          onClick={onHelp}
        >
          {t("palette.help")} <kbd>F1</kbd>
        </button>
      )}
    </div>
  );
}

import { ActionIcon, Tooltip } from "@mantine/core";
import { IconChevronDown, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { NODE_MEDIA } from "@/canvas/pane/useDropTarget";
import { useDefs } from "@/store/defs";
import { fileSize, moment } from "../run/format";
import { notify } from "../run/notify";
import { loaderOf } from "./loaders";
import styles from "./Models.module.css";
import { modelFacts } from "./modelFiles";
import { putModel } from "./putModel";

interface Props {
  readonly kind: string;
  readonly file: Schemas["ModelFile"];
}

/** A model file: a click puts it into the graph, so does dragging it there. */
export function ModelItem({ kind, file }: Props) {
  const { t } = useTranslation("run");
  const [facts, setFacts] = useState<readonly (readonly [string, string])[] | null>(null);
  const [isOpen, setOpen] = useState(false);
  const { name } = file;
  const use = () => {
    if (!putModel(kind, name)) notify({ message: t("models.noLoader", { name }) });
  };
  const drag = (event: React.DragEvent) => {
    const loader = loaderOf(kind, name, useDefs.getState().defs);
    if (loader === null) return;
    event.dataTransfer.effectAllowed = "copy";
    event.dataTransfer.setData(
      NODE_MEDIA,
      JSON.stringify({ type: loader.def.name, values: { [loader.input]: name } }),
    );
    event.dataTransfer.setData("text/plain", name);
  };
  const unfold = () => {
    setOpen(!isOpen);
    if (facts === null) void modelFacts(kind, name).then(setFacts);
  };
  return (
    <li className={styles.item} draggable onDragStart={drag} data-testid="model-item">
      <div className={styles.row}>
        <div className={styles.main}>
          <span className={styles.name} title={name}>
            {name}
          </span>
          <span className={styles.detail}>
            {fileSize(file.size)} · {moment(file.modified * 1000)}
          </span>
        </div>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          aria-expanded={isOpen}
          aria-label={t("models.about", { name })}
          onClick={unfold}
        >
          <IconChevronDown size={14} />
        </ActionIcon>
        <Tooltip label={t("models.useHint")} multiline maw={240}>
          <ActionIcon variant="subtle" size="sm" aria-label={t("models.use", { name })} onClick={use}>
            <IconPlus size={14} />
          </ActionIcon>
        </Tooltip>
      </div>
      {isOpen && facts !== null && (
        <dl className={styles.facts}>
          {facts.length === 0 && <dd>{t("models.noFacts")}</dd>}
          {facts.map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </li>
  );
}

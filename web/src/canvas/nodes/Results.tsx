import { useTranslation } from "react-i18next";
import { viewUrl } from "@/api/client";
import { readWidgets } from "@/graph/widgets";
import { type FileRef, type NodeRun, useRuns } from "@/store/runs";
import { openViewer, viewImages } from "@/store/viewer";
import { pictureInput } from "../actions/upload";
import type { NodeData } from "../items";
import { ReplacedBadge } from "./ReplacedBadge";
import styles from "./Results.module.css";

interface Props {
  readonly data: NodeData;
  readonly run: NodeRun | undefined;
  /** Where the rows end, from the top of the title. */
  readonly end: number;
}

/** More of a batch are counted, not shown. */
const MOST = 9;

/** Pictures and texts of a node: the latent while it is sampled, what was saved, what will be loaded. */
export function Results({ data, run, end }: Props) {
  const { t } = useTranslation("canvas");
  const room = data.record.size[1] + 30 - end;
  const height = room > 90 ? room - 8 : 220;
  if (run?.preview != null) {
    return (
      <div className={styles.results} style={{ height }}>
        <img className={styles.picture} src={run.preview} alt={t("node.preview")} draggable={false} />
      </div>
    );
  }
  const images = run?.images ?? [];
  const texts = run?.texts ?? [];
  const loaded = images.length === 0 ? loadedFile(data) : null;
  if (images.length > 0 || loaded !== null) {
    const shownFiles = loaded === null ? images.slice(0, MOST) : [loaded];
    const columns = Math.ceil(Math.sqrt(shownFiles.length));
    return (
      <div
        className={styles.results}
        style={{ height, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
      >
        {shownFiles.map((file) => (
          <button
            key={`${file.type}/${file.subfolder}/${file.filename}`}
            type="button"
            className={`${styles.open} nodrag`}
            aria-label={t("node.openPicture", { name: file.filename })}
            onClick={() => openPicture(data.address, file)}
          >
            <img
              className={styles.picture}
              src={viewUrl(file, "webp;75")}
              alt={file.filename}
              draggable={false}
              loading="lazy"
              decoding="async"
            />
            {file.replaced && <ReplacedBadge />}
          </button>
        ))}
        {images.length > 0 && texts.length > 0 && (
          <p className={styles.told} role="note">
            {texts.join("\n")}
          </p>
        )}
        {images.length > MOST && <span className={styles.more}>+{images.length - MOST}</span>}
      </div>
    );
  }
  if (texts.length === 0) return null;
  return <pre className={`${styles.text} nodrag nowheel`}>{texts.join("\n")}</pre>;
}

function loadedFile({ key, record, def }: NodeData): FileRef | null {
  const input = def === undefined ? undefined : pictureInput(key);
  const value =
    def === undefined || input === undefined ? null : readWidgets(record, def).values.get(input.name);
  if (typeof value !== "string" || value === "") return null;
  const [, path = "", kind] = /^(.*?)(?: \[(input|output|temp)\])?$/.exec(value) ?? [];
  const cut = path.lastIndexOf("/");
  return { filename: path.slice(cut + 1), subfolder: path.slice(0, Math.max(0, cut)), type: kind ?? "input" };
}

/** Large, among the other pictures of its node. */
function openPicture(address: string, file: FileRef): void {
  const images = useRuns.getState().nodes[address]?.images ?? [];
  const index = images.findIndex((one) => viewUrl(one) === viewUrl(file));
  if (index >= 0) viewImages(images, index, address);
  else openViewer([{ file, job: null, node: null }]);
}

import { Alert, Button, Progress, Skeleton, Table } from "@mantine/core";
import { IconDownload, IconPlayerStopFilled } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { serverUrl, viewUrl } from "@/api/client";
import { hashOf } from "@/app/route";
import { choiceText } from "@/canvas/widgets/choices";
import { isObject, type Json } from "@/graph/json";
import { cancelSweep, isSettled, type Sweep, type SweepItem } from "@/store/functions/sweeps";
import formStyles from "./FormPage.module.css";
import styles from "./SweepPage.module.css";
import { useSweep } from "./useSweep";

/** Many runs of one workflow: how far they are, and what came out, as a grid and as a table. */
export function SweepPage({ id }: { readonly id: string }) {
  const { t } = useTranslation("functions");
  const { sweep, error, again, more } = useSweep(id);
  if (sweep === null) {
    if (error === null) return <Skeleton height={240} aria-label={t("form.loading")} />;
    return (
      <Alert color="red" title={t("sweep.cannot")}>
        <p>{error}</p>
        <Button size="compact-sm" variant="default" onClick={again}>
          {t("form.again")}
        </Button>
      </Alert>
    );
  }
  const isDone = isSettled(sweep);
  const reference = sweep.release === null ? sweep.workflow : `${sweep.workflow}@${sweep.release}`;
  return (
    <div data-testid="sweep" data-state={isDone ? "done" : "running"}>
      <header className={formStyles.head}>
        <div className={formStyles.words}>
          <h1>{t("sweep.title", { name: sweep.workflow })}</h1>
          <div className={formStyles.origin} role="status">
            {t("sweep.progress", { done: sweep.done, count: sweep.total })}
            {sweep.failed > 0 && (
              <span className={styles.failed}>{t("sweep.failed", { count: sweep.failed })}</span>
            )}
            {sweep.status === "cancelled" && <span>{t("sweep.cancelled")}</span>}
          </div>
        </div>
        <div className={formStyles.ways}>
          <Button
            component="a"
            variant="default"
            size="xs"
            href={hashOf({ kind: "form", reference, query: "" })}
          >
            {t("sweep.form")}
          </Button>
          {!isDone && (
            <Button
              variant="default"
              size="xs"
              leftSection={<IconPlayerStopFilled size={12} aria-hidden />}
              onClick={() => void cancelSweep(id).then(again)}
            >
              {t("sweep.stop")}
            </Button>
          )}
        </div>
      </header>
      {!isDone && (
        <Progress
          size="md"
          mb="lg"
          value={(100 * (sweep.done + sweep.failed + sweep.cancelled)) / Math.max(1, sweep.total)}
          aria-label={t("form.progress")}
        />
      )}
      {sweep.grid !== null && <Grid sweep={sweep} />}
      <Results sweep={sweep} onMore={more} />
    </div>
  );
}

function Grid({ sweep }: { readonly sweep: Sweep }) {
  const { t } = useTranslation("functions");
  // The picture grows with the runs: another address each time, or the browser shows the old one.
  const address = `${addressOf(sweep.grid ?? "")}?runs=${sweep.done}`;
  return (
    <figure className={styles.grid}>
      <a href={address} target="_blank" rel="noreferrer" title={t("form.openPicture")}>
        <img src={address} alt={t("sweep.grid")} data-testid="sweep-grid" />
      </a>
      <figcaption>
        <Button
          component="a"
          variant="default"
          size="xs"
          href={address}
          download={`${sweep.workflow}.png`}
          leftSection={<IconDownload size={14} aria-hidden />}
        >
          {t("sweep.saveGrid")}
        </Button>
      </figcaption>
    </figure>
  );
}

interface ResultsProps {
  readonly sweep: Sweep;
  readonly onMore: () => void;
}

/** Only the columns that vary say anything. */
function Results({ sweep, onMore }: ResultsProps) {
  const { t } = useTranslation("functions");
  return (
    <div>
      <div className={styles.tableHead}>
        <h2>{t("sweep.table")}</h2>
        <Button
          component="a"
          variant="default"
          size="xs"
          href={addressOf(sweep.table)}
          download={`${sweep.workflow}.csv`}
          leftSection={<IconDownload size={14} aria-hidden />}
        >
          {t("sweep.saveTable")}
        </Button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section className={styles.table} aria-label={t("sweep.table")} tabIndex={0}>
        <Table data-testid="sweep-rows">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("sweep.number")}</Table.Th>
              {sweep.varied.map((column) => (
                <Table.Th key={column}>{column}</Table.Th>
              ))}
              <Table.Th>{t("sweep.state")}</Table.Th>
              <Table.Th>{t("sweep.gave")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sweep.items.map((item) => (
              <Row key={item.index} item={item} columns={sweep.varied} />
            ))}
          </Table.Tbody>
        </Table>
      </section>
      {sweep.more && (
        <Button mt="xs" variant="subtle" size="compact-sm" onClick={onMore}>
          {t("sweep.rest", { count: sweep.total - sweep.items.length })}
        </Button>
      )}
    </div>
  );
}

function Row({ item, columns }: { readonly item: SweepItem; readonly columns: readonly string[] }) {
  const { t } = useTranslation("functions");
  return (
    <Table.Tr data-status={item.status}>
      <Table.Td>{item.index + 1}</Table.Td>
      {columns.map((column) => (
        <Table.Td key={column} className={styles.cell ?? ""}>
          {choiceText((item.inputs[column] ?? null) as Json)}
        </Table.Td>
      ))}
      <Table.Td>
        <a href={hashOf({ kind: "run", id: item.run_id })} title={item.error ?? undefined}>
          {t(`state.${wordFor(item.status)}`)}
        </a>
      </Table.Td>
      <Table.Td className={styles.outputs ?? ""}>
        {Object.entries(item.outputs).map(([name, value]) => (
          <Output key={name} name={name} value={value as Json} />
        ))}
      </Table.Td>
    </Table.Tr>
  );
}

function Output({ name, value }: { readonly name: string; readonly value: Json }) {
  const list = Array.isArray(value) ? value : [value];
  return list.map((one, index) => {
    const key = `${name}/${index}`;
    if (!isObject(one) || typeof one["filename"] !== "string")
      return <span key={key}>{choiceText(one)}</span>;
    const file = {
      filename: one["filename"],
      subfolder: String(one["subfolder"] ?? ""),
      type: String(one["type"] ?? "output"),
    };
    return (
      <a key={key} href={viewUrl(file)} target="_blank" rel="noreferrer">
        <img src={viewUrl(file, "webp;75")} alt={`${name}: ${file.filename}`} loading="lazy" />
      </a>
    );
  });
}

/** What the catalogue has a word for; everything else went wrong. */
const WORDS: Readonly<Record<string, "queued" | "running" | "success" | "cancelled" | "interrupted">> = {
  pending: "queued",
  running: "running",
  success: "success",
  cancelled: "cancelled",
  interrupted: "interrupted",
};

function wordFor(status: string) {
  return WORDS[status] ?? "error";
}

/** The server names its own paths; the page may lie below a folder. */
function addressOf(path: string): string {
  return path.startsWith("/") ? `${serverUrl()}${path}` : path;
}

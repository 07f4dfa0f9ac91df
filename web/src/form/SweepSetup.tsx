import { Alert, Button, FileButton, NumberInput, Select } from "@mantine/core";
import { IconFileTypeCsv, IconGridDots } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { navigate } from "@/app/route";
import { startSweep } from "@/store/functions/sweeps";
import { AxisControl } from "./AxisControl";
import type { Field } from "./fields";
import { PastSweeps } from "./PastSweeps";
import styles from "./SweepSetup.module.css";
import {
  type Axes,
  type Axis,
  axisValues,
  type Csv,
  countOf,
  gridBody,
  MOST_RUNS,
  readCsv,
  rowsBody,
  type SeedMode,
  type SeedPlan,
} from "./sweep";
import type { Form } from "./useForm";
import { bodyOf } from "./values";

interface Props {
  readonly form: Form;
  readonly reference: string;
  /** Its name alone. */
  readonly workflow: string;
  readonly onRefused: (error: unknown) => void;
  readonly onClose: () => void;
}

interface Table extends Csv {
  readonly fileName: string;
}

const MODES: readonly SeedMode[] = ["fixed", "increment", "random"];

/** The form for many runs at once: each input fixed or varied, or a table with a run in each line. */
export function SweepSetup({ form, reference, workflow, onRefused, onClose }: Props) {
  const { t } = useTranslation("functions");
  const [axes, setAxes] = useState<Axes>({});
  const [table, setTable] = useState<Table | null>(null);
  const [plan, setPlan] = useState<SeedPlan>({ mode: "fixed", count: 1 });
  const [isSending, setSending] = useState(false);
  const seed = form.fields.find((field) => field.kind === "number" && field.isSeed);
  const values = bodyOf(form.fields, form.values);
  const body =
    table === null
      ? gridBody(form.fields, values, axes, seed === undefined ? null : plan)
      : rowsBody(form.fields, values, table.rows, seed === undefined ? null : plan);
  const count = countOf(body);
  const varied = table === null ? Object.keys(body.grid ?? {}) : table.columns;
  const isWrong =
    table === null
      ? form.fields.some((field) => isUnreadable(field, axes[field.name]))
      : table.wrong.length > 0 || table.rows.length === 0;

  const start = async () => {
    if (!form.check(form.fields.filter((field) => !varied.includes(field.name)))) return;
    setSending(true);
    try {
      navigate({ kind: "sweep", id: await startSweep(reference, body) });
    } catch (error) {
      onRefused(error);
    } finally {
      setSending(false);
    }
  };
  return (
    <div className={styles.setup} data-testid="sweep-setup">
      <p className={styles.hint}>{t("sweep.hint")}</p>
      <div className={styles.source}>
        <FileButton
          accept=".csv,.tsv,text/csv,text/tab-separated-values"
          onChange={(file) =>
            void file?.text().then((text) => setTable({ ...readCsv(form.fields, text), fileName: file.name }))
          }
        >
          {(props) => (
            <Button
              {...props}
              variant="default"
              size="xs"
              leftSection={<IconFileTypeCsv size={16} aria-hidden />}
            >
              {t("sweep.csv")}
            </Button>
          )}
        </FileButton>
        {table !== null && (
          <Button variant="subtle" size="xs" onClick={() => setTable(null)}>
            {t("sweep.noCsv")}
          </Button>
        )}
      </div>
      {table !== null && <TableReport table={table} />}
      {form.fields.map((field) => (
        <AxisControl
          key={field.name}
          field={field}
          form={form}
          axis={table === null ? (axes[field.name] ?? { kind: "fixed" }) : { kind: "fixed" }}
          isTaken={table?.columns.includes(field.name) === true}
          canVary={table === null}
          onChange={(axis) => setAxes((before) => ({ ...before, [field.name]: axis }))}
        />
      ))}
      {seed !== undefined && body.seed !== undefined && (
        <div className={styles.seeds}>
          <Select
            label={t("sweep.seeds")}
            data={MODES.map((mode) => ({ value: mode, label: t(`sweep.seed.${mode}`) }))}
            value={plan.mode}
            allowDeselect={false}
            onChange={(mode) => setPlan({ ...plan, mode: MODES.find((one) => one === mode) ?? "fixed" })}
          />
          {plan.mode !== "fixed" && (
            <NumberInput
              label={t("sweep.each")}
              min={1}
              max={1000}
              allowDecimal={false}
              value={plan.count}
              onChange={(next) => setPlan({ ...plan, count: Math.max(1, Number(next) || 1) })}
            />
          )}
        </div>
      )}
      <p className={styles.count} role="status" data-testid="sweep-count">
        {t("sweep.runs", { count })}
      </p>
      {count > MOST_RUNS && <Alert color="red">{t("sweep.tooMany", { most: MOST_RUNS })}</Alert>}
      <div className={styles.actions}>
        <Button
          size="md"
          loading={isSending}
          disabled={isWrong || count > MOST_RUNS}
          leftSection={<IconGridDots size={16} aria-hidden />}
          onClick={() => void start()}
          data-testid="sweep-start"
        >
          {t("sweep.start", { count })}
        </Button>
        <Button size="md" variant="default" onClick={onClose}>
          {t("sweep.back")}
        </Button>
      </div>
      <PastSweeps workflow={workflow} />
    </div>
  );
}

/** What varies needs values, all of them sound. */
function isUnreadable(field: Field, axis: Axis = { kind: "fixed" }): boolean {
  const { values, wrong } = axisValues(field, axis);
  return axis.kind !== "fixed" && (values.length === 0 || wrong.length > 0);
}

/** What was read from the table, and what of it makes no sense. */
function TableReport({ table }: { readonly table: Table }) {
  const { t } = useTranslation("functions");
  const { rows, columns, unknown, wrong, fileName } = table;
  return (
    <Alert
      color={wrong.length > 0 || rows.length === 0 ? "red" : "gray"}
      title={fileName}
      data-testid="sweep-table"
    >
      <p>{t("sweep.rows", { count: rows.length, columns: columns.join(", ") })}</p>
      {unknown.length > 0 && <p>{t("sweep.unknown", { columns: unknown.join(", ") })}</p>}
      {wrong.slice(0, 5).map(({ line, column, text }) => (
        <p key={`${line}/${column}`}>{t("sweep.wrongCell", { line, column, text })}</p>
      ))}
      {wrong.length > 5 && <p>{t("sweep.more", { count: wrong.length - 5 })}</p>}
    </Alert>
  );
}

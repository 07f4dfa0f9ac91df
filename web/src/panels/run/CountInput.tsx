import { NumberInput, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { MOST_AT_ONCE, setCount, useRunBar } from "@/store/runs/bar";
import styles from "./RunBar.module.css";

/** How many runs one press queues. */
export function CountInput() {
  const { t } = useTranslation("run");
  const count = useRunBar((bar) => bar.count);
  return (
    <Tooltip label={t("countHint")} multiline maw={280}>
      <NumberInput
        className={styles.count}
        size="xs"
        w={58}
        min={1}
        max={MOST_AT_ONCE}
        clampBehavior="blur"
        allowDecimal={false}
        allowNegative={false}
        aria-label={t("count")}
        data-testid="run-count"
        value={count}
        onChange={(value) => setCount(Number(value))}
      />
    </Tooltip>
  );
}

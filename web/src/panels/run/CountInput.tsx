import { Tooltip } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { MOST_AT_ONCE, setCount, useRunBar } from "@/store/runs/bar";
import styles from "./RunBar.module.css";

/** How many runs one press queues. */
export function CountInput() {
  const { t } = useTranslation("run");
  const count = useRunBar((bar) => bar.count);
  // As it is typed, even while it is empty or too much; the count follows as far as it can.
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <Tooltip label={t("countHint")} multiline maw={280}>
      <input
        className={styles.count}
        type="number"
        min={1}
        max={MOST_AT_ONCE}
        step={1}
        aria-label={t("count")}
        data-testid="run-count"
        value={typed ?? count}
        onChange={({ currentTarget: { value } }) => {
          setTyped(value);
          if (value !== "") setCount(Number(value));
        }}
        onBlur={() => setTyped(null)}
      />
    </Tooltip>
  );
}

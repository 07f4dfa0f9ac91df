import { Combobox, Modal, useCombobox } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { colourOf } from "../model/colours";
import { type Choice, choices, closePicker, pick, useWirePicker } from "./picker";
import styles from "./WirePicker.module.css";

/** Two lists, one after the other: from which socket, to which. */
export function WirePicker() {
  const { t } = useTranslation("canvas");
  const from = useWirePicker((state) => state.from);
  const start = useWirePicker((state) => state.start);
  const [query, setQuery] = useState("");
  const combobox = useCombobox({ opened: true });
  const all = useMemo(() => choices({ from, start }), [from, start]);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter(({ node, id, socket, type }) => {
    // At first all sockets are of one node: its name would tell nothing apart.
    const text = `${start === null ? "" : `${node} ${id}`} ${socket} ${type}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the first is chosen anew whenever the list changes
  useEffect(() => {
    // The dialog puts its contents on the page a frame later.
    const frame = requestAnimationFrame(() => combobox.selectFirstOption());
    return () => cancelAnimationFrame(frame);
  }, [query, start]);
  const take = (choice: Choice | undefined) => {
    setQuery("");
    if (choice !== undefined) pick(choice);
  };
  return (
    <Modal
      opened
      onClose={closePicker}
      title={t(
        start === null ? "wiring.from" : start.kind === "output" ? "wiring.toInput" : "wiring.toOutput",
      )}
      closeButtonProps={{ "aria-label": t("wiring.close") }}
      transitionProps={{ duration: 0 }}
      returnFocus={false}
    >
      <Combobox store={combobox} onOptionSubmit={(key) => take(all.find((one) => one.key === key))}>
        <Combobox.EventsTarget>
          <input
            className={styles.search}
            data-autofocus
            value={query}
            placeholder={t("wiring.search")}
            aria-label={t("wiring.search")}
            onChange={(event) => setQuery(event.currentTarget.value)}
            onKeyDown={(event) => {
              // Typed faster than the list was drawn.
              if (event.key === "Enter" && combobox.getSelectedOptionIndex() < 0) take(found[0]);
            }}
          />
        </Combobox.EventsTarget>
        <Combobox.Options className={styles.options} aria-label={t("wiring.sockets")}>
          {found.map((choice) => (
            <Combobox.Option key={choice.key} value={choice.key} className={styles.option}>
              <i className={styles.dot} style={{ background: colourOf(choice.type) }} />
              {start === null ? (
                <span>{choice.socket}</span>
              ) : (
                <span>
                  {choice.node} <span className={styles.id}>{choice.id}</span> · {choice.socket}
                </span>
              )}
              <span className={styles.kind}>
                {start === null && t(choice.isInput ? "wiring.input" : "wiring.output")}
                {choice.linked !== null && ` ${t("wiring.linked", { node: choice.linked })}`}
              </span>
            </Combobox.Option>
          ))}
          {found.length === 0 && <Combobox.Empty>{t("wiring.none")}</Combobox.Empty>}
        </Combobox.Options>
      </Combobox>
    </Modal>
  );
}

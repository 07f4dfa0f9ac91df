import { Combobox, useCombobox } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { takeTyped } from "@/app/typeAhead";
import type { Json } from "@/graph/json";
import styles from "./Choices.module.css";
import { choiceText, closeChoices, manyOf, pickChoice, useChoices } from "./choices";

/** From this many on, a list is searched rather than read. */
const LONG = 8;
/** More are not listed at once; typing narrows them down. */
const MOST = 200;

/** The one list of choices of the canvas, open under the widget that asked for it. */
export function Choices() {
  const asked = useChoices((state) => state.asked);
  return asked === null ? null : <Open key={asked.owner} />;
}

function Open() {
  const { t } = useTranslation("canvas");
  const asked = useChoices((state) => state.asked);
  const [search, setSearch] = useState("");
  const box = useRef<HTMLDivElement>(null);
  const combobox = useCombobox({ opened: true });
  const found = useMemo(() => matching(asked?.choices ?? [], search), [asked, search]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the first match is chosen anew for each search
  useEffect(() => {
    if (search === "") combobox.selectActiveOption();
    else combobox.selectFirstOption();
  }, [search]);
  useEffect(() => {
    const typed = takeTyped();
    if (typed !== "") setSearch(typed);
  }, []);
  useEffect(() => {
    const outside = (event: Event) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) closeChoices();
    };
    document.addEventListener("pointerdown", outside, true);
    document.addEventListener("wheel", outside, true);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("wheel", outside, true);
    };
  }, []);
  if (asked === null) return null;
  const isChosen = (one: Json) => (asked.isMany ? manyOf(asked.value).includes(one) : one === asked.value);
  const rect = asked.anchor.getBoundingClientRect();
  const below = window.innerHeight - rect.bottom;
  const isAbove = below < 240 && rect.top > below;
  const width = Math.max(200, rect.width);
  const left = Math.max(8, Math.min(rect.left, window.innerWidth - width - 8));
  const place = isAbove
    ? { bottom: window.innerHeight - rect.top + 4, maxHeight: rect.top - 12 }
    : { top: rect.bottom + 4, maxHeight: below - 12 };
  return (
    <div ref={box} className={styles.box} style={{ left, width, ...place }}>
      <Combobox
        store={combobox}
        onOptionSubmit={(index) => {
          const picked = asked.choices[Number(index)];
          if (picked !== undefined) pickChoice(picked);
        }}
      >
        <Combobox.EventsTarget>
          <input
            className={styles.search}
            data-short={asked.choices.length < LONG || undefined}
            // biome-ignore lint/a11y/noAutofocus: the person just opened the list to choose from it
            autoFocus
            value={search}
            placeholder={t("widget.search")}
            aria-label={asked.label}
            onChange={(event) => setSearch(event.currentTarget.value)}
            onKeyDown={(event) => {
              event.stopPropagation();
              if (event.key === "Escape" || event.key === "Tab") {
                event.preventDefault();
                closeChoices();
              }
            }}
          />
        </Combobox.EventsTarget>
        <Combobox.Options
          className={styles.options}
          aria-label={asked.label}
          aria-multiselectable={asked.isMany || undefined}
        >
          {found.slice(0, MOST).map(({ text, index, value }) => (
            <Combobox.Option
              key={index}
              value={String(index)}
              active={isChosen(value)}
              aria-checked={asked.isMany ? isChosen(value) : undefined}
              className={styles.option}
            >
              {asked.isMany && <i className={styles.check} data-checked={isChosen(value) || undefined} />}
              {text}
            </Combobox.Option>
          ))}
          {found.length === 0 && (
            <Combobox.Empty>
              {t(asked.choices.length === 0 ? "widget.noChoices" : "widget.noMatch")}
            </Combobox.Empty>
          )}
          {found.length > MOST && (
            <div className={styles.more}>{t("widget.moreMatches", { count: found.length - MOST })}</div>
          )}
        </Combobox.Options>
      </Combobox>
    </div>
  );
}

/** Those that have all words of the search, in any order; those that begin with it first. */
function matching(choices: readonly Json[], search: string) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const all = choices.map((value, index) => ({ value, index, text: choiceText(value) }));
  const fitting = all.filter(({ text }) => words.every((word) => text.toLowerCase().includes(word)));
  const starts = (text: string) => (text.toLowerCase().startsWith(words[0] ?? "") ? 0 : 1);
  return words.length === 0 ? fitting : fitting.toSorted((a, b) => starts(a.text) - starts(b.text));
}

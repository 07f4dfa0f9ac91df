import { Combobox, useCombobox } from "@mantine/core";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { NodeDef } from "@/graph/defs";
import type { Point } from "@/graph/document";
import { pinnedOf } from "@/graph/functions/upgrade";
import { isVirtual } from "@/graph/kinds";
import { useDefs } from "@/store/defs";
import { showNodeHelp } from "@/store/nodeHelp";
import { useShell } from "@/store/shell";
import { addFromPalette } from "../actions/palette";
import { colourOf } from "../model/colours";
import { categoriesOf, offered, search } from "./entries";
import { closePalette, stopGathering, usePalette } from "./index";
import styles from "./Palette.module.css";
import { Preview } from "./Preview";

const WIDTH = 580;
const HEIGHT = 420;
/** Of the rail and a gap, left of it and right of the panel. */
const RAIL = 56;

/** The list of node classes, searched as one types; opened by double click, Tab, or a link dropped on nothing. */
export function Palette() {
  const asked = usePalette((state) => state.asked);
  return asked === null ? null : <Open key={String(asked.at)} />;
}

function Open() {
  const { t } = useTranslation("canvas");
  const asked = usePalette((state) => state.asked);
  const beside = useShell(({ panel, width }) => (panel === "node" ? width + RAIL : 0));
  const status = useDefs((state) => state.status);
  const defs = useDefs((state) => state.defs);
  const [query, setQuery] = useState(() => usePalette.getState().typed);
  const [category, setCategory] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const combobox = useCombobox({ opened: true });
  const [active, setActive] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: classes come while the palette is open
  const all = useMemo(() => offered(t), [defs, t]);
  const fits = asked?.fits ?? null;
  const found = useMemo(() => search(all, query, fits, category), [all, query, fits, category]);
  const categories = useMemo(() => categoriesOf(all), [all]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the best is chosen anew for each search
  useEffect(() => {
    setActive(0);
    combobox.selectFirstOption();
  }, [found]);
  // At once when the field is there, with what was typed since it was begun to be drawn.
  useLayoutEffect(() => {
    setQuery(usePalette.getState().typed);
    stopGathering();
  }, []);
  useEffect(() => {
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) closePalette();
    };
    document.addEventListener("pointerdown", outside, true);
    return () => document.removeEventListener("pointerdown", outside, true);
  }, []);
  if (asked === null) return null;

  const take = (index: number) => {
    const chosen = found[index];
    closePalette();
    document.getElementById("canvas")?.focus({ preventScroll: true });
    // A place that lies under the panel by now cannot be where the node is to go.
    const isCovered = asked.at !== null && asked.at[0] < beside;
    if (chosen !== undefined) addFromPalette(chosen, isCovered ? { ...asked, at: null } : asked);
  };
  // The list stays, and keeps the keyboard: one reads to choose.
  const help = () => {
    const marked = found[active]?.def;
    if (marked !== undefined && !isVirtual(marked.name)) showNodeHelp(marked.name, false);
  };
  return (
    <div
      ref={box}
      className={styles.palette}
      style={placed(asked.at, beside)}
      role="dialog"
      aria-label={t("palette.title")}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "F1") {
          event.preventDefault();
          help();
        }
        if (event.key === "Escape") {
          closePalette();
          document.getElementById("canvas")?.focus({ preventScroll: true });
        }
      }}
    >
      <Combobox store={combobox} onOptionSubmit={(value) => take(Number(value))}>
        <Combobox.EventsTarget>
          <input
            className={styles.search}
            // biome-ignore lint/a11y/noAutofocus: the palette was opened to type into it
            autoFocus
            value={query}
            placeholder={t(fits === null ? "palette.search" : "palette.searchFits", {
              type: fits?.type ?? "",
            })}
            aria-label={t("palette.search")}
            aria-keyshortcuts="F1"
            spellCheck={false}
            onChange={(event) => setQuery(event.currentTarget.value)}
            onKeyDown={(event) => {
              // Typed faster than the list was drawn.
              if (event.key === "Enter" && combobox.getSelectedOptionIndex() < 0) take(0);
            }}
            onKeyUp={() => setActive(Math.max(0, combobox.getSelectedOptionIndex()))}
          />
        </Combobox.EventsTarget>
        <div className={styles.body}>
          <div className={styles.categories}>
            {[null, ...categories].map((name) => (
              <button
                key={name ?? ""}
                type="button"
                tabIndex={-1}
                className={styles.category}
                aria-pressed={category === name}
                onClick={() => setCategory(name)}
              >
                {name ?? t("palette.all")}
              </button>
            ))}
          </div>
          <Combobox.Options className={styles.options} aria-label={t("palette.title")}>
            {found.map(({ def }, index) => (
              <Combobox.Option
                key={def.name}
                value={String(index)}
                className={styles.option}
                onPointerEnter={() => setActive(index)}
                data-palette-node={def.name}
              >
                <Row def={def} />
              </Combobox.Option>
            ))}
            {found.length === 0 && (
              <Combobox.Empty>
                {t(
                  status === "ready"
                    ? "palette.nothing"
                    : status === "loading"
                      ? "palette.loading"
                      : "palette.offline",
                )}
              </Combobox.Empty>
            )}
          </Combobox.Options>
          {found[active] !== undefined && <Preview def={found[active].def} onHelp={help} />}
        </div>
      </Combobox>
    </div>
  );
}

function Row({ def }: { readonly def: NodeDef }) {
  const { t } = useTranslation("canvas");
  const [output] = def.outputs;
  return (
    <>
      <i
        className={styles.dot}
        style={{ background: output === undefined ? "transparent" : colourOf(output.type) }}
      />
      <span className={styles.name}>{def.title}</span>
      {def.deprecated && <span className={styles.flag}>{t("palette.deprecated")}</span>}
      {def.experimental && <span className={styles.flag}>{t("palette.experimental")}</span>}
      <span className={styles.where}>{[def.category, pinnedOf(def.name)?.release].join(" ").trim()}</span>
    </>
  );
}

/** At the pointer, or in the middle; right of the panel that is read meanwhile, if there is room. */
function placed(at: Point | null, beside: number) {
  const width = Math.min(WIDTH, window.innerWidth - 16);
  const [x, y] = at ?? [(window.innerWidth - width) / 2, window.innerHeight * 0.16];
  return {
    width,
    height: Math.min(HEIGHT, window.innerHeight - 16),
    left: Math.max(8, Math.min(Math.max(x, beside), window.innerWidth - width - 8)),
    top: Math.max(8, Math.min(y, window.innerHeight - HEIGHT - 8)),
  };
}

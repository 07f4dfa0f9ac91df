/** What the palette offers: the server's classes, the workflow's subgraphs, and what exists on the canvas only. */
import type { NodeDef } from "@/graph/defs";
import { ROOT } from "@/graph/document";
import { wouldContainItself } from "@/graph/edit/nodes";
import { everydayPlace } from "@/graph/everyday";
import { hostDef } from "@/graph/hosts";
import { MARKDOWN_NOTE, NOTE, PRIMITIVE, REROUTE } from "@/graph/kinds";
import { type Found, searchDefs } from "@/graph/search";
import { ANY } from "@/graph/types";
import { shown } from "../useShown";
import type { PaletteFits } from "./index";
import { recent } from "./recent";

export type Naming = (key: string) => string;

function virtual(name: string, title: string, inputs: boolean, outputs: boolean): NodeDef {
  const socket = { name: "", type: ANY, widget: null, choices: [], optional: true, options: {} };
  return {
    name,
    title,
    category: "utils",
    description: "",
    inputs: inputs ? [socket] : [],
    outputs: outputs ? [{ name: ANY, type: ANY, isList: false, tooltip: null }] : [],
    isOutput: false,
    deprecated: false,
    experimental: false,
    module: "",
  };
}

export function offered(t: Naming): NodeDef[] {
  const { document, id, defs } = shown();
  const ours = [
    virtual(REROUTE, t("palette.reroute"), true, true),
    virtual(PRIMITIVE, t("palette.primitive"), false, true),
    virtual(NOTE, t("note.plain"), false, false),
    virtual(MARKDOWN_NOTE, t("note.markdown"), false, false),
  ];
  const subgraphs = document.graphs.ids
    .filter((graph) => graph !== ROOT && !wouldContainItself(document, id, graph))
    .flatMap((graph) => hostDef(document, defs, graph) ?? [])
    .map((def) => ({ ...def, category: t("palette.subgraphs") }));
  return [...subgraphs, ...defs.values(), ...ours];
}

/** More are not listed; a word more finds them. */
const MOST = 80;

/** Classes of a category, or of all, that match. */
export function search(
  all: readonly NodeDef[],
  query: string,
  fits: PaletteFits | null,
  category: string | null = null,
): Found[] {
  const names = recent();
  const uses = new Map(names.map((name, index) => [name, 2 ** (names.length - index)]));
  const within = category === null ? all : all.filter((def) => topOf(def) === category);
  const found = searchDefs(within, query, {
    uses,
    limit: query.trim() === "" ? within.length : MOST,
    ...(fits === null ? {} : { fits: { from: fits.start.kind, type: fits.type } }),
  });
  if (query.trim() !== "") return found;
  // With nothing typed: what was used lately, what is used every day, then the rest by category.
  const rank = new Map(names.map((name, index) => [name, index]));
  return found
    .toSorted((a, b) => {
      const [ra, rb] = [rank.get(a.def.name) ?? 99, rank.get(b.def.name) ?? 99];
      return (
        ra - rb ||
        everydayPlace(a.def.name) - everydayPlace(b.def.name) ||
        Number(isDull(a.def)) - Number(isDull(b.def)) ||
        a.def.category.localeCompare(b.def.category)
      );
    })
    .slice(0, category === null ? MOST : undefined);
}

/** The categories a person can choose, those of everyday classes first and those of experiments last. */
export function categoriesOf(all: readonly NodeDef[]): string[] {
  const usual = all.toSorted(
    (a, b) => Number(isDull(a)) - Number(isDull(b)) || everydayPlace(a.name) - everydayPlace(b.name),
  );
  return [...new Set(usual.map(topOf))].filter(Boolean);
}

function topOf(def: NodeDef): string {
  return def.category.split("/")[0] ?? "";
}

function isDull(def: NodeDef): boolean {
  return def.deprecated || def.experimental || ["", "_for_testing"].includes(topOf(def));
}

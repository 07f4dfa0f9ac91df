/** Finding nodes of a workflow, in all its graphs. */
import type { Defs } from "./defs";
import type { Document, GraphId, NodeKey, NodeRecord } from "./document";
import { defOf } from "./hosts";
import { isObject, type Json } from "./json";
import { match, spaced, wordsOf } from "./search";
import { readWidgets } from "./widgets";

export interface NodeFound {
  readonly graph: GraphId;
  readonly node: NodeKey;
  readonly title: string;
  /** What matched best; for a value also the widget's name. */
  readonly where: "title" | "type" | "id" | "value";
  readonly widget: string | null;
  /** The text that matched. */
  readonly text: string;
  readonly score: number;
}

interface Candidate {
  readonly where: NodeFound["where"];
  readonly widget: string | null;
  readonly text: string;
  readonly weight: number;
}

/** Nodes on which every word of the query is found, best first; those of `first` before those of other graphs. */
export function searchGraph(
  document: Document,
  defs: Defs,
  query: string,
  first: GraphId,
  limit = 100,
): NodeFound[] {
  const words = wordsOf(query);
  if (words.length === 0) return [];
  const found = document.graphs.ids.flatMap((graph) => {
    const nodes = document.graphs.by[graph]?.nodes;
    return (nodes?.ids ?? []).flatMap((key) => {
      const node = nodes?.by[key];
      const hit = node && look(document, defs, node, words);
      return hit === undefined || hit === null ? [] : [{ ...hit, graph, node: key }];
    });
  });
  found.sort((a, b) => Number(b.graph === first) - Number(a.graph === first) || b.score - a.score);
  return found.slice(0, limit);
}

function look(
  document: Document,
  defs: Defs,
  node: NodeRecord,
  words: readonly string[],
): Omit<NodeFound, "graph" | "node"> | null {
  const title = node.title ?? defOf(document, defs, node)?.title ?? node.type;
  const texts = candidates(document, defs, node, title);
  let best: { candidate: Candidate; score: number } | null = null;
  let sum = 0;
  for (const word of words) {
    let top = 0;
    for (const candidate of texts) {
      const score = scoreOf(candidate, word);
      top = Math.max(top, score);
      if (score > (best?.score ?? 0)) best = { candidate, score };
    }
    if (top === 0) return null;
    sum += top;
  }
  if (best === null) return null;
  const { where, widget, text } = best.candidate;
  return { title, where, widget, text, score: sum / words.length };
}

function scoreOf({ where, text, weight }: Candidate, word: string): number {
  if (where === "id") return text === word || `#${text}` === word ? weight * 100 : 0;
  // Long texts match letters in order nearly always, so values have to hold the word itself.
  if (where === "value") return text.toLowerCase().includes(word) ? weight * 60 : 0;
  return weight * match(spaced(text), word);
}

function candidates(document: Document, defs: Defs, node: NodeRecord, title: string): Candidate[] {
  const list: Candidate[] = [
    { where: "title", widget: null, text: title, weight: 1 },
    { where: "type", widget: null, text: node.type, weight: 0.9 },
    { where: "id", widget: null, text: String(node.id), weight: 1 },
  ];
  for (const [widget, value] of valuesOf(document, defs, node)) {
    const text = textOf(value);
    if (text !== "") list.push({ where: "value", widget, text, weight: 0.8 });
  }
  return list;
}

/** The values of a node with the names of their widgets, as far as they are known. */
function valuesOf(document: Document, defs: Defs, node: NodeRecord): [string | null, Json][] {
  const def = defOf(document, defs, node);
  if (def !== undefined) return [...readWidgets(node, def).values];
  if (Array.isArray(node.values)) return node.values.map((value) => [null, value]);
  return isObject(node.values) ? Object.entries(node.values) : [];
}

function textOf(value: Json): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/**
 * The columns of a layered layout. The layout library finds its own, but follows every link through all columns
 * between its ends: for large graphs it is told which links are short, and where the ends of the long ones stand.
 */

export type Edge = readonly [string, string];

/** A column for each node, its links going right: each as far right as what it feeds allows. Null for circles. */
export function columns(edges: readonly Edge[]): ReadonlyMap<string, number> | null {
  const [out, into] = [neighbours(edges, 0, 1), neighbours(edges, 1, 0)];
  const column = new Map<string, number>();
  const waiting = new Map([...out.keys(), ...into.keys()].map((id) => [id, into.get(id)?.length ?? 0]));
  const order = [...waiting.keys()].filter((id) => waiting.get(id) === 0);
  for (let at = 0; at < order.length; at += 1) {
    const id = order[at] ?? "";
    column.set(id, Math.max(0, ...(into.get(id) ?? []).map((source) => (column.get(source) ?? 0) + 1)));
    for (const next of out.get(id) ?? []) {
      const left = (waiting.get(next) ?? 0) - 1;
      waiting.set(next, left);
      if (left === 0) order.push(next);
    }
  }
  if (order.length < waiting.size) return null;
  for (const id of order.toReversed()) {
    const fed = out.get(id);
    if (fed !== undefined) column.set(id, Math.min(...fed.map((next) => column.get(next) ?? 0)) - 1);
  }
  return column;
}

export interface Span {
  readonly edge: Edge;
  /** How many columns it reaches over. */
  readonly span: number;
}

/** What is to the left of everything, and holds what no short link holds in its column. */
export const STAKE = "\0stake";

/** The links between neighbouring columns, and as many stakes as it takes to fix all nodes to theirs. */
export function shortLinks(edges: readonly Edge[], column: ReadonlyMap<string, number>): Span[] {
  const place = (id: string) => column.get(id) ?? 0;
  const short = edges.filter(([from, to]) => place(to) - place(from) === 1);
  const spans: Span[] = short.map((edge) => ({ edge, span: 1 }));
  const parts = components([...column.keys()], short);
  const first = Math.min(...column.values());
  if (parts.length > 1) {
    for (const part of parts) {
      const [head = ""] = part.toSorted((a, b) => place(a) - place(b));
      spans.push({ edge: [STAKE, head], span: place(head) - first + 1 });
    }
  }
  return spans;
}

function components(ids: readonly string[], edges: readonly Edge[]): string[][] {
  const [out, into] = [neighbours(edges, 0, 1), neighbours(edges, 1, 0)];
  const seen = new Set<string>();
  const parts: string[][] = [];
  for (const start of ids) {
    if (seen.has(start)) continue;
    const part = [start];
    seen.add(start);
    for (let at = 0; at < part.length; at += 1) {
      const id = part[at] ?? "";
      for (const next of [...(out.get(id) ?? []), ...(into.get(id) ?? [])]) {
        if (seen.has(next)) continue;
        seen.add(next);
        part.push(next);
      }
    }
    parts.push(part);
  }
  return parts;
}

function neighbours(edges: readonly Edge[], from: 0 | 1, to: 0 | 1): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const edge of edges) {
    const list = found.get(edge[from]);
    if (list === undefined) found.set(edge[from], [edge[to]]);
    else list.push(edge[to]);
  }
  return found;
}

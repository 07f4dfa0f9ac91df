/** The history as a drawing: a column for each line of versions, and how they part and meet. */

export interface Placed {
  readonly id: string;
  readonly parents: readonly string[];
}

/** What to draw beside one version. Columns are counted from 0. */
export interface Lane {
  readonly column: number;
  /** Lines that pass the row or begin in it: from a column at its top to one at its bottom. */
  readonly lines: readonly { readonly from: number; readonly to: number }[];
  /** Lines that end at the version, by their column at the top. */
  readonly into: readonly number[];
  /** Lines that leave it for its parents, by their column at the bottom. */
  readonly out: readonly number[];
  readonly width: number;
}

/** For versions in order, the newest first. Parents that are not in the list yet keep their column to the end. */
export function lanesOf(versions: readonly Placed[]): Lane[] {
  /** The version each column leads down to. */
  let open: (string | null)[] = [];
  return versions.map(({ id, parents }) => {
    const into = open.flatMap((wanted, column) => (wanted === id ? [column] : []));
    const column = into[0] ?? freeColumn(open);
    const next = open.map((wanted) => (wanted === id ? null : wanted));
    const out = parents.map((parent, index) => {
      const known = next.indexOf(parent);
      // The first parent goes on straight below: a line from the right that leads to it as well joins there.
      if (known >= 0 && (index > 0 || known < column)) return known;
      if (known >= 0) next[known] = null;
      const at = index === 0 ? column : freeColumn(next, column);
      next[at] = parent;
      return at;
    });
    const lines = open.flatMap((wanted, from) =>
      wanted === null || wanted === id ? [] : [{ from, to: next.indexOf(wanted) }],
    );
    const width = Math.max(open.length, next.length, column + 1);
    while (next.at(-1) === null) next.pop();
    open = next;
    return { column, lines, into, out, width };
  });
}

function freeColumn(open: readonly (string | null | undefined)[], besides = -1): number {
  for (let at = 0; ; at += 1) if (at !== besides && (open[at] ?? null) === null) return at;
}

/**
 * Records in an order of their own: looked up by id, changed by copying, put back exactly where they were.
 * The order is part of the data, so that undoing a deletion gives the same bytes as before.
 */
export interface Table<R> {
  readonly ids: readonly string[];
  readonly by: Readonly<Record<string, R>>;
}

export function tableOf<R>(entries: Iterable<readonly [string, R]> = []): Table<R> {
  const by: Record<string, R> = {};
  const ids: string[] = [];
  for (const [id, record] of entries) {
    if (!Object.hasOwn(by, id)) ids.push(id);
    by[id] = record;
  }
  return { ids, by };
}

export function records<R>(table: Table<R>): R[] {
  return table.ids.flatMap((id) => {
    const record = table.by[id];
    return record === undefined ? [] : [record];
  });
}

/** The table with `record` under `id`: in its place if the id is there, else at `at`; null takes it out. */
export function put<R>(table: Table<R>, id: string, record: R | null, at: number): Table<R> {
  if (record === null) {
    const { [id]: _, ...by } = table.by;
    return { ids: table.ids.filter((other) => other !== id), by };
  }
  const ids = Object.hasOwn(table.by, id) ? table.ids : table.ids.toSpliced(at, 0, id);
  return { ids, by: { ...table.by, [id]: record } };
}

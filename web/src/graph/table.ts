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

/** A table that is being changed in place, before anybody else has seen it. */
export interface OpenTable<R> {
  readonly ids: string[];
  readonly by: Record<string, R>;
}

/** A copy to change. */
export function opened<R>(table: Table<R>): OpenTable<R> {
  return { ids: [...table.ids], by: { ...table.by } };
}

/** Put `record` under `id`: in its place if the id is there, else at `at`; null takes it out. */
export function set<R>(table: OpenTable<R>, id: string, record: R | null, at: number): void {
  const isThere = Object.hasOwn(table.by, id);
  if (record !== null) {
    if (!isThere) table.ids.splice(at, 0, id);
    table.by[id] = record;
  } else if (isThere) {
    table.ids.splice(table.ids.indexOf(id), 1);
    delete table.by[id];
  }
}

/** The same as a table of its own. */
export function put<R>(table: Table<R>, id: string, record: R | null, at: number): Table<R> {
  const changed = opened(table);
  set(changed, id, record, at);
  return changed;
}

/** For the tests of this folder: edits to make, and a server of drafts with the real one's rules. */
import fc from "fast-check";
import type { Draft as Edits } from "@/graph/change";
import { type Document, type NodeRecord, ROOT } from "@/graph/document";
import { tableOf } from "@/graph/table";
import { EMPTY_GRAPH } from "@/store/editor";
import type { Send } from "./drafts";
import type { Entry } from "./entries";

export function nodeAt(id: number, x = 0, title: string | null = null): NodeRecord {
  return {
    id,
    type: "KSampler",
    pos: [x, 0],
    size: [315, 262],
    mode: 0,
    title,
    flags: {},
    color: null,
    bgcolor: null,
    inputs: [],
    outputs: [],
    values: [x, "fixed", 20],
    properties: {},
    rest: {},
  };
}

export function documentOf(...nodes: readonly NodeRecord[]): Document {
  const table = tableOf(nodes.map((node) => [String(node.id), node] as const));
  return { graphs: tableOf([[ROOT, { ...EMPTY_GRAPH, nodes: table }]]) };
}

/** One thing a person does; the same every time it is played. */
export type Act =
  | { readonly kind: "put"; readonly id: number; readonly x: number }
  | { readonly kind: "remove"; readonly id: number }
  | { readonly kind: "info"; readonly value: string }
  | { readonly kind: "graph"; readonly id: string; readonly isThere: boolean }
  | { readonly kind: "undo" | "redo" };

const id = fc.integer({ min: 1, max: 6 });
export const acts = (maxLength: number): fc.Arbitrary<Act[]> =>
  fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant("put" as const), id, x: fc.integer() }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), id }) },
      fc.record({ kind: fc.constant("info" as const), value: fc.string() }),
      fc.record({
        kind: fc.constant("graph" as const),
        id: fc.constantFrom("a", "b"),
        isThere: fc.boolean(),
      }),
      { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("undo" as const, "redo" as const) }) },
    ),
    { maxLength, size: "max" },
  );

export function edit(draft: Edits, act: Act): void {
  if (act.kind === "put") draft.put(ROOT, "nodes", String(act.id), nodeAt(act.id, act.x));
  if (act.kind === "remove") draft.put(ROOT, "nodes", String(act.id), null);
  if (act.kind === "info") draft.info(ROOT, { extra: act.value });
  if (act.kind === "graph") draft.putGraph(act.id, act.isThere ? EMPTY_GRAPH : null);
}

interface Kept {
  name: string | null;
  revision: number;
  entries: Entry[];
}

interface Appended {
  readonly after: number;
  readonly entries: readonly Entry[];
  readonly name?: string | null;
}

const CONFLICT = { error: { code: "draft_conflict", message: "the draft is at another revision" } };

/** Keeps drafts as the server does: append-only, refusing what does not follow the revision it is at. */
export class FakeServer {
  readonly kept = new Map<string, Kept>();
  isOnline = true;
  /** Takes the next request, and lets its answer get lost. */
  losesAnswer = false;
  /** Status and text it refuses everything with. */
  refusal: readonly [number, string] | null = null;
  requests = 0;

  readonly send: Send = async (path, init) => {
    this.requests += 1;
    if (!this.isOnline) throw new TypeError("Failed to fetch");
    if (this.refusal !== null) return answer(this.refusal[0], { error: { message: this.refusal[1] } });
    const [id = "", action] = path.replace(/^api\/v1\/drafts\/?/, "").split("/");
    const given = this.handle(id, action, init);
    if (!this.losesAnswer) return given;
    this.losesAnswer = false;
    throw new TypeError("the connection broke");
  };

  private handle(id: string, action: string | undefined, init: RequestInit | undefined): Response {
    const draft = this.kept.get(id);
    if (action === "changes") return this.append(id, JSON.parse(String(init?.body)));
    if (init?.method === "DELETE") return new Response(null, { status: this.kept.delete(id) ? 204 : 404 });
    if (id === "") {
      const rows = [...this.kept].map(([id, { revision }]) => ({ id, revision, updated: 1 }));
      return answer(200, { drafts: rows });
    }
    if (draft === undefined) return answer(404, { error: { message: "there is no such draft" } });
    const start = draft.entries.findLastIndex((entry) => "snapshot" in entry);
    return answer(200, { revision: draft.revision, updated: 1, entries: draft.entries.slice(start) });
  }

  append(id: string, { after, entries, name = null }: Appended): Response {
    const draft = this.kept.get(id) ?? { name, revision: 0, entries: [] };
    if (draft.revision !== after) return answer(409, CONFLICT);
    draft.entries.push(...entries);
    draft.revision += entries.length;
    this.kept.set(id, draft);
    return answer(200, { revision: draft.revision });
  }

  entries(id: string): readonly Entry[] {
    return this.kept.get(id)?.entries ?? [];
  }
}

function answer(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status });
}

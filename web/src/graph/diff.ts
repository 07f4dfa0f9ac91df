/** What two states of a workflow differ in, as a person would say it. */
import type { Defs } from "./defs";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type Document,
  type Graph,
  type GraphId,
  type NodeKey,
  type NodeRecord,
  ROOT,
} from "./document";
import { defOf } from "./hosts";
import { isObject, type Json, same } from "./json";
import { linkIndex } from "./links";
import { matchNodes } from "./matching";
import { ports } from "./ports";
import { readWidgets } from "./widgets";

/** The output that feeds an input. */
export interface Source {
  readonly node: NodeKey;
  readonly slot: number;
  readonly title: string;
}

interface OfNode {
  readonly graph: GraphId;
  readonly node: NodeKey;
  readonly title: string;
  /** Its id in the older document, if it had another one there. */
  readonly nodeBefore?: NodeKey;
}

export type Difference =
  | { readonly kind: "graphAdded" | "graphRemoved"; readonly graph: GraphId; readonly title: string }
  /** The inputs or outputs of a subgraph are others. */
  | { readonly kind: "interface"; readonly graph: GraphId; readonly title: string }
  /** What it declares as a function: the inputs and outputs others call it by. */
  | { readonly kind: "function"; readonly graph: GraphId; readonly title: string }
  | (OfNode & { readonly kind: "nodeAdded" | "nodeRemoved"; readonly type: string })
  | (OfNode & {
      readonly kind: "value" | "control";
      readonly input: string;
      readonly from: Json | undefined;
      readonly to: Json | undefined;
    })
  | (OfNode & {
      readonly kind: "rewired";
      readonly input: string;
      readonly from: Source | null;
      readonly to: Source | null;
    })
  | (OfNode & { readonly kind: "mode"; readonly from: number; readonly to: number })
  | (OfNode & { readonly kind: "retitled"; readonly from: string | null; readonly to: string | null })
  /** Place, size, colour or whether it is folded: nothing a run would notice. */
  | (OfNode & { readonly kind: "moved" })
  | {
      readonly kind: "groupAdded" | "groupRemoved" | "groupChanged";
      readonly graph: GraphId;
      readonly title: string;
    };

/** Whether it changes what a run does. */
export function isMeaningful({ kind }: Difference): boolean {
  return !["moved", "retitled", "control", "groupAdded", "groupRemoved", "groupChanged"].includes(kind);
}

/** Differences of all graphs, in the order of the newer document. Which nodes are the same: see `matchNodes`. */
export function diff(before: Document, after: Document, defs: Defs): Difference[] {
  const removed = before.graphs.ids.filter((id) => after.graphs.by[id] === undefined);
  return [
    ...removed.map((id): Difference => ({ kind: "graphRemoved", graph: id, title: nameOf(before, id) })),
    ...after.graphs.ids.flatMap((id): Difference[] => {
      const [old, now] = [before.graphs.by[id], after.graphs.by[id]];
      if (now === undefined || old === now) return [];
      if (old === undefined) return [{ kind: "graphAdded", graph: id, title: nameOf(after, id) }];
      return new GraphDiff(id, before, after, old, now, defs).all();
    }),
    ...(same(functionOf(before), functionOf(after))
      ? []
      : [{ kind: "function", graph: ROOT, title: "" } as const]),
  ];
}

function functionOf(document: Document): Json {
  const extra = document.graphs.by[ROOT]?.info["extra"];
  const ours = isObject(extra) ? extra["darkroom"] : undefined;
  return (isObject(ours) ? ours["function"] : undefined) ?? null;
}

function nameOf(document: Document, id: GraphId): string {
  const name = document.graphs.by[id]?.info["name"];
  return typeof name === "string" ? name : id;
}

class GraphDiff {
  /** Keys of the newer graph to those of the older. */
  private readonly twins: ReadonlyMap<NodeKey, NodeKey>;

  constructor(
    private readonly id: GraphId,
    private readonly before: Document,
    private readonly after: Document,
    private readonly old: Graph,
    private readonly now: Graph,
    private readonly defs: Defs,
  ) {
    this.twins = matchNodes(old, now);
  }

  all(): Difference[] {
    const known = new Set(this.twins.values());
    const gone = this.old.nodes.ids.filter((key) => !known.has(key));
    return [
      ...gone.flatMap((key) => this.removed(key)),
      ...this.now.nodes.ids.flatMap((key) => (this.twins.has(key) ? this.changed(key) : this.added(key))),
      ...this.boundary(),
      ...this.groups(),
    ];
  }

  private removed(key: NodeKey): Difference[] {
    const node = this.old.nodes.by[key];
    if (node === undefined) return [];
    return [{ kind: "nodeRemoved", ...this.named(this.before, node, key), type: node.type }];
  }

  private added(key: NodeKey): Difference[] {
    const node = this.now.nodes.by[key];
    if (node === undefined) return [];
    const fed = this.wires(key, null);
    return [{ kind: "nodeAdded", ...this.named(this.after, node, key), type: node.type }, ...fed];
  }

  private changed(key: NodeKey): Difference[] {
    const twin = this.twins.get(key) ?? key;
    const [old, now] = [this.old.nodes.by[twin], this.now.nodes.by[key]];
    if (old === undefined || now === undefined) return [];
    const named = { ...this.named(this.after, now, key), ...(twin === key ? {} : { nodeBefore: twin }) };
    const found: Difference[] = [];
    if (old !== now) {
      if (old.mode !== now.mode) found.push({ kind: "mode", ...named, from: old.mode, to: now.mode });
      if (old.title !== now.title) found.push({ kind: "retitled", ...named, from: old.title, to: now.title });
      found.push(...this.values(old, now, named));
      if (!looksSame(old, now)) found.push({ kind: "moved", ...named });
    }
    return [...found, ...this.wires(key, twin)];
  }

  private values(old: NodeRecord, now: NodeRecord, named: OfNode): Difference[] {
    const [was, is] = [this.read(this.before, old), this.read(this.after, now)];
    const changes = (kind: "value" | "control", a: ReadonlyMap<string, Json>, b: ReadonlyMap<string, Json>) =>
      [...new Set([...b.keys(), ...a.keys()])]
        .filter((input) => !same(a.get(input), b.get(input)))
        .map((input): Difference => ({ kind, ...named, input, from: a.get(input), to: b.get(input) }));
    return [...changes("value", was.values, is.values), ...changes("control", was.controls, is.controls)];
  }

  private read(
    document: Document,
    node: NodeRecord,
  ): { values: ReadonlyMap<string, Json>; controls: ReadonlyMap<string, Json> } {
    const def = defOf(document, this.defs, node);
    if (def !== undefined) return readWidgets(node, def);
    const entries = Object.entries(Array.isArray(node.values) ? { ...node.values } : (node.values ?? {}));
    const values = new Map(entries.filter((one): one is [string, Json] => one[1] !== undefined));
    return { values, controls: new Map() };
  }

  /** Inputs of a node that are fed by another output than before. */
  private wires(key: NodeKey, oldKey: NodeKey | null): Difference[] {
    const now = linkIndex(this.now).into(key);
    const old = oldKey === null ? new Map() : linkIndex(this.old).into(oldKey);
    const node = this.now.nodes.by[key];
    const title = node === undefined ? nameOf(this.after, this.id) : this.named(this.after, node, key).title;
    return [...new Set<string>([...now.keys(), ...old.keys()])].flatMap((input): Difference[] => {
      const from = this.source(this.before, this.old, old.get(input));
      const to = this.source(this.after, this.now, now.get(input));
      if (this.isSameSource(from, to)) return [];
      const twin = oldKey === null || oldKey === key ? {} : { nodeBefore: oldKey };
      return [{ kind: "rewired", graph: this.id, node: key, ...twin, title, input, from, to }];
    });
  }

  private isSameSource(from: Source | null, to: Source | null): boolean {
    if (from === null || to === null) return from === to;
    const twin = to.node === BOUNDARY_IN ? BOUNDARY_IN : this.twins.get(to.node);
    return from.slot === to.slot && from.node === twin;
  }

  private source(
    document: Document,
    graph: Graph,
    link: { readonly from: NodeKey; readonly fromSlot: number } | undefined,
  ): Source | null {
    if (link === undefined) return null;
    const node = graph.nodes.by[link.from];
    const title =
      node === undefined ? nameOf(document, this.id) : this.named(document, node, link.from).title;
    return { node: link.from, slot: link.fromSlot, title };
  }

  private boundary(): Difference[] {
    const list = (graph: Graph) =>
      (["inputs", "outputs"] as const).map((side) =>
        ports(graph, side).map(({ name, type }) => [name, type]),
      );
    const wires = this.wires(BOUNDARY_OUT, BOUNDARY_OUT);
    if (same(list(this.old), list(this.now))) return wires;
    return [{ kind: "interface", graph: this.id, title: nameOf(this.after, this.id) }, ...wires];
  }

  private groups(): Difference[] {
    const [old, now] = [this.old.groups, this.now.groups];
    const of = (kind: "groupAdded" | "groupRemoved" | "groupChanged", title = ""): Difference => ({
      kind,
      graph: this.id,
      title,
    });
    return [
      ...old.ids.filter((id) => now.by[id] === undefined).map((id) => of("groupRemoved", old.by[id]?.title)),
      ...now.ids.flatMap((id) => {
        const [was, is] = [old.by[id], now.by[id]];
        if (was === undefined) return [of("groupAdded", is?.title)];
        const isChanged =
          was.title !== is?.title ||
          was.color !== is?.color ||
          !same([...was.bounding], [...(is?.bounding ?? [])]);
        return isChanged ? [of("groupChanged", is?.title)] : [];
      }),
    ];
  }

  private named(document: Document, node: NodeRecord, key: NodeKey): OfNode {
    const title = node.title ?? defOf(document, this.defs, node)?.title ?? node.type;
    return { graph: this.id, node: key, title };
  }
}

function looksSame(a: NodeRecord, b: NodeRecord): boolean {
  return (
    same([...a.pos, ...a.size], [...b.pos, ...b.size]) &&
    same(a.flags, b.flags) &&
    a.color === b.color &&
    a.bgcolor === b.bgcolor
  );
}

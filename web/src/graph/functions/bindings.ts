/**
 * From what a person points at on the canvas to what runs: the nodes of the prompt behind a widget or a socket,
 * through primitives, reroutes and the borders of subgraphs.
 */
import type { Defs } from "../defs";
import {
  BOUNDARY_IN,
  BOUNDARY_OUT,
  type Document,
  type GraphId,
  type LinkRecord,
  type NodeKey,
} from "../document";
import { Resolver } from "../formats/resolve";
import { openScopes, type Scope } from "../formats/scope";
import { hostDef, innerTargets, proxied } from "../hosts";
import { isHost, PRIMITIVE, REROUTE } from "../kinds";
import { linkIndex } from "../links";
import { uniqueName } from "../ports";
import { ANY } from "../types";
import type { Source, Target } from "./declaration";

/** A graph on screen: which one, and the instances it is inside of. */
export interface Where {
  readonly document: Document;
  readonly defs: Defs;
  readonly graph: GraphId;
  readonly path: readonly NodeKey[];
}

/** The inputs that take their value where this one does: its own, or all that its primitive feeds. */
export function targetsOf(where: Where, node: NodeKey, input: string): Target[] {
  const primitive = primitiveBehind(where, node, input);
  return unique(
    primitive === null ? into(where, node, input, new Set()) : consumers(where, primitive, new Set()),
  );
}

/** The primitive whose value an input copies: the node itself, or one it is linked to. */
function primitiveBehind({ document, graph }: Where, node: NodeKey, input: string): NodeKey | null {
  const shown = document.graphs.by[graph];
  if (shown === undefined) return null;
  if (shown.nodes.by[node]?.type === PRIMITIVE) return node;
  const index = linkIndex(shown);
  const seen = new Set<NodeKey>();
  let link: LinkRecord | undefined = index.into(node).get(input);
  while (link !== undefined && !seen.has(link.from)) {
    seen.add(link.from);
    const type = shown.nodes.by[link.from]?.type;
    if (type === PRIMITIVE) return link.from;
    link = type === REROUTE ? index.allInto(link.from)[0] : undefined;
  }
  return null;
}

/** What lies behind an input: itself, or what an instance or a reroute hands it on to. */
function into(where: Where, node: NodeKey, input: string, seen: Set<string>): Target[] {
  const { document, defs, graph, path } = where;
  const record = document.graphs.by[graph]?.nodes.by[node];
  const address = [...path, node].join(":");
  if (record === undefined || seen.has(`${address}/${input}`)) return [];
  seen.add(`${address}/${input}`);
  if (record.type === REROUTE) return consumers(where, node, seen);
  if (!isHost(document, record.type)) return [{ node: address, input }];
  const inside: Where = { document, defs, graph: record.type, path: [...path, node] };
  const definition = document.graphs.by[record.type];
  const ports = hostDef(document, defs, record.type)?.inputs ?? [];
  const port = ports.findIndex((one) => one.name === input);
  if (definition !== undefined && port >= 0) {
    return innerTargets(definition, port).flatMap((end) => into(inside, end.node, end.input, seen));
  }
  const names = new Set(ports.map((one) => one.name));
  for (const { inner, input: shown } of proxied(document, defs, record)) {
    const name = uniqueName(shown.name, names);
    names.add(name);
    if (name === input) return into(inside, String(inner.id), shown.name, seen);
  }
  return [];
}

function consumers(where: Where, node: NodeKey, seen: Set<string>): Target[] {
  const graph = where.document.graphs.by[where.graph];
  if (graph === undefined) return [];
  return linkIndex(graph)
    .outOf(node)
    .filter((link) => link.to !== BOUNDARY_OUT)
    .flatMap((link) => into(where, link.to, link.toInput, seen));
}

/** The output of the prompt behind an output on the canvas; null if nothing comes out of it. */
export function sourceOf(where: Where, node: NodeKey, slot: number): Source | null {
  return new Sources(where).of(node, slot);
}

/** Looks up many outputs of one graph. */
export class Sources {
  private readonly scope: Scope | undefined;
  private readonly resolver: Resolver;

  constructor({ document, defs, path }: Where) {
    let scope: Scope | undefined = openScopes(document, defs, ignore);
    for (const key of path) scope = scope?.inner.get(key);
    this.scope = scope;
    this.resolver = new Resolver(document, defs, new Set(), ignore);
  }

  of(node: NodeKey, slot: number): Source | null {
    return this.behind({ id: 0, from: node, fromSlot: slot, to: "", toInput: "", type: ANY, rest: {} });
  }

  /** What comes through a link. */
  behind(link: LinkRecord): Source | null {
    if (this.scope === undefined || link.from === BOUNDARY_IN) return null;
    const answer = this.resolver.resolve(this.scope, link, typeof link.type === "string" ? link.type : ANY);
    return answer.kind === "output" ? { node: answer.id, slot: answer.slot } : null;
  }
}

function unique(targets: readonly Target[]): Target[] {
  const known = new Map(targets.map((target) => [`${target.node}/${target.input}`, target]));
  return [...known.values()];
}

function ignore(): void {
  // What is wrong with the workflow is told elsewhere.
}

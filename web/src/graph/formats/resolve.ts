/** Where a link really comes from: through reroutes, bypassed nodes and the borders of subgraphs. */
import { passedInput } from "../bypass";
import type { Defs } from "../defs";
import { type Document, type LinkRecord, Mode, type NodeKey, type NodeRecord } from "../document";
import { defOf } from "../hosts";
import type { Json } from "../json";
import { isHost } from "../kinds";
import { portLinks } from "../ports";
import { countedInputs, socketsOf } from "../sockets";
import { ANY } from "../types";
import type { Finding } from "./finding";
import { linkInto, outside, type Scope } from "./scope";
import { behaviourOf, primitiveValue, setterFor } from "./virtual";

export type Answer =
  /** A node's output, by the node's id in the prompt. */
  | { readonly kind: "output"; readonly id: string; readonly slot: number }
  | { readonly kind: "value"; readonly value: Json; readonly primitive: Primitive | null }
  | { readonly kind: "nothing" };

/** The primitive node a value was copied from. */
export interface Primitive {
  readonly scope: Scope;
  readonly node: NodeRecord;
}

const NOTHING: Answer = { kind: "nothing" };

/** An output on the way, and the type wanted of it. */
interface Stop {
  readonly scope: Scope;
  readonly node: NodeKey;
  readonly slot: number;
  readonly wanted: string;
  /** A bypassed node was passed: what a primitive copies went into that node. */
  readonly isPassed: boolean;
}

export class Resolver {
  private readonly known = new Map<string, Answer>();

  constructor(
    private readonly document: Document,
    private readonly defs: Defs,
    private readonly reroutes: ReadonlySet<string>,
    private readonly report: (finding: Finding) => void,
  ) {}

  /** Every stop remembers the answer, so that long chains with many consumers are walked once. */
  resolve(scope: Scope, link: LinkRecord, wanted: string): Answer {
    const way = new Map<string, Stop>();
    let next = this.follow(scope, link, wanted, false);
    while (!("kind" in next)) {
      const key = [next.scope.prefix, next.node, next.slot, next.wanted, next.isPassed].join("\n");
      const known = this.known.get(key);
      if (known !== undefined) {
        next = known;
        break;
      }
      if (way.has(key)) {
        this.reportCycle([...way.values()], next);
        next = NOTHING;
        break;
      }
      way.set(key, next);
      next = this.step(next);
    }
    for (const key of way.keys()) this.known.set(key, next);
    return next;
  }

  /** The output a link starts at; at the border of a subgraph, what the instance says instead. */
  private follow(scope: Scope, link: LinkRecord, wanted: string, isPassed: boolean): Stop | Answer {
    const out = outside(scope, link);
    if (out === null) return { scope, node: link.from, slot: link.fromSlot, wanted, isPassed };
    const { host, input, type } = out;
    const outer = linkInto(host.scope, host.key, input);
    if (outer !== undefined) return this.follow(host.scope, outer, type, isPassed);
    const value = host.values.get(input);
    return value === undefined ? NOTHING : { kind: "value", value, primitive: null };
  }

  private step(stop: Stop): Stop | Answer {
    const { scope, node: key, slot, wanted } = stop;
    const node = scope.graph.nodes.by[key];
    if (node === undefined) return NOTHING;
    const inner = scope.inner.get(key);
    const behaviour = behaviourOf(node.type, this.defs, this.reroutes);
    // What exists on the canvas only does what it does in any mode: it never ran.
    if (node.mode === Mode.BYPASS && behaviour === "runs") return this.pass(stop, node);
    // A muted instance is one muted node, whatever is bypassed or passed through inside of it.
    if (inner !== undefined && node.mode !== Mode.MUTE) return this.enter(stop, inner);
    switch (behaviour) {
      case "runs":
        return { kind: "output", id: scope.prefix + key, slot };
      case "primitive": {
        const copied = stop.isPassed ? null : primitiveValue(node);
        return copied === null ? NOTHING : { kind: "value", value: copied.value, primitive: { scope, node } };
      }
      case "reroute":
      case "set":
        return this.through(stop, key, node.inputs?.[0]?.name, wanted);
      case "get": {
        const setter = setterFor(scope.graph, node);
        const name = scope.graph.nodes.by[setter ?? ""]?.inputs?.[0]?.name;
        return setter === undefined ? NOTHING : this.through(stop, setter, name, wanted);
      }
      case "silent":
        return this.through(stop, key, node.inputs?.[slot]?.name, wanted);
    }
  }

  private through(
    stop: Stop,
    key: NodeKey,
    input: string | undefined,
    wanted: string,
    passed = false,
  ): Stop | Answer {
    if (input === undefined) return NOTHING;
    const link = linkInto(stop.scope, key, input);
    return link === undefined ? NOTHING : this.follow(stop.scope, link, wanted, stop.isPassed || passed);
  }

  private enter(stop: Stop, inner: Scope): Stop | Answer {
    const link = portLinks(inner.graph, "outputs", stop.slot)[0];
    return link === undefined ? NOTHING : this.follow(inner, link, stop.wanted, stop.isPassed);
  }

  private pass(stop: Stop, node: NodeRecord): Stop | Answer {
    const def = defOf(this.document, this.defs, node);
    const inputs = countedInputs(node, def, isHost(this.document, node.type));
    const given = socketsOf(node, def).outputs[stop.slot]?.type ?? ANY;
    const input = passedInput(inputs, stop.slot, given, stop.wanted);
    return input === undefined ? NOTHING : this.through(stop, stop.node, input.name, input.type, true);
  }

  private reportCycle(way: readonly Stop[], back: Stop): void {
    const first = way.findIndex(({ scope, node }) => scope === back.scope && node === back.node);
    const nodes = new Set(
      [...way.slice(Math.max(0, first)), back].map(({ scope, node }) => scope.prefix + node),
    );
    const { scope, node } = back;
    this.report({ code: "cycle", graph: scope.id, node, params: { nodes: [...nodes].join(" → ") } });
  }
}

/** Which widgets and sockets of the graph on screen a declaration is bound to, so that the canvas can mark them. */
import { BOUNDARY_OUT, type NodeKey } from "../document";
import { defOf } from "../hosts";
import { isHost, PRIMITIVE } from "../kinds";
import { linkIndex } from "../links";
import { Sources, targetsOf, type Where } from "./bindings";
import type { WorkflowFunction } from "./declaration";
import { shownOutput } from "./edit";

export interface NodeMarks {
  /** By the input's name as the node has it: what the function calls it. */
  readonly inputs: ReadonlyMap<string, string>;
  /** By the output's index. */
  readonly outputs: ReadonlyMap<number, string>;
  /** Of a node that saves or shows what the function gives. */
  readonly shows: string | null;
}
export type Marks = ReadonlyMap<NodeKey, NodeMarks>;

export function marksOf(declared: WorkflowFunction, where: Where): Marks {
  const inputs = namesByEnd(
    declared.inputs.flatMap(({ name, targets }) =>
      targets.map(({ node, input }) => [`${node}/${input}`, name]),
    ),
  );
  const outputs = namesByEnd(
    declared.outputs.map(({ name, source }) => [`${source.node}/${source.slot}`, name]),
  );
  const graph = where.document.graphs.by[where.graph];
  const marks = new Map<NodeKey, NodeMarks>();
  if (graph === undefined || (inputs.size === 0 && outputs.size === 0)) return marks;
  const sources = new Sources(where);
  const nameOf = (node: NodeKey, slot: number): string | undefined => {
    const source = sources.of(node, slot);
    return source === null ? undefined : outputs.get(`${source.node}/${source.slot}`);
  };
  for (const node of graph.nodes.ids) {
    const found: NodeMarks = {
      inputs: inputMarks(inputs, where, node),
      outputs: outputMarks(where, node, nameOf),
      shows: showMark(where, node, nameOf),
    };
    if (found.inputs.size > 0 || found.outputs.size > 0 || found.shows !== null) marks.set(node, found);
  }
  return marks;
}

function inputMarks(names: ReadonlyMap<string, string>, where: Where, node: NodeKey): Map<string, string> {
  const found = new Map<string, string>();
  const { document, defs, graph, path } = where;
  const record = document.graphs.by[graph]?.nodes.by[node];
  if (record === undefined || names.size === 0) return found;
  if (record.type === PRIMITIVE || isHost(document, record.type)) {
    const shown =
      record.type === PRIMITIVE
        ? fedInputs(where, node)
        : (defOf(document, defs, record)?.inputs ?? []).map((one) => one.name);
    for (const input of shown) {
      const [first] = targetsOf(where, node, input);
      const name = first && names.get(`${first.node}/${first.input}`);
      if (name !== undefined) found.set(input, name);
    }
    return found;
  }
  const address = [...path, node].join(":");
  for (const [end, name] of names) {
    if (end.startsWith(`${address}/`)) found.set(end.slice(address.length + 1), name);
  }
  return found;
}

/** A primitive shows its one widget under the name of what it feeds. */
function fedInputs({ document, graph }: Where, node: NodeKey): string[] {
  const shown = document.graphs.by[graph];
  if (shown === undefined) return [];
  return linkIndex(shown)
    .outOf(node)
    .filter((link) => link.to !== BOUNDARY_OUT)
    .map((link) => link.toInput);
}

type NameOf = (node: NodeKey, slot: number) => string | undefined;

function outputMarks({ document, defs, graph }: Where, node: NodeKey, nameOf: NameOf): Map<number, string> {
  const found = new Map<number, string>();
  const record = document.graphs.by[graph]?.nodes.by[node];
  const count = Math.max(
    record?.outputs?.length ?? 0,
    (record && defOf(document, defs, record)?.outputs.length) ?? 0,
  );
  for (let slot = 0; slot < count; slot += 1) {
    const name = nameOf(node, slot);
    if (name !== undefined) found.set(slot, name);
  }
  return found;
}

function showMark(where: Where, node: NodeKey, nameOf: NameOf): string | null {
  const shown = shownOutput(where, node);
  return shown === null ? null : (nameOf(shown.node, shown.slot) ?? null);
}

function namesByEnd(entries: readonly (readonly string[])[]): Map<string, string> {
  return new Map(entries.map(([end = "", name = ""]) => [end, name]));
}

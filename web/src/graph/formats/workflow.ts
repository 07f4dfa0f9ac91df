/** Short ways to write down workflows. For tests only. */
import type { Document } from "../document";
import type { Json, JsonObject } from "../json";
import { read } from "./read";
import { object } from "./values";

export interface NodeSketch {
  readonly id: number | string;
  readonly type: string;
  /** Input by name: `[origin, output]`, or null for a socket without a link. */
  readonly in?: Readonly<Record<string, readonly [number | string, number] | null>>;
  /** Types of inputs that are not `*`. */
  readonly types?: Readonly<Record<string, string>>;
  /** Inputs that stand for widgets. */
  readonly widgets?: readonly string[];
  readonly out?: readonly string[];
  readonly values?: Json;
  readonly mode?: number;
  readonly title?: string;
  readonly properties?: JsonObject;
}

export interface DefinitionSketch {
  readonly id: string;
  readonly inputs: readonly (readonly [name: string, type: string])[];
  /** Name, type, and where it comes from inside. */
  readonly outputs: readonly (readonly [
    name: string,
    type: string,
    from: readonly [number | string, number] | null,
  ])[];
  readonly nodes: readonly NodeSketch[];
}

/** `-10` as an origin is the subgraph's input of that place. */
export function workflow(
  nodes: readonly NodeSketch[],
  definitions: readonly DefinitionSketch[] = [],
  extra: JsonObject = {},
): Document {
  return read({
    ...graph(nodes),
    version: 0.4,
    extra,
    definitions: {
      subgraphs: definitions.map(({ id, inputs, outputs, nodes: inner }) => {
        const drawn = graph(inner);
        const ends = outputs.flatMap(([, , from], slot): JsonObject[] =>
          from === null ? [] : [link(900 + slot, from, -20, slot)],
        );
        return {
          id,
          name: id,
          inputs: inputs.map(([name, type]) => ({ id: name, name, type })),
          outputs: outputs.map(([name, type]) => ({ id: name, name, type })),
          nodes: drawn["nodes"] ?? [],
          links: [...(Array.isArray(drawn["links"]) ? drawn["links"] : []), ...ends],
        };
      }),
    },
  }).document;
}

function graph(nodes: readonly NodeSketch[]): JsonObject {
  const links: JsonObject[] = [];
  const drawn = nodes.map((node): JsonObject => {
    const inputs = Object.entries(node.in ?? {}).map(([name, from], slot): JsonObject => {
      const id = links.length + 1;
      if (from !== null) links.push(link(id, from, node.id, slot));
      const widget = node.widgets?.includes(name) ? { widget: { name } } : {};
      return { name, type: node.types?.[name] ?? "*", ...widget, link: from === null ? null : id };
    });
    return {
      id: node.id,
      type: node.type,
      mode: node.mode ?? 0,
      inputs,
      outputs: (node.out ?? []).map((type) => ({ name: type, type })),
      properties: node.properties ?? {},
      ...(node.title === undefined ? {} : { title: node.title }),
      ...(node.values === undefined ? {} : { widgets_values: node.values }),
    };
  });
  return { nodes: drawn, links };
}

function link(
  id: number,
  from: readonly [number | string, number],
  to: number | string,
  slot: number,
): JsonObject {
  return { id, origin_id: from[0], origin_slot: from[1], target_id: to, target_slot: slot, type: "*" };
}

/** The inputs of a prompt's entry, if it has one. */
export function inputs(prompt: Json | object, id: string): JsonObject | undefined {
  const entry = (prompt as JsonObject)[id];
  return entry === undefined ? undefined : object(object(entry)["inputs"]);
}

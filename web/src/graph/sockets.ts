/** The sockets and widgets a node shows: what its definition says, joined with what its file says. */
import type { InputDef, NodeDef } from "./defs";
import type { Graph, NodeRecord, Slot } from "./document";
import { isObject } from "./json";
import { isVirtual } from "./kinds";
import { ports } from "./ports";
import { typeText } from "./types";
import { hasPlace } from "./widgetPlaces";

export interface InputSocket {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly optional: boolean;
  /** Whether it stands for a widget: a value if nothing is linked. */
  readonly isWidget: boolean;
  /** Of the class; null for inputs only the file knows. */
  readonly def: InputDef | null;
}

export interface OutputSocket {
  /** Its place; links name outputs by it. */
  readonly index: number;
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly isList: boolean;
  readonly tooltip: string | null;
}

export interface Sockets {
  /** Plain sockets first, then those only the file knows, then widgets; each in its class's order. */
  readonly inputs: readonly InputSocket[];
  readonly outputs: readonly OutputSocket[];
}

export function socketsOf(node: NodeRecord, def: NodeDef | undefined): Sockets {
  const remembered = KNOWN.get(node);
  if (remembered !== undefined && remembered.def === def) return remembered.sockets;
  const sockets = { inputs: inputsOf(node, def), outputs: outputsOf(node, def) };
  KNOWN.set(node, { def, sockets });
  return sockets;
}
const KNOWN = new WeakMap<NodeRecord, { def: NodeDef | undefined; sockets: Sockets }>();

/**
 * The inputs in the order ComfyUI's canvas counts them, which says what a bypassed node passes on: sockets, widgets,
 * then those only the file knows; an instance of a subgraph has its definition's order.
 */
export function countedInputs(
  node: NodeRecord,
  def: NodeDef | undefined,
  isInstance: boolean,
): readonly InputSocket[] {
  const { inputs } = socketsOf(node, def);
  if (isInstance) {
    const byName = new Map(inputs.map((socket) => [socket.name, socket]));
    return (def?.inputs ?? []).flatMap((input) => byName.get(input.name) ?? []);
  }
  const rank = (socket: InputSocket) => (socket.def === null ? 2 : Number(hasPlace(socket.def)));
  return inputs.toSorted((one, other) => rank(one) - rank(other));
}

function inputsOf(node: NodeRecord, def: NodeDef | undefined): InputSocket[] {
  const slots = node.inputs ?? [];
  if (def === undefined || isVirtual(node.type)) return slots.map(fromFile);
  const known = def.inputs
    .filter((input) => input.options["socketless"] !== true)
    .map((input) =>
      fromDef(
        input,
        slots.find((slot) => slot.name === input.name),
      ),
    );
  const names = new Set(def.inputs.map((input) => input.name));
  const more = slots.filter((slot) => !names.has(slot.name)).map(fromFile);
  return [...known.filter((socket) => !socket.isWidget), ...more, ...known.filter((one) => one.isWidget)];
}

function fromDef(input: InputDef, slot: Slot | undefined): InputSocket {
  const shown = slot === undefined ? "" : labelOf(slot);
  return {
    name: input.name,
    type: input.type,
    label: shown || input.name,
    optional: input.optional,
    isWidget: input.widget !== null,
    def: input,
  };
}

function fromFile(slot: Slot): InputSocket {
  const isWidget = isObject(slot.rest["widget"]);
  const label = labelOf(slot) || slot.name;
  return { name: slot.name, type: typeText(slot.type), label, optional: true, isWidget, def: null };
}

function outputsOf(node: NodeRecord, def: NodeDef | undefined): OutputSocket[] {
  const slots = node.outputs ?? [];
  const listed = def === undefined || isVirtual(node.type) ? [] : def.outputs;
  return Array.from({ length: Math.max(slots.length, listed.length) }, (_, index) => {
    const [slot, known] = [slots[index], listed[index]];
    const name = known?.name ?? slot?.name ?? "";
    return {
      index,
      name,
      type: known?.type ?? typeText(slot?.type),
      label: (slot === undefined ? "" : labelOf(slot)) || name,
      isList: known?.isList ?? slot?.rest["shape"] === 6,
      tooltip: known?.tooltip ?? null,
    };
  });
}

function labelOf(slot: Slot): string {
  const label = slot.rest["label"];
  return typeof label === "string" ? label : "";
}

/** What a definition takes in, as outputs of the node that stands for it inside. */
export function boundaryOutputs(graph: Graph): OutputSocket[] {
  return ports(graph, "inputs").map((port, index) => ({
    index,
    name: port.name,
    type: port.type,
    label: port.label,
    isList: false,
    tooltip: null,
  }));
}

/** What a definition gives, as inputs of the node that stands for it inside. */
export function boundaryInputs(graph: Graph): InputSocket[] {
  return ports(graph, "outputs").map((port) => ({
    name: port.name,
    type: port.type,
    label: port.label,
    optional: true,
    isWidget: false,
    def: null,
  }));
}

/** What the canvas puts into texts when it submits: dynamic prompts, `%Node.widget%` and `%date:FORMAT%`. */
import type { NodeDef } from "../defs";
import type { NodeKey, NodeRecord } from "../document";
import type { Json } from "../json";
import { dynamicPrompt } from "./dynamicPrompt";
import type { Scope } from "./scope";

export interface Substitution {
  /** Numbers from 0 to below 1. */
  readonly random: () => number;
  readonly now: Date;
}

/** What texts may name, in one conversion. */
export interface LookUp {
  /** The value of a node's widget as it goes into the prompt; undefined if the node has no such widget. */
  readonly value: (scope: Scope, node: NodeKey, widget: string) => Json | undefined;
  /** What nodes of a type are called that nobody gave a title. */
  readonly title: (type: string) => string;
  /** The nodes of each graph by name, filled as it is asked for. */
  readonly names: Map<Scope["graph"]["nodes"], ReadonlyMap<string, readonly NodeKey[]>>;
}

const PREFIXED = new Set([
  ...["SaveImage", "SaveAnimatedWEBP", "SaveAnimatedPNG", "SaveWEBM", "SaveAudio", "SaveGLB"],
  ...["SaveLatent", "ModelSave", "CLIPSave", "VAESave", "LoraSave"],
  ...["SaveImageAs", "WorkflowOutput"],
]);

/** Puts values into the texts of a node's prompt entry. */
export function substitute(
  scope: Scope,
  node: NodeRecord,
  def: NodeDef | undefined,
  inputs: Record<string, Json>,
  lookUp: LookUp,
  { random, now }: Substitution,
): void {
  for (const input of def?.inputs ?? []) {
    const text = inputs[input.name];
    if (typeof text !== "string") continue;
    if (input.options["dynamicPrompts"] === true) inputs[input.name] = dynamicPrompt(text, random);
    if (input.name === "filename_prefix" && PREFIXED.has(node.type)) {
      inputs[input.name] = replaceTokens(text, scope, lookUp, now);
    }
  }
}

/** Tokens nobody knows stay: the server has its own, such as `%width%`. */
export function replaceTokens(text: string, scope: Scope, lookUp: LookUp, now: Date): string {
  let written = "";
  let at = 0;
  for (let start = text.indexOf("%"); start >= 0; start = text.indexOf("%", at)) {
    const end = text.indexOf("%", start + 1);
    if (end < 0) break;
    const value = tokenValue(text.slice(start + 1, end), scope, lookUp, now);
    written += text.slice(at, value === null ? end : start) + (value ?? "");
    // The sign that ended what is no token may begin one.
    at = value === null ? end : end + 1;
  }
  return written + text.slice(at);
}

function tokenValue(token: string, scope: Scope, lookUp: LookUp, now: Date): string | null {
  if (token.startsWith("date:")) return formatDate(now, token.slice("date:".length));
  const dot = token.lastIndexOf(".");
  if (dot <= 0) return null;
  const value = namedValue(scope, token.slice(0, dot), token.slice(dot + 1), lookUp);
  return value === undefined ? null : fileName(String(value ?? ""));
}

/** Looked for in the node's own graph, then in those around it. */
function namedValue(scope: Scope, name: string, widget: string, lookUp: LookUp): Json | undefined {
  for (let at: Scope | null = scope; at !== null; at = at.host?.scope ?? null) {
    for (const node of nodesNamed(at, name, lookUp)) {
      const value = lookUp.value(at, node, widget);
      if (value !== undefined) return value;
    }
  }
  return undefined;
}

/** Those that have it as their name for texts come before those that have it as title. */
function nodesNamed({ graph: { nodes } }: Scope, name: string, { names, title }: LookUp): readonly NodeKey[] {
  const known = names.get(nodes);
  if (known !== undefined) return known.get(name) ?? [];
  const found = new Map<string, NodeKey[]>();
  const call = (key: NodeKey, called: Json | undefined) => {
    if (typeof called !== "string") return;
    const keys = found.get(called) ?? [];
    if (!keys.includes(key)) found.set(called, [...keys, key]);
  };
  for (const key of nodes.ids) call(key, nodes.by[key]?.properties["Node name for S&R"]);
  for (const key of nodes.ids) {
    const node = nodes.by[key];
    if (node !== undefined) call(key, node.title ?? title(node.type));
  }
  names.set(nodes, found);
  return found.get(name) ?? [];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what file systems refuse
const ILLEGAL = /[/?<>\\:*|"\x00-\x1f\x7f]/g;

function fileName(value: string): string {
  return value.replace(ILLEGAL, "_");
}

export function formatDate(date: Date, format: string): string {
  const parts: Readonly<Record<string, number>> = {
    y: date.getFullYear(),
    M: date.getMonth() + 1,
    d: date.getDate(),
    h: date.getHours(),
    m: date.getMinutes(),
    s: date.getSeconds(),
  };
  return format.replace(/yyyy|yy|MM?|dd?|hh?|mm?|ss?/g, (token) => {
    const value = String(parts[token[0] ?? ""] ?? "");
    if (token === "yyyy") return value;
    return token === "yy" ? value.slice(-2) : value.padStart(token.length, "0");
  });
}

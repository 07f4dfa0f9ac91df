/** Node types that exist on the canvas only; the server has no class of these names. */
import { type Document, ROOT } from "./document";

export const REROUTE = "Reroute";
export const PRIMITIVE = "PrimitiveNode";
export const NOTE = "Note";
export const MARKDOWN_NOTE = "MarkdownNote";

const VIRTUAL = new Set([REROUTE, PRIMITIVE, NOTE, MARKDOWN_NOTE]);

export function isVirtual(type: string): boolean {
  return VIRTUAL.has(type);
}

export function isNote(type: string): boolean {
  return type === NOTE || type === MARKDOWN_NOTE;
}

/** Whether nodes of the type are instances of a subgraph of this document. */
export function isHost(document: Document, type: string): boolean {
  return document.graphs.by[type] !== undefined && type !== ROOT;
}

/** The menu that is open, and what it is of. */
import { create } from "zustand";
import type { NodeKey } from "@/graph/document";
import type { Side } from "@/graph/ports";
import { select, useEditor } from "@/store/editor";
import { useCanvas } from "../state";

export type Subject =
  | { readonly kind: "canvas" }
  | { readonly kind: "node"; readonly node: NodeKey }
  | { readonly kind: "link"; readonly link: string }
  | { readonly kind: "group"; readonly group: string }
  | { readonly kind: "port"; readonly side: Side; readonly index: number };

export interface MenuAsked {
  readonly subject: Subject;
  readonly at: readonly [number, number];
}

export const useMenu = create<{ readonly asked: MenuAsked | null }>(() => ({ asked: null }));

/** Opens it and chooses what it is of, so that its commands mean that. */
export function openMenu(subject: Subject, { clientX, clientY }: { clientX: number; clientY: number }): void {
  const { selection, selectedGroups } = useEditor.getState();
  if (subject.kind === "node" && !selection.has(subject.node)) select([subject.node]);
  if (subject.kind === "group" && !selectedGroups.has(subject.group)) select([], [subject.group]);
  if (subject.kind === "link") useCanvas.setState({ selectedLink: subject.link });
  useMenu.setState({ asked: { subject, at: [clientX, clientY] } });
}

export function closeMenu(): void {
  useMenu.setState({ asked: null });
}

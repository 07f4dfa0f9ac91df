/** What a person can do, once: the menus, the command palette, the keyboard and the help sheet all read this list. */
import { create } from "zustand";

/** In the order menus and the help sheet show them. */
export const AREAS = ["file", "edit", "select", "node", "graph", "view", "run", "panel", "help"] as const;
export type Area = (typeof AREAS)[number];

export interface Command {
  /** Also the key of its name: `commands:ID`. */
  readonly id: string;
  readonly area: Area;
  /** In Mantine's hotkey form, such as `mod+Enter` or `Delete`. */
  readonly keys?: readonly string[];
  /** Whether it can be done now. */
  readonly when?: () => boolean;
  readonly run: () => void | Promise<void>;
}

export const useCommands = create<{ readonly all: readonly Command[] }>(() => ({ all: [] }));

/** Adds commands; returns how to take them back. A second command of the same id replaces the first. */
export function addCommands(added: readonly Command[]): () => void {
  const ids = new Set(added.map((command) => command.id));
  useCommands.setState(({ all }) => ({ all: [...all.filter((command) => !ids.has(command.id)), ...added] }));
  return () =>
    useCommands.setState(({ all }) => ({ all: all.filter((command) => !added.includes(command)) }));
}

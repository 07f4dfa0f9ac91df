/** The list of choices that is open, if one is. */
import { create } from "zustand";
import type { Json } from "@/graph/json";

export interface Asked {
  readonly owner: string;
  readonly anchor: HTMLElement;
  readonly label: string;
  readonly choices: readonly Json[];
  readonly value: Json;
  readonly onPick: (value: Json) => void;
}

export const useChoices = create<{ readonly asked: Asked | null }>(() => ({ asked: null }));

export function openChoices(asked: Asked): void {
  const isOpen = useChoices.getState().asked?.owner === asked.owner;
  useChoices.setState({ asked: isOpen ? null : asked });
}

export function closeChoices(): void {
  const { asked } = useChoices.getState();
  useChoices.setState({ asked: null });
  asked?.anchor.focus();
}

export function choiceText(value: Json): string {
  return typeof value === "string" ? value : value === null ? "" : JSON.stringify(value);
}

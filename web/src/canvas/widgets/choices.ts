/** The list of choices that is open, if one is. */
import { create } from "zustand";
import { keepTyped, takeTyped } from "@/app/typeAhead";
import type { Json } from "@/graph/json";

export interface Asked {
  readonly owner: string;
  readonly anchor: Pick<HTMLElement, "focus" | "getBoundingClientRect">;
  readonly label: string;
  readonly choices: readonly Json[];
  /** The one that is chosen; a list of them if there can be many. */
  readonly value: Json;
  readonly isMany: boolean;
  readonly onPick: (value: Json) => void;
}

export const useChoices = create<{ readonly asked: Asked | null }>(() => ({ asked: null }));

export function openChoices(asked: Asked): void {
  const isOpen = useChoices.getState().asked?.owner === asked.owner;
  useChoices.setState({ asked: isOpen ? null : asked });
  if (isOpen) takeTyped();
  else keepTyped();
}

export function closeChoices(): void {
  const { asked } = useChoices.getState();
  useChoices.setState({ asked: null });
  takeTyped();
  asked?.anchor.focus();
}

/** Chooses one and closes the list; of many, chooses it or lets it go, and leaves the list open. */
export function pickChoice(picked: Json): void {
  const { asked } = useChoices.getState();
  if (asked === null) return;
  if (!asked.isMany) {
    closeChoices();
    asked.onPick(picked);
    return;
  }
  const was = manyOf(asked.value);
  const value = was.includes(picked) ? was.filter((one) => one !== picked) : [...was, picked];
  useChoices.setState({ asked: { ...asked, value } });
  asked.onPick(value);
}

/** What is chosen of many, also where a file has just one. */
export function manyOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : value === null || value === "" ? [] : [value];
}

export function choiceText(value: Json): string {
  if (Array.isArray(value)) return value.map(choiceText).join(", ");
  return typeof value === "string" ? value : value === null ? "" : JSON.stringify(value);
}

/**
 * What a person chose for themselves. Kept in this browser, so that the page opens as it was left, and under
 * `/settings` on the server, so that other browsers open alike; by ComfyUI's ids where it has the setting.
 */
import { create } from "zustand";
import { isObject, type Json, type JsonObject } from "@/graph/json";

export interface Settings {
  readonly theme: "system" | "dark" | "light";
  readonly language: "system" | "en" | "zh-CN";
  /** `mouse`: wheel zooms, as in ComfyUI. `trackpad`: two fingers pan, pinch zooms. */
  readonly navigation: "mouse" | "trackpad";
  readonly snap: boolean;
  readonly gridSize: number;
  readonly links: "spline" | "linear" | "straight" | "hidden";
  /** Whether seeds and the like change before or after a run is queued. */
  readonly control: "after" | "before";
  /** `change`: queue whenever the graph changed. `instant`: queue again as soon as a run ends. */
  readonly autoQueue: "off" | "change" | "instant";
  readonly confirmClear: boolean;
  /** `default`: as the server was told at its start. */
  readonly preview: "auto" | "none" | "default";
}
export type SettingName = keyof Settings;

/** How a setting is written down. `read` gives undefined for what it does not understand. */
interface Stored<T> {
  readonly id: string;
  readonly initial: T;
  readonly read: (value: Json) => T | undefined;
  readonly write: (value: T) => Json;
}

function oneOf<T extends string>(
  id: string,
  initial: NoInfer<T>,
  words: Readonly<Record<T, Json>>,
): Stored<T> {
  const names = Object.keys(words).filter((name): name is T => name in words);
  return {
    id,
    initial,
    read: (value) => names.find((name) => words[name] === value),
    write: (value) => words[value],
  };
}

function flag(id: string, initial: boolean): Stored<boolean> {
  return {
    id,
    initial,
    read: (value) => (typeof value === "boolean" ? value : undefined),
    write: (on) => on,
  };
}

export const SETTINGS: { readonly [Name in SettingName]: Stored<Settings[Name]> } = {
  theme: oneOf("Darkroom.Theme", "system", { system: "system", dark: "dark", light: "light" }),
  language: oneOf("Comfy.Locale", "system", { system: null, en: "en", "zh-CN": "zh" }),
  navigation: oneOf("Comfy.Canvas.NavigationMode", "mouse", { mouse: "legacy", trackpad: "standard" }),
  snap: flag("pysssss.SnapToGrid", false),
  gridSize: {
    id: "Comfy.SnapToGrid.GridSize",
    initial: 10,
    read: (value) =>
      typeof value === "number" && value >= 1 && value <= 500 ? Math.round(value) : undefined,
    write: (value) => value,
  },
  links: oneOf("Comfy.LinkRenderMode", "spline", { spline: 2, linear: 1, straight: 0, hidden: -1 }),
  control: oneOf("Comfy.WidgetControlMode", "after", { after: "after", before: "before" }),
  autoQueue: oneOf("Darkroom.AutoQueue", "off", { off: "off", change: "change", instant: "instant" }),
  confirmClear: flag("Comfy.ConfirmClear", true),
  preview: {
    id: "Comfy.Execution.PreviewMethod",
    initial: "auto",
    read: (value) => {
      if (value === "none" || value === "default") return value;
      // ComfyUI tells methods apart; here there is one, the best for the model.
      return value === "auto" || value === "latent2rgb" || value === "taesd" ? "auto" : undefined;
    },
    write: (value) => value,
  },
};

const KEPT = "darkroom:settings";

interface Kept {
  /** By the ids of the server. */
  readonly values: JsonObject;
  /** Ids changed here that the server has not taken yet. */
  readonly unsent: readonly string[];
}

export const useSettings = create<Settings>(() => readAll(kept().values));

export function setting<Name extends SettingName>(name: Name): Settings[Name] {
  return useSettings.getState()[name];
}

/** Change one; it holds at once, in other tabs too, and the server hears of it. */
export function changeSetting<Name extends SettingName>(name: Name, value: Settings[Name]): void {
  const { id, write } = SETTINGS[name];
  const before = kept();
  keep({
    values: { ...before.values, [id]: write(value) },
    unsent: [...before.unsent.filter((other) => other !== id), id],
  });
  useSettings.setState({ [name]: value });
  void syncSettings();
}

/** Send what the server lacks, then take what it has. Without a server everything stays as it is here. */
export async function syncSettings(): Promise<void> {
  const { values, unsent } = kept();
  try {
    if (unsent.length > 0) {
      const changes = Object.fromEntries(unsent.map((id) => [id, values[id] ?? null]));
      const taken = await fetch("settings", { method: "POST", body: JSON.stringify(changes) });
      if (!taken.ok) return;
      const now = kept();
      keep({ ...now, unsent: now.unsent.filter((id) => !same(now.values[id], changes[id])) });
    }
    const answer = await fetch("settings");
    const stored: unknown = await answer.json();
    if (answer.ok && isObject(stored)) adopt(stored);
  } catch {
    // Offline: sent when the connection is back.
  }
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  return (a ?? null) === (b ?? null);
}

function adopt(stored: JsonObject): void {
  const before = kept();
  const ours = Object.values(SETTINGS).map(({ id }) => id);
  const taken = ours.filter((id) => id in stored && !before.unsent.includes(id));
  const values = { ...before.values, ...Object.fromEntries(taken.map((id) => [id, stored[id] ?? null])) };
  keep({ values, unsent: before.unsent });
  useSettings.setState(readAll(values));
}

/** Follow changes made in other tabs; returns how to stop. */
export function watchOtherTabs(): () => void {
  const heard = (event: StorageEvent) => {
    if (event.key === KEPT) useSettings.setState(readAll(kept().values));
  };
  window.addEventListener("storage", heard);
  return () => window.removeEventListener("storage", heard);
}

function readAll(values: JsonObject): Settings {
  const value = <Name extends SettingName>(name: Name): Settings[Name] => {
    const { id, initial, read } = SETTINGS[name];
    return read(values[id] ?? null) ?? initial;
  };
  return {
    theme: value("theme"),
    language: value("language"),
    navigation: value("navigation"),
    snap: value("snap"),
    gridSize: value("gridSize"),
    links: value("links"),
    control: value("control"),
    autoQueue: value("autoQueue"),
    confirmClear: value("confirmClear"),
    preview: value("preview"),
  };
}

function kept(): Kept {
  const nothing: Kept = { values: {}, unsent: [] };
  try {
    const read: unknown = JSON.parse(globalThis.localStorage?.getItem(KEPT) ?? "null");
    if (!isObject(read) || !isObject(read["values"])) return nothing;
    const unsent = Array.isArray(read["unsent"]) ? read["unsent"] : [];
    return { values: read["values"], unsent: unsent.filter((id) => typeof id === "string") };
  } catch {
    return nothing;
  }
}

function keep(state: Kept): void {
  try {
    globalThis.localStorage?.setItem(KEPT, JSON.stringify(state));
  } catch {
    // Storage is full or forbidden: the setting holds until the page is closed, and on the server.
  }
}

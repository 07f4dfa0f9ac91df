/** The workflows one can open: those that ship with the server and those a person saved. */
import { useEffect } from "react";
import { create } from "zustand";
import { isObject } from "@/graph/json";

export interface Template {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Address of its picture, or null. */
  readonly picture: string | null;
}

export interface SavedWorkflow {
  /** Below `workflows/`, without `.json`. */
  readonly name: string;
  readonly modified: number;
}

interface Library {
  readonly templates: readonly Template[];
  readonly workflows: readonly SavedWorkflow[];
  readonly status: "loading" | "ready" | "failed";
}

const useStore = create<Library>(() => ({ templates: [], workflows: [], status: "loading" }));

/** Asked for again whenever something that shows them is opened. */
export function useLibrary(): Library {
  useEffect(() => void load(), []);
  return useStore();
}

async function load(): Promise<void> {
  try {
    const [templates, workflows] = await Promise.all([
      list("api/v1/templates"),
      list("userdata?dir=workflows&recurse=true&full_info=true"),
    ]);
    useStore.setState({
      templates: templates.flatMap(readTemplate),
      workflows: workflows.flatMap(readSaved).sort((a, b) => b.modified - a.modified),
      status: "ready",
    });
  } catch {
    useStore.setState({ status: "failed" });
  }
}

/** A folder that is not there yet holds nothing. */
async function list(address: string): Promise<readonly unknown[]> {
  const answer = await fetch(address);
  if (answer.status === 404) return [];
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
  const read: unknown = await answer.json();
  if (isObject(read) && Array.isArray(read["templates"])) return read["templates"];
  return Array.isArray(read) ? read : [];
}

function readTemplate(entry: unknown): Template[] {
  if (!isObject(entry) || typeof entry["name"] !== "string") return [];
  const text = (key: string) => (typeof entry[key] === "string" ? entry[key] : "");
  const picture = text("picture").replace(/^\//, "");
  return [
    {
      name: entry["name"],
      title: text("title") || entry["name"],
      description: text("description"),
      picture: picture === "" ? null : picture,
    },
  ];
}

function readSaved(entry: unknown): SavedWorkflow[] {
  if (!isObject(entry) || typeof entry["path"] !== "string" || !entry["path"].endsWith(".json")) return [];
  const modified = typeof entry["modified"] === "number" ? entry["modified"] : 0;
  return [{ name: entry["path"].slice(0, -".json".length), modified }];
}

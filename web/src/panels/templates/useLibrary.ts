/** The workflows one can open: those that ship with the server and those a person saved. */
import { useEffect } from "react";
import { create } from "zustand";
import { isObject } from "@/graph/json";
import { type FileInfo, listFiles } from "@/store/files/userdata";

export interface Template {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Address of its picture, or null. */
  readonly picture: string | null;
}

interface Library {
  readonly templates: readonly Template[];
  /** The newest first. */
  readonly workflows: readonly FileInfo[];
  readonly status: "loading" | "ready" | "failed";
}

const useStore = create<Library>(() => ({ templates: [], workflows: [], status: "loading" }));

/** Asked for again whenever something that shows them is opened. */
export function useLibrary(): Library {
  useEffect(() => void loadLibrary(), []);
  return useStore();
}

/** Ask the server again. What it said before stays if it cannot be reached. */
export async function loadLibrary(): Promise<void> {
  try {
    const [templates, workflows] = await Promise.all([listTemplates(), listFiles()]);
    const newestFirst = workflows.toSorted((a, b) => b.modified - a.modified);
    useStore.setState({ templates, workflows: newestFirst, status: "ready" });
  } catch {
    useStore.setState({ status: "failed" });
  }
}

async function listTemplates(): Promise<Template[]> {
  const answer = await fetch("api/v1/templates");
  if (!answer.ok) throw new Error(`/api/v1/templates answered ${answer.status}`);
  const read: unknown = await answer.json();
  const listed = isObject(read) ? read["templates"] : read;
  return Array.isArray(listed) ? listed.flatMap(readTemplate) : [];
}

function readTemplate(entry: unknown): Template[] {
  if (!isObject(entry) || typeof entry["name"] !== "string") return [];
  const text = (key: string) => (typeof entry[key] === "string" ? entry[key] : "");
  return [
    {
      name: entry["name"],
      title: text("title") || entry["name"],
      description: text("description"),
      // The canvas may be served below a folder: addresses are taken from its own.
      picture: text("picture").replace(/^\//, "") || null,
    },
  ];
}

/** What the server is doing with our jobs, as the canvas shows it. Fed by the event stream only. */
import { create } from "zustand";
import type { JsonObject } from "@/graph/json";

export type NodeState = "queued" | "running" | "cached" | "done" | "failed" | "blocked";

/** A file the server keeps: what `/view` takes. */
export interface FileRef {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
  /** Whether the safety policy put another picture in the place of what it showed. */
  readonly replaced?: true;
}

/** The newest run of one node. */
export interface NodeRun {
  readonly state: NodeState;
  /** Steps done and steps in all, while it runs. */
  readonly progress: readonly [number, number] | null;
  readonly seconds: number | null;
  /** Why it ran, from the server: a reason code and a text. */
  readonly reason: { readonly code: string; readonly detail: string } | null;
  /** Object URL of the latest latent preview, while it runs. */
  readonly preview: string | null;
  readonly images: readonly FileRef[];
  readonly texts: readonly string[];
  readonly error: NodeError | null;
  /** What it said without failing, until it runs again. */
  readonly warnings: readonly string[];
}

export interface NodeError {
  readonly type: string;
  readonly message: string;
  readonly traceback: readonly string[];
  readonly inputs: JsonObject;
}

/** One thing wrong with a graph, or with a run of it, pinned to where it belongs. */
export interface PinnedProblem {
  readonly code: string;
  readonly message: string;
  readonly details: string;
  /** Address of the node (`addressOf`), or null for the whole graph. */
  readonly node: string | null;
  /** Name of the input it concerns, if any. */
  readonly input: string | null;
  readonly origin: "local" | "server" | "run";
  /** Whether all goes on in spite of it. */
  readonly isWarning?: true;
}

/** What a plan says would happen to a node; see `POST /api/v1/plan`. */
export interface NodePlan {
  readonly fate: "run" | "maybe" | "hit" | "behind_hit" | "twin";
  readonly tier: string | null;
  readonly reason: { readonly code: string; readonly detail: string; readonly input: string | null } | null;
  readonly seconds: number | null;
}

interface RunsState {
  /** By address: ids from the root down, joined with `:`, as the server names nodes inside subgraphs. */
  readonly nodes: Readonly<Record<string, NodeRun>>;
  readonly problems: readonly PinnedProblem[];
  /** By address; null while nobody asked for an explanation. */
  readonly plan: Readonly<Record<string, NodePlan>> | null;
  readonly connection: "connecting" | "online" | "offline";
  /** Jobs that wait or run on the server, whoever they belong to; null until it has said so. */
  readonly remaining: number | null;
}

export const useRuns = create<RunsState>(() => ({
  nodes: {},
  problems: [],
  plan: null,
  connection: "connecting",
  remaining: null,
}));

/** What the node at an address does in the job that shows; for a subgraph, what the nodes inside do together. */
export function useNodeRun(address: string): NodeRun | undefined {
  return useRuns((state) => state.nodes[address]);
}

const NO_PROBLEMS: readonly PinnedProblem[] = [];

/** What is wrong with a node, or with nodes inside it. The list stays the same one until it changes. */
export function useProblemsOf(address: string): readonly PinnedProblem[] {
  return useRuns((state) => problemsByNode(state.problems).get(address) ?? NO_PROBLEMS);
}

const BY_NODE = new WeakMap<readonly PinnedProblem[], ReadonlyMap<string, readonly PinnedProblem[]>>();

/** Once for each list, not once for each node that asks. */
function problemsByNode(problems: readonly PinnedProblem[]): ReadonlyMap<string, readonly PinnedProblem[]> {
  const known = BY_NODE.get(problems);
  if (known !== undefined) return known;
  const made = new Map<string, PinnedProblem[]>();
  for (const problem of problems) {
    if (problem.node === null) continue;
    for (
      let address = problem.node;
      address !== "";
      address = address.slice(0, Math.max(0, address.lastIndexOf(":")))
    ) {
      const pinned = made.get(address);
      if (pinned === undefined) made.set(address, [problem]);
      else pinned.push(problem);
    }
  }
  BY_NODE.set(problems, made);
  return made;
}

export type { RunOptions } from "./runs/submit";
export { runGraph } from "./runs/submit";

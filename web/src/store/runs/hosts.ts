/** Subgraph nodes: what they show of the nodes inside them. */
import type { NodeRun, NodeState } from "../runs";

/** The nodes around an address, innermost first: `12:7` and `12` of `12:7:3`. */
function hostsOf(address: string): string[] {
  const found: string[] = [];
  for (let cut = address.lastIndexOf(":"); cut > 0; cut = address.lastIndexOf(":", cut - 1)) {
    found.push(address.slice(0, cut));
  }
  return found;
}

export class Hosts {
  private readonly inside = new Map<string, string[]>();

  constructor(addresses: Iterable<string>) {
    for (const address of addresses) {
      for (const host of hostsOf(address)) {
        const members = this.inside.get(host);
        if (members === undefined) this.inside.set(host, [address]);
        else members.push(address);
      }
    }
  }

  /** The hosts that hold any of these. */
  above(addresses: Iterable<string>): Set<string> {
    const found = new Set<string>();
    if (this.inside.size === 0) return found;
    for (const address of addresses) {
      for (const host of hostsOf(address)) if (this.inside.has(host)) found.add(host);
    }
    return found;
  }

  /** The sum of the nodes inside; null if none of them shows a state. */
  shown(host: string, nodes: ReadonlyMap<string, NodeRun>): NodeRun | null {
    const runs = (this.inside.get(host) ?? []).flatMap((address) => nodes.get(address) ?? []);
    if (runs.length === 0) return null;
    const state = together(runs);
    const finished = runs.filter((run) => run.state !== "queued" && run.state !== "running").length;
    const part = runs.reduce((sum, run) => sum + (run.progress ? run.progress[0] / run.progress[1] : 0), 0);
    const timed = runs.filter((run) => run.seconds !== null);
    return {
      state,
      progress: state === "running" ? [finished + part, runs.length] : null,
      seconds: timed.length > 0 ? timed.reduce((sum, run) => sum + (run.seconds ?? 0), 0) : null,
      reason: null,
      preview: runs.findLast((run) => run.preview !== null)?.preview ?? null,
      images: runs.flatMap((run) => run.images),
      texts: runs.flatMap((run) => run.texts),
      error: runs.find((run) => run.error !== null)?.error ?? null,
      warnings: runs.flatMap((run) => run.warnings),
    };
  }
}

function together(runs: readonly NodeRun[]): NodeState {
  const some = (state: NodeState) => runs.some((run) => run.state === state);
  if (some("failed")) return "failed";
  if (some("running")) return "running";
  if (some("queued"))
    return runs.every((run) => run.state === "queued" || run.state === "cached") ? "queued" : "running";
  if (some("blocked")) return "blocked";
  return some("done") ? "done" : "cached";
}

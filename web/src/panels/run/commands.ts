/** What a person can do about runs, besides what the panels offer at a job. */
import { addressOf } from "@/store/address";
import type { Command } from "@/store/commands";
import { useDefs } from "@/store/defs";
import { shownGraph, useEditor } from "@/store/editor";
import { runGraph, useRuns } from "@/store/runs";
import { useRunBar } from "@/store/runs/bar";
import { explain } from "@/store/runs/plan";
import { pauseQueue, useQueue } from "@/store/runs/queue";
import { cancelCurrent, clearPending } from "@/store/runs/stop";
import { changeSetting, setting } from "@/store/settings";
import { showPanel } from "@/store/shell";
import { askBeforeClearing } from "./askBeforeClearing";
import { told } from "./told";

/** Addresses of the selected nodes that make something to keep. */
function selectedOutputs(): string[] {
  const state = useEditor.getState();
  const nodes = state.document.graphs.by[shownGraph(state)]?.nodes.by ?? {};
  const { defs } = useDefs.getState();
  return [...state.selection]
    .filter((key) => defs.get(nodes[key]?.type ?? "")?.isOutput)
    .map((key) => addressOf(key));
}

const canRun = () => useEditor.getState().docId !== "" && useDefs.getState().status === "ready";
const isBusy = () => (useRuns.getState().remaining ?? 0) > 0;
const queue = (front: boolean) => () => told(runGraph({ front, count: useRunBar.getState().count }));

export const runCommands: readonly Command[] = [
  { id: "run.queue", area: "run", keys: ["mod+Enter"], when: canRun, run: queue(false) },
  { id: "run.front", area: "run", keys: ["mod+shift+Enter"], when: canRun, run: queue(true) },
  {
    id: "run.selected",
    area: "run",
    keys: ["alt+Enter"],
    when: () => selectedOutputs().length > 0,
    run: () => told(runGraph({ targets: selectedOutputs() })),
  },
  {
    id: "run.cancel",
    area: "run",
    keys: ["mod+alt+Enter"],
    when: isBusy,
    run: () => told(cancelCurrent()),
  },
  {
    id: "run.clear",
    area: "run",
    when: isBusy,
    run: async () => {
      if (await askBeforeClearing()) await told(clearPending());
    },
  },
  { id: "run.pause", area: "run", run: () => told(pauseQueue(!useQueue.getState().paused)) },
  { id: "run.explain", area: "run", keys: ["E"], run: () => explain(!useRunBar.getState().explaining) },
  { id: "run.auto", area: "run", run: nextAutoQueue },
  {
    id: "run.problems",
    area: "run",
    when: () => useRuns.getState().problems.length > 0,
    run: () => showPanel("problems"),
  },
];

function nextAutoQueue(): void {
  const next = { off: "change", change: "instant", instant: "off" } as const;
  changeSetting("autoQueue", next[setting("autoQueue")]);
}

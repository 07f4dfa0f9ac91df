/** What a run would do, asked for again whenever the graph or the cache has changed. */
import { answer, api, type Schemas } from "@/api/client";
import { ApiError } from "@/api/error";
import { useEditor } from "../editor";
import { type NodePlan, useRuns } from "../runs";
import { useRunBar } from "./bar";
import { preview } from "./convert";
import { feed } from "./live";

const PAUSE = 400;
/** The worker that knows is away while it starts. */
const AGAIN = 2000;

let timer: ReturnType<typeof setTimeout> | undefined;
let asked = 0;

/** Show what would run, or stop showing it. */
export function explain(on: boolean): void {
  useRunBar.setState({ explaining: on });
  if (on) soon(0);
  else {
    clearTimeout(timer);
    asked += 1;
    useRuns.setState({ plan: null });
  }
}

/** Follow the document and the ends of runs; returns how to stop. */
export function watchForPlans(): () => void {
  const forget = feed.onEnd(() => soon(0));
  const leave = useEditor.subscribe((now, before) => {
    if (now.document === before.document) return;
    // What was said of another workflow's nodes does not hold.
    if (now.docId !== before.docId && useRuns.getState().plan !== null) useRuns.setState({ plan: {} });
    soon(PAUSE);
  });
  return () => {
    forget();
    leave();
    clearTimeout(timer);
  };
}

function soon(pause: number): void {
  if (!useRunBar.getState().explaining) return;
  clearTimeout(timer);
  timer = setTimeout(() => void ask(), pause);
}

async function ask(): Promise<void> {
  asked += 1;
  const own = asked;
  const prompt = preview(useEditor.getState().document);
  try {
    const { nodes } = await answer(api.POST("/api/v1/plan", { body: { prompt } }));
    if (own === asked) useRuns.setState({ plan: plansOf(nodes) });
  } catch (error) {
    if (own !== asked) return;
    useRuns.setState({ plan: {} });
    if (error instanceof ApiError && (error.unreachable || error.status === 503)) soon(AGAIN);
  }
}

export function plansOf(nodes: Readonly<Record<string, Schemas["PlanStep"]>>): Record<string, NodePlan> {
  return Object.fromEntries(
    Object.entries(nodes).map(([node, { fate, tier, reason, usage }]): [string, NodePlan] => [
      node,
      {
        fate,
        tier: tier ?? null,
        reason: reason ? { code: reason.code, detail: reason.detail, input: reason.input ?? null } : null,
        seconds: usage?.seconds ?? null,
      },
    ]),
  );
}

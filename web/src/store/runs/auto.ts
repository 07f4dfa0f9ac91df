/** Running by itself: whenever the graph has changed, or again and again, as the setting says. */
import { useDefs } from "../defs";
import { useEditor, watchChanges } from "../editor";
import { changeSetting, setting } from "../settings";
import { useRunBar } from "./bar";
import { preview } from "./convert";
import { feed } from "./live";
import { runGraph } from "./submit";

const PAUSE = 300;

/** Follow changes and the ends of runs; returns how to stop. */
export function watchForAutoQueue(): () => void {
  const auto = new AutoQueue();
  const leave = watchChanges((_, label) => {
    // Seeds that a run has moved are no change of a person's.
    if (label !== "steps:controls") auto.changed();
  });
  const forget = feed.onEnd((job) => auto.ended(job.view.state === "success"));
  return () => {
    leave();
    forget();
    auto.stop();
  };
}

class AutoQueue {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isWaiting = false;
  /** The prompt that was queued last, to tell changes of meaning from moved nodes. */
  private queued = "";

  changed(): void {
    if (setting("autoQueue") !== "change") return;
    this.isWaiting = true;
    this.soon();
  }

  ended(success: boolean): void {
    const mode = setting("autoQueue");
    if (mode === "change" && this.isWaiting) this.soon();
    if (mode !== "instant" || feed.following.size > 0) return;
    // Not on and on into the same mistake, nor after a person said stop.
    if (success) void this.again();
    else changeSetting("autoQueue", "off");
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.runChanged(), PAUSE);
  }

  private async runChanged(): Promise<void> {
    if (!this.isWaiting || setting("autoQueue") !== "change" || useDefs.getState().status !== "ready") return;
    // The end of what runs calls again: then with all that has changed until then.
    if (feed.following.size > 0) return;
    this.isWaiting = false;
    const prompt = JSON.stringify(preview(useEditor.getState().document));
    if (prompt === this.queued) return;
    this.queued = prompt;
    await runGraph();
  }

  private async again(): Promise<void> {
    const taken = await runGraph({ count: useRunBar.getState().count });
    if (taken === 0) changeSetting("autoQueue", "off");
  }
}

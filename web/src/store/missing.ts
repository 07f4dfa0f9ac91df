/** What the open workflow needs that the server lacks; looked up again whenever either changes. */
import { create } from "zustand";
import { type Missing, missing } from "@/graph/formats/missing";
import { useDefs } from "./defs";
import { useEditor } from "./editor";
import { showPanel } from "./shell";

const NOTHING: Missing = { classes: [], choices: [] };
/** Edits come in bursts; this many milliseconds after the last of them is soon enough. */
const PAUSE = 400;

export const useMissing = create<Missing>(() => NOTHING);

/** Starts looking. What was just opened with something missing shows it. */
export function watchMissing(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let known = useEditor.getState().docId;
  const look = () => {
    const { docId, document } = useEditor.getState();
    const { defs, status } = useDefs.getState();
    if (status !== "ready") return;
    const found = missing(document, defs);
    useMissing.setState(found);
    if (docId !== known && countOf(found) > 0 && !isNarrow()) showPanel("missing");
    known = docId;
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  };
  useEditor.subscribe((now, before) => {
    // Before what was opened is drawn: the panel takes some of the room it is fitted into.
    if (now.docId !== before.docId) look();
    else if (now.document !== before.document) later();
  });
  useDefs.subscribe(later);
  later();
}

/** Where a panel would cover the canvas, the number at its button must do. */
function isNarrow(): boolean {
  return window.innerWidth <= 640;
}

export function countOf({ classes, choices }: Missing): number {
  return classes.length + choices.length;
}

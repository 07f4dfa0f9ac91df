/** What we can see ourselves that is wrong with the open workflow, before anything is sent. */
import i18next from "i18next";
import type { Document } from "@/graph/document";
import { type ApiPrompt, toApi } from "@/graph/formats/toApi";
import { type Problem, validate } from "@/graph/validate";
import { useDefs } from "../defs";
import { useEditor } from "../editor";
import type { PinnedProblem } from "../runs";
import { feed } from "./live";

const PAUSE = 400;

/** Each workflow as it was when the server last spoke of it, for telling whether its complaints still hold. */
const spokenOf = new Map<string, ApiPrompt>();

export function noteSent(doc: string, document: Document): void {
  spokenOf.set(doc, toApi(document, useDefs.getState().defs).prompt);
}

/** Look again whenever the workflow or the node classes have changed; returns how to stop. */
export function watchForProblems(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  };
  const leave = useEditor.subscribe((now, before) => {
    if (now.document !== before.document) soon();
  });
  const forget = useDefs.subscribe(soon);
  i18next.on("languageChanged", soon);
  soon();
  return () => {
    leave();
    forget();
    i18next.off("languageChanged", soon);
    clearTimeout(timer);
  };
}

function look(): void {
  const { docId, document } = useEditor.getState();
  const { defs, status } = useDefs.getState();
  if (docId === "" || status !== "ready") return;
  const conversion = toApi(document, defs);
  // A graph that is still being built lacks its end: no news to whoever builds it.
  const found = validate(document, defs, conversion).filter((one) => one.code !== "prompt_no_outputs");
  feed.boards.setProblems(docId, "local", found.map(pinned));
  dropMended(docId, conversion.prompt);
}

function pinned({ code, node, input, params }: Problem): PinnedProblem {
  const message = i18next.t(`problems:local.${code}`, params);
  return { code, message, details: "", node, input, origin: "local" };
}

/** What the server said of a node that has been edited since does not hold any more, as far as we know. */
function dropMended(doc: string, now: ApiPrompt): void {
  const { server } = feed.boards.of(doc).problems;
  const then = spokenOf.get(doc);
  if (server.length === 0 || then === undefined) return;
  const same = (id: string) => JSON.stringify(now[id]) === JSON.stringify(then[id]);
  const unchanged = Object.keys(now).length === Object.keys(then).length && Object.keys(now).every(same);
  const still = server.filter(({ node }) => (node === null ? unchanged : same(node)));
  if (still.length < server.length) feed.boards.setProblems(doc, "server", still);
}

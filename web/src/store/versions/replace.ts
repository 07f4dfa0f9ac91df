/** Another content for the open workflow, as one step that can be undone. */
import type { Document } from "@/graph/document";
import { perform } from "@/store/editor";

export function replaceDocument(label: "steps:merge" | "steps:restore", document: Document): void {
  perform(label, (draft) => {
    for (const id of draft.document.graphs.ids) {
      if (document.graphs.by[id] === undefined) draft.putGraph(id, null);
    }
    for (const id of document.graphs.ids) draft.putGraph(id, document.graphs.by[id] ?? null);
  });
}

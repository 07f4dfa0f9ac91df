/** Drafts nobody wants any more. */
import { workspace } from "@/store/persist";
import { tell } from "@/store/persist/notices";
import { ask } from "./ask";

/** Asks first: unlike closing, this cannot be taken back. */
export async function discardDraft(docId: string, name: string | null): Promise<void> {
  if (!(await ask({ kind: "remove", name: name ?? "", what: "draft" }))) return;
  if (!(await workspace().discard(docId)))
    tell("warning", "files:notice.openElsewhere", { name: name ?? "" });
  await workspace().listOffers();
}

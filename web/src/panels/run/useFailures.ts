import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useEditor } from "@/store/editor";
import { feed } from "@/store/runs/live";
import { titleAt } from "@/store/runs/place";
import { showPanel } from "@/store/shell";
import { notify } from "./notify";

/** Says that a run of ours has failed, whatever is on screen. */
export function useFailures(): void {
  const { t } = useTranslation("run");
  useEffect(
    () =>
      feed.onEnd(({ id, doc, view, isPast }) => {
        if (view.state !== "error" || isPast) return;
        const [node, run] = [...view.nodes].find(([, one]) => one.state === "failed") ?? [null, null];
        const { docId, document } = useEditor.getState();
        const place = node === null || doc !== docId ? "" : `${titleAt(node, document)}: `;
        notify({
          id: `run-${id}`,
          color: "red",
          title: t("runFailed"),
          message: `${place}${run?.error?.message ?? t("seeHistory")}`,
          autoClose: 10_000,
          onClick: () => showPanel(doc === docId ? "problems" : "history"),
        });
      }),
    [t],
  );
}

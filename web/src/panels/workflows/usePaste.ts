import i18next from "i18next";
import { useEffect } from "react";
import { isWorkflowText } from "@/store/files/clipboard";
import { openText } from "@/store/files/opening";

/** A whole workflow in the clipboard is opened; nodes are the canvas's to paste, and it hears of them first. */
export function usePaste(): void {
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      if (event.defaultPrevented || isWriting(event.target)) return;
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if (!isWorkflowText(text)) return;
      event.preventDefault();
      void openText(text, i18next.t("files:pasted"));
    };
    window.addEventListener("paste", paste);
    return () => window.removeEventListener("paste", paste);
  }, []);
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)
  );
}

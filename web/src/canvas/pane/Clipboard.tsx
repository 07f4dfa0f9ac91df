import { useEffect } from "react";
import { isClip } from "@/graph/edit/clipboard";
import { useEditor } from "@/store/editor";
import { copied, pasted, removeChosen } from "../actions/clipboard";
import { uploadAsNode, uploadInput, uploadInto } from "../actions/upload";
import { screenElement } from "../view";
import { followPointer, meant } from "./pointer";

/** The browser's clipboard events, so that copying works between tabs and needs no permission. */
export function Clipboard() {
  useEffect(() => {
    let isShift = false;
    const unfollow = followPointer();
    const keyed = (event: KeyboardEvent) => {
      isShift = event.shiftKey;
    };
    const copy = (event: ClipboardEvent) => {
      const text = isOurs(event) ? copied() : null;
      if (text === null) return;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
      if (event.type === "cut") removeChosen();
    };
    const paste = (event: ClipboardEvent) => {
      if (!isOurs(event)) return;
      const at = meant();
      const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
      if (file !== undefined) {
        event.preventDefault();
        const [only, ...others] = useEditor.getState().selection;
        const target =
          others.length === 0 && only !== undefined && uploadInput(only) !== undefined ? only : null;
        void (target === null ? uploadAsNode(file, at) : uploadInto(target, file));
        return;
      }
      const text = event.clipboardData?.getData("text/plain") ?? "";
      // Whole workflow files are opened rather than pasted; who does that hears of them too.
      if (!isClip(text)) return;
      event.preventDefault();
      pasted(text, { at, connect: isShift });
    };
    document.addEventListener("keydown", keyed, true);
    document.addEventListener("copy", copy);
    document.addEventListener("cut", copy);
    document.addEventListener("paste", paste);
    return () => {
      unfollow();
      document.removeEventListener("keydown", keyed, true);
      document.removeEventListener("copy", copy);
      document.removeEventListener("cut", copy);
      document.removeEventListener("paste", paste);
    };
  }, []);
  return null;
}

/** Not while text is being written or was marked, nor while a dialog is open. */
function isOurs(event: ClipboardEvent): boolean {
  if (event.defaultPrevented || document.querySelector('[aria-modal="true"]') !== null) return false;
  const { target } = event;
  if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) return false;
  if (event.type !== "paste" && window.getSelection()?.isCollapsed === false) return false;
  const focus = document.activeElement;
  return (
    focus === null ||
    focus === document.body ||
    focus.closest("main") !== null ||
    screenElement()?.contains(focus) === true
  );
}

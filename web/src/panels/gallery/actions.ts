/** What can be done with a picture outside the viewer. */

import { answer, api, type Schemas, viewUrl } from "@/api/client";
import { errorOf, unreachable } from "@/api/error";
import { middle } from "@/canvas/view";
import { addNode } from "@/graph/edit/nodes";
import { setWidget } from "@/graph/edit/widgets";
import { loadDefs, useDefs } from "@/store/defs";
import { perform, shownGraph, useEditor } from "@/store/editor";
import type { FileRef } from "@/store/runs";

const LOADER = "LoadImage";
const INPUT = "image";

export function download(file: FileRef): void {
  const link = document.createElement("a");
  link.href = viewUrl(file);
  link.download = file.filename;
  link.click();
}

/** Browsers let pages write pictures to the clipboard over HTTPS and on localhost only. */
export function canCopy(): boolean {
  return typeof ClipboardItem !== "undefined" && navigator.clipboard?.write !== undefined;
}

export async function copyPicture(file: FileRef): Promise<void> {
  // The promise goes in, not the picture: some browsers allow it only directly after a click.
  const png = fetchFile(file).then((blob) => (blob.type === "image/png" ? blob : asPng(blob)));
  await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
}

async function asPng(blob: Blob): Promise<Blob> {
  const picture = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

async function fetchFile(file: FileRef): Promise<Blob> {
  const response = await fetch(viewUrl(file)).catch((error: unknown) => {
    throw unreachable(error);
  });
  if (!response.ok) throw errorOf(response.status, await response.text());
  return response.blob();
}

/** Into the input folder, and into the selected loader or a new one. */
export async function sendToLoadImage(file: FileRef): Promise<void> {
  const form = new FormData();
  form.append("image", await fetchFile(file), file.filename);
  const uploaded = await upload(form);
  await loadDefs();
  const name = uploaded.subfolder === "" ? uploaded.name : `${uploaded.subfolder}/${uploaded.name}`;
  const { defs } = useDefs.getState();
  const def = defs.get(LOADER);
  if (def === undefined) return;
  perform(
    "steps:sendPicture",
    (draft, graph) => {
      const node = selectedLoader() ?? addNode(draft, graph, def, middle());
      setWidget(draft, defs, graph, node, INPUT, name);
      return node;
    },
    (node) => [node],
  );
}

async function upload(form: FormData): Promise<Schemas["Uploaded"]> {
  // The API document has no forms: the body is handed on as it is.
  const body = { body: form as never, bodySerializer: (made: unknown) => made as FormData };
  return answer(api.POST("/upload/image", body));
}

function selectedLoader(): string | null {
  const editor = useEditor.getState();
  const nodes = editor.document.graphs.by[shownGraph(editor)]?.nodes.by ?? {};
  return [...editor.selection].find((key) => nodes[key]?.type === LOADER) ?? null;
}

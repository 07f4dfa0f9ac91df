/** Files of this computer for nodes that load pictures. */
import { notifications } from "@mantine/notifications";
import i18next from "i18next";
import { serverUrl } from "@/api/client";
import type { InputDef, NodeDef } from "@/graph/defs";
import type { NodeKey, Point } from "@/graph/document";
import { addNode } from "@/graph/edit/nodes";
import { setWidget } from "@/graph/edit/widgets";
import { isUpload } from "@/graph/widgets";
import { loadDefs, useDefs } from "@/store/defs";
import { perform } from "@/store/editor";
import { classOf } from "../model/classOf";
import { shown } from "../useShown";

/** The input of a node that files are uploaded for, if it has one. */
export function uploadInput(node: NodeKey): InputDef | undefined {
  const { graph, document, defs } = shown();
  const record = graph.nodes.by[node];
  const def: NodeDef | undefined = record && classOf(document, defs, graph, node, record);
  return def?.inputs.find(isUpload);
}

/** The input of a node whose picture is shown at it: one that files are uploaded for, or that lists pictures. */
export function pictureInput(node: NodeKey): InputDef | undefined {
  const { graph, document, defs } = shown();
  const record = graph.nodes.by[node];
  const def: NodeDef | undefined = record && classOf(document, defs, graph, node, record);
  return def?.inputs.find((input) => isUpload(input) || input.options["image_folder"] !== undefined);
}

/** Upload a file and let the node load it. */
export async function uploadInto(node: NodeKey, file: File): Promise<void> {
  const input = uploadInput(node);
  const name = input && (await send(file));
  if (name == null || input === undefined) return;
  perform("steps:upload", (draft, graph) =>
    setWidget(draft, useDefs.getState().defs, graph, node, input.name, name),
  );
}

/** Upload a picture and add a node that loads it. */
export async function uploadAsNode(file: File, at: Point): Promise<void> {
  const def = useDefs.getState().defs.get("LoadImage");
  const input = def?.inputs.find(isUpload);
  if (def === undefined || input === undefined) {
    notifications.show({ color: "red", message: i18next.t("canvas:upload.noLoader") });
    return;
  }
  const name = await send(file);
  if (name === null) return;
  perform(
    "steps:upload",
    (draft, graph) => {
      const key = addNode(draft, graph, def, at);
      setWidget(draft, useDefs.getState().defs, graph, key, input.name, name);
      return key;
    },
    (key) => [key],
  );
}

/** The name under which the server keeps the file, or null if it did not take it. */
async function send(file: File): Promise<string | null> {
  const form = new FormData();
  form.append("image", file, file.name === "" ? "picture.png" : file.name);
  try {
    const answer = await fetch(`${serverUrl()}/upload/image`, { method: "POST", body: form });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    const kept: unknown = await answer.json();
    if (typeof kept !== "object" || kept === null || !("name" in kept)) throw new Error("no name");
    const folder = "subfolder" in kept && typeof kept.subfolder === "string" ? kept.subfolder : "";
    // The new name is among the choices from now on.
    void loadDefs();
    return folder === "" ? String(kept.name) : `${folder}/${String(kept.name)}`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    notifications.show({
      color: "red",
      message: i18next.t("canvas:upload.failed", { name: file.name, reason }),
    });
    return null;
  }
}

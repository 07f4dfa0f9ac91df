/** What comes over the WebSocket, taken apart: JSON messages as they are, binary frames as pictures and texts. */
import { isObject, type JsonObject } from "@/graph/json";

export interface Message {
  readonly type: string;
  readonly data: JsonObject;
}

/** A latent preview. `node` is the one it was made by, `display` the one the canvas shows it on. */
export interface Preview {
  readonly job: string;
  readonly node: string;
  readonly display: string;
  readonly image: Blob;
}

const PREVIEW_WITH_METADATA = 4;

export function readMessage(text: string): Message | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(read) || typeof read["type"] !== "string") return null;
  return { type: read["type"], data: isObject(read["data"]) ? read["data"] : {} };
}

/** Big-endian: the kind of frame, the length of its JSON, the JSON, the image. Null for any other frame. */
export function readPreview(frame: ArrayBuffer): Preview | null {
  if (frame.byteLength < 8) return null;
  const view = new DataView(frame);
  const length = view.getUint32(4);
  if (view.getUint32(0) !== PREVIEW_WITH_METADATA || 8 + length > frame.byteLength) return null;
  let meta: unknown;
  try {
    meta = JSON.parse(new TextDecoder().decode(new Uint8Array(frame, 8, length)));
  } catch {
    return null;
  }
  if (!isObject(meta) || typeof meta["prompt_id"] !== "string" || typeof meta["node_id"] !== "string") {
    return null;
  }
  const display = typeof meta["display_node_id"] === "string" ? meta["display_node_id"] : meta["node_id"];
  const type = typeof meta["image_type"] === "string" ? meta["image_type"] : "image/jpeg";
  const image = new Blob([new Uint8Array(frame, 8 + length)], { type });
  return { job: meta["prompt_id"], node: meta["node_id"], display, image };
}

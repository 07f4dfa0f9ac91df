/** Which node loads a model file, found by whose choices the file is among. */
import type { Defs, NodeDef } from "@/graph/defs";
import type { Graph, NodeKey } from "@/graph/document";

export interface Loader {
  readonly def: NodeDef;
  /** The input that takes the file's name. */
  readonly input: string;
}

/** Where several nodes take files of a kind, the one people expect. */
const USUAL: Readonly<Record<string, string>> = {
  checkpoints: "CheckpointLoaderSimple",
  loras: "LoraLoader",
  vae: "VAELoader",
  controlnet: "ControlNetLoader",
  upscale_models: "UpscaleModelLoader",
  clip_vision: "CLIPVisionLoader",
  diffusion_models: "UNETLoader",
  text_encoders: "CLIPLoader",
  style_models: "StyleModelLoader",
  hypernetworks: "HypernetworkLoader",
  gligen: "GLIGENLoader",
};

/** A node to add for the file; null if no class of this server takes it. */
export function loaderOf(kind: string, name: string, defs: Defs): Loader | null {
  const usual = defs.get(USUAL[kind] ?? "");
  const input = usual && inputFor(usual, name);
  if (usual !== undefined && input) return { def: usual, input };
  for (const def of defs.values()) {
    const found = inputFor(def, name);
    if (found !== null && !def.deprecated) return { def, input: found };
  }
  return null;
}

/** The first of these nodes that takes the file, and with which input. */
export function takerAmong(
  nodes: Iterable<NodeKey>,
  graph: Graph,
  name: string,
  defs: Defs,
): { readonly node: NodeKey; readonly input: string } | null {
  for (const node of nodes) {
    const def = defs.get(graph.nodes.by[node]?.type ?? "");
    const input = def === undefined ? null : inputFor(def, name);
    if (input !== null) return { node, input };
  }
  return null;
}

function inputFor(def: NodeDef, name: string): string | null {
  const takes = def.inputs.find((input) => input.widget === "COMBO" && input.choices.includes(name));
  return takes?.name ?? null;
}

/** Small classes and graphs for tests. */
import { type Defs, readDefs } from "./defs";
import {
  type Document,
  type Graph,
  type GroupRecord,
  type LinkRecord,
  type NodeRecord,
  ROOT,
  type Slot,
} from "./document";
import type { Json, JsonObject } from "./json";
import { tableOf } from "./table";

/** Definitions as `/object_info` gives them, of a few classes everyone knows. */
export const DEFS: Defs = readDefs({
  CheckpointLoaderSimple: entry(
    { ckpt_name: [["a.safetensors", "b.safetensors"]] },
    ["MODEL", "CLIP", "VAE"],
    {
      display_name: "Load Checkpoint",
      category: "loaders",
    },
  ),
  LoraLoader: entry(
    {
      model: ["MODEL"],
      clip: ["CLIP"],
      lora_name: [["x.safetensors"]],
      strength_model: ["FLOAT", { default: 1, min: -100, max: 100, step: 0.01 }],
      strength_clip: ["FLOAT", { default: 1, min: -100, max: 100, step: 0.01 }],
    },
    ["MODEL", "CLIP"],
    { display_name: "Load LoRA", category: "loaders" },
  ),
  CLIPTextEncode: entry(
    { text: ["STRING", { multiline: true, dynamicPrompts: true }], clip: ["CLIP"] },
    ["CONDITIONING"],
    { display_name: "CLIP Text Encode (Prompt)", category: "conditioning" },
  ),
  EmptyLatentImage: entry(
    {
      width: ["INT", { default: 512, min: 16, max: 16384, step: 8 }],
      height: ["INT", { default: 512, min: 16, max: 16384, step: 8 }],
      batch_size: ["INT", { default: 1, min: 1, max: 4096 }],
    },
    ["LATENT"],
    { display_name: "Empty Latent Image", category: "latent" },
  ),
  KSampler: entry(
    {
      model: ["MODEL"],
      seed: ["INT", { default: 0, min: 0, max: 2 ** 50, control_after_generate: true }],
      steps: ["INT", { default: 20, min: 1, max: 10000 }],
      cfg: ["FLOAT", { default: 8, min: 0, max: 100, step: 0.1 }],
      sampler_name: [["euler", "heun"]],
      scheduler: [["normal", "karras"]],
      positive: ["CONDITIONING"],
      negative: ["CONDITIONING"],
      latent_image: ["LATENT"],
      denoise: ["FLOAT", { default: 1, min: 0, max: 1, step: 0.01 }],
    },
    ["LATENT"],
    { category: "sampling", description: "Denoise a latent with the model." },
  ),
  VAEDecode: entry({ samples: ["LATENT"], vae: ["VAE"] }, ["IMAGE"], {
    display_name: "VAE Decode",
    category: "latent",
  }),
  VAEEncode: entry({ pixels: ["IMAGE"], vae: ["VAE"] }, ["LATENT"], {
    display_name: "VAE Encode",
    category: "latent",
  }),
  SaveImage: entry({ images: ["IMAGE"], filename_prefix: ["STRING", { default: "ComfyUI" }] }, [], {
    display_name: "Save Image",
    category: "image",
    output_node: true,
  }),
  ImageOrMask: entry({ value: ["IMAGE,MASK"], anything: ["*"] }, ["*"], { category: "test" }),
});

function entry(required: JsonObject, output: string[], more: JsonObject): JsonObject {
  return {
    input: { required },
    input_order: { required: Object.keys(required) },
    output,
    output_name: output,
    output_is_list: output.map(() => false),
    python_module: "nodes",
    ...more,
  };
}

export function nodeOf(id: number, type: string, more: Partial<NodeRecord> = {}): NodeRecord {
  return {
    id,
    type,
    pos: [id * 400, 0],
    size: [300, 200],
    mode: 0,
    title: null,
    flags: {},
    color: null,
    bgcolor: null,
    inputs: null,
    outputs: null,
    values: null,
    properties: {},
    rest: {},
    ...more,
  };
}

export function slotOf(name: string, type: Json, rest: JsonObject = {}): Slot {
  return { name, type, rest };
}

/** A link such as `linkOf(1, "4:0", "3:model", "MODEL")`. */
export function linkOf(id: number, from: string, to: string, type: Json): LinkRecord {
  const [source = "", slot = ""] = from.split(":");
  const cut = to.indexOf(":");
  return {
    id,
    from: source,
    fromSlot: Number(slot),
    to: to.slice(0, cut),
    toInput: to.slice(cut + 1),
    type,
    rest: {},
  };
}

export function groupOf(title: string, bounding: GroupRecord["bounding"]): GroupRecord {
  return { title, bounding, color: null, rest: {} };
}

export function graphOf(
  nodes: readonly NodeRecord[],
  links: readonly LinkRecord[] = [],
  groups: readonly GroupRecord[] = [],
  info: JsonObject = {},
): Graph {
  return {
    nodes: tableOf(nodes.map((node) => [String(node.id), node])),
    links: tableOf(links.map((link) => [String(link.id), link])),
    groups: tableOf(groups.map((group, index) => [String(index + 1), group])),
    info,
  };
}

export function documentOf(root: Graph, definitions: Readonly<Record<string, Graph>> = {}): Document {
  return { graphs: tableOf([[ROOT, root], ...Object.entries(definitions)]) };
}

/** Text to image: 1 checkpoint, 2 and 3 prompts, 4 latent, 5 sampler, 6 decode, 7 save. */
export function textToImage(): Document {
  return documentOf(
    graphOf(
      [
        nodeOf(1, "CheckpointLoaderSimple"),
        nodeOf(2, "CLIPTextEncode", { values: ["a fox"] }),
        nodeOf(3, "CLIPTextEncode", { values: ["blurry"], pos: [800, 300] }),
        nodeOf(4, "EmptyLatentImage", { pos: [800, 600] }),
        nodeOf(5, "KSampler", { pos: [1200, 0], values: [7, "fixed", 20, 8, "euler", "normal", 1] }),
        nodeOf(6, "VAEDecode", { pos: [1600, 0] }),
        nodeOf(7, "SaveImage", { pos: [2000, 0] }),
      ],
      [
        linkOf(1, "1:0", "5:model", "MODEL"),
        linkOf(2, "1:1", "2:clip", "CLIP"),
        linkOf(3, "1:1", "3:clip", "CLIP"),
        linkOf(4, "2:0", "5:positive", "CONDITIONING"),
        linkOf(5, "3:0", "5:negative", "CONDITIONING"),
        linkOf(6, "4:0", "5:latent_image", "LATENT"),
        linkOf(7, "5:0", "6:samples", "LATENT"),
        linkOf(8, "1:2", "6:vae", "VAE"),
        linkOf(9, "6:0", "7:images", "IMAGE"),
      ],
      [],
      { last_node_id: 7, last_link_id: 9 },
    ),
  );
}

/** About `size` nodes as people have them: prompts, samplers and decoders in stages, all with one checkpoint. */
export function large(size: number): Document {
  const nodes = [nodeOf(1, "CheckpointLoaderSimple")];
  const links: LinkRecord[] = [];
  const add = (type: string) => {
    const id = nodes.length + 1;
    nodes.push(nodeOf(id, type, { pos: [(id % 40) * 400, Math.floor(id / 40) * 350], size: [315, 262] }));
    return id;
  };
  const join = (from: string, to: string, type: string) =>
    links.push(linkOf(links.length + 1, from, to, type));
  let latent = add("EmptyLatentImage");
  for (let stage = 0; nodes.length < size; stage += 1) {
    // Every fourth stage starts anew; the others go on with the latent of the one before.
    if (stage % 4 === 0) latent = add("EmptyLatentImage");
    const [prompt, negative] = [add("CLIPTextEncode"), add("CLIPTextEncode")];
    const [sampler, decode, save] = [add("KSampler"), add("VAEDecode"), add("SaveImage")];
    join("1:1", `${prompt}:clip`, "CLIP");
    join("1:1", `${negative}:clip`, "CLIP");
    join("1:0", `${sampler}:model`, "MODEL");
    join(`${prompt}:0`, `${sampler}:positive`, "CONDITIONING");
    join(`${negative}:0`, `${sampler}:negative`, "CONDITIONING");
    join(`${latent}:0`, `${sampler}:latent_image`, "LATENT");
    join(`${sampler}:0`, `${decode}:samples`, "LATENT");
    join("1:2", `${decode}:vae`, "VAE");
    join(`${decode}:0`, `${save}:images`, "IMAGE");
    latent = sampler;
  }
  return documentOf(graphOf(nodes, links));
}

/** The definition in `withSubgraph`. */
export const PART = "aaaaaaaa-0000-4000-8000-000000000001";

/**
 * A sampler in a subgraph that has two instances, 10 and 11. Its inputs: `model`, `latent` (plain), `seed`, `steps`
 * (widgets). Instance 10 holds its own values, 11 none.
 */
export function withSubgraph(): Document {
  const port = (name: string, type: string) => ({ id: `port ${name}`, name, type, linkIds: [] });
  const definition = graphOf(
    [nodeOf(1, "KSampler", { values: [7, "fixed", 20, 8, "euler", "normal", 1], ...samplerSlots() })],
    [
      linkOf(1, "-10:0", "1:model", "MODEL"),
      linkOf(2, "-10:1", "1:latent_image", "LATENT"),
      linkOf(3, "-10:2", "1:seed", "INT"),
      linkOf(4, "-10:3", "1:steps", "INT"),
      linkOf(5, "1:0", "-20:LATENT", "LATENT"),
    ],
    [],
    {
      id: PART,
      name: "Sampling",
      inputs: [port("model", "MODEL"), port("latent", "LATENT"), port("seed", "INT"), port("steps", "INT")],
      outputs: [port("LATENT", "LATENT")],
    },
  );
  const sockets = {
    inputs: [slotOf("model", "MODEL"), slotOf("latent", "LATENT")],
    outputs: [slotOf("LATENT", "LATENT")],
  };
  return documentOf(
    graphOf(
      [
        nodeOf(1, "CheckpointLoaderSimple"),
        nodeOf(4, "EmptyLatentImage"),
        nodeOf(6, "VAEDecode", { inputs: [slotOf("samples", "LATENT"), slotOf("vae", "VAE")] }),
        nodeOf(10, PART, { ...sockets, values: [42, 30] }),
        nodeOf(11, PART, sockets),
      ],
      [
        linkOf(1, "1:0", "10:model", "MODEL"),
        linkOf(2, "4:0", "10:latent", "LATENT"),
        linkOf(3, "1:0", "11:model", "MODEL"),
        linkOf(4, "10:0", "11:latent", "LATENT"),
        linkOf(5, "11:0", "6:samples", "LATENT"),
      ],
    ),
    { [PART]: definition },
  );
}

function samplerSlots(): Pick<NodeRecord, "inputs" | "outputs"> {
  return {
    inputs: [
      slotOf("model", "MODEL"),
      slotOf("latent_image", "LATENT"),
      slotOf("seed", "INT", { widget: { name: "seed" } }),
      slotOf("steps", "INT", { widget: { name: "steps" } }),
    ],
    outputs: [slotOf("LATENT", "LATENT")],
  };
}

/** The graph, which must be there. */
export function graphIn(document: Document, id = ROOT): Graph {
  const graph = document.graphs.by[id];
  if (graph === undefined) throw new Error(`there is no graph ${id}`);
  return graph;
}

/** The node, which must be there. */
export function nodeIn(document: Document, key: string, graph = ROOT): NodeRecord {
  const node = graphIn(document, graph).nodes.by[key];
  if (node === undefined) throw new Error(`there is no node ${key}`);
  return node;
}

/** Links as `from:slot > to:input`, in the order of the table. */
export function wires(document: Document, graph = ROOT): string[] {
  const { ids, by } = graphIn(document, graph).links;
  return ids.map((id) => {
    const link = by[id];
    return link === undefined ? id : `${link.from}:${link.fromSlot} > ${link.to}:${link.toInput}`;
  });
}

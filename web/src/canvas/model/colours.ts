/** Colours of the wire types: ComfyUI's for those it has, a steady colour of its own for every other. */
const KNOWN: Readonly<Record<string, string>> = {
  MODEL: "#b39ddb",
  CLIP: "#ffd500",
  VAE: "#ff6e6e",
  CONDITIONING: "#ffa931",
  LATENT: "#ff9cf9",
  IMAGE: "#64b5f6",
  MASK: "#81c784",
  CLIP_VISION: "#a8dadc",
  CLIP_VISION_OUTPUT: "#ad7452",
  CONTROL_NET: "#6ee7b7",
  NOISE: "#b0b0b0",
  GUIDER: "#66ffff",
  SAMPLER: "#ecb4b4",
  SIGMAS: "#cdffcd",
  STYLE_MODEL: "#c2ffae",
  INT: "#9aa7b4",
  FLOAT: "#9fb09a",
  STRING: "#b3a894",
  BOOLEAN: "#a99ab4",
  COMBO: "#a6a6a6",
  "*": "#999999",
};

const made = new Map<string, string>();

/** The colour of a type; of a union, that of its first member. */
export function colourOf(type: unknown): string {
  const name = typeof type === "string" ? (type.split(",")[0]?.trim().toUpperCase() ?? "*") : "*";
  const known = KNOWN[name] ?? made.get(name);
  if (known !== undefined) return known;
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  const colour = `hsl(${hash % 360} 45% 66%)`;
  made.set(name, colour);
  return colour;
}

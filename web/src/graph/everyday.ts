/** Classes that most graphs are made of: where a search finds many, a person rarely means the others. */
export const EVERYDAY: readonly string[] = [
  "KSampler",
  "CheckpointLoaderSimple",
  "CLIPTextEncode",
  "EmptyLatentImage",
  "VAEDecode",
  "SaveImage",
  "LoadImage",
  "VAEEncode",
  "LoraLoader",
  "PreviewImage",
  "ControlNetApplyAdvanced",
  "ControlNetLoader",
  "VAELoader",
  "UNETLoader",
  "DualCLIPLoader",
  "UpscaleModelLoader",
  "ImageUpscaleWithModel",
  "LatentUpscaleBy",
  "ImageScale",
  "KSamplerAdvanced",
  "SamplerCustomAdvanced",
  "InpaintModelConditioning",
  "VAEEncodeForInpaint",
  "ConditioningCombine",
];
const PLACES: ReadonlyMap<string, number> = new Map(EVERYDAY.map((name, place) => [name, place]));

/** 0 for the first of them; as many as there are for every other class. */
export function everydayPlace(name: string): number {
  return PLACES.get(name) ?? EVERYDAY.length;
}

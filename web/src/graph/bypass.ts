/** Which input a bypassed node passes on to which output. */
import type { NodeDef } from "./defs";
import type { NodeRecord } from "./document";
import type { Json } from "./json";
import { socketsOf } from "./sockets";
import { ANY, compatible, typeText } from "./types";

/** The name of the input passed to an output whose consumer wants a type; null if none fits. */
export function passedInput(
  node: NodeRecord,
  def: NodeDef | undefined,
  output: number,
  wanted: Json,
): string | null {
  const { inputs, outputs } = socketsOf(node, def);
  const type = outputs[output]?.type ?? ANY;
  const want = typeText(wanted);
  if (want === ANY) return (inputs[output] ?? inputs[0])?.name ?? null;
  const fits = (input: { readonly type: string } | undefined) =>
    input !== undefined && compatible(type, input.type) && compatible(input.type, want);
  const beside = inputs[output];
  if (beside !== undefined && fits(beside)) return beside.name;
  const passed = inputs.find((input) => input.type === want) ?? inputs.find(fits);
  return passed?.name ?? null;
}

/** Which input a bypassed node passes on. */
import type { InputSocket } from "./sockets";
import { ANY, compatible, typeText } from "./types";

/** The input passed to an output of type `given`, where `wanted` is wanted; undefined if none fits. */
export function passedInput(
  inputs: readonly InputSocket[],
  output: number,
  given: string,
  wanted: string,
): InputSocket | undefined {
  if (typeText(wanted) === ANY) return inputs[output] ?? inputs[0];
  const fits = ({ type }: InputSocket) => compatible(type, given) && compatible(type, wanted);
  const beside = inputs[output];
  if (beside !== undefined && fits(beside)) return beside;
  return inputs.find(({ type }) => type === wanted) ?? inputs.find(fits);
}

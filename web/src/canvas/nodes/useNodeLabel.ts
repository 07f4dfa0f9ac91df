import { useTranslation } from "react-i18next";
import { isVirtual } from "@/graph/kinds";
import type { NodeState } from "@/store/runs";
import type { NodeData } from "../items";
import { linkedInputs, type Shape } from "../model/shape";

/** A node in words: `KSampler, failed, 4 of 4 inputs connected`. */
export function useNodeLabel(
  { record, def, ends }: NodeData,
  shape: Shape,
  state: NodeState | undefined,
): string {
  const { t } = useTranslation("canvas");
  const [linked, all] = linkedInputs(shape, ends);
  const parts = [record.title ?? def?.title ?? record.type];
  if (def === undefined && !isVirtual(record.type)) parts.push(t("node.unknown"));
  if (record.mode === 2) parts.push(t("node.muted"));
  if (record.mode === 4) parts.push(t("node.bypassed"));
  if (state !== undefined) parts.push(t(`state.${state}`));
  if (all > 0) parts.push(t("node.inputsConnected", { linked, all }));
  return parts.join(", ");
}

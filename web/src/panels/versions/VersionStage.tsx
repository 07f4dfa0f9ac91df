import { useVersionStage } from "@/store/versions/stage";
import { CompareStage } from "./CompareStage";
import { MergeStage } from "./MergeStage";

/** Over the canvas: two versions compared, or being merged. */
export function VersionStage() {
  const stage = useVersionStage((state) => state.stage);
  return stage === "merge" ? <MergeStage /> : <CompareStage />;
}

import type { PinnedProblem } from "@/store/runs";
import { showPanel } from "@/store/shell";
import { showTip } from "../tip";
import styles from "./ProblemMark.module.css";

interface Props {
  readonly problems: readonly PinnedProblem[];
  readonly isWarning?: boolean;
}

/** How many things are wrong with a node, or that it warns; what they are when one points at it. */
export function ProblemMark({ problems, isWarning }: Props) {
  if (problems.length === 0) return null;
  const said = problems.map((problem) => problem.message).join("\n");
  return (
    <button
      type="button"
      className={`${styles.mark} nodrag`}
      data-testid={isWarning ? "warning-mark" : "problem-mark"}
      data-warning={isWarning || undefined}
      tabIndex={-1}
      aria-label={isWarning ? said : `${problems.length}: ${said}`}
      onClick={() => showPanel("problems")}
      onPointerEnter={(event) => showTip(event.currentTarget, problems)}
      onPointerLeave={() => showTip(null)}
    >
      {isWarning ? "!" : problems.length}
    </button>
  );
}

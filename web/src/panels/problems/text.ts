/** What problems are called and what can be done about them, in the language of the page. */
import type { TFunction } from "i18next";
import type { PinnedProblem } from "@/store/runs";

export interface ProblemText {
  readonly title: string;
  /** What exactly is wrong, in the words of whoever found it. */
  readonly detail: string;
  readonly remedy: string | null;
}

/** `t` of the namespace `problems`. */
export function problemText(problem: PinnedProblem, t: TFunction<"problems">): ProblemText {
  // Exceptions of packs and libraries come with their module: `torch.OutOfMemoryError`.
  const code = problem.code.split(".").at(-1) ?? problem.code;
  const title = t(`title.${code}`, { defaultValue: problem.origin === "run" ? code : problem.message });
  const remedy = t(`remedy.${code}`, { defaultValue: "" });
  // Some details only name the input, which stands beside it anyway.
  const saidAlready = ["", title, problem.input];
  const words = [problem.message, problem.details].filter((text) => !saidAlready.includes(text));
  return { title, detail: [...new Set(words)].join(": "), remedy: remedy === "" ? null : remedy };
}

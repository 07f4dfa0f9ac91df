/** Questions that opening and saving have for the person; one dialog shows the one that is open. */
import { create } from "zustand";
import type { VersionItem } from "@/store/versions/types";

export interface Questions {
  /** What to call it. Null: never mind. */
  readonly name: {
    readonly kind: "name";
    readonly of: "workflow" | "file";
    readonly purpose: "save" | "saveAs" | "rename";
    readonly suggested: string;
    /** A name that was asked for and belongs to another. */
    readonly taken?: string;
  };
  /** What to say of a version. Null: do not save it after all. */
  readonly message: { readonly kind: "message"; readonly name: string; readonly suggested: string };
  /** Somebody else has saved on the branch; both versions are kept, and `kept` is the branch that has ours. */
  readonly diverged: {
    readonly kind: "diverged";
    readonly name: string;
    readonly branch: string;
    readonly kept: string;
    readonly ours: VersionItem;
    readonly theirs: VersionItem;
  };
  /** Something else is to be shown in its place, and there are edits that are in no version. */
  readonly unsaved: { readonly kind: "unsaved"; readonly name: string; readonly purpose: "switch" | "merge" };
  /** What to call a branch or tag that begins at a version. Null: never mind. */
  readonly ref: {
    readonly kind: "ref";
    readonly what: "branch" | "tag";
    readonly number: number;
    readonly taken: readonly string[];
  };
  /** Which number to release a version under. Null: never mind. */
  readonly release: { readonly kind: "release"; readonly name: string; readonly version: VersionItem };
  readonly remove: {
    readonly kind: "remove";
    readonly name: string;
    readonly what: "file" | "draft" | "branch" | "tag";
  };
}
export interface Answers {
  readonly name: string | null;
  readonly message: string | null;
  readonly diverged: "merge" | "compare" | "keep";
  readonly unsaved: "save" | "draft" | "cancel";
  readonly ref: string | null;
  readonly release: null;
  readonly remove: boolean;
}
export type QuestionKind = keyof Questions;

interface Asked {
  readonly question: Questions[QuestionKind] | null;
  readonly settle: (answer: Answers[QuestionKind]) => void;
}

const NONE: Asked = { question: null, settle: () => undefined };
export const useQuestion = create<Asked>(() => NONE);

const NO: Answers = {
  name: null,
  message: null,
  diverged: "keep",
  unsaved: "cancel",
  ref: null,
  release: null,
  remove: false,
};

/** Resolves to what the person chose. A question that is still open is answered with no. */
export function ask<K extends QuestionKind>(
  question: Questions[K] & { readonly kind: K },
): Promise<Answers[K]> {
  const open = useQuestion.getState();
  if (open.question !== null) open.settle(NO[open.question.kind]);
  return new Promise((resolve) => {
    const settle = (answer: Answers[QuestionKind]) => {
      useQuestion.setState(NONE);
      // The dialog of a kind gives answers of that kind.
      resolve(answer as Answers[K]);
    };
    useQuestion.setState({ question, settle });
  });
}

export function answerNo(): void {
  const { question, settle } = useQuestion.getState();
  if (question !== null) settle(NO[question.kind]);
}

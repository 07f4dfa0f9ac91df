/** Questions that opening and saving have for the person; one dialog shows the one that is open. */
import { create } from "zustand";
import type { Document } from "@/graph/document";

export interface Questions {
  /** What to call it. Null: never mind. */
  readonly name: {
    readonly kind: "name";
    readonly purpose: "save" | "rename" | "duplicate";
    readonly suggested: string;
  };
  /** A file of that name is there. */
  readonly overwrite: { readonly kind: "overwrite"; readonly name: string };
  /** The file changed since it was opened. */
  readonly conflict: {
    readonly kind: "conflict";
    readonly name: string;
    readonly ours: Document;
    readonly theirs: Document | null;
  };
  readonly remove: { readonly kind: "remove"; readonly name: string; readonly what: "file" | "draft" };
}
export interface Answers {
  readonly name: string | null;
  readonly overwrite: boolean;
  readonly conflict: "overwrite" | "copy" | "cancel";
  readonly remove: boolean;
}
export type QuestionKind = keyof Questions;

interface Asked {
  readonly question: Questions[QuestionKind] | null;
  readonly settle: (answer: Answers[QuestionKind]) => void;
}

const NONE: Asked = { question: null, settle: () => undefined };
export const useQuestion = create<Asked>(() => NONE);

const NO: Answers = { name: null, overwrite: false, conflict: "cancel", remove: false };

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

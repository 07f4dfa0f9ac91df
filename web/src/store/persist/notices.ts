/** Things to tell the person, whoever shows them. */
import { create } from "zustand";

export interface Notice {
  readonly id: number;
  readonly kind: "info" | "warning" | "error";
  /** Of its text in the catalogues. */
  readonly key: string;
  readonly params: Readonly<Record<string, string | number>>;
  /** What it is about, where the text does not say so. */
  readonly title?: string;
  readonly action?: { readonly key: string; readonly run: () => void };
}

export const useNotices = create<{ readonly all: readonly Notice[] }>(() => ({ all: [] }));
let count = 0;

export function tell(
  kind: Notice["kind"],
  key: string,
  params: Notice["params"] = {},
  more: Pick<Notice, "title" | "action"> = {},
): void {
  count += 1;
  const notice: Notice = { id: count, kind, key, params, ...more };
  // What nobody shows must not pile up.
  useNotices.setState(({ all }) => ({ all: [...all.slice(-19), notice] }));
}

export function dismiss(id: number): void {
  useNotices.setState(({ all }) => ({ all: all.filter((notice) => notice.id !== id) }));
}

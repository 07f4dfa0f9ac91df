import { useEffect, useMemo, useState } from "react";
import { type FunctionItem, listFunctions, type WorkflowItem } from "@/store/functions/server";
import { listWorkflows } from "@/store/versions/server";

export const SCOPES = ["published", "all"] as const;
export type Scope = (typeof SCOPES)[number];

const PAGE = 60;
/** Typing asks the server once it pauses. */
const PAUSE = 200;

interface Filter {
  readonly scope: Scope;
  readonly label: string | null;
}

interface Listed {
  readonly workflows: readonly WorkflowItem[];
  readonly total: number;
  readonly status: "loading" | "ready" | "failed";
}

/** The workflows that match what is typed, and what of them can be called. */
export function useLibraryList(query: string) {
  const [filter, setFilter] = useState<Filter>({ scope: "published", label: null });
  const [limit, setLimit] = useState(PAGE);
  const [listed, setListed] = useState<Listed>({ workflows: [], total: 0, status: "loading" });
  const [functions, setFunctions] = useState<ReadonlyMap<string, FunctionItem>>(new Map());
  const search = query.trim();

  useEffect(() => {
    let isGone = false;
    const failed = () => {
      if (!isGone) setListed((before) => ({ ...before, status: "failed" }));
    };
    const timer = setTimeout(
      () => {
        const page = listWorkflows({
          search,
          archived: false,
          offset: 0,
          limit,
          ...(filter.label === null ? {} : { label: filter.label }),
          ...(filter.scope === "published" ? { published: true } : {}),
        });
        // Together, lest cards change while somebody is about to press them.
        Promise.all([page, listFunctions()]).then(([{ workflows, total }, all]) => {
          if (isGone) return;
          setFunctions(new Map(all.map((one) => [one.name, one])));
          setListed({ workflows, total, status: "ready" });
        }, failed);
      },
      search === "" ? 0 : PAUSE,
    );
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [search, filter, limit]);

  const labels = useMemo(
    () =>
      [
        ...new Set([
          ...listed.workflows.flatMap((one) => one.labels),
          ...(filter.label === null ? [] : [filter.label]),
        ]),
      ].toSorted((a, b) => a.localeCompare(b)),
    [listed.workflows, filter.label],
  );
  return {
    ...listed,
    ...filter,
    functions,
    labels,
    show: (to: Partial<Filter>) => setFilter((before) => ({ ...before, ...to })),
    more: () => setLimit((count) => count + PAGE),
  };
}

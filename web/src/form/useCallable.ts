import { useEffect, useState } from "react";
import { ApiError, unreachable } from "@/api/error";
import { openCalls } from "@/store/functions/calls";
import { type Callable, readCallable } from "@/store/functions/server";
import { type Field, fieldsOf } from "./fields";

export interface Loaded {
  readonly callable: Callable | null;
  readonly fields: readonly Field[];
  readonly error: ApiError | null;
  readonly again: () => void;
}

const NO_FIELDS: readonly Field[] = [];

/** The function an address names, once it is here. */
export function useCallable(reference: string): Loaded {
  const [loaded, setLoaded] = useState<Pick<Loaded, "callable" | "fields" | "error">>({
    callable: null,
    fields: NO_FIELDS,
    error: null,
  });
  const [tries, setTries] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each try asks again
  useEffect(() => {
    let isGone = false;
    readCallable(reference).then(
      (callable) => {
        if (isGone) return;
        openCalls(callable);
        setLoaded({ callable, fields: fieldsOf(callable.function.inputs, callable.schema), error: null });
      },
      (error: unknown) => {
        if (!isGone)
          setLoaded((before) => ({
            ...before,
            error: error instanceof ApiError ? error : unreachable(error),
          }));
      },
    );
    return () => {
      isGone = true;
    };
  }, [reference, tries]);
  return { ...loaded, again: () => setTries((count) => count + 1) };
}

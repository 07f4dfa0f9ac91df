/** What the server has on a node beside its definition, asked for once. */
import { useEffect, useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import type { Defs } from "@/graph/defs";

export type Help = Schemas["NodeHelp"];

/** As long as the definitions are: packs whose nodes are loaded anew may have other pages. */
const known = new WeakMap<Defs, Map<string, Help | null>>();

/** Undefined while it is asked for. Null if the server does not say: the definition is enough for a page. */
export function useHelp(defs: Defs, name: string, locale: string): Help | null | undefined {
  const isServed = defs.has(name);
  const key = `${locale} ${name}`;
  const [, draw] = useState(0);
  useEffect(() => {
    const pages = known.get(defs) ?? new Map<string, Help | null>();
    known.set(defs, pages);
    if (!isServed || pages.has(key)) return;
    let isOver = false;
    const params = { path: { node_class: name }, query: { locale } };
    answer(api.GET("/api/v1/nodes/{node_class}/help", { params }))
      .catch(() => null)
      .then((help) => {
        pages.set(key, help);
        if (!isOver) draw((times) => times + 1);
      });
    return () => {
      isOver = true;
      // What could not be asked is asked when the page is next opened.
      if (pages.get(key) === null) pages.delete(key);
    };
  }, [defs, key, name, locale, isServed]);
  return isServed ? known.get(defs)?.get(key) : null;
}

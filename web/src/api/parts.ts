/** Parts of the page, fetched when they are first asked for, from a server that may be gone or renewed by then. */
import { type ComponentType, lazy } from "react";
import { serverUrl } from "./client";

/** The part `name` of the module that `load` imports, drawn once it is here. */
export function later<Name extends string, Props>(
  load: () => Promise<Record<Name, ComponentType<Props>>>,
  name: Name,
) {
  return lazy(async () => ({ default: (await arriving(load))[name] }));
}

/** What the server has, beside what this page came from. */
export type Served = "same" | "renewed" | "nothing";

export interface World {
  readonly served: () => Promise<Served>;
  readonly reload: () => void;
  readonly pause: () => Promise<void>;
}

/**
 * What `load` imports. The page goes on without it while the server is gone, and gets it when the server is back.
 * Of a renewed server the page is loaded anew, as its parts have other names there; edits are kept in the tab.
 * Throws what `load` throws if the server is well and the part is not.
 */
export async function arriving<T>(load: () => Promise<T>, world: World = browser): Promise<T> {
  let wasGone = false;
  let wasAsked = false;
  for (;;) {
    try {
      return await load();
    } catch (error) {
      const served = await world.served();
      if (served === "nothing") {
        wasGone = true;
        await world.pause();
      } else if (served === "renewed" || (wasGone && wasAsked)) {
        // Some browsers remember that a module could not be fetched: only a new page asks again.
        world.reload();
        await new Promise(() => {});
      } else if (wasAsked) throw error;
      else wasAsked = true;
    }
  }
}

/** Load the page anew if the server has another one by now: parts of this one can no longer be fetched. */
export async function reloadIfRenewed(world: World = browser): Promise<void> {
  if ((await world.served()) === "renewed") world.reload();
}

const browser: World = {
  async served() {
    try {
      const response = await fetch(`${serverUrl()}/`, { cache: "no-store" });
      if (!response.ok) return "nothing";
      const ours = document.querySelector("script[type=module][src]")?.getAttribute("src") ?? "";
      return (await response.text()).includes(ours) ? "same" : "renewed";
    } catch {
      return "nothing";
    }
  },
  reload: () => location.reload(),
  pause: () => new Promise((done) => setTimeout(done, 1_000)),
};
